"""Register imports add versions; what was known at an instant can be asked for again."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hie.recognition.parsed import Parsed, RegisterRow
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PolicyEntry,
    PrecisionRow,
    QualificationRow,
    SuccessorRow,
)
from hie.recognition.register_check import place_key
from hie.store import registers
from hie.store.database import Database

START = date(2022, 3, 1)
HOSPITAL = InstitutionRow("91A", "测试医院", "110102", "3A", "hospital", "", "active", START, None)
ROUND = QualificationRow("91A", "K", "NCCL", "2026-1", START, date(2026, 12, 31), "92.50", True)
CV = PrecisionRow("91A", "K", "2026-05", Decimal("2.10"))
MARK = MarkRow("91A", "K", "京津冀HR", START, None)
LINK = SuccessorRow("91A", "91B", date(2026, 1, 1))
POLICY = PolicyEntry("region:42", START, None, {"time_limits": {"K": 7}, "x": Decimal("1.50")})


async def imported(db: Database, *rows: RegisterRow, at_us: int) -> registers.Imported:
    async with db.unit() as unit:
        files = [Parsed("x.csv", "institutions", rows)]
        return await registers.import_rows(unit, files, at_us, "operator")


@pytest.mark.anyio
async def test_rows_are_read_as_they_were_imported(database: Database) -> None:
    done = await imported(database, HOSPITAL, ROUND, CV, MARK, POLICY, at_us=10)
    assert done.version == 1
    assert done.new["institution"] == 1
    async with database.reading() as reader:
        rows = await registers.load(reader)
        assert await registers.version(reader) == rows.version == 1
    assert rows.institutions == (HOSPITAL,)
    assert rows.qualifications == (ROUND,)
    assert rows.precision == (CV,)
    assert str(rows.precision[0].cv_percent) == "2.10"
    assert rows.marks == (MARK,)
    assert rows.policies == (replace(POLICY, order=1),)
    assert str(rows.policies[0].values["x"]) == "1.50"


@pytest.mark.anyio
async def test_a_later_row_takes_the_place_of_the_one_with_its_key(database: Database) -> None:
    other = replace(HOSPITAL, code="91B")
    await imported(database, HOSPITAL, other, at_us=10)
    suspended = replace(HOSPITAL, status="suspended")
    done = await imported(database, suspended, other, at_us=20)
    assert (done.new, done.changed, done.unchanged) == (
        {"institution": 0},
        {"institution": 1},
        {"institution": 1},
    )
    async with database.reading() as reader:
        now = await registers.load(reader)
        then = await registers.load(reader, 19)
        before = await registers.load(reader, 9)
    assert set(now.institutions) == {suspended, other}
    assert set(then.institutions) == {HOSPITAL, other}
    assert (then.version, before.version, before.institutions) == (1, 0, ())


@pytest.mark.anyio
async def test_a_successor_is_corrected_and_taken_back_and_every_state_is_still_known(
    database: Database,
) -> None:
    await imported(database, HOSPITAL, LINK, at_us=10)
    await imported(database, replace(LINK, successor="91C"), at_us=20)
    done = await imported(database, replace(LINK, successor=""), at_us=30)
    assert done.changed == {"successor": 1}
    async with database.reading() as reader:
        found = [(await registers.load(reader, at_us)).successors for at_us in (9, 10, 20, 30)]
        since = await registers.since(reader)
    assert [[row.successor for row in rows] for rows in found] == [[], ["91B"], ["91C"], [""]]
    assert since == {place_key(HOSPITAL): 1, place_key(LINK): 3}


@pytest.mark.anyio
async def test_the_same_import_twice_adds_no_row(database: Database) -> None:
    rows = (HOSPITAL, LINK, ROUND, CV, MARK, POLICY)
    await imported(database, *rows, at_us=10)
    done = await imported(database, *rows, at_us=20)
    assert set(done.new.values()) == set(done.changed.values()) == {0}
    assert set(done.unchanged.values()) == {1}
    async with database.reading() as reader:
        now, then = await registers.load(reader), await registers.load(reader, 10)
    assert replace(now, version=1) == then


@pytest.mark.anyio
async def test_policies_of_one_scope_and_day_are_all_kept_in_order(database: Database) -> None:
    await imported(database, POLICY, at_us=10)
    await imported(database, replace(POLICY, values={"voluntary": True}), at_us=20)
    async with database.reading() as reader:
        policies = (await registers.load(reader)).policies
    assert [entry.order for entry in policies] == [1, 2]
    assert policies[1].values == {"voluntary": True}


@pytest.mark.anyio
async def test_imports_at_once_follow_one_another(database: Database) -> None:
    rows = [replace(HOSPITAL, code=f"9{n}") for n in range(6)]
    done = await asyncio.gather(*(imported(database, row, at_us=10) for row in rows))
    assert sorted(one.version for one in done) == [1, 2, 3, 4, 5, 6]
    async with database.reading() as reader:
        assert len((await registers.load(reader)).institutions) == 6
        history = await registers.imports(reader, 2)
    assert [one["version"] for one in history] == [6, 5]
    assert history[0]["files"] == ["x.csv"]


@pytest.mark.anyio
async def test_an_import_that_fails_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.unit() as unit:
            await registers.import_rows(unit, [Parsed("x", None, (HOSPITAL,))], 10, "operator")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await fail()
    async with database.reading() as reader:
        assert (await registers.load(reader)).institutions == ()
        assert await registers.version(reader) == 0
