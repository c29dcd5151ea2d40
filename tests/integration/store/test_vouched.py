"""A member of staff a hospital vouches for is one, whoever meets or suspends them first."""

import pytest

from hie.store import vouched
from hie.store.database import Database
from tests.integration.meanwhile import while_it_waits
from tests.places import Place

pytestmark = pytest.mark.anyio
HOSPITAL, NUMBER = "91110000MA01234567", "D0117"


async def met(db: Database) -> vouched.Vouched:
    async with db.unit() as unit:
        return await vouched.meet(unit, HOSPITAL, NUMBER, 5)


async def suspended(db: Database) -> str:
    async with db.unit() as unit:
        return await vouched.set_status(unit, HOSPITAL, NUMBER, "suspended", 5)


async def test_who_was_met_is_found_again_and_stays_out_once_suspended(database: Database) -> None:
    first = await met(database)
    assert first.active
    assert await met(database) == first
    assert await suspended(database) == first.id
    assert not (await met(database)).active
    async with database.reading() as reader:
        assert await vouched.number_of(reader, first.id) == NUMBER


async def test_who_is_suspended_while_they_are_met_is_out(postgres_place: Place) -> None:
    db = await Database.open(postgres_place.url, postgres_place.data_dir)
    try:
        async with db.unit() as unit:
            await vouched.set_status(unit, HOSPITAL, NUMBER, "suspended", 5)
            meeting = await while_it_waits(db, met(db))
        assert not (await meeting).active
    finally:
        await db.close()


async def test_who_is_met_while_they_are_suspended_is_out(postgres_place: Place) -> None:
    db = await Database.open(postgres_place.url, postgres_place.data_dir)
    try:
        async with db.unit() as unit:
            assert (await vouched.meet(unit, HOSPITAL, NUMBER, 5)).active
            leaving = await while_it_waits(db, suspended(db))
        await leaving
        assert not (await met(db)).active
    finally:
        await db.close()
