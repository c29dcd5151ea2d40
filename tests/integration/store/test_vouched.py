"""A member of staff a hospital vouches for is one, whoever meets or suspends them first."""

import asyncio

import pytest

from hie.store import vouched
from hie.store.database import Database
from tests.conftest import Place

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
            meeting = asyncio.create_task(met(db))
            await asyncio.sleep(0.3)
            assert not meeting.done()
        assert not (await meeting).active
    finally:
        await db.close()


async def test_who_is_met_while_they_are_suspended_is_out(postgres_place: Place) -> None:
    db = await Database.open(postgres_place.url, postgres_place.data_dir)
    try:
        async with db.unit() as unit:
            assert (await vouched.meet(unit, HOSPITAL, NUMBER, 5)).active
            leaving = asyncio.create_task(suspended(db))
            await asyncio.sleep(0.3)
            assert not leaving.done()
        await leaving
        assert not (await met(db)).active
    finally:
        await db.close()
