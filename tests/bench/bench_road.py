"""The road, measured: message to committed, audited FHIR beside COPY of the same rows; order-check.

PostgreSQL from wherever `tests.postgres` finds it; the COPY goes into tables with the same indexes
in the same run, so the ratio holds on any machine.
"""

import asyncio
import statistics
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from hie.app import opened
from hie.exchange.commands import operator
from hie.exchange.commands import run as command
from hie.exchange.hub import Hub
from hie.exchange.process import process_waiting
from hie.exchange.receive import receive
from hie.settings import Settings
from hie.synthetic import Manifest, example, generate, many
from tests.bench.figure import Figure
from tests.postgres import server

MESSAGES = 600


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
        for _, content in many(MESSAGES, results=30, day=today):
            await receive(hub, operator(), site, content, channel="bench", media="")
        start = time.perf_counter()
        while await process_waiting(hub):
            pass
        spent = time.perf_counter() - start
        rate = MESSAGES * 30 / spent
        copied = await _copy_rate(hub)
        figures = [
            Figure(f"{name}: message to audited FHIR", rate, "results/s"),
            Figure(
                f"{name}: {'COPY' if copied else ''} of the same rows, indexed", copied, "rows/s"
            ),
            Figure(f"{name}: ratio", rate / copied, "", "0.08 or more"),
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


async def _copy_rate(hub: Hub) -> float:
    """Rows a second of the fastest insert of the observation rows into a twin with its indexes."""
    async with hub.db.unit() as unit:
        rows = await unit.fetch("SELECT * FROM observation")
        if hub.db.dialect == "postgresql":
            names = [
                row[0]
                for row in await unit.fetch(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_name = 'observation' ORDER BY ordinal_position"
                )
            ]
            await unit.execute("CREATE TABLE twin (LIKE observation INCLUDING ALL)")
        else:
            names = [row[1] for row in await unit.fetch("PRAGMA table_info(observation)")]
            await unit.execute("CREATE TABLE twin AS SELECT * FROM observation WHERE 0")
            await unit.execute("CREATE UNIQUE INDEX t1 ON twin (home, id)")
            await unit.execute("CREATE INDEX t2 ON twin (id)")
            await unit.execute("CREATE INDEX t3 ON twin (home, item, effective_us)")
            await unit.execute("CREATE INDEX t4 ON twin (home, effective_us)")
    copies = [tuple(row) for row in rows]
    start = time.perf_counter()
    for place in range(0, len(copies), 1000):
        async with hub.db.unit() as unit:
            await unit.insert("twin", names, copies[place : place + 1000])
    return len(copies) / (time.perf_counter() - start)
