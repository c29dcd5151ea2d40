"""What becomes of one frame: whose it is, whether it may come in, that it is kept, its answer.

A frame holds one message or a batch of them; each message of a batch is kept, refused and answered
on its own. Everything up to the inbox happens in the order frames arrive, so that messages of one
connection are kept in that order; waiting for the COMMIT comes after.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from hie.access.reason import Reason
from hie.adapter import Answering, Envelope, Issue, Refusal, Reply
from hie.errors import HubError, Unavailable
from hie.exchange.hub import Hub
from hie.exchange.noticed import FRAME_TRUNCATED, noted
from hie.exchange.receive import MOST_IN_ONE
from hie.intake import mllp_answer as answer
from hie.intake import mllp_metrics as metrics
from hie.intake.mllp_senders import Peer, Sender, SenderBook, Senders
from hie.oauth.refusals import stranger
from hie.store import messages
from hie.store.inbox import Incoming, Outcome
from hie.store.messages import State

CHANNEL = "mllp"
PROCESS_SECONDS = 30.0  # that `on_process` waits before it asks for the message again
_HEAD = 256  # bytes of a stranger's header that the audit log keeps, sealed
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Part:
    """One message: refused, or on its way to be durable."""

    content: bytes
    envelope: Envelope | None = None
    sender: Sender | None = None
    refusal: Refusal | None = None
    kept: "asyncio.Future[Outcome] | None" = None
    outcome: Outcome | None = None


@dataclass(slots=True)
class Delivery:
    """One frame that waits for its answer."""

    content: bytes
    adapter: Answering | None = None
    parts: list[Part] = field(default_factory=list)
    is_batch: bool = False
    is_answered: bool = True
    hang_up: bool = False
    size: int = 0

    def written(self, replies: Sequence[Sequence[Reply]]) -> Iterator[bytes]:
        """The answers of the parts, not framed: one for each reply, one in all for a batch."""
        if self.adapter is None or not self.is_answered or not any(replies):
            return
        written: list[bytes] = []
        for part, own in zip(self.parts, replies, strict=True):
            for reply in own:
                written.append(self.adapter.acknowledge(part.envelope, reply))
                metrics.ACKNOWLEDGED.labels(reply.code).inc()
        if self.is_batch:
            first = next(reply for own in replies for reply in own)
            yield self.adapter.gather(self.content, written, "B" + first.control[1:], first.at_us)
        else:
            yield from written


class Desk:
    """Takes the frames of one connection."""

    def __init__(self, hub: Hub, book: SenderBook, peer: Peer) -> None:
        self._hub, self._book, self._peer = hub, book, peer
        self._last_us = 0

    async def frame(self, content: bytes) -> Delivery:
        """A whole frame: every message in it is refused or submitted to be kept."""
        metrics.FRAMES.labels("whole").inc()
        senders = await self._book.current()
        delivery = Delivery(content, senders.answering())
        adapter = delivery.adapter
        if adapter is None:
            delivery.hang_up = True
            return delivery
        contents = adapter.split(content)
        odd = noted(adapter.batch_issues(content))
        delivery.is_batch = len(contents) > 1 or contents[0] is not content
        if len(contents) > MOST_IN_ONE:
            part = Part(content, adapter.envelope(content), refusal=answer.TOO_MANY)
            delivery.parts, delivery.is_batch = [part], False
        else:
            last = len(contents) - 1
            delivery.parts = [
                self._part(senders, adapter, one, odd if place == last else {})
                for place, one in enumerate(contents)
            ]
        await self._record(senders, delivery)
        return delivery

    async def truncated(self, content: bytes) -> Delivery:
        """A frame without its end: kept and held; neither answered nor read as if it were whole."""
        metrics.FRAMES.labels("truncated").inc()
        _log.warning("mllp-frame-truncated", peer=str(self._peer.address), bytes=len(content))
        senders = await self._book.current()
        delivery = Delivery(content, senders.answering(), is_answered=False)
        if delivery.adapter is None:
            return delivery
        part = Part(content, delivery.adapter.envelope(content))
        if part.envelope is not None:
            part.sender = senders.find(self._peer, part.envelope.sender)
        if part.sender is not None:
            self._submit(part, None, noted([FRAME_TRUNCATED]))
        delivery.parts = [part]
        return delivery

    async def oversize(self, head: bytes, limit: int) -> Delivery:
        """A frame over the limit, of which the beginning was kept to answer it."""
        metrics.FRAMES.labels("oversize").inc()
        senders = await self._book.current()
        delivery = Delivery(head, senders.answering())
        if delivery.adapter is None:
            delivery.hang_up = True
            return delivery
        part = Part(head, delivery.adapter.envelope(head), refusal=answer.oversize(limit))
        if part.envelope is not None:
            part.sender = senders.find(self._peer, part.envelope.sender)
        if part.sender is None:
            part.refusal = answer.UNKNOWN_SENDER
        delivery.parts = [part]
        await self._record(senders, delivery)
        return delivery

    async def settle(self, delivery: Delivery) -> None:
        """Wait until each part is durable or refused."""
        for part in delivery.parts:
            if part.kept is None:
                continue
            try:
                part.outcome = await part.kept
            except HubError as fault:
                code = part.sender.door.unavailable if part.sender else "AR"
                part.refusal = answer.unavailable("not kept: send again", "unavailable", code)
                _log.error(
                    "mllp-not-kept",
                    site=part.sender.site.id if part.sender else None,
                    fault=fault.text if isinstance(fault, Unavailable) else type(fault).__name__,
                )
        if any(part.outcome is not None for part in delivery.parts):
            self._hub.wake.set()
        for part in delivery.parts:
            if part.refusal is not None:
                metrics.REFUSED.labels(part.refusal.reason).inc()

    def accepted(self, delivery: Delivery) -> list[list[Reply]]:
        """For each part the answer of the first stage: that it was kept, or why it was not."""
        replies: list[list[Reply]] = []
        for part in delivery.parts:
            if part.refusal is not None:
                told = answer.refused(part.envelope, part.content, part.refusal)
                replies.append([reply for reply in told if reply.code.startswith("C")])
            elif part.envelope is not None and part.outcome is not None:
                replies.append(answer.kept(part.envelope, part.content, part.outcome))
            else:
                replies.append([])
        return replies

    async def answered(self, delivery: Delivery) -> list[list[Reply]]:
        """For each part the application's answer; in original mode the only one."""
        return [await self._application(part) for part in delivery.parts]

    async def _application(self, part: Part) -> list[Reply]:
        envelope, outcome, sender = part.envelope, part.outcome, part.sender
        if part.refusal is not None:
            told = answer.refused(envelope, part.content, part.refusal)
            return [reply for reply in told if reply.code.startswith("A")]
        if envelope is None or outcome is None or sender is None:
            return []
        if sender.door.ack == "on_store":
            return answer.stored(envelope, part.content, outcome)
        state, issues = await self._processed(outcome.id)
        if state is State.KEPT:
            text, code = "kept, not processed yet: send again", sender.door.unavailable
            late = answer.unavailable(text, "not-processed", code)
            metrics.REFUSED.labels(late.reason).inc()
            return answer.refused(envelope, part.content, late, is_kept=True)
        return answer.processed(envelope, part.content, outcome, state, issues)

    async def _processed(self, message: str) -> tuple[State, Sequence[Issue]]:
        """Where the message stands once it is processed, or when that has taken too long."""
        deadline = time.monotonic() + PROCESS_SECONDS
        pause = 0.005
        while True:
            try:
                async with self._hub.db.reading() as reader:
                    state, issues = await messages.state(reader, message)
            except Unavailable:
                state, issues = State.KEPT, []
            if state is not State.KEPT or time.monotonic() >= deadline:
                return state, issues
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.1)

    def _part(
        self, senders: Senders, adapter: Answering, content: bytes, odd: Mapping[str, Any]
    ) -> Part:
        """Refuse one message, or submit it."""
        part = Part(content, adapter.envelope(content))
        if not senders.knows(self._peer):
            part.refusal = answer.UNKNOWN_SENDER
        elif part.envelope is None:
            part.refusal = answer.NOT_HL7
        else:
            part.sender = senders.find(self._peer, part.envelope.sender)
            if part.sender is None:
                part.refusal = answer.UNKNOWN_SENDER
            else:
                part.refusal = adapter.objection(part.envelope, content, part.sender.site)
                if part.refusal is None:
                    self._submit(part, answer.number_of(part.envelope, content), odd)
        return part

    def _submit(self, part: Part, number: str | None, odd: Mapping[str, Any]) -> None:
        if part.sender is None:
            return
        self._last_us = max(
            time.time_ns() // 1000, self._last_us + 1
        )  # order within the connection
        meta = {"client": CHANNEL, "network": str(self._peer.address), **odd}
        site = part.sender.site.id
        part.kept = self._hub.db.inbox.submit(
            Incoming(site, CHANNEL, number, part.content, "", self._last_us, meta)
        )

    async def _record(self, senders: Senders, delivery: Delivery) -> None:
        """Strangers go into the audit log before they are answered; others are logged."""
        for part in delivery.parts:
            if part.refusal is None:
                continue
            peer = str(self._peer.address)
            site = part.sender.site.id if part.sender else None
            _log.warning("mllp-refused", peer=peer, site=site, reason=part.refusal.reason)
            if part.refusal is not answer.UNKNOWN_SENDER:
                continue
            delivery.hang_up = delivery.hang_up or not senders.knows(self._peer)
            try:
                await self._hub.entrance.refusals.record(
                    stranger(peer, None),
                    Reason.STATUS,
                    query=part.content[:_HEAD],
                    detail="mllp unknown-sender",
                )
            except Unavailable as away:
                _log.error("mllp-refusal-not-recorded", peer=peer, fault=away.text)
