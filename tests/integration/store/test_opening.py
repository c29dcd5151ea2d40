"""A hub opens its own database, with its own keys, and on SQLite alone."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hie.errors import DataDirectoryBusy, HubMisconfigured, Unavailable
from hie.store.database import Database
from hie.store.migrate import migrate
from tests.places import Place, at, statement

HOLD = (
    "import asyncio, pathlib, sys\n"
    "from hie.store.database import Database\n"
    "async def main():\n"
    "    await Database.open(None, pathlib.Path(sys.argv[2]))\n"
    "    print('held', flush=True)\n"
    "    await asyncio.sleep(60)\n"
    "asyncio.run(main())\n"
)


@pytest.fixture
def sqlite_place(sqlite_template: Path, tmp_path: Path) -> Place:
    (tmp_path / "hie.sqlite3").write_bytes(sqlite_template.read_bytes())
    return Place(None, tmp_path)


@pytest.mark.anyio
async def test_a_second_hub_is_told_who_holds_the_directory(sqlite_place: Place) -> None:
    first = await Database.open(None, sqlite_place.data_dir)
    with pytest.raises(DataDirectoryBusy, match=rf"process {os.getpid()} \("):
        await Database.open(None, sqlite_place.data_dir)
    await first.close()
    again = await Database.open(None, sqlite_place.data_dir)
    await again.close()


@pytest.mark.anyio
async def test_a_killed_hub_leaves_no_lock_behind(sqlite_place: Place) -> None:
    folder = str(sqlite_place.data_dir)
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", HOLD, "serve", folder], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataDirectoryBusy, match=f"process {holder.pid} .*serve"):
            await Database.open(None, sqlite_place.data_dir)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    db = await Database.open(None, sqlite_place.data_dir)
    await db.close()


@pytest.mark.anyio
async def test_who_only_reads_needs_no_lock_and_cannot_write(sqlite_place: Place) -> None:
    hub = await Database.open(None, sqlite_place.data_dir)
    looker = await Database.open(None, sqlite_place.data_dir, exclusive=False)
    async with looker.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM message") == 0
    with pytest.raises(DataDirectoryBusy):
        async with looker.unit():
            pass
    await looker.close()
    await hub.close()


@pytest.mark.anyio
async def test_a_database_without_tables_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(HubMisconfigured, match="hie migrate"):
        await Database.open(None, tmp_path)
    await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_postgresql_without_tables_says_what_to_run(postgres: str, tmp_path: Path) -> None:
    with pytest.raises(HubMisconfigured, match="hie migrate"):
        await Database.open(at(postgres, "postgres"), tmp_path)


@pytest.mark.anyio
async def test_a_database_that_holds_no_chinese_is_refused(postgres: str, tmp_path: Path) -> None:
    statement(
        postgres,
        "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
    )
    with pytest.raises(HubMisconfigured, match="UTF8"):
        await Database.open(at(postgres, "latin"), tmp_path)
    statement(postgres, "DROP DATABASE latin WITH (FORCE)")


@pytest.mark.anyio
async def test_a_password_file_that_is_not_there_is_named(postgres: str, tmp_path: Path) -> None:
    with pytest.raises(HubMisconfigured, match="secret"):
        await Database.open(postgres, tmp_path, password_file=tmp_path / "secret")


def test_the_database_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    migrate(None, tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "hie.sqlite3").stat().st_mode & 0o777 == 0o600


@pytest.mark.anyio
async def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="data directory"):
        await Database.open(None, tmp_path / "file" / "data")


@pytest.mark.anyio
async def test_other_keys_than_the_database_was_made_with_are_refused(place: Place) -> None:
    first = await Database.open(place.url, place.data_dir)
    await first.close()
    (place.data_dir / "keys" / "index.key").unlink()
    with pytest.raises(HubMisconfigured, match="keys"):
        await Database.open(place.url, place.data_dir)


@pytest.mark.anyio
async def test_keys_that_others_may_read_are_refused(place: Place) -> None:
    first = await Database.open(place.url, place.data_dir)
    await first.close()
    key = place.data_dir / "keys" / "data.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    with pytest.raises(HubMisconfigured, match="0600"):
        await Database.open(place.url, place.data_dir)


@pytest.mark.anyio
async def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await Database.open("postgresql://hie@127.0.0.1:1/hie", tmp_path)


@pytest.mark.anyio
async def test_a_connection_that_is_cut_is_unavailable_and_the_next_unit_works(
    postgres_place: Place,
) -> None:
    db = await Database.open(postgres_place.url, postgres_place.data_dir)

    async def cut() -> None:
        async with db.unit() as unit:
            await unit.execute("INSERT INTO hub (name, value) VALUES ('a', '1')")
            await unit.fetch("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unavailable):
        await cut()
    async with db.unit() as unit:
        await unit.execute("INSERT INTO hub (name, value) VALUES ('b', '1')")
    async with db.reading() as reader:
        rows = await reader.fetch("SELECT name FROM hub WHERE name IN ('a', 'b')")
    assert [row[0] for row in rows] == ["b"]
    await db.close()


@pytest.mark.anyio
async def test_a_statement_that_never_ends_is_stopped(postgres_place: Place) -> None:
    db = await Database.open(postgres_place.url, postgres_place.data_dir)

    async def sleep() -> None:
        async with db.unit() as unit:
            await unit.execute("SET LOCAL statement_timeout = 50")
            await unit.fetch("SELECT pg_sleep(60)")

    with pytest.raises(Unavailable):
        await sleep()
    await db.close()
