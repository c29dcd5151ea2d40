"""Counts the round trips between a hub and PostgreSQL: what stands between them sees each one.

The hub is given the address of a socket here, which passes every byte on. A round trip is a message
after which a client waits for the server: a simple query, a Sync, the end of a COPY. Flush is not
used by the driver. For counting alone: nothing is timed through it.
"""

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_WAITS = {b"Q": "query", b"S": "sync", b"c": "copy-done"}


class Wire:
    """The counts so far, by what was waited for."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    @property
    def round_trips(self) -> int:
        """All of them."""
        return sum(self.seen.values())


@asynccontextmanager
async def counted(socket: Path, folder: Path) -> AsyncIterator[Wire]:
    """A socket in `folder` that leads to PostgreSQL's, and what passes there."""
    wire = Wire()
    running: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(socket))
        tasks = [
            asyncio.create_task(_forth(wire, reader, back)),
            asyncio.create_task(_back(there, writer)),
        ]
        running.update(tasks)
        await asyncio.wait(tasks)
        running.difference_update(tasks)
        for one in (writer, back):
            one.close()

    async with await asyncio.start_unix_server(pass_on, str(folder / socket.name)):
        yield wire
        for task in running:
            task.cancel()


async def _forth(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What the client says, message by message (protocol 3.0, message formats)."""
    is_first = True
    try:
        while True:
            kind = b"" if is_first else await reader.readexactly(1)
            size = await reader.readexactly(4)
            rest = await reader.readexactly(struct.unpack(">I", size)[0] - 4)
            # Before the start-up message a client may ask for TLS (80877103): that is no start.
            is_first = is_first and rest[:4] == struct.pack(">I", 80877103)
            if kind in _WAITS:
                wire.seen[_WAITS[kind]] += 1
            writer.write(kind + size + rest)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()
