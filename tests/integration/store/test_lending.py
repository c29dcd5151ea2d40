"""A unit that is lent: reads of the task see it, others do not, and events wait for the lender."""

import asyncio

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.audit.event import Action, Event, EventType
from hie.store.database import Database
from hie.store.ledger import Ledger, append_all
from hie.store.lending import lent
from hie.store.session import Unit

pytestmark = pytest.mark.anyio
READ = Event(
    EventType.READ,
    Action.READ,
    Actor(ActorKind.CLIENT, "c", "c", "i", Purpose.TREATMENT, frozenset()),
)


async def _written(unit: Unit) -> None:
    await unit.execute("INSERT INTO hub (name, value) VALUES ('lent', 'yes')")


async def _seen(database: Database) -> str | None:
    async with database.reading() as reader:
        found: str | None = await reader.fetchval("SELECT value FROM hub WHERE name = 'lent'")
    return found


async def _logged(database: Database) -> int:
    async with database.reading() as reader:
        found: int = await reader.fetchval("SELECT count(*) FROM audit_access")
    return found


async def test_reads_of_the_lending_task_see_what_is_not_committed(database: Database) -> None:
    async with database.unit() as unit:
        await _written(unit)
        assert await _seen(database) is None
        with lent(unit):
            assert await _seen(database) == "yes"
            # a connection serves one task: another reads what is committed
            assert await asyncio.create_task(_seen(database)) is None
        assert await _seen(database) is None
    assert await _seen(database) == "yes"


async def test_events_wait_for_the_lender_whichever_task_records_them(database: Database) -> None:
    ledger = Ledger(database)
    before = await _logged(database)
    async with database.unit() as unit:
        with lent(unit) as one:
            assert await ledger.record(READ) == ""
            # many at once, as counts of noise are written: nobody waits for this unit
            await asyncio.wait_for(asyncio.gather(*(ledger.record(READ) for _ in range(3))), 5)
        assert len(one.events) == 4
        await append_all(unit, one.events)
    assert await _logged(database) == before + 4


async def test_what_goes_on_after_the_block_goes_its_own_way(database: Database) -> None:
    ledger = Ledger(database)
    goes = asyncio.Event()

    async def later() -> str:
        await goes.wait()
        assert await _seen(database) is None
        return await ledger.record(READ)

    async with database.unit() as unit:
        with lent(unit) as one:
            task = asyncio.create_task(later())
            await asyncio.sleep(0)
    goes.set()
    assert await task != ""
    assert one.events == []
    await ledger.close()
    assert await _logged(database) >= 1


async def test_what_was_read_before_a_failure_is_left_to_the_lender(database: Database) -> None:
    ledger = Ledger(database)
    before = await _logged(database)
    kept: list[Event] = []

    async def failing() -> None:
        async with database.unit() as unit:
            await _written(unit)
            with lent(unit) as one:
                await ledger.record(READ)
                kept.extend(one.events)
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert await _seen(database) is None
    (event,) = kept
    await ledger.record(event)
    assert await _logged(database) == before + 1
    await ledger.close()
