"""One thing said of a card as a decision, or why it is none.

Of what one card was told the latest by its own timestamp stands, in whichever order it comes: the
key of a decision made so says of which card it is and from when. What a person decided elsewhere
is never overwritten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hie.access.actor import Actor
from hie.errors import UnprocessableRequest
from hie.exchange.decide import decide
from hie.exchange.hub import Hub
from hie.fhir.wire import write
from hie.recognition.reasons import load_reasons
from hie.store import checks, decisions
from hie.store.cds_cards import Card
from hie.store.cds_feedback import Said
from hie.store.decisions import AlreadyDecided, Decision

ACCEPTED, OVERRIDDEN = "accepted", "overridden"
_TRIES = 5  # of one decision that others make at the same time


class Became(StrEnum):
    """What the hub made of one thing said."""

    RECORDED = "recorded"  # it is a decision now
    REOPENED = "reopened"  # it is, and its result has changed since
    STANDS = "stands"  # the very same was decided already
    KEPT = "kept"  # the order stays, with the earlier result attached
    DISMISSED = "dismissed"  # the card was dismissed without a reason
    NO_ORDER = "no-order"  # the card sums up, and offers nothing of one order
    SUPERSEDED = "superseded"  # something later was said of this card before
    ALREADY_DECIDED = "already-decided"
    REASON_UNKNOWN = "reason-unknown"  # none of the hub's
    WORDS_REQUIRED = "words-required"  # this reason needs a sentence
    EXPLAINED_UNKNOWN = "explained-unknown"  # whether the patient was told why
    NOBODY_NAMED = "nobody-named"  # the hook named no practitioner
    NO_LONGER_OFFERED = "no-longer-offered"
    UNKNOWN_CARD = "unknown-card"
    UNKNOWN_SUGGESTION = "unknown-suggestion"
    CONTRADICTION = "contradiction"  # both suggestions of one card were accepted


# What is a decision, or would be one were it not for a later one: the latest of these stands.
_DECIDES = frozenset({Became.RECORDED, Became.REOPENED, Became.STANDS, Became.SUPERSEDED})
_NOTED = frozenset({Became.KEPT, Became.DISMISSED, Became.NO_ORDER})
# What leaves an order as it is, for somebody to decide about: what was said is shown to them.
KEPT_OPEN = frozenset(
    {
        Became.KEPT, Became.DISMISSED, Became.REASON_UNKNOWN, Became.WORDS_REQUIRED,
        Became.EXPLAINED_UNKNOWN,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Feedback:
    """One entry as it was sent. `suggestions` are the ids of those accepted.

    `reason` is a key of the hub's reasons, else "<system>|<code>"; `explained`: whether the repeat
    was explained to the patient; `outcome_us` when somebody acted.
    """

    card: str
    outcome: str
    outcome_us: int
    suggestions: tuple[str, ...] = ()
    reason: str | None = None
    comment: str | None = None
    explained: bool | None = None


def suggested(card: Card, one: Feedback) -> str | None:
    """What the accepted suggestion suggests; None for a card that was overridden."""
    kinds = dict(card.suggestions)
    return kinds[one.suggestions[0]] if one.outcome == ACCEPTED else None


async def apply(
    hub: Hub, actor: Actor, card: Card, one: Feedback, mark: str, before: Mapping[str, Said]
) -> tuple[Became, str | None]:
    """What an entry becomes, and the decision it made or met."""
    lacks = _lacks(card, one)
    if lacks in _NOTED:
        return lacks, None
    async with hub.db.reading() as reader:
        standing = await decisions.standing_of(reader, card.check, str(card.ref))
    if lacks is not None:  # there is nothing to ask where somebody decided
        return (lacks, None) if standing is None else (Became.ALREADY_DECIDED, standing.id)
    made = await _decision(hub, card, one)
    rank = (one.outcome_us, mark)
    said = [(row.outcome_us, row.hash) for row in before.values() if row.became in _DECIDES]
    for _ in range(_TRIES):
        met = None if standing is None else _met(standing, card, made, rank)
        if max(said, default=rank) > rank:
            met = Became.SUPERSEDED
        if met is not None:
            return met, standing.id if standing else None
        body = {
            "check": card.check,
            "key": f"{_prefix(card)}{one.outcome_us}:{mark}",
            "practitioner": card.practitioner,
            "decisions": [{"ref": card.ref, **made, "replaces": standing.id if standing else None}],
        }
        try:
            answer = await decide(hub, actor, write(body))
        except AlreadyDecided as met_there:  # somebody was quicker
            standing = met_there.standing
            continue
        except UnprocessableRequest:  # it may not be seen any more
            return Became.NO_LONGER_OFFERED, None
        recorded = answer["decisions"][0]
        changed = recorded["state"] == "reopened"
        return Became.REOPENED if changed else Became.RECORDED, recorded["decision"]
    return Became.ALREADY_DECIDED, standing.id if standing else None


def _met(
    standing: Decision, card: Card, made: Mapping[str, Any], rank: tuple[int, str]
) -> Became | None:
    """What an entry meets in the decision that stands; None: it takes its place."""
    own = _rank_of(standing, card)
    if own == rank or _says(standing) == {**_NOTHING, **made}:
        if standing.state == "reopened":
            return Became.REOPENED
        return Became.RECORDED if own == rank else Became.STANDS
    if own is None:
        return Became.ALREADY_DECIDED
    return Became.SUPERSEDED if own > rank else None


def _lacks(card: Card, one: Feedback) -> Became | None:
    """Why an entry is no decision; None when it is one."""
    if card.ref is None:
        return Became.NO_ORDER
    if one.outcome == ACCEPTED and suggested(card, one) == "keep":
        return Became.KEPT
    if one.outcome == OVERRIDDEN:
        if one.reason is None:
            return Became.DISMISSED
        reason = load_reasons().by_key.get(one.reason)
        if reason is None:
            return Became.REASON_UNKNOWN
        if reason.needs_text and not any(map(str.isalnum, one.comment or "")):
            return Became.WORDS_REQUIRED
        if one.explained is None:
            return Became.EXPLAINED_UNKNOWN
    return Became.NOBODY_NAMED if card.practitioner is None else None


_NOTHING = {"assessment": None, "reason": None, "text": None, "explained_to_patient": None}


async def _decision(hub: Hub, card: Card, one: Feedback) -> dict[str, Any]:
    """The decision an entry says, as POST /v1/decisions takes it."""
    if one.outcome == OVERRIDDEN:
        return {
            "decision": "repeat",
            "reason": one.reason,
            "text": one.comment,
            "explained_to_patient": one.explained,
        }
    async with hub.db.reading() as reader:
        check = await checks.get(reader, card.check, card.institution)
    order = next(one for one in check.body["answer"]["orders"] if one["ref"] == card.ref)
    speaks = next(c for c in order["candidates"] if c["outcome"] == order["outcome"])
    return {"decision": "use", "assessment": speaks["assessment"]}


def _says(standing: Decision) -> dict[str, Any]:
    return {
        "decision": standing.decision,
        "assessment": standing.assessment,
        "reason": standing.reason,
        "text": standing.text,
        "explained_to_patient": standing.explained,
    }


def _prefix(card: Card) -> str:
    return f"cds-hooks:{card.uuid}:"


def _rank_of(standing: Decision, card: Card) -> tuple[int, str] | None:
    """When the feedback was given that a decision was made by; None: it was made elsewhere."""
    if not standing.key.startswith(_prefix(card)):
        return None
    at_us, _, mark = standing.key.removeprefix(_prefix(card)).partition(":")
    return (int(at_us), mark) if at_us.removeprefix("-").isdecimal() else None
