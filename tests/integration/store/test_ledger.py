"""What happened is recorded with the act or not at all, and numbered without a gap."""

import asyncio

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Unavailable
from hie.store import ledger
from hie.store.database import Database
from hie.store.ledger import Ledger

ACTOR = Actor(
    ActorKind.CLIENT, "his-1", "his-1", "91A", Purpose.TREATMENT, frozenset({"system/*.rs"})
)


def event(number: int = 0) -> Event:
    subjects = (
        Subject("h1", "p1", ("Observation/o1/_history/1", "Observation/o2/_history/1")),
        Subject("h2", "p2"),
    )
    query = f"GET /fhir/Observation?patient=h{number}".encode()
    return Event(EventType.SEARCH, Action.EXECUTE, ACTOR, subjects=subjects, query=query)


async def numbers(db: Database) -> list[int]:
    async with db.reading() as reader:
        return [row[0] for row in await reader.fetch("SELECT n FROM audit_access ORDER BY n")]


@pytest.mark.anyio
async def test_an_event_is_one_row_and_one_for_each_patient(database: Database) -> None:
    async with database.unit() as unit:
        key = await ledger.append(unit, event())
    async with database.reading() as reader:
        row = await reader.fetchrow(
            "SELECT id, boot, n, type, action, outcome, kind, client, purpose, query, salt"
            " FROM audit_access"
        )
        assert tuple(row)[:9] == (
            key,
            database.boot,
            1,
            "search",
            "E",
            "0",
            "client",
            "his-1",
            "TREAT",
        )
        assert b"patient=h0" not in bytes(row[9])
        assert await ledger.query_of(reader, key) == b"GET /fhir/Observation?patient=h0"
        subjects = await reader.fetch("SELECT home, person, resources, salt FROM audit_subject")
        assert [row[0] for row in subjects] == ["h1", "h2"]
        assert subjects[0][2].splitlines()[1] == "Observation/o2/_history/1"
        assert len({bytes(one[3]) for one in subjects}) == 2


@pytest.mark.anyio
async def test_what_many_record_at_once_is_durable_when_each_is_told(database: Database) -> None:
    log = Ledger(database)

    async def record(number: int) -> str:
        key = await log.record(event(number))
        async with database.reading() as reader:
            sql = "SELECT count(*) FROM audit_access WHERE id = $1"
            assert await reader.fetchval(sql, key) == 1
        return key

    keys = await asyncio.gather(*(record(n) for n in range(300)))
    assert len(set(keys)) == 300
    assert await numbers(database) == list(range(1, 301))
    await log.close()


@pytest.mark.anyio
async def test_a_unit_that_fails_leaves_no_event_and_no_gap(database: Database) -> None:
    async def act(number: int) -> None:
        async with database.unit() as unit:
            await ledger.append(unit, event(number))
            await asyncio.sleep(0)
            if number % 3 == 0:
                raise ValueError(number)

    await asyncio.gather(*(act(n) for n in range(12)), return_exceptions=True)
    for number in (1, 2, 4, 5):
        await act(number)
    found = await numbers(database)
    assert len(found) == 12
    assert found == list(range(1, 13))


@pytest.mark.anyio
async def test_a_part_that_is_taken_back_leaves_no_gap(database: Database) -> None:
    async def part_fails() -> None:
        async with database.unit() as unit:
            await ledger.append(unit, event())
            try:
                async with unit.savepoint():
                    await ledger.append(unit, event())
                    raise ValueError
            except ValueError:
                await ledger.append(unit, event())

    await part_fails()
    assert await numbers(database) == [1, 2]


@pytest.mark.anyio
async def test_an_event_that_cannot_be_written_reaches_who_waits(database: Database) -> None:
    log = Ledger(database)
    await log.record(event())
    await database.close()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(log.record(event()), 5)


@pytest.mark.anyio
async def test_two_processes_number_by_themselves(database: Database) -> None:
    async with database.unit() as unit:
        await ledger.append(unit, event())
    first = database.boot
    database.boot = first + "x"
    database.numbers = type(database.numbers)()
    async with database.unit() as unit:
        await ledger.append(unit, event())
    assert await numbers(database) == [1, 1]
