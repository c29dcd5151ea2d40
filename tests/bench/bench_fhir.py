"""The FHIR door, measured over HTTP beside a plain program with the same SQL and the same bodies.

`hie serve` without message workers and a plain ASGI program (`fhir_plain`) answer the same loader
in turns, 16 connections that each wait for their answer; a ratio is of one round, and the median of
the rounds counts. Processor time is taken from /proc, of the hub and of every process of PostgreSQL
together; round trips are counted by a socket between the two, in a run of their own.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from hie.access.actor import Purpose
from hie.access.mint import Grant, mint
from hie.app import opened
from hie.oauth.rotation import open_ring
from hie.settings import Settings
from tests.bench import fhir_fill, fhir_load, fhir_scenes
from tests.bench.fhir_scenes import Scene
from tests.bench.figure import Figure
from tests.bench.on_each import on_each
from tests.bench.postgres_wire import counted
from tests.bench.processor import resident, seconds_of

OBSERVATIONS = int(os.environ.get("HIE_BENCH_OBSERVATIONS", "100000"))
ROUNDS = int(os.environ.get("HIE_BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("HIE_BENCH_SECONDS", "1.5"))  # of one round, of one side
ONLY = os.environ.get("HIE_BENCH_SCENES", "").split()
CONNECTIONS = 16
WARM = 2.0  # seconds until every connection has seen every statement
IDLE_MB = 200


@dataclass
class Side:
    """A program under load: its process, where it listens, and what each round said of it."""

    pid: int
    port: int
    said: list[dict[str, float]] = field(default_factory=list)


def run() -> list[Figure]:
    """PostgreSQL, then SQLite."""
    return on_each(_measured)


async def _measured(name: str, url: str | None, folder: Path) -> list[Figure]:
    settings = Settings(
        data_dir=folder / "data",
        database_url=url,
        port=_free_port(),
        rate_limits=False,
        message_workers=0,
        dicom_port=0,
        mllp_port=0,
    )
    began = time.perf_counter()
    async with opened(settings) as hub:
        filled = await fhir_fill.fill(hub, OBSERVATIONS)
        await fhir_fill.register(hub)
        scenes = [one for one in fhir_scenes.SCENES if not ONLY or one.name in ONLY]
        plan = await fhir_scenes.plan(hub, filled, _token(settings))
    figures = [
        fhir_fill.stored_figure(name, filled),
        Figure(f"{name}: written by the store in", time.perf_counter() - began, "s"),
    ]
    for scene in scenes:
        for word, requests in (("hub", scene.hub), ("plain", scene.plain)):
            made = requests(filled, plan["base"])
            (folder / f"{word}-{scene.name}").write_bytes(fhir_load.pack(made))
    (folder / "plan").write_text(json.dumps(plan))
    with _hub(settings, folder) as hub_pid, _plain(folder) as (plain_pid, plain_port):
        figures.append(Figure(f"{name}: hie serve, idle", resident(hub_pid), "MB", "200 or less"))
        numbers = iter(range(1, 10**12, 10**6))
        postgres = _postmaster(url)
        for scene in scenes:
            hub_side, plain = Side(hub_pid, settings.port), Side(plain_pid, plain_port)
            for turn in range(ROUNDS + 1):
                for side, word in ((hub_side, "hub"), (plain, "plain")):
                    file = _with_token(folder, f"{word}-{scene.name}", settings)
                    seconds = SECONDS if turn else SECONDS / 3  # the first is to get warm
                    said = await _loaded(side, file, seconds, next(numbers), postgres)
                    side.said += [said] if turn else []
            figures += _told(name, scene, hub_side.said, plain.said)
        figures.append(Figure(f"{name}: hie serve, after all of it", resident(hub_pid), "MB"))
    if url is not None:
        figures += await _round_trips(name, settings, folder, scenes)
    return figures


def _told(
    name: str, scene: Scene, hub: Sequence[dict[str, float]], plain: Sequence[dict[str, float]]
) -> list[Figure]:
    """The figures of one scene."""
    what = f"{name}: {scene.title}"
    ratio = median(a["rate"] / b["rate"] for a, b in zip(hub, plain, strict=True))
    found = [
        Figure(what, _mid(hub, "rate") * scene.each, scene.unit, scene.wanted),
        Figure(f"{what}, plain program", _mid(plain, "rate") * scene.each, scene.unit),
        Figure(f"{what}, ratio", ratio, "", scene.wanted_ratio),
        Figure(f"{what}, p50", _mid(hub, "p50"), "ms"),
        Figure(f"{what}, p99", _mid(hub, "p99"), "ms", "under 40"),
        Figure(f"{what}, p99 of the plain program", _mid(plain, "p99"), "ms"),
    ]
    for word, said in (("hub", hub), ("plain program", plain)):
        found.append(Figure(f"{what}, processor: {word}", _mid(said, "own"), "µs a request"))
        if any(one["postgres"] for one in said):
            spent = _mid(said, "postgres")
            found.append(Figure(f"{what}, processor: its PostgreSQL", spent, "µs a request"))
    return found


def _mid(said: Sequence[dict[str, float]], key: str) -> float:
    return median(one[key] for one in said)


async def _loaded(
    side: Side, file: Path, seconds: float, first: int, postgres: int | None
) -> dict[str, float]:
    """One round on one side. Raises RuntimeError for a refused request: nothing else is a figure."""
    own, theirs = seconds_of(side.pid), seconds_of(postgres) if postgres else 0.0
    said = await _load(side.port, CONNECTIONS, seconds, file, first)
    if said["refused"] or said["hung_up"] or not said["count"]:
        raise RuntimeError(f"{file.name}: {said}")
    said["own"] = (seconds_of(side.pid) - own) / said["count"] * 1e6
    said["postgres"] = ((seconds_of(postgres) - theirs) / said["count"] * 1e6) if postgres else 0.0
    return said


async def _load(
    port: int, connections: int, seconds: float, file: Path, first: int
) -> dict[str, Any]:
    words = [str(port), str(connections), str(seconds), str(file), str(first)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.fhir_load", *words, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: dict[str, Any] = json.loads(out)
    return found


async def _round_trips(
    name: str, settings: Settings, folder: Path, scenes: Sequence[Scene]
) -> list[Figure]:
    """Messages to PostgreSQL that are waited for, a request: one caller alone, then 16 at once."""
    real = Path(str(settings.database_url).partition("host=")[2]) / ".s.PGSQL.5432"
    if not real.exists():
        return []
    figures = []
    with tempfile.TemporaryDirectory(prefix="hie-wire-", dir="/tmp") as own:
        async with counted(real, Path(own)) as wire:
            url = f"{str(settings.database_url).partition('host=')[0]}host={own}"
            there = settings.model_copy(update={"database_url": url, "port": _free_port()})
            async with _hub_beside(there, folder):
                for place, scene in enumerate(scenes):
                    file = _with_token(folder, f"hub-{scene.name}", there)
                    for connections in (1, CONNECTIONS):
                        first = (place * 2 + 1) * 10**9 + connections * 10**7
                        await _load(
                            there.port, connections, 0.3, file, first
                        )  # prepares statements
                        before = wire.round_trips
                        said = await _load(there.port, connections, 1.0, file, first + 10**6)
                        if said["refused"]:
                            raise RuntimeError(f"{file.name}: {said}")
                        passed = (wire.round_trips - before) / said["count"]
                        who = "one caller" if connections == 1 else f"{connections} callers"
                        wanted = scene.wanted_trips if connections == 1 else ""
                        what = f"{name}: {scene.title}, round trips, {who}"
                        figures.append(Figure(what, passed, "a request", wanted))
    return figures


@asynccontextmanager
async def _hub_beside(settings: Settings, folder: Path) -> AsyncIterator[int]:
    """The hub, started without stopping this loop: what it waits for passes through here."""
    process = _started(settings, folder)
    try:
        await asyncio.to_thread(_until_ready, process, settings.port, folder)
        yield process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


@contextmanager
def _hub(settings: Settings, folder: Path) -> Iterator[int]:
    process = _started(settings, folder)
    try:
        _until_ready(process, settings.port, folder)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _started(settings: Settings, folder: Path) -> "subprocess.Popen[bytes]":
    chosen = {
        f"HIE_{key.upper()}": str(value)
        for key, value in settings.model_dump(exclude_defaults=True).items()
    }
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "hie", "serve"], env={**os.environ, **chosen}, stderr=log
        )


@contextmanager
def _plain(folder: Path) -> Iterator[tuple[int, int]]:
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603 - this file's own sibling
        [sys.executable, "-m", "tests.bench.fhir_plain", str(port), str(folder / "plan")]
    )
    try:
        for _ in range(100):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(10)


def _until_ready(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    for _ in range(300):
        time.sleep(0.1)
        if process.poll() is not None:
            raise RuntimeError((folder / "log").read_text())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            continue
    raise RuntimeError("the hub does not answer")


def _with_token(folder: Path, name: str, settings: Settings) -> Path:
    """The requests with a token of now: tokens live for five minutes."""
    found = folder / f"{name}.now"
    text = (folder / name).read_bytes()
    requests = [
        one.replace(fhir_scenes.TOKEN, _token(settings).encode()) for one in fhir_load.unpack(text)
    ]
    found.write_bytes(fhir_load.pack(requests))
    return found


_TOKENS: dict[tuple[Path, str], tuple[float, str]] = {}  # of a hub's keys and address


def _token(settings: Settings) -> str:
    place = settings.data_dir, settings.address
    held = _TOKENS.get(place)
    if held is None or time.monotonic() - held[0] > 60:
        now = int(time.time())
        grant = Grant(
            issuer=settings.address,
            audience=f"{settings.address}/fhir",
            client=fhir_fill.CLIENT,
            institution=fhir_fill.INSTITUTION,
            purpose=Purpose.TREATMENT,
            scopes=fhir_fill.SCOPES,
        )
        made = mint(grant, open_ring(settings.data_dir).signer(now), os.urandom(16).hex(), now)
        held = _TOKENS[place] = time.monotonic(), made
    return held[1]


def _postmaster(url: str | None) -> int | None:
    """The first process of a private server; None where it is not ours to look at."""
    file = Path(str(url).partition("host=")[2]) / "data" / "postmaster.pid"
    return int(file.read_text().split()[0]) if url and file.exists() else None


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        found: int = one.getsockname()[1]
        return found
