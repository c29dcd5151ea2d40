"""A laboratory system for tests: it writes messages of invented people and speaks MLLP."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.process import drain
from hie.intake.mllp import Listener, mllp_door
from hie.intake.mllp_frames import Frame, Framer, framed
from hie.settings import Settings

INSTITUTION = "12110102999900011H"
PROFILE = '[mllp]\napplications = ["LIS^HOSP"]\n'


def message(
    number: str = "1",
    *,
    value: str = "4.1",
    kind: str = "ORU^R01",
    processing: str = "P",
    version: str = "2.4",
    sender: str = "LIS|HOSP",
    accept: str = "",
    application: str = "",
) -> bytes:
    """One potassium of an invented person."""
    lines = [
        f"MSH|^~\\&|{sender}|HIE|HUB|20260612113000||{kind}|{number}|{processing}|{version}"
        f"|||{accept}|{application}||UNICODE UTF-8",
        "PID|1||P1^^^HOSP^PI||张三||19800101|F",
        f"OBR|1|O{number}|F{number}|E^电解质|||20260612080000|||||||||||||||20260612110000|||F",
        f"OBX|1|NM|2823-3^K^LN||{value}|mmol/L|3.5-5.3||||F",
    ]
    return "".join(line + "\r" for line in lines).encode()


@dataclass
class Lis:
    """One MLLP connection of the sender."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    framer: Framer = field(default_factory=lambda: Framer(1 << 20))
    ready: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(data)

    async def answer(self, seconds: float = 20) -> list[str]:
        """The segments of the next acknowledgement; [] when the hub hung up."""
        async with asyncio.timeout(seconds):
            while not self.ready:
                try:
                    data = await self.reader.read(65536)
                except ConnectionError:
                    data = b""
                if not data:
                    return []
                self.ready += [e.content for e in self.framer.feed(data) if isinstance(e, Frame)]
        return self.ready.pop(0).decode().strip("\r").split("\r")

    async def send(self, content: bytes) -> list[str]:
        """One message and its acknowledgement."""
        self.write(framed(content))
        return await self.answer()

    async def code(self, content: bytes) -> str:
        """MSA-1 of the acknowledgement."""
        return msa(await self.send(content))[1]


def msa(segments: list[str]) -> list[str]:
    """The fields of MSA."""
    return next(line.split("|") for line in segments if line.startswith("MSA"))


@dataclass
class Door:
    """A hub with its MLLP door open."""

    hub: Hub
    listener: Listener

    @asynccontextmanager
    async def lis(
        self, address: str = "127.0.0.1", context: ssl.SSLContext | None = None
    ) -> AsyncIterator[Lis]:
        """A connection from this address."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.listener.port, local_addr=(address, 0), ssl=context
        )
        try:
            yield Lis(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def site(self, profile: str, name: str = "lis") -> None:
        """Give a site this profile."""
        arguments = {
            "site": name,
            "institution": INSTITUTION,
            "adapter": "hl7v2",
            "profile": profile,
        }
        await run(self.hub, "site-add", arguments)

    async def messages(self) -> list[dict[str, Any]]:
        """Every message, oldest first, processed."""
        await drain(self.hub)
        listed = (await run(self.hub, "message-list", {}))["messages"]
        return list(reversed(listed))

    async def count(self, table: str) -> int:
        """Rows of a table."""
        async with self.hub.db.reading() as reader:
            found: int = await reader.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
        return found


@asynccontextmanager
async def open_door(
    place: Any, profile: str | None = PROFILE, **settings: Any
) -> AsyncIterator[Door]:
    """A hub on this database whose one site may send by MLLP from loopback."""
    chosen = Settings(
        data_dir=place.data_dir, database_url=place.url, rate_limits=False, mllp_port=0, **settings
    )
    async with opened(chosen) as hub:
        if profile is not None:
            await Door(hub, None).site(profile)  # type: ignore[arg-type]
        async with mllp_door(hub) as listener:
            yield Door(hub, listener)
