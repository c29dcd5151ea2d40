"""One MLLP connection: frames are kept in the order they came and answered in that order.

Reading goes on while earlier frames wait for their COMMIT, up to a bound of frames and of bytes;
then it stops, and TCP tells the sender. Nothing is answered before it is durable. A frame that
cannot be kept is answered all the same: a sender that hears nothing only sends it again.
"""

import asyncio
import time
from collections.abc import Sequence

import structlog

from hie.adapter import Reply
from hie.exchange.hub import Hub
from hie.intake import mllp_metrics as metrics
from hie.intake.mllp_delivery import Delivery, Desk
from hie.intake.mllp_frames import Event, Frame, Framer, Oversize, framed
from hie.intake.mllp_room import Room
from hie.intake.mllp_senders import Peer, SenderBook

PIPELINE = 32  # frames of one connection that wait for their answer
STRANGERS_LIMIT = 64 * 1024  # bytes of a frame from where nobody may send
_READ = 64 * 1024
_ROOM_SECONDS = 30.0
_WRITE_SECONDS = 60.0
_PROCESS_SECONDS = 30.0
_FRAME_SECONDS = 60.0  # for a frame to come in, and beside it its size at the slowest rate:
_SLOWEST = 32 * 1024  # bytes a second
_log = structlog.get_logger(__name__)


class Connection:
    """Reads frames from one peer and answers them until either side ends it."""

    def __init__(
        self,
        hub: Hub,
        senders: SenderBook,
        room: Room,
        peer: Peer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._hub, self._book, self._room, self._peer = hub, senders, room, peer
        self._reader, self._writer = reader, writer
        self._framer = Framer(hub.settings.intake_limit)
        self._desk = Desk(hub, senders, peer)
        self._queue: asyncio.Queue[Delivery | None] = asyncio.Queue(PIPELINE)
        self._reading: asyncio.Task[None] | None = None
        self._waits = False  # for bytes: the only moment at which a stop may cut reading short
        self._stopping = False
        self._held = 0  # bytes of the room that are this connection's
        self._queued = 0  # of these, bytes of frames that wait for their answer
        self._last_frame = self._began = time.monotonic()

    async def run(self) -> None:
        """Serve until the peer leaves, is refused or too slow, or `stop` is called."""
        answering = asyncio.create_task(self._answer())
        self._reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait([self._reading, answering], return_when=asyncio.FIRST_COMPLETED)
            ending = asyncio.create_task(self._queue.put(None))
            await asyncio.wait([ending, answering], return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                await asyncio.wait([answering])
            ending.cancel()
        finally:
            for task in (self._reading, answering):
                task.cancel()
            ended = await asyncio.gather(self._reading, answering, return_exceptions=True)
            self._room.give(self._held)
            self._held = 0
        for one in ended:
            if isinstance(one, Exception):
                raise one

    def stop(self) -> None:
        """Read no more; what was read is still answered."""
        self._stopping = True
        if self._waits and self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> None:
        while not self._stopping:
            senders = await self._book.current()
            is_known = senders.knows(self._peer)
            self._framer.limit = self._hub.settings.intake_limit if is_known else STRANGERS_LIMIT
            was_inside = self._framer.is_inside
            data = await self._more()
            if not data:
                break
            await self._room.take(len(data), _ROOM_SECONDS)
            self._held += len(data)
            noise = self._framer.noise
            events = self._framer.feed(data)
            self._queued += sum(_size(event) for event in events)
            self._settle()
            if events:
                self._last_frame = time.monotonic()
            if self._framer.is_inside and (events or not was_inside):
                self._began = time.monotonic()
            if self._framer.noise > noise:
                metrics.NOISE.inc(self._framer.noise - noise)
            for event in events:
                await self._take(event)
        if self._framer.is_inside and not self._stopping:
            metrics.FRAMES.labels("partial").inc()
            _log.warning("mllp-frame-cut-off", peer=str(self._peer.address))

    async def _take(self, event: Event) -> None:
        """Have a frame kept and queue it for its answer; waits while too many wait already."""
        if isinstance(event, Oversize):
            delivery = await self._desk.oversize(event.head, self._framer.limit)
        elif isinstance(event, Frame):
            delivery = await self._desk.frame(event.content)
        else:
            delivery = await self._desk.truncated(event.content)
        delivery.size = _size(event)
        await self._queue.put(delivery)

    async def _more(self) -> bytes:
        """The next bytes; b"" when the peer has ended or is ended for being idle or too slow."""
        if self._framer.is_inside:
            reason = "slow"
            allowed = _FRAME_SECONDS + self._framer.buffered / _SLOWEST
            left = self._began + allowed - time.monotonic()
        else:
            reason = "idle"
            left = self._last_frame + self._hub.settings.mllp_idle_seconds - time.monotonic()
        try:
            async with asyncio.timeout(max(left, 0)):
                self._waits = True
                return await self._reader.read(_READ)
        except TimeoutError:
            metrics.CLOSED.labels(reason).inc()
            return b""
        finally:
            self._waits = False

    async def _answer(self) -> None:
        while (delivery := await self._queue.get()) is not None:
            await self._desk.settle(delivery)
            await self._send(delivery, self._desk.accepted(delivery))
            await self._send(delivery, await self._desk.answered(delivery))
            self._queued -= delivery.size
            self._settle()
            if delivery.hang_up:
                return

    async def _send(self, delivery: Delivery, replies: Sequence[Sequence[Reply]]) -> None:
        for content in delivery.written(replies):
            self._writer.write(framed(content))
        async with asyncio.timeout(_WRITE_SECONDS):
            await self._writer.drain()

    def _settle(self) -> None:
        """Give back what neither waits for its end nor for its answer."""
        spare = self._held - self._queued - self._framer.buffered
        if spare > 0:
            self._held -= spare
            self._room.give(spare)


def _size(event: Event) -> int:
    return len(event.head if isinstance(event, Oversize) else event.content)
