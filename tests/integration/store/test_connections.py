"""Connections are few and handed on: who waits gets one, and what was broken off is not used again."""

import asyncio
from typing import Any

import pytest

from hie.errors import Unavailable
from hie.store.database import Database
from hie.store.session import Reader

pytestmark = pytest.mark.anyio
_PID = "SELECT pg_backend_pid()"


async def _slowly(db: Database) -> int:
    async with db.reading() as reader:
        await reader.fetch("SELECT pg_sleep(0.01)")
        return int(await reader.fetchval(_PID))


@pytest.fixture
async def narrow(postgres_place: Any) -> Any:
    db = await Database.open(postgres_place.url, postgres_place.data_dir, pool_size=2)
    yield db
    await db.close()


async def test_many_share_two_connections(narrow: Database) -> None:
    pids = await asyncio.gather(*(_slowly(narrow) for _ in range(30)))
    assert len(pids) == 30
    assert len(set(pids)) <= 2


async def test_one_that_waits_and_goes_away_takes_no_connection_with_it(narrow: Database) -> None:
    async with narrow.reading(), narrow.reading():
        waiting = [asyncio.create_task(_slowly(narrow)) for _ in range(3)]
        await asyncio.sleep(0)
        for task in waiting[:2]:
            task.cancel()
        await asyncio.sleep(0)
    assert await waiting[2]
    assert len(set(await asyncio.gather(*(_slowly(narrow) for _ in range(10))))) <= 2


async def test_a_connection_whose_use_was_broken_off_is_ended(narrow: Database) -> None:
    seen: list[int] = []

    async def long() -> None:
        async with narrow.reading() as reader:
            seen.append(await reader.fetchval(_PID))
            await reader.fetch("SELECT pg_sleep(30)")

    task = asyncio.create_task(long())
    while not seen:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    later = {await _slowly(narrow) for _ in range(4)}
    assert seen[0] not in later


async def test_a_fault_of_a_statement_leaves_the_connection_in_use(narrow: Database) -> None:
    async def divided(reader: Reader) -> None:
        await reader.fetch("SELECT 1 / 0")

    for _ in range(5):
        async with narrow.reading() as reader:
            with pytest.raises(Exception, match="refused a value"):
                await divided(reader)
    assert len(set(await asyncio.gather(*(_slowly(narrow) for _ in range(10))))) <= 2


async def test_a_closed_database_says_so_at_once(postgres_place: Any) -> None:
    db = await Database.open(postgres_place.url, postgres_place.data_dir, pool_size=2)
    await db.close()
    with pytest.raises(Unavailable):
        async with db.reading():
            pass
