"""Bring a database to this version's tables, and say which version it has.

The Alembic revisions lie in `migrations/` and ship with the hub; they run from here, on both
databases, without an ini file. Two processes that migrate at once wait for each other. Alembic is
loaded when there is something to do: a hub whose tables are right does without its 10 MB.
"""

import asyncio
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from hie.store.faults import PG_FAULTS, from_postgresql, from_sqlite
from hie.store.lock import DirectoryLock, prepared
from hie.store.postgresql import password_from
from hie.store.sqlite import FILE

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FOLDER = Path(__file__).parent / "migrations"
_REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
_BEFORE = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)
_VERSION = "SELECT version_num FROM alembic_version"
_HAS_VERSION_SQLITE = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
_LOCK = 0x686965  # "hie": the advisory lock of migrations

T = TypeVar("T")


@cache
def head() -> str:
    """The revision this version of the hub wants."""
    shipped = [path.read_text("utf-8") for path in (_FOLDER / "versions").glob("*.py")]
    known = {found[1] for text in shipped if (found := _REVISION.search(text))}
    before = {found[1] for text in shipped if (found := _BEFORE.search(text))}
    (newest,) = known - before
    return newest


def current(url: str | None, data_dir: Path, password_file: Path | None = None) -> str | None:
    """The revision the database has; None when it has no tables yet."""
    if url is None and not (data_dir / FILE).exists():
        return None
    if url is None:
        return _current_of_sqlite(data_dir / FILE)
    with ThreadPoolExecutor(1) as pool:
        work = _current_of_postgresql(url, password_from(password_file))
        return pool.submit(lambda: asyncio.run(work)).result()


def migrate(url: str | None, data_dir: Path, password_file: Path | None = None) -> None:
    """Bring the database to `head()`; a second run changes nothing.

    Raises DataDirectoryBusy while a hub runs on the SQLite file, Unavailable without a server.
    """
    prepared(data_dir)
    lock = DirectoryLock.take(data_dir) if url is None else None
    try:
        on_connection(url, data_dir, _upgrade, password_file)
    finally:
        if lock is not None:
            lock.release()


def on_connection(
    url: str | None,
    data_dir: Path,
    work: "Callable[[Connection], T]",
    password_file: Path | None = None,
) -> T:
    """Run SQLAlchemy work in one transaction; for migrations and for the tests that check them."""
    if url is None:
        return _on_sqlite(data_dir / FILE, work)
    # A thread of its own: the caller may be inside a running event loop.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(
            lambda: asyncio.run(_on_postgresql(url, password_from(password_file), work))
        ).result()


def _on_sqlite(path: Path, work: "Callable[[Connection], T]") -> T:
    from sqlalchemy import NullPool, create_engine, text
    from sqlalchemy.exc import DBAPIError

    path.touch(mode=0o600)  # patients' data: the file and its WAL are for the owner alone

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text("BEGIN IMMEDIATE"))
            result = work(connection)
            connection.execute(text("COMMIT"))
            return result
    except DBAPIError as fault:
        raise from_sqlite(fault.orig or fault) from fault
    finally:
        engine.dispose()


async def _on_postgresql(url: str, password: str | None, work: "Callable[[Connection], T]") -> T:
    from sqlalchemy import NullPool, text
    from sqlalchemy.ext.asyncio import create_async_engine

    async def connect() -> asyncpg.Connection:
        try:
            return await asyncpg.connect(url, password=password, timeout=10)
        except PG_FAULTS as fault:
            raise from_postgresql(fault) from None

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _current_of_sqlite(path: Path) -> str | None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            if connection.execute(_HAS_VERSION_SQLITE).fetchone() is None:
                return None
            row = connection.execute(_VERSION).fetchone()
    except sqlite3.Error as fault:
        raise from_sqlite(fault) from fault
    return None if row is None else str(row[0])


async def _current_of_postgresql(url: str, password: str | None) -> str | None:
    try:
        connection = await asyncpg.connect(url, password=password, timeout=10)
        try:
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return None
            found: str | None = await connection.fetchval(_VERSION)
        finally:
            await connection.close()
    except PG_FAULTS as fault:
        raise from_postgresql(fault) from None
    return found


def _upgrade(connection: "Connection") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
