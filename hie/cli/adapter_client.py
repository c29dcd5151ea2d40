"""An MLLP sender: messages go out in order, each again with the same bytes until it is answered.

A broken connection says nothing about what became of a message. Whoever receives tells the same
bytes apart from new ones, so the only safe thing is to send them again.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from hie.adapter import Answering
from hie.errors import HubError, Unavailable
from hie.intake.mllp_answer import Wishes
from hie.intake.mllp_frames import Frame, Framer, framed

GOOD: Final = frozenset({"AA", "CA"})
_ANSWER_BYTES = 1024 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and how patiently."""

    host: str
    port: int
    context: ssl.SSLContext | None
    retries: int = 5
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message, and where it comes from."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """The last acknowledgement of one message; `code` is "" where the sender wanted none."""

    name: str
    code: str
    number: str
    text: str
    content: bytes

    @property
    def is_good(self) -> bool:
        """Whether the receiver took the message."""
        return not self.code or self.code in GOOD


class Lane:
    """One connection to the receiver, made when needed and again when it breaks."""

    def __init__(self, target: Target, adapter: Answering) -> None:
        self._target, self._adapter = target, adapter
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._framer = Framer(_ANSWER_BYTES)
        self._ready: list[bytes] = []

    async def send(self, parcel: Parcel) -> Answered:
        """Send one message and wait for its answers. Raises Unavailable after the last retry."""
        pause = _FIRST_PAUSE
        for attempt in range(self._target.retries + 1):
            if attempt:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                async with asyncio.timeout(self._target.seconds):
                    return await self._once(parcel)
            except (OSError, TimeoutError, EOFError) as fault:
                reason = str(fault) or type(fault).__name__
                await self.close()
        where = f"{self._target.host}:{self._target.port}"
        raise Unavailable(f"{parcel.name}: no answer from {where} ({reason})")

    async def _once(self, parcel: Parcel) -> Answered:
        writer = self._writer or await self._connect()
        writer.write(framed(parcel.content))
        await writer.drain()
        wishes = Wishes.of(self._adapter.envelope(parcel.content))
        if not any((*wishes.accept, *wishes.application)):
            return Answered(parcel.name, "", "", "no answer wanted", b"")
        answer = _read(parcel.name, await self._next())
        if answer.code == "CA" and wishes.application[0]:
            answer = _read(parcel.name, await self._next())
        return answer

    async def _connect(self) -> asyncio.StreamWriter:
        target = self._target
        self._reader, self._writer = await asyncio.open_connection(
            target.host, target.port, ssl=target.context
        )
        self._framer, self._ready = Framer(_ANSWER_BYTES), []
        return self._writer

    async def _next(self) -> bytes:
        while not self._ready:
            data = await self._reader.read(65536) if self._reader is not None else b""
            if not data:
                raise EOFError("the receiver hung up")
            frames = (event for event in self._framer.feed(data) if isinstance(event, Frame))
            self._ready.extend(frame.content for frame in frames)
        return self._ready.pop(0)

    async def close(self) -> None:
        """Hang up."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(5):
                    await writer.wait_closed()


async def deliver(
    target: Target,
    adapter: Answering,
    parcels: Iterator[Parcel],
    connections: int,
    told: Callable[[Answered], None],
) -> None:
    """Send over so many connections; `told` hears of each answer. Raises Unavailable.

    Each connection takes the next message when its last one was answered: over one connection
    they arrive in order, over several each connection keeps its own.
    """

    async def run(lane: Lane) -> None:
        try:
            for parcel in parcels:
                told(await lane.send(parcel))
        finally:
            await lane.close()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(run(Lane(target, adapter)))
    except* HubError as faults:
        raise _first(faults) from None


def _first(faults: BaseExceptionGroup[HubError]) -> HubError:
    for fault in faults.exceptions:
        return fault if isinstance(fault, HubError) else _first(fault)
    raise RuntimeError("a group of no exceptions")


def _read(name: str, content: bytes) -> Answered:
    """MSA of an acknowledgement; "?" where there is none."""
    text = content.decode("utf-8", "replace")
    separator = text.lstrip()[3:4] or "|"
    for line in text.replace("\n", "\r").split("\r"):
        fields = line.strip().split(separator)
        if fields[0] == "MSA" and len(fields) > 2:
            said = fields[3] if len(fields) > 3 else ""
            return Answered(name, fields[1], fields[2], said, content)
    return Answered(name, "?", "", "no MSA segment in the answer", content)
