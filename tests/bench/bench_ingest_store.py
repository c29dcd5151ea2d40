"""How fast results are written, against the bare COPY of the same rows into the same indexes.

The COPY of rows that lie ready is the machine's own limit; ratios are taken in one run, round by
round, and their median counts: absolute rates on a shared machine do not.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from hie.store import locate, resources
from hie.store.database import Database
from hie.store.migrate import migrate
from hie.store.resources import Put
from tests.bench.figure import Figure
from tests.builders import Region
from tests.postgres import server

REPORTS = 50  # one batch: 50 messages of 30 results
ROUNDS = 7


def batch(region: Region) -> list[Put]:
    """The results of one batch of messages."""
    puts = []
    for _ in range(REPORTS):
        home, message, report = region.id(), region.id(), region.id()
        for one in region.observations(home):
            puts.append(Put("Observation", home, one["id"], one, message, report))
    return puts


async def stored(db: Database, puts: Sequence[Put]) -> tuple[float, float]:
    """Seconds, and CPU seconds of this process, to claim and write one batch."""
    keys = [
        ("inst", "Observation", put.resource["identifier"][0]["system"], put.id) for put in puts
    ]
    began, cpu = time.perf_counter(), time.process_time()
    async with db.unit() as unit:
        await locate.claim_all(unit, keys)
        await resources.insert(unit, puts)
    return time.perf_counter() - began, time.process_time() - cpu


async def copied(connection: Any, data: bytes) -> float:
    """Seconds of a bare binary COPY of rows that lie ready."""

    async def rows() -> AsyncIterator[bytes]:
        yield data

    began = time.perf_counter()
    await connection.copy_to_table("observation", source=rows(), format="binary")
    return time.perf_counter() - began


async def dumped(connection: Any, ids: list[str]) -> bytes:
    """The rows just written, as binary COPY has them, under other ids."""
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    columns = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'observation'"
        " ORDER BY ordinal_position"
    )
    chosen = ", ".join("reverse(id)" if row[0] == "id" else row[0] for row in columns)
    sql = f"SELECT {chosen} FROM observation WHERE id = ANY($1)"  # noqa: S608
    await connection.copy_from_query(sql, ids, output=keep, format="binary")
    return b"".join(parts)


async def measured(url: str, folder: Path) -> list[Figure]:
    """Rounds of both, interleaved; the first round warms up."""
    migrate(url, folder)
    db = await Database.open(url, folder)
    connection = await asyncpg.connect(url)
    region = Region(7)
    ratios, rates, cpus = [], [], []
    for number in range(ROUNDS + 1):
        puts = batch(region)
        seconds, cpu = await stored(db, puts)
        bare = await copied(connection, await dumped(connection, [put.id for put in puts]))
        if number:
            ratios.append(bare / seconds)
            rates.append(len(puts) / seconds)
            cpus.append(cpu / len(puts) * 1e6)
    size = await connection.fetchval(
        "SELECT pg_total_relation_size('observation') / (SELECT count(*) FROM observation)"
    )
    key = await connection.fetchval(
        "SELECT pg_total_relation_size('business_key') / (SELECT count(*) FROM business_key)"
    )
    await connection.close()
    await db.close()
    return [
        Figure("claim and write results / indexed COPY of the rows", _mid(ratios), "x", ">= 0.15"),
        Figure("results written, one process", _mid(rates), "rows/s"),
        Figure("CPU of this process for one result", _mid(cpus), "µs"),
        Figure("disk for one result: row and indexes", size, "B", "<= 700"),
        Figure("disk for its business key", key, "B"),
    ]


def run() -> list[Figure]:
    """Measure on a PostgreSQL of our own, with fsync."""
    with server(durable=True) as url, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measured(url, Path(folder)))


def _mid(values: list[float]) -> float:
    return statistics.median(values)
