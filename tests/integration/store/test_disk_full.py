"""When the disk is full nothing is acknowledged, nothing is half there, and the hub goes on."""

import asyncio
import secrets

import asyncpg
import pytest

from hie.errors import Conflict, Contended, HubError, Unavailable
from hie.store.database import Database
from hie.store.faults import from_postgresql
from hie.store.sqlite import Sqlite
from tests.integration.store.test_messages import keep
from tests.places import Place


async def limited(place: Place, more: int) -> Database:
    """An opened SQLite database whose file may grow by so many pages only."""
    db = await Database.open(None, place.data_dir)
    engine = db._engine
    assert isinstance(engine, Sqlite)
    pages = engine._writer.execute("PRAGMA page_count").fetchone()[0]
    engine._writer.execute(f"PRAGMA max_page_count = {pages + more}")
    return db


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_message_that_does_not_fit_is_refused_and_leaves_nothing(place: Place) -> None:
    db = await limited(place, 4)
    with pytest.raises(Unavailable, match="SQLITE_FULL"):
        await keep(db, secrets.token_bytes(200_000))
    async with db.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM message") == 0
        assert await reader.fetchval("SELECT count(*) FROM business_key") == 0
    small = await keep(db, b"MSH|small")
    assert small.duplicate_of is None
    await db.close()


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_of_many_at_once_just_those_that_were_acknowledged_are_there(place: Place) -> None:
    db = await limited(place, 30)
    sizes = [100, 60_000, 100, 300_000, 100, 60_000, 100, 20_000]
    results = await asyncio.gather(
        *(keep(db, secrets.token_bytes(size)) for size in sizes), return_exceptions=True
    )
    refused = [one for one in results if isinstance(one, BaseException)]
    assert refused
    assert all(isinstance(one, Unavailable) for one in refused)
    told = {one.id for one in results if not isinstance(one, BaseException)}
    async with db.reading() as reader:
        rows = await reader.fetch("SELECT id FROM message")
    assert {row[0] for row in rows} == told
    await db.close()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("53100", Unavailable),  # disk full
        ("53200", Unavailable),  # out of memory
        ("53300", Unavailable),  # too many connections
        ("08006", Unavailable),  # connection failure
        ("57P01", Unavailable),  # the server is shut down
        ("57014", Unavailable),  # statement timeout
        ("58030", Unavailable),  # input/output error
        ("40P01", Contended),  # deadlock
        ("40001", Contended),  # serialisation
        ("25006", Unavailable),  # the server became a standby
        ("23505", Conflict),
        ("22021", HubError),
        ("23502", HubError),
    ],
)
def test_what_postgresql_says_becomes_one_of_the_hubs_errors(
    state: str, expected: type[HubError]
) -> None:
    fault = asyncpg.PostgresError.new({"C": state, "M": "secret", "D": "Key (x)=(secret)"})
    mapped = from_postgresql(fault)
    assert type(mapped) is expected
    assert "secret" not in str(mapped)


def test_a_fault_of_the_program_passes_as_it_is() -> None:
    fault = asyncpg.PostgresError.new({"C": "42601", "M": "syntax error"})
    assert from_postgresql(fault) is fault
    unbound = asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed")
    assert from_postgresql(unbound) is unbound
