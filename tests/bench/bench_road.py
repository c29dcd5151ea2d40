"""The road, measured: message to committed, audited FHIR beside COPY of the same rows; order-check.

PostgreSQL from wherever `tests.postgres` finds it. Rounds of both alternate: a round's messages are
taken in, then its rows go into twins that have the same indexes and grow alike, as many in one
transaction as the road commits together. So the ratio holds on any machine, and of five the median
is told.
"""

import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from statistics import median

from hie.app import opened
from hie.exchange.commands import operator
from hie.exchange.commands import run as command
from hie.exchange.hub import Hub
from hie.exchange.process import BATCH, process_waiting
from hie.exchange.receive import receive
from hie.settings import Settings
from hie.store.tables import METADATA
from hie.synthetic import Manifest, example, generate, many
from tests.bench.figure import Figure
from tests.postgres import server

ROUNDS = 5
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
        await _connect(hub, region)
        site = region.sites[0].site
        await _twins(hub)
        contents = (one for _, one in many(ROUNDS * MESSAGES, results=RESULTS, day=today))
        rounds = [await _round(hub, site, islice(contents, MESSAGES)) for _ in range(ROUNDS)]
        ratios = [road / copied for road, copied in rounds]
        figures = [
            Figure(
                f"{name}: message to audited FHIR", median(road for road, _ in rounds), "results/s"
            ),
            Figure(
                f"{name}: {'COPY' if settings.database_url else 'insert'} of the same rows, indexed",
                median(copied for _, copied in rounds),
                "rows/s",
            ),
            Figure(f"{name}: ratio, lowest of {ROUNDS}", min(ratios), ""),
            Figure(f"{name}: ratio, median", median(ratios), "", "0.08 or more"),
        ]
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


async def _connect(hub: Hub, region: Manifest) -> None:
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


async def _round(hub: Hub, site: str, contents: Iterable[bytes]) -> tuple[float, float]:
    """Results a second on the road, and rows a second of the fastest insert of the same rows."""
    for content in contents:
        await receive(hub, operator(), site, content, channel="bench", media="")
    since_us = time.time_ns() // 1000
    start = time.perf_counter()
    while await process_waiting(hub):
        pass
    road = MESSAGES * RESULTS / (time.perf_counter() - start)
    async with hub.db.reading() as reader:
        found = await reader.fetch(
            f"SELECT {', '.join(_COLUMNS)} FROM observation WHERE updated_us >= $1",  # noqa: S608
            since_us,
        )
    rows = [tuple(row) for row in found]
    assert len(rows) == MESSAGES * RESULTS
    start = time.perf_counter()
    for twin in TWINS:
        for place in range(0, len(rows), BATCH * RESULTS):
            async with hub.db.unit() as unit:
                await unit.insert(twin, _COLUMNS, rows[place : place + BATCH * RESULTS])
    return road, len(TWINS) * len(rows) / (time.perf_counter() - start)
