"""The road, measured: message to committed, audited FHIR beside COPY of the same rows; order-check.

PostgreSQL from wherever `tests.postgres` finds it. Rounds of both alternate: a round's messages are
taken in, then its rows go into twins that have the same indexes and grow alike, as many in one
transaction as the road commits together. So the ratio holds on any machine, and of five the median
is told. Processor time is that of this process, and of the database's processes beside it. At last
two processes share one heap of messages, as `hie worker` does on two cores.
"""

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from hie.app import opened
from hie.exchange.commands import operator
from hie.exchange.commands import run as command
from hie.exchange.hub import Hub
from hie.exchange.process import BATCH, lanes, process_waiting
from hie.exchange.receive import receive
from hie.settings import Settings
from hie.store.tables import METADATA
from hie.synthetic import Manifest, example, generate, many
from tests.bench.figure import Figure
from tests.bench.processor import seconds_of
from tests.postgres import server

ROUNDS, WORKERS = 5, 2
HEAP = 4  # rounds of messages for each worker process
TWINS = ("twin_1", "twin_2", "twin_3")  # one alone is filled too soon to be timed
MESSAGES = 4 * BATCH  # of one round
RESULTS = 30  # of one message
_COLUMNS = [column.name for column in METADATA.tables["observation"].columns]


def run_all(url: str | None, folder: Path) -> list[Figure]:
    """Both figures on one database."""
    return asyncio.run(_measure(Settings(data_dir=folder, database_url=url, rate_limits=False)))


