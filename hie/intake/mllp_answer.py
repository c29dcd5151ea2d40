"""Which acknowledgements a message gets: original and enhanced mode, HL7 v2.5.1 chapter 2.9.

Original mode has one answer. In enhanced mode (MSH-15 or MSH-16 valued) the sender says for each
of two answers when it wants it: that the message was kept (CA CE CR), and what became of its
content (AA AE AR). The numbers of answers follow from the message alone, so that the same message
again gets the same bytes again.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hie.adapter import Envelope, Issue, Refusal, Reply, Severity
from hie.canonical.laboratory import UNMAPPED
from hie.store.inbox import Outcome
from hie.store.messages import State

_WANTED: Final = {"AL": (True, True), "SU": (True, False), "ER": (False, True)}
_NEVER: Final = (False, False)


@dataclass(frozen=True, slots=True)
class Wishes:
    """When the sender wants its answers: (after success, after failure) for each of the two."""

    enhanced: bool
    accept: tuple[bool, bool]
    application: tuple[bool, bool]

    @classmethod
    def of(cls, envelope: Envelope | None) -> "Wishes":
        """MSH-15 and MSH-16; an empty one beside a valued one is NE (table 0155)."""
        if envelope is None or not (envelope.accept or envelope.application):
            return cls(False, _NEVER, (True, True))
        accept = _WANTED.get(envelope.accept, _NEVER)
        return cls(True, accept, _WANTED.get(envelope.application, _NEVER))


def number_of(envelope: Envelope | None, content: bytes) -> str:
    """The sender's number, or one made from the content: the same bytes, the same number."""
    if envelope is not None and envelope.native_id:
        return envelope.native_id
    return "H" + hashlib.sha256(content).hexdigest()[:19].upper()


def refused(
    envelope: Envelope | None, content: bytes, refusal: Refusal, *, is_kept: bool = False
) -> list[Reply]:
    """The answer to a message that is not taken, if the sender wants one.

    `is_kept`: that it was kept is acknowledged already; this is the application's answer.
    """
    wishes = Wishes.of(envelope)
    control = "R" + hashlib.sha256(content).hexdigest()[:19].upper()
    number, now_us = number_of(envelope, content), time.time_ns() // 1000
    if wishes.enhanced and wishes.accept[1] and not is_kept:
        code = "CE" if refusal.code == "AE" else "CR"
    elif wishes.application[1]:
        code = refusal.code
    else:
        return []
    return [Reply(code, control, number, now_us, refusal)]


def kept(envelope: Envelope, content: bytes, outcome: Outcome) -> list[Reply]:
    """The accept acknowledgement of enhanced mode, if wanted."""
    wishes = Wishes.of(envelope)
    if not (wishes.enhanced and wishes.accept[0]):
        return []
    number = number_of(envelope, content)
    return [Reply("CA", "C" + outcome.id, number, outcome.received_us)]


def stored(envelope: Envelope, content: bytes, outcome: Outcome) -> list[Reply]:
    """The application's answer once the bytes are durable (`ack = "on_store"`), if wanted."""
    if not Wishes.of(envelope).application[0]:
        return []
    number = number_of(envelope, content)
    return [Reply("AA", "A" + outcome.id, number, outcome.received_us)]


def processed(
    envelope: Envelope, content: bytes, outcome: Outcome, state: State, issues: Sequence[Issue]
) -> list[Reply]:
    """The application's answer once it is processed (`on_process`), if wanted.

    AE: the sender must mend something. What waits for the hub's own people (a code map) is AA.
    """
    wishes = Wishes.of(envelope).application
    told = tuple(
        issue
        for issue in issues
        if issue.severity in (Severity.HOLD, Severity.ERROR) and issue.code != UNMAPPED
    )
    failed = state is State.HELD and bool(told)
    if not wishes[int(failed)]:
        return []
    number = number_of(envelope, content)
    code = "AE" if failed else "AA"
    return [Reply(code, "A" + outcome.id, number, outcome.received_us, issues=told)]


def unavailable(text: str, reason: str, code: str) -> Refusal:
    """Nothing was kept, or it is not finished: to be sent again."""
    return Refusal("207", "MSH", text, reason, "AE" if code == "AE" else "AR")


UNKNOWN_SENDER: Final = Refusal("204", "MSH-3", "sender not known here", "unknown-sender")
NOT_HL7: Final = Refusal("100", "MSH", "expected MSH, FHS or BHS", "not-hl7")
TOO_MANY: Final = Refusal("207", "MSH", "too many messages in one batch", "too-many-messages")


def oversize(limit: int) -> Refusal:
    """A frame over the door's limit."""
    return Refusal("207", "MSH", f"longer than {limit} bytes", "oversize")
