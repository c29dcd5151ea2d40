"""A disk that is full: told, nothing half kept, and gone on with when there is room."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hie.exchange.hub import Hub
from hie.store.sqlite import Sqlite
from tests.integration.two_hospitals import opened_doors

pytestmark = pytest.mark.anyio


async def test_a_disk_that_is_full_while_keeping_is_told_and_nothing_is_half_kept(
    place: Any, tmp_path: Path
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        content = doors.message().encode()
        small = await _full(doors.hub, place)
        document = "JVBERi0xLjQK" + "".join(f"{n * 7919:x}" for n in range(100_000, 200_000))
        large = (doors.message() + f"NTE|1||{document}\r").encode()
        refused = await doors.send(large)
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert "message" not in refused.json()
        assert await doors.count("message") == 0
        assert await doors.count("business_key", "type = 'Message'") == 0
        await small()
        assert (await doors.send(large)).json()["duplicate_of"] is None
        assert (await doors.send(content)).json()["state"] == "stored"


async def _full(hub: Hub, place: Any) -> Any:
    """Leave the database no room; the way back.

    SQLite may grow by four pages more. PostgreSQL says of a table what it says when the disk is
    full (SQLSTATE 53100): the same answer from the same statement of the same transaction.
    """
    engine = hub.db._engine
    if isinstance(engine, Sqlite):
        pages = engine._writer.execute("PRAGMA page_count").fetchone()[0]
        engine._writer.execute(f"PRAGMA max_page_count = {pages + 4}")

        async def grown() -> None:
            engine._writer.execute("PRAGMA max_page_count = 1000000000")

        return grown
    connection = await asyncpg.connect(place.url)
    await connection.execute(
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;"
        "CREATE TRIGGER full_ BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION disk_full()"
    )

    async def freed() -> None:
        await connection.execute("DROP TRIGGER full_ ON message")
        await connection.close()

    return freed


async def test_a_disk_that_is_full_while_processing_leaves_the_message_waiting(
    postgres_place: Any, tmp_path: Path
) -> None:
    async with opened_doors(postgres_place, tmp_path) as doors:
        connection = await asyncpg.connect(postgres_place.url)
        await connection.execute(
            "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;"
            "CREATE TRIGGER f BEFORE INSERT ON observation FOR EACH ROW EXECUTE FUNCTION disk_full()"
        )
        receipt = (await doors.send(doors.message().encode(), wait=1)).json()
        assert receipt["state"] == "kept"
        assert await doors.count("observation") == 0
        assert await doors.count("patient") == 0
        await connection.execute("DROP TRIGGER f ON observation")
        await connection.close()
        for _ in range(100):
            if await doors.count("message", "state = 'stored'"):
                break
            await asyncio.sleep(0.1)
        assert await doors.count("observation") == 18
