"""A key provider that is away for a while stops no writing, and keys are made once for all."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from hie.errors import Unavailable
from hie.store import data_keys
from hie.store.database import Database
from hie.store.session import Unit
from hie.store.vault import HUB, MOST, DataClass

pytestmark = pytest.mark.anyio
OWNER = "91420100MA4K0001XA"


class Counting(Database):
    """A database that counts how often somebody looked for keys."""

    looked = 0

    def unit_alone(self) -> AbstractAsyncContextManager[Unit]:
        self.looked += 1
        return super().unit_alone()


def _away(data_dir: Path) -> tuple[Path, Path]:
    keys = data_dir / "keys"
    return keys, keys.rename(data_dir / "keys-away")


async def test_sealing_goes_on_with_the_keys_there_are(place: Any) -> None:
    db = await Counting.open(place.url, place.data_dir)
    assert isinstance(db, Counting)
    try:
        db.vault.seal(DataClass.RECORD, OWNER, b"value", "t")
        keys, away = _away(place.data_dir)
        db.looked = 0
        for name in ("a", "b", "c"):
            async with db.unit() as unit:
                await unit.execute("INSERT INTO hub (name, value) VALUES ($1, '1')", name)
                sealed = db.vault.seal(DataClass.RECORD, OWNER, b"value", "t")
            assert db.vault.opened(sealed, "t") == (b"value", HUB)
        assert db.looked == 1  # it is asked again a little later, not by every unit
        with pytest.raises(Unavailable, match="keys in "):
            await data_keys.make(db)
        away.rename(keys)
        db.vault.put_off_us = 0
        async with db.unit():
            sealed = db.vault.seal(DataClass.RECORD, OWNER, b"value", "t")
        assert db.vault.opened(sealed, "t") == (b"value", OWNER)
    finally:
        await db.close()


async def test_a_key_that_must_seal_no_more_stops_it(place: Any) -> None:
    db = await Database.open(place.url, place.data_dir)
    try:
        async with db.unit_alone() as unit:
            await unit.execute("UPDATE data_key SET used = $1 WHERE class = 'record'", MOST)
        keys, away = _away(place.data_dir)
        db.vault.due_us = 0
        for _ in range(2):
            with pytest.raises(Unavailable, match="keys in "):
                async with db.unit():
                    pass
        away.rename(keys)
        async with db.unit() as unit:
            assert await unit.fetchval("SELECT count(*) FROM data_key WHERE epoch = 2") == 1
    finally:
        await db.close()


async def test_what_was_sealed_is_told_though_no_key_can_be_made(place: Any) -> None:
    db = await Database.open(place.url, place.data_dir)
    try:
        db.vault.seal(DataClass.RECORD, OWNER, b"value", "t")
        _away(place.data_dir)
        async with db.unit() as unit:
            used = await unit.fetchval(
                "SELECT used FROM data_key WHERE owner = '' AND class = 'record'"
            )
        key = db.vault.newest(HUB, "record")
        assert key is not None
        assert (used, key.used, key.sealed) == (1, 1, 0)
    finally:
        await db.close()


async def test_keys_are_looked_for_once_by_many_units_at_once(place: Any) -> None:
    db = await Counting.open(place.url, place.data_dir)
    assert isinstance(db, Counting)

    async def one() -> None:
        async with db.unit():
            pass

    try:
        db.looked = 0
        db.vault.due_us = 0
        await asyncio.gather(*(one() for _ in range(8)))
        assert db.looked == 1
    finally:
        await db.close()
