"""Indicators over many order-checks: what one costs to count, and that memory does not follow them.

Checks of one real body are written for many invented persons over a year, half of them decided;
then a tenth of them and all are counted, in a process of its own each, whose memory is told.
"""

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

from hie.app import opened
from hie.exchange.commands import operator
from hie.exchange.hub import Hub
from hie.exchange.indicators import indicators
from hie.fhir.wire import write
from hie.settings import Settings
from hie.store import checks
from hie.store.cells import pack
from hie.store.ids import new_id
from hie.store.vault import DataClass
from tests.bench.figure import Figure
from tests.integration.exchange.test_indicators import NOON, a_hub, asked, received
from tests.postgres import server

CHECKS = 20_000
DAY_US = 86_400_000_000
YEAR = 360  # days


def run() -> list[Figure]:
    """On PostgreSQL and on SQLite."""
    with tempfile.TemporaryDirectory() as folder, server(durable=False) as url:
        figures = _measured(url, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        return figures + _measured(None, Path(folder))


def _measured(url: str | None, folder: Path) -> list[Figure]:
    name = "PostgreSQL" if url else "SQLite"
    first = asyncio.run(_fill(url, folder))
    few = _counted(url, folder, first, YEAR // 10)
    many = _counted(url, folder, first, YEAR)
    return [
        Figure(f"{name}: order-checks counted", many[0], ""),
        Figure(f"{name}: one check, five orders", many[1] * 1000 / many[0], "ms"),
        Figure(f"{name}: memory of a tenth of the year", few[2], "MB"),
        Figure(f"{name}: memory of the whole year", many[2], "MB", "as for a tenth"),
    ]


async def _fill(url: str | None, folder: Path) -> date:
    """A year of checks; its first day."""
    async with a_hub(SimpleNamespace(url=url, data_dir=folder), folder) as hub:
        await received(hub, 1)
        answer = await asked(hub, 1, "K", "NA", "CRE", "GLU", "ALT")
        columns = ("id", "at_us", "institution", "practitioner", "person", "on_us", "policy",
                   "dict", "body")  # fmt: skip
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                f"SELECT {', '.join(columns)} FROM order_check WHERE id = $1",  # noqa: S608
                answer["check"],
            )
            row = tuple(rows[0])
            body = (await checks.get(reader, answer["check"])).body
        for start in range(0, CHECKS, 1_000):
            await _written(hub, columns, row, body, range(start, start + 1_000))
        return NOON.date() - timedelta(days=YEAR)


async def _written(
    hub: Hub, columns: tuple[str, ...], row: tuple[object, ...], body: dict[str, object],
    numbers: range,
) -> None:  # fmt: skip
    on_us = int(str(row[5]))
    rows, made = [], []
    for n in numbers:
        at_us = on_us - (n % YEAR) * DAY_US
        key = new_id()
        packed = pack(hub.db, DataClass.ORDER, str(row[2]), write(body), *checks.place(key))
        rows.append((key, at_us, row[2], row[3], f"p{n // 4:07}", at_us, row[6], *packed))
        if n % 2:
            made.append((new_id(), key, "1", "use", "D1", row[2], at_us, key, "recorded", key))
    names = ("id", "check_id", "ref", "decision", "practitioner", "institution", "at_us", "key",
             "state", "content_hash")  # fmt: skip
    async with hub.db.unit() as unit:
        await unit.insert("order_check", columns, rows)
        await unit.insert("decision", names, made)


def _counted(url: str | None, folder: Path, first: date, days: int) -> tuple[int, float, float]:
    """Checks, seconds and the most memory (MB) of counting so many days, in its own process."""
    import subprocess

    said = json.dumps([url, str(folder), str(first), days])
    done = subprocess.run(  # noqa: S603 - this module itself
        [sys.executable, "-m", "tests.bench.bench_indicators", said],
        check=True, capture_output=True, text=True, env=dict(os.environ),
    )  # fmt: skip
    count, seconds, memory = json.loads(done.stdout.strip().splitlines()[-1])
    return count, seconds, memory


async def _count(url: str | None, folder: Path, first: date, days: int) -> tuple[int, float]:
    async with opened(Settings(data_dir=folder, database_url=url, rate_limits=False)) as hub:
        began = time.perf_counter()
        said = {"from": str(first), "to": str(first + timedelta(days=days + 2)), "by": "month"}
        report = await indicators(hub, operator(), said)
        seconds = time.perf_counter() - began
    asked_ = next(one for one in report["total"]["indicators"] if one["key"] == "asked")
    return int(asked_["value"]) // 5, seconds


if __name__ == "__main__":
    where, place, since, how_many = json.loads(sys.argv[1])
    number, took = asyncio.run(_count(where, Path(place), date.fromisoformat(since), how_many))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([number, took, most]))
