"""Connections that say too little, too slowly or too much: hung up on; others do not notice."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn

from hie.app import web_app
from hie.app.prompt_protocol import HEAD_BYTES, HEAD_SECONDS, prompt
from hie.app.server import _recorded
from hie.exchange.hub import Hub
from tests.integration.fhir.support import hub_of_writer, patient_of
from tests.integration.hostile.support import reasons
from tests.places import Place

pytestmark = pytest.mark.anyio
SECONDS = 1.0  # instead of ten: what is tested is that it ends
PIECES = {
    "nothing at all": b"",
    "half a line": b"GET /fhir/Pat",
    "a line and no more": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
    "half a header": b"GET /healthz HTTP/1.1\r\nX-A: aaaa",
    "a request, then half of one": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT",
}


@dataclass
class Line:
    """Where a served hub listens, and who is connected to it."""

    port: int
    opened: list[asyncio.StreamWriter] = field(default_factory=list)

    async def open(self, said: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.opened.append(writer)
        writer.write(said)
        return reader, writer

    async def close(self) -> None:
        for writer in self.opened:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def served(
    place: Place, tmp_path: Path
) -> AsyncIterator[tuple[Line, Hub, httpx.AsyncClient]]:
    """The hub on a socket, with the protocol that `hie serve` uses."""
    async with hub_of_writer(place, tmp_path) as (hub, client):
        app = web_app(hub)
        told = prompt(_recorded(hub), SECONDS)
        config = uvicorn.Config(app, http=told, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(1024)
            running = asyncio.create_task(server.serve([listening]))
            line = Line(listening.getsockname()[1])
            try:
                yield line, hub, client
            finally:
                await line.close()
                server.should_exit = True
                await running


async def _ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the other side hung up."""
    try:
        return await asyncio.wait_for(reader.read(), 15)
    except ConnectionResetError:
        return b""


async def recorded(hub: Hub, expected: int) -> None:
    """So many were recorded, soon after they were hung up on, and no more."""
    async with asyncio.timeout(10):
        while (found := (await reasons(hub))["size"]) < expected:
            await asyncio.sleep(0.02)
    assert found == expected


def test_a_head_has_ten_seconds() -> None:
    assert HEAD_SECONDS == 10


async def test_five_hundred_that_never_finish_are_hung_up_on_and_nobody_waits_for_them(
    place: Place, tmp_path: Path
) -> None:
    async with served(place, tmp_path) as (line, hub, client):
        patient = await patient_of(client)
        said = list(PIECES.values())
        slow = [await line.open(said[n % len(said)]) for n in range(500)]
        began = time.monotonic()
        headers = {"Authorization": client.headers["Authorization"], "Host": "localhost:8000"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{line.port}") as good:
            for _ in range(20):
                answer = await good.get(f"/fhir/Patient/{patient}", headers=headers)
                assert answer.status_code == 200
        ends = await asyncio.gather(*(_ended(reader) for reader, _ in slow))
        assert time.monotonic() - began < 15
        # Those who had asked one whole thing were answered it; nobody was answered anything else.
        assert sum(b"200 OK" in one for one in ends) == 100
        assert sum(one == b"" for one in ends) == 400
        await recorded(hub, 500)


@pytest.mark.parametrize("drip", [b"X-%d: a\r\n", b"a"])
async def test_drop_by_drop_is_not_fast_enough(place: Place, tmp_path: Path, drip: bytes) -> None:
    """The time runs from the beginning: each drop does not buy more of it."""
    async with served(place, tmp_path) as (line, hub, _):
        reader, writer = await line.open(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        ending = asyncio.create_task(_ended(reader))
        drops = 0
        while not ending.done() and drops < 200:
            writer.write(drip % drops if b"%" in drip else drip)
            drops += 1
            await asyncio.wait([ending], timeout=SECONDS / 10)
        assert ending.done()
        assert await ending == b""
        assert drops < 40
        await recorded(hub, 1)


async def test_a_head_without_end_is_not_kept(place: Place, tmp_path: Path) -> None:
    async with served(place, tmp_path) as (line, hub, _):
        reader, writer = await line.open(b"GET /healthz HTTP/1.1\r\n")
        sent = 0
        try:
            while sent < 64 * HEAD_BYTES:
                writer.write(b"X-A: " + b"a" * 16_000 + b"\r\n")
                sent += 16_007
                await writer.drain()
        except ConnectionError:
            pass
        assert await _ended(reader) == b""
        await recorded(hub, 1)


async def test_a_connection_that_is_used_again_stays(place: Place, tmp_path: Path) -> None:
    """The twin: heads that are whole in time, one after the other, longer than one may take."""
    async with served(place, tmp_path) as (line, hub, _):
        reader, writer = await line.open(b"")
        for _ in range(6):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
            await asyncio.sleep(SECONDS / 4)
            writer.write(b"\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert b"200 OK" in head
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
        assert (await reasons(hub))["size"] == 0
