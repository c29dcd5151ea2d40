"""A unit of work: all or nothing, durable when it is left, and nobody else's trouble."""

import asyncio
import random

import pytest

from hie.errors import Conflict, HubError
from hie.store.database import Database
from hie.store.locks import hold

PUT = "INSERT INTO hub (name, value) VALUES ($1, $2)"


async def names(db: Database) -> set[str]:
    async with db.reading() as reader:
        begun = "('keys', 'all-sealed', 'all-bound')"  # what a new database begins with
        rows = await reader.fetch(f"SELECT name FROM hub WHERE name NOT IN {begun}")  # noqa: S608
        return {row[0] for row in rows}


@pytest.mark.anyio
async def test_what_a_unit_wrote_is_there_when_it_is_left(database: Database) -> None:
    async with database.unit() as unit:
        await unit.execute(PUT, "a", "1")
        assert await unit.fetchval("SELECT value FROM hub WHERE name = $1", "a") == "1"
    assert await names(database) == {"a"}


@pytest.mark.anyio
async def test_readers_never_see_what_is_not_committed(database: Database) -> None:
    async with database.unit() as unit:
        await unit.execute(PUT, "a", "1")
        assert await names(database) == set()
    assert await names(database) == {"a"}


@pytest.mark.anyio
async def test_a_unit_that_fails_takes_back_itself_and_nothing_else(database: Database) -> None:
    async def write(name: str) -> None:
        async with database.unit() as unit:
            await unit.execute(PUT, name, "1")
            await asyncio.sleep(0)
            if name.startswith("bad"):
                raise ValueError(name)
            await unit.execute(PUT, name + "+", "2")

    work = [f"good{n}" if n % 2 else f"bad{n}" for n in range(8)]
    results = await asyncio.gather(*(write(name) for name in work), return_exceptions=True)
    assert [isinstance(one, ValueError) for one in results] == [n % 2 == 0 for n in range(8)]
    good = {name for name in work if name.startswith("good")}
    assert await names(database) == good | {name + "+" for name in good}


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_beside_it_who_was_told_is_there(
    database: Database, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - an order of events, repeatable

    async def write(name: str, fate: str) -> str:
        async with database.unit() as unit:
            await unit.execute(PUT, name, "1")
            if fate == "twice":
                await unit.execute(PUT, name, "2")
            for _ in range(dice.randint(0, 3)):
                await asyncio.sleep(0)
            if fate == "part":
                try:
                    async with unit.savepoint():
                        await unit.execute(PUT, name + "-part", "1")
                        raise KeyError(name)
                except KeyError:
                    pass
            if fate == "fails":
                raise ValueError(name)
        return name

    fates = [dice.choice(("goes well", "fails", "twice", "part", "cancelled")) for _ in range(60)]
    tasks = [asyncio.create_task(write(f"n{n}", fate)) for n, fate in enumerate(fates)]
    for task, fate in zip(tasks, fates, strict=True):
        if dice.random() < 0.3:
            await asyncio.sleep(0)
        if fate == "cancelled":
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    told = {one for one in results if isinstance(one, str)}
    surely_not = {f"n{n}" for n, fate in enumerate(fates) if fate in ("fails", "twice")}
    there = await names(database)
    assert told <= there
    assert not there & surely_not
    assert {f"n{n}" for n, fate in enumerate(fates) if fate in ("goes well", "part")} == {
        name for name in told if fates[int(name[1:])] != "cancelled"
    }


@pytest.mark.anyio
async def test_a_statement_that_fails_does_not_harm_the_units_beside_it(
    database: Database,
) -> None:
    async def write(name: str) -> None:
        async with database.unit() as unit:
            await unit.execute(PUT, name, "1")

    results = await asyncio.gather(
        *(write(name) for name in ("a", "b", "a", "c")), return_exceptions=True
    )
    assert [type(one) for one in results] == [type(None), type(None), Conflict, type(None)]
    assert await names(database) == {"a", "b", "c"}


@pytest.mark.anyio
async def test_a_savepoint_rolls_back_alone(database: Database) -> None:
    async with database.unit() as unit:
        await unit.execute(PUT, "a", "1")

        async def fail() -> None:
            async with unit.savepoint():
                await unit.execute(PUT, "b", "1")
                await unit.execute(PUT, "a", "2")

        with pytest.raises(Conflict):
            await fail()
        async with unit.savepoint():
            await unit.execute(PUT, "c", "1")
    assert await names(database) == {"a", "c"}


@pytest.mark.anyio
async def test_a_cancelled_unit_leaves_nothing_and_the_next_one_works(database: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.unit() as unit:
            await unit.execute(PUT, "a", "1")
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.unit() as unit:
        await unit.execute(PUT, "b", "1")
    assert await names(database) == {"b"}


@pytest.mark.anyio
async def test_one_who_waits_for_a_turn_may_give_up(database: Database) -> None:
    async def write(name: str, pause: float) -> None:
        async with database.unit() as unit:
            await unit.execute(PUT, name, "1")
            await asyncio.sleep(pause)

    first = asyncio.create_task(write("a", 0.05))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(write("b", 60))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(first, waiting, return_exceptions=True)
    await write("c", 0)
    assert await names(database) == {"a", "c"}


@pytest.mark.anyio
async def test_a_snapshot_stays_as_it_was(database: Database) -> None:
    async with database.reading(snapshot=True) as reader:
        count = "SELECT count(*) FROM hub WHERE name = 'a'"
        assert await reader.fetchval(count) == 0
        async with database.unit() as unit:
            await unit.execute(PUT, "a", "1")
        assert await reader.fetchval(count) == 0
    assert await names(database) == {"a"}


@pytest.mark.anyio
async def test_locks_of_one_name_follow_one_another(database: Database) -> None:
    trace: list[str] = []

    async def work(name: str) -> None:
        async with database.unit() as unit:
            await hold(unit, ["report:1", "report:2"])
            trace.append(f"{name} in")
            await asyncio.sleep(0.01)
            trace.append(f"{name} out")

    await asyncio.gather(*(work(name) for name in "abc"))
    assert [one.split()[1] for one in trace] == ["in", "out"] * 3


@pytest.mark.anyio
@pytest.mark.parametrize("value", ["\ud800", "lone \udfff half"])
async def test_text_no_database_holds_is_refused_and_not_a_crash(
    database: Database, value: str
) -> None:
    with pytest.raises(HubError):
        async with database.unit() as unit:
            await unit.execute(PUT, "a", value)
    with pytest.raises(HubError):
        async with database.unit() as unit:
            await unit.insert("hub", ("name", "value"), [("a", value)])
    assert await names(database) == set()


@pytest.mark.anyio
async def test_an_error_never_quotes_the_row(database: Database) -> None:
    async with database.unit() as unit:
        await unit.execute(PUT, "11010519491231002X", "1")
    with pytest.raises(Conflict) as refused:
        async with database.unit() as unit:
            await unit.execute(PUT, "11010519491231002X", "1")
    assert "11010519491231002X" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.anyio
async def test_many_values_are_one_argument(database: Database) -> None:
    async with database.unit() as unit:
        await unit.insert("hub", ("name", "value"), [(f"n{n}", "1") for n in range(500)])
    async with database.reading() as reader:
        sql = f"SELECT count(*) FROM hub WHERE {database.among('name', 1)}"  # noqa: S608
        assert await reader.fetchval(sql, database.array(f"n{n}" for n in range(300))) == 300
        assert await reader.fetchval(sql, database.array([])) == 0
