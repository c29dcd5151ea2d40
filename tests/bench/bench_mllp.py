"""MLLP, measured: messages kept and acknowledged a second over 16 connections, beside two limits.

The sender is a process of its own that writes frames made beforehand and waits for each answer, as
laboratory systems do. The limits are taken in the same run with the same sender: a bare asyncio
server that answers every frame and keeps nothing (what loopback and Python can do), and the disk:
COMMITs a second of one such message each, times the 16 that can wait for one.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from hie.app import opened
from hie.exchange.commands import run as command
from hie.settings import Settings
from hie.store import messages
from hie.synthetic import many
from tests.bench.figure import Figure
from tests.postgres import server

CONNECTIONS = 16
MESSAGES = 2000
RESULTS = 30  # results in each message, some 3 KiB
ROUNDS = 3
ANSWER = (
    b"\x0bMSH|^~\\&|HIE|HUB|LIS|HOSP|20260612113000+0800||ACK^R01^ACK|A1|P|2.5.1\rMSA|AA|1\r\x1c\r"
)

SENDER = """
import asyncio, json, sys, time
port, connections, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
frames = [f + b"\\x1c\\r" for f in open(file, "rb").read().split(b"\\x1c\\r") if f]
spans = []

async def lane(own):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for frame in own:
        began = time.perf_counter()
        writer.write(frame)
        answer = await reader.readuntil(b"\\x1c\\r")
        spans.append(time.perf_counter() - began)
        assert b"MSA|AA|" in answer, answer
    writer.close()

async def main():
    began = time.perf_counter()
    await asyncio.gather(*(lane(frames[n::connections]) for n in range(connections)))
    spans.sort()
    print(json.dumps({"rate": len(frames) / (time.perf_counter() - began),
        "p99": spans[int(len(spans) * 0.99)]}))

asyncio.run(main())
"""


def run() -> list[Figure]:
    """PostgreSQL, then SQLite."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, server(durable=True) as url:
        figures += asyncio.run(_measured("PostgreSQL", url, Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        figures += asyncio.run(_measured("SQLite", None, Path(folder)))
    return figures


async def _measured(name: str, url: str | None, folder: Path) -> list[Figure]:
    settings = Settings(data_dir=folder / "data", database_url=url)
    async with opened(settings) as hub:
        profile = '[mllp]\napplications = ["SYNLIS-A^XCSL"]\n'
        arguments = {"site": "lis", "institution": "12110102999900011H", "adapter": "hl7v2"}
        await command(hub, "site-add", {**arguments, "profile": profile})
        commits = await _commits(hub)
    today = datetime.now(timezone(timedelta(hours=8))).date()
    contents = [c for _, c in many(MESSAGES * ROUNDS, results=RESULTS, day=today)]
    rates, bares, slowest = [], [], []
    async with _serving(settings, folder) as port, _echo() as bare_port:
        for number in range(ROUNDS):
            part = contents[number * MESSAGES : (number + 1) * MESSAGES]
            file = folder / f"frames-{number}"
            file.write_bytes(b"".join(b"\x0b" + one + b"\x1c\r" for one in part))
            hub_said = await _sent(port, file)
            rates.append(hub_said["rate"])
            slowest.append(hub_said["p99"] * 1000)
            bares.append((await _sent(bare_port, file))["rate"])
    rate, bare = statistics.median(rates), statistics.median(bares)
    limit = min(bare, commits * CONNECTIONS)
    wanted = "1,000 or more"
    return [
        Figure(f"{name}: kept and acknowledged, {CONNECTIONS} connections", rate, "/s", wanted),
        Figure(f"{name}: time to the acknowledgement, p99", statistics.median(slowest), "ms"),
        Figure(f"{name}: bare asyncio server, nothing kept", bare, "/s"),
        Figure(f"{name}: single COMMITs of one message", commits, "/s"),
        Figure(f"{name}: ratio to the lower limit", rate / limit, ""),
    ]


async def _commits(hub: object) -> float:
    """COMMITs a second when each message has its own."""
    began = time.perf_counter()
    for number in range(200):
        await messages.keep(
            hub.db,  # type: ignore[attr-defined]
            site="bench",
            channel="bench",
            native_id=str(number),
            content=b"MSH" * 1000,
            media="",
            received_us=number,
        )
    taken = time.perf_counter() - began
    async with hub.db.unit() as unit:  # type: ignore[attr-defined]
        await unit.execute("UPDATE message SET state = 'stored' WHERE site = 'bench'")
    return 200 / taken


@asynccontextmanager
async def _serving(settings: Settings, folder: Path) -> AsyncIterator[int]:
    """`hie serve` with its message worker, as a hospital runs it; the port MLLP listens on."""
    environment = {**os.environ, "HIE_DATA_DIR": str(settings.data_dir), "HIE_PORT": "0"}
    environment["HIE_MLLP_PORT"] = "0"
    if settings.database_url:
        environment["HIE_DATABASE_URL"] = settings.database_url
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "hie", "serve"], env=environment, stderr=file
        )
    try:
        port = None
        while port is None:
            await asyncio.sleep(0.1)
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            for line in log.read_text().splitlines():
                if "mllp-listens" in line:
                    port = json.loads(line)["port"]
        yield port
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def _echo() -> AsyncIterator[int]:
    """The bare server: an answer for each end of a frame."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            for _ in range(data.count(b"\x1c\r")):
                writer.write(ANSWER)
        writer.close()

    started = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with started:
        yield started.sockets[0].getsockname()[1]


async def _sent(port: int, file: Path) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SENDER, str(port), str(CONNECTIONS), str(file), stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: dict[str, float] = json.loads(out)
    return found
