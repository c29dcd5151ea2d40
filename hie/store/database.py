"""The opened database: connections, units of work, and what every statement shares.

One contract on SQLite and PostgreSQL. `unit()` is one request or one message: it is committed when
the block is left, and an exception takes back that unit alone. `reading()` sees committed rows.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from hie.errors import HubMisconfigured
from hie.store import data_keys, lending
from hie.store.compression import Bodies, shipped_dictionaries
from hie.store.faults import UndefinedTable
from hie.store.ids import new_id
from hie.store.inbox import Inbox
from hie.store.index import Mapped
from hie.store.key_providers import FileProvider, KeyProvider
from hie.store.keys import SHA256, SM3, Keys
from hie.store.lock import DirectoryLock, prepared
from hie.store.migrate import head
from hie.store.numbers import Numbers
from hie.store.postgresql import Postgres, password_from
from hie.store.session import Dialect, Reader, Rows, Unit
from hie.store.sqlite import FILE, Sqlite
from hie.store.suites import Suite
from hie.store.vault import Load, Vault

POOL_SIZE = 10


class Database:
    """An opened database of one hub; `Database.open` makes it, `close` ends it.

    `loinc` is what the catalogue in force says LOINC codes are of; whoever opens the hub sets it.
    """

    def __init__(
        self,
        engine: Sqlite | Postgres,
        keys: Keys,
        vault: Vault,
        lock: DirectoryLock | None = None,
    ) -> None:
        self._engine = engine
        self._lock = lock
        self.dialect = Dialect.SQLITE if isinstance(engine, Sqlite) else Dialect.POSTGRESQL
        self.keys = keys
        self.vault = vault
        self.bodies = Bodies({})
        self.boot = new_id()
        self.numbers = Numbers()
        self.loinc: Mapping[str, Mapped] = {}
        self.inbox = Inbox(self)

    @classmethod
    async def open(
        cls,
        url: str | None,
        data_dir: Path,
        *,
        exclusive: bool = True,
        password_file: Path | None = None,
        pool_size: int = POOL_SIZE,
        provider: KeyProvider | None = None,
        suite: Suite = Suite.AES,
    ) -> "Database":
        """Open the migrated database at `url`, or the SQLite file in `data_dir`.

        `exclusive` takes the lock of the data directory (SQLite); without it only reading is
        possible. `provider` wraps the data keys (None: files below the data directory), `suite` is
        what is sealed with. Raises DataDirectoryBusy, Unavailable, and HubMisconfigured when the
        tables are not this version's or the keys are not this database's.
        """
        prepared(data_dir)
        if url is None and not (data_dir / FILE).exists():
            raise _unmigrated(None)
        lock = DirectoryLock.take(data_dir) if url is None and exclusive else None
        engine: Sqlite | Postgres | None = None
        try:
            keys = Keys.open(data_dir)
            if url is None:
                engine = Sqlite(data_dir / FILE, writable=exclusive)
                load: Load = partial(data_keys.load_sqlite, data_dir / FILE)
            else:
                password = password_from(password_file)
                engine = await Postgres.open(url, password, pool_size)
                load = partial(data_keys.load_postgresql, url, password)
            vault = Vault(provider or FileProvider(data_dir / "keys"), suite, keys, load)
            db = cls(engine, keys, vault, lock)
            await db._prepare(writable=url is not None or exclusive)
        except BaseException:
            if engine is not None:
                await engine.close()
            if lock is not None:
                lock.release()
            raise
        return db

    async def close(self) -> None:
        """Wait for what is being committed, then let go of the database and its lock."""
        await self.inbox.close()
        await self._engine.close()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def unit(self) -> AbstractAsyncContextManager[Unit]:
        """One unit of work. Do not wait for anything slow inside: on SQLite others queue behind."""
        if self.vault.is_due():
            return self._keys_first()
        return self._engine.unit(self)

    def unit_alone(self) -> AbstractAsyncContextManager[Unit]:
        """A unit that makes no keys first: for whoever makes them."""
        return self._engine.unit(self)

    @asynccontextmanager
    async def _keys_first(self) -> AsyncIterator[Unit]:
        """Data keys that are wanted are durable before anything is sealed with them."""
        await data_keys.keep_up(self)
        async with self._engine.unit(self) as unit:
            yield unit

    def reading(self, *, snapshot: bool = False) -> AbstractAsyncContextManager[Reader]:
        """Read committed rows.

        With `snapshot` every statement sees one instant. On SQLite that is always so; on
        PostgreSQL it costs two round trips, so without it each statement sees its own instant.
        Where a unit is lent to the running task, its own rows are seen too.
        """
        unit = lending.find_unit(self)
        if unit is not None:
            return nullcontext(unit)
        return self._engine.reading(self, snapshot=snapshot)

    async def insert_alone(self, inserts: Sequence[Rows]) -> None:
        """Add few rows in a unit of their own: durable when this returns, all of them or none."""
        await self._engine.insert_alone(self, inserts)

    def among(self, column: str, number: int) -> str:
        """SQL: the column is one of the values of argument `$number`, given as `array(values)`."""
        if self.dialect is Dialect.POSTGRESQL:
            return f"{column} = ANY(${number})"
        return f"{column} IN (SELECT value FROM json_each(${number}))"  # noqa: S608 - a column

    def array(self, values: Iterable[Any]) -> Any:
        """Several values (texts or integers) as one argument."""
        if self.dialect is Dialect.POSTGRESQL:
            return list(values)
        return json.dumps(list(values))

    def table(self, rows: Sequence[Sequence[Any]], width: int) -> Sequence[Any]:
        """Rows of `width` columns as arguments: arrays for `unnest`, or JSON for `json_each`."""
        if self.dialect is Dialect.POSTGRESQL:
            return [[row[column] for row in rows] for column in range(width)]
        return [self.array(rows)]

    def locking(self, clause: str) -> str:
        """A row-locking clause such as `FOR UPDATE`; SQLite has one writer and needs none."""
        return f" {clause}" if self.dialect is Dialect.POSTGRESQL else ""

    async def _prepare(self, *, writable: bool) -> None:
        """Check tables and keys, and load the dictionaries; add those this version brings."""
        async with self.reading() as reader:
            try:
                have = await reader.fetchval("SELECT version_num FROM alembic_version")
            except (sqlite3.OperationalError, UndefinedTable):
                have = None
        if have != head():
            raise _unmigrated(have)
        if writable:
            async with self.unit_alone() as unit:
                await self._make_known(unit)
                for number, data in shipped_dictionaries().items():
                    await unit.execute(
                        "INSERT INTO zstd_dictionary (number, data) VALUES ($1, $2)"
                        " ON CONFLICT DO NOTHING",
                        number,
                        data,
                    )
        async with self.reading() as reader:
            known = await reader.fetchval("SELECT value FROM hub WHERE name = 'keys'")
            hashing = await reader.fetchval("SELECT value FROM hub WHERE name = 'hashing'")
            rows = await reader.fetch("SELECT number, data FROM zstd_dictionary")
        if known not in (None, self.keys.fingerprint):
            raise HubMisconfigured(
                "the key files are not those this database was made with: restore `keys/`"
            )
        self.keys = self.keys.by(hashing or SHA256)
        self.bodies = Bodies({row[0]: bytes(row[1]) for row in rows})
        await data_keys.open_keys(self, writable=writable)

    async def _make_known(self, unit: Unit) -> None:
        """Note whose keys a new database is made with, and whether it hashes by SM3."""
        fresh = await unit.execute(
            "INSERT INTO hub (name, value) VALUES ('keys', $1) ON CONFLICT DO NOTHING",
            self.keys.fingerprint,
        )
        if fresh and self.vault.suite is Suite.SM:
            await unit.execute(
                "INSERT INTO hub (name, value) VALUES ('hashing', $1) ON CONFLICT DO NOTHING", SM3
            )


def _unmigrated(have: str | None) -> HubMisconfigured:
    return HubMisconfigured(
        f"tables at {have or 'nothing'}, this version wants {head()}: run `hie migrate`"
    )
