"""Filling a database to a size by the store's own insert; a size that is there is left as it is."""

import asyncio
import sys
import time
from pathlib import Path

import asyncpg

from hie.store import identifiers, persons, resources
from hie.store.database import Database
from hie.store.migrate import migrate
from tests.bench.growth.data import filed


def name_of(size: int) -> str:
    """The database of one size."""
    return f"growth_{size}"


def address(url: str, size: int) -> str:
    """The same server, the database of one size."""
    return url.replace("/postgres?", f"/{name_of(size)}?")


async def fill(url: str | None, folder: Path, size: int) -> None:
    """Bring one database to its size, and have it swept and analysed."""
    if url is not None:
        await _create(url, size)
        url = address(url, size)
    migrate(url, folder)
    db = await Database.open(url, folder, pool_size=1)
    try:
        async with db.reading() as reader:
            if await reader.fetchval("SELECT value FROM hub WHERE name = 'filled'") is not None:
                return
        began, results = time.perf_counter(), 0
        for number, batch in enumerate(filed(size, seed=size)):
            async with db.unit() as unit:
                await resources.insert(unit, batch.puts)
                await identifiers.replace(unit, batch.patients)
                await persons.settle_in(unit, batch.patients)
            results += batch.results
            if number % 300 == 299:
                rate = results / (time.perf_counter() - began)
                print(f"    {results:>10,} of {size:,}, {rate:,.0f}/s", file=sys.stderr, flush=True)
        async with db.unit() as unit:
            await unit.execute("INSERT INTO hub (name, value) VALUES ('filled', $1)", str(results))
            if url is None:
                await unit.execute("ANALYZE")
    finally:
        await db.close()
    if url is not None:
        connection = await asyncpg.connect(url)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.close()


async def _create(url: str, size: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval(
            "SELECT 1 FROM pg_database WHERE datname = $1", name_of(size)
        ):
            await connection.execute(f"CREATE DATABASE {name_of(size)}")
    finally:
        await connection.close()


if __name__ == "__main__":  # fill in the background: URL or "sqlite", folder, size
    where, kept, wanted = sys.argv[1:4]
    place = Path(kept)
    place.mkdir(parents=True, exist_ok=True)
    asyncio.run(fill(None if where == "sqlite" else where, place, int(wanted)))