def run() -> list[Figure]:
    """PostgreSQL, then SQLite."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, server(durable=True) as url:
        figures += run_all(url, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        figures += run_all(None, Path(folder))
    return figures


async def _measure(settings: Settings) -> list[Figure]:
    today = datetime.now(timezone(timedelta(hours=8))).date()
    name = "SQLite" if settings.database_url is None else "PostgreSQL"
    async with opened(settings) as hub:
        region = generate(settings.data_dir / "region", seed=1, today=today, people=33)
        await connect(hub, region)
        site = region.sites[0].site
        await _twins(hub)
        contents = (
            one for _, one in many((ROUNDS + HEAP * WORKERS) * MESSAGES, results=RESULTS, day=today)
        )
        database = await _database(hub)
        rounds = [
            await _round(hub, site, islice(contents, MESSAGES), database) for _ in range(ROUNDS)
        ]
        ratios = [each.road / each.copied for each in rounds]
        figures = [
            Figure(
                f"{name}: message to audited FHIR",
                median(each.road for each in rounds),
                "results/s",
            ),
            Figure(
                f"{name}: {'COPY' if settings.database_url else 'insert'} of the same rows, indexed",
                median(each.copied for each in rounds),
                "rows/s",
            ),
            Figure(f"{name}: ratio of one worker, lowest of {ROUNDS}", min(ratios), ""),
            Figure(f"{name}: ratio of one worker, median", median(ratios), ""),
        ]
        figures += _processor(name, rounds)
        if settings.database_url is not None:
            copied = median(each.copied for each in rounds)
            figures += await _together(hub, settings, site, contents, copied)
        case = example(today=today)
        await receive(hub, operator(), case.site, case.message, channel="bench", media="")
        while await process_waiting(hub):
            pass
        spans = []
        five = case.order_check.replace(
            b'"ref": "3",', b'"ref": "4", "item": "NA"}, {"ref": "5", "item": "CL"}, {"ref": "3",'
        )
        for _ in range(100):
            start = time.perf_counter()
            await command(hub, "order-check", {"request": five.decode()})
            spans.append((time.perf_counter() - start) * 1000)
        p95 = statistics.quantiles(spans, n=20)[-1]
        figures.append(Figure(f"{name}: order-check of 5 orders, p95", p95, "ms", "under 50 ms"))
    return figures


class Round(NamedTuple):
    """What one round came to; processor time is in µs for a result."""

    road: float  # results a second
    copied: float  # rows a second
    hub: float
    database: float | None


def _processor(name: str, rounds: Sequence[Round]) -> list[Figure]:
    hub = median(each.hub for each in rounds)
    figures = [Figure(f"{name}: processor of the hub for a result", hub, "µs")]
    beside = [each.database for each in rounds if each.database is not None]
    if beside:
        figures += [
            Figure(f"{name}: processor of the database beside it", median(beside), "µs"),
            Figure(f"{name}: both", hub + median(beside), "µs", "<= 150"),
        ]
    return figures


async def _together(
    hub: Hub, settings: Settings, site: str, contents: Iterator[bytes], copied: float
) -> list[Figure]:
    """Messages a second of two worker processes, each with its own hub; beside COPY in rows."""
    count = 0
    for content in islice(contents, HEAP * WORKERS * MESSAGES):
        await receive(hub, operator(), site, content, channel="bench", media="")
        count += 1
    words = [sys.executable, "-m", "tests.bench.road_worker"]
    words += [str(settings.database_url), str(settings.data_dir)]
    pipes: dict[str, Any] = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    workers = [await asyncio.create_subprocess_exec(*words, **pipes) for _ in range(WORKERS)]
    await asyncio.gather(*map(_said, workers))  # its hub is open
    start = time.perf_counter()
    for one in workers:
        assert one.stdin is not None
        one.stdin.write(b"go\n")
    await asyncio.gather(*map(_said, workers))  # no message waits
    span = time.perf_counter() - start
    await asyncio.gather(*(one.wait() for one in workers))
    name = f"PostgreSQL: {WORKERS} worker processes"
    return [
        Figure(name, count / span, "messages/s", "600"),
        Figure(f"{name}, ratio", count * RESULTS / span / copied, "", "0.15 or more"),
    ]


async def _said(worker: asyncio.subprocess.Process) -> None:
    assert worker.stdout is not None
    await worker.stdout.readline()


async def connect(hub: Hub, region: Manifest) -> None:
    """Registers and sites of a synthetic region."""
    import base64

    files = [
        {"name": f.name, "content": base64.b64encode(f.read_bytes()).decode()}
        for f in region.registers
    ]
    await command(hub, "register-import", {"files": files, "dry_run": False})
    for site in region.sites:
        await command(
            hub,
            "site-add",
            {
                "site": site.site,
                "institution": site.institution,
                "adapter": site.adapter,
                "profile": site.profile.read_text("utf-8"),
            },
        )


async def _twins(hub: Hub) -> None:
    """Empty tables with the columns, types and indexes of `observation`."""
    async with hub.db.unit() as unit:
        for twin in TWINS:
            if hub.db.dialect == "postgresql":
                await unit.execute(f"CREATE TABLE {twin} (LIKE observation INCLUDING ALL)")
                continue
            made = await unit.fetch(
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'observation' AND sql IS NOT NULL"
            )
            for (sql,) in made:
                await unit.execute(re.sub(r"\bobservation(_?)", rf"{twin}\1", sql))


async def _round(hub: Hub, site: str, contents: Iterable[bytes], database: int | None) -> Round:
    """One round of the road, and of the fastest insert of the same rows."""
    for content in contents:
        await receive(hub, operator(), site, content, channel="bench", media="")
    since_us = time.time_ns() // 1000
    beside = 0.0 if database is None else seconds_of(database)
    start, spent = time.perf_counter(), time.process_time()
    await asyncio.gather(*(drained(hub) for _ in range(lanes(hub))))
    results = MESSAGES * RESULTS
    road, mine = results / (time.perf_counter() - start), time.process_time() - spent
    theirs = None if database is None else (seconds_of(database) - beside) / results * 1e6
    async with hub.db.reading() as reader:
        found = await reader.fetch(
            f"SELECT {', '.join(_COLUMNS)} FROM observation WHERE updated_us >= $1",  # noqa: S608
            since_us,
        )
    rows = [tuple(row) for row in found]
    assert len(rows) == results
    start = time.perf_counter()
    for twin in TWINS:
        for place in range(0, len(rows), BATCH * RESULTS):
            async with hub.db.unit() as unit:
                await unit.insert(twin, _COLUMNS, rows[place : place + BATCH * RESULTS])
    copied = len(TWINS) * len(rows) / (time.perf_counter() - start)
    return Round(road, copied, mine / results * 1e6, theirs)


async def drained(hub: Hub) -> None:
    """One lane of a worker, until no message waits."""
    while await process_waiting(hub):
        pass


async def _database(hub: Hub) -> int | None:
    """The process of a PostgreSQL of this machine, whose children are the sessions."""
    if hub.db.dialect != "postgresql":
        return None
    async with hub.db.reading() as reader:
        text = await reader.fetchval("SELECT pg_read_file('postmaster.pid')")
    pid = int(text.split()[0])
    return pid if Path(f"/proc/{pid}").exists() else None
