"""A hub of the national suite, one that changes to it, and keys that are not what they were."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.errors import HubMisconfigured
from hie.exchange.commands import run
from hie.store.data_keys import rotate
from hie.store.database import Database
from hie.store.suites import Suite
from hie.store.vault import DataClass
from tests.integration.exchange.test_indicators import a_hub, received
from tests.integration.test_doors import _settings

pytestmark = pytest.mark.anyio


async def test_a_new_database_of_the_national_suite_hashes_and_seals_by_it(place: Any) -> None:
    db = await Database.open(place.url, place.data_dir, suite=Suite.SM)
    try:
        sealed = db.vault.seal(DataClass.ORDER, "", b"value", "t", "1")
        assert (sealed[0], db.keys.hashing) == (Suite.SM, "sm3")
        hashed = db.keys.blind("identifier", "x")
    finally:
        await db.close()
    again = await Database.open(place.url, place.data_dir)  # the suite is changed back
    try:
        assert again.vault.unseal(sealed, "t", "1") == b"value"
        assert again.keys.blind("identifier", "x") == hashed
        assert again.vault.seal(DataClass.ORDER, "", b"value", "t", "1")[0] == Suite.AES
    finally:
        await again.close()


async def test_a_hub_that_changes_its_suite_is_sealed_anew_by_it(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
    settings = _settings(place).model_copy(update={"cipher_suite": "sm"})
    async with opened(settings) as hub:
        assert hub.db.keys.hashing == "sha256"  # what is found by hashes stays found
        await received(hub, 2)
        answer = await run(hub, "datakey-reencrypt", {})
        while answer["at"] is not None:
            answer = await run(hub, "datakey-reencrypt", {"at": answer["at"]})
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT body FROM patient UNION ALL SELECT body FROM message")
        assert len(rows) == 4
        assert {bytes(row[0])[0] for row in rows} == {Suite.SM}


async def test_other_wrapping_keys_are_found_at_the_start(place: Any) -> None:
    db = await Database.open(place.url, place.data_dir)
    await db.close()
    key = place.data_dir / "keys" / "kek-1.key"
    held = key.read_bytes()
    key.unlink()
    with pytest.raises(HubMisconfigured, match="another key: restore"):  # it made itself a kek-1
        await Database.open(place.url, place.data_dir)
    key.write_bytes(held)
    await (await Database.open(place.url, place.data_dir)).close()
    key.chmod(0o640)
    with pytest.raises(HubMisconfigured, match="others may read it"):
        await Database.open(place.url, place.data_dir)


async def test_keys_of_another_process_are_known_when_they_are_met(postgres_place: Any) -> None:
    one = await Database.open(postgres_place.url, postgres_place.data_dir)
    other = await Database.open(postgres_place.url, postgres_place.data_dir)
    try:
        await rotate(one)
        sealed = one.vault.seal(DataClass.ORDER, "", b"value", "t")
        assert other.vault.unseal(sealed, "t") == b"value"
    finally:
        await one.close()
        await other.close()


async def test_two_processes_that_want_a_key_at_once_make_one(postgres_place: Any) -> None:
    one = await Database.open(postgres_place.url, postgres_place.data_dir)
    other = await Database.open(postgres_place.url, postgres_place.data_dir)
    try:
        for db in (one, other):
            db.vault.seal(DataClass.RECORD, "91420100MA4K0001XA", b"value", "t")
        async with one.unit(), other.unit():
            pass
        async with one.reading() as reader:
            count = await reader.fetchval("SELECT count(*) FROM data_key WHERE owner <> ''")
        assert count == 1
        assert other.vault.newest("91420100MA4K0001XA", "record") is not None
    finally:
        await one.close()
        await other.close()


async def test_a_key_of_a_unit_that_fails_is_kept_all_the_same(place: Any) -> None:
    db = await Database.open(place.url, place.data_dir)
    try:
        db.vault.seal(DataClass.RECORD, "owner", b"value", "t")
        sealed = []
        with suppress(ZeroDivisionError):
            async with db.unit() as unit:
                await unit.execute("INSERT INTO hub (name, value) VALUES ('x', 'y')")
                sealed.append(db.vault.seal(DataClass.RECORD, "owner", b"value", "t"))
                raise ZeroDivisionError
        assert db.vault.opened(sealed[0], "t") == (b"value", "owner")
        async with db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM data_key WHERE owner = 'owner'") == 1
            assert await reader.fetchval("SELECT count(*) FROM hub WHERE name = 'x'") == 0
    finally:
        await db.close()
