"""PostgreSQL behind the store's contract: asyncpg's connections, never reset.

The reset query costs a round trip for each request, and nothing here leaves anything to reset: a
unit always ends its transaction; no session variable, listener or session lock is used.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from hie.errors import HubMisconfigured
from hie.store.connections import Connections
from hie.store.faults import PG_FAULTS, from_postgresql
from hie.store.inserting import are_few, statement
from hie.store.session import Reader, Row, Rows, Unit

if TYPE_CHECKING:
    from hie.store.database import Database

STATEMENT_TIMEOUT_MS = 30_000
IDLE_TIMEOUT_MS = 60_000  # a unit whose process hangs gives its locks back
CONNECT_SECONDS = 10.0
OLDEST = 15  # PostgreSQL versions tested


def password_from(file: Path | None) -> str | None:
    """The database password in a file; without a file the driver looks in ~/.pgpass."""
    if file is None:
        return None
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeError) as fault:
        raise HubMisconfigured(f"database password file {file} cannot be read") from fault


class PostgresReader(Reader):
    """Statements on one pooled connection."""

    def __init__(self, db: "Database", connection: Any) -> None:
        super().__init__(db)
        self._connection = connection

    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        """All rows."""
        try:
            rows: Sequence[Row] = await self._connection.fetch(sql, *args)
        except PG_FAULTS as fault:
            raise from_postgresql(fault) from None
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> Row | None:
        """The first row, or None."""
        try:
            row: Row | None = await self._connection.fetchrow(sql, *args)
        except PG_FAULTS as fault:
            raise from_postgresql(fault) from None
        return row


class PostgresUnit(PostgresReader, Unit):
    """Statements in one transaction."""

    def __init__(self, db: "Database", connection: Any) -> None:
        Unit.__init__(self, db)
        self._connection = connection

    async def execute(self, sql: str, *args: Any) -> int:
        """Run one statement; the number of rows it touched."""
        try:
            status: str = await self._connection.execute(sql, *args)
        except PG_FAULTS as fault:
            raise from_postgresql(fault) from None
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement once for each row, in one round trip."""
        try:
            await self._connection.executemany(sql, rows)
        except PG_FAULTS as fault:
            raise from_postgresql(fault) from None

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Add rows: few by one statement, many by binary COPY."""
        await self.insert_all([Rows(table, tuple(columns), rows)])

    async def insert_all(self, inserts: Sequence[Rows]) -> None:
        """Add rows to several tables: the few in one statement, many by binary COPY."""
        wanted = [one for one in inserts if one.rows]
        if not wanted:
            return
        try:
            few = [one for one in wanted if are_few(one)]
            if few:
                sql, args = statement(few)
                await self._connection.execute(sql, *args)
            for one in wanted:
                if not are_few(one):
                    await self._connection.copy_records_to_table(
                        one.table, columns=one.columns, records=one.rows
                    )
        except PG_FAULTS as fault:
            raise from_postgresql(fault) from None

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A nested transaction."""
        transaction = self._connection.transaction()
        await _step(transaction.start)
        before, self.drawn = self.drawn, []
        try:
            yield
        except BaseException:
            self.db.numbers.give_back(self.drawn)
            self.drawn = before
            await _give_up(transaction)
            raise
        self.drawn = before + self.drawn
        await _step(transaction.commit)


class Postgres:
    """The connections and what runs on them."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], size: int) -> None:
        self._connections = Connections(connect, size, CONNECT_SECONDS)

    @classmethod
    async def open(cls, url: str, password: str | None, size: int) -> "Postgres":
        """Connect. Raises Unavailable when no server answers or it refuses."""
        connect = partial(
            asyncpg.connect,
            url,
            password=password,
            timeout=CONNECT_SECONDS,
            statement_cache_size=500,
            max_cached_statement_lifetime=0,  # kept as long as the connection
            server_settings={
                "application_name": "hie",
                "timezone": "UTC",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
                "jit": "off",
                # A plan for each statement, not for each value: what may be seen makes statements
                # long, and planning one costs more than running it. Indexes fit every value.
                "plan_cache_mode": "force_generic_plan",
            },
        )
        engine = cls(connect, size)
        try:
            await engine.check_server()
        except BaseException:
            await engine.close()
            raise
        return engine

    async def check_server(self) -> None:
        """Raises HubMisconfigured for a server too old, or a database that holds no Chinese."""
        async with self._held() as connection:
            version = connection.get_server_version()
            encoding = connection.get_settings().server_encoding
        if version.major < OLDEST:
            raise HubMisconfigured(f"PostgreSQL {version.major}: expected {OLDEST} or later")
        if encoding != "UTF8":
            raise HubMisconfigured(f"the database's encoding is {encoding}: expected UTF8")

    async def close(self) -> None:
        """Give the connections back to the server."""
        await self._connections.close()

    async def insert_alone(self, _db: "Database", inserts: Sequence[Rows]) -> None:
        """Add few rows in a unit of their own: one statement, which commits itself."""
        sql, args = statement(inserts)
        async with self._held() as connection:
            try:
                await connection.execute(sql, *args)
            except PG_FAULTS as fault:
                raise from_postgresql(fault) from None

    def reading(self, db: "Database", *, snapshot: bool) -> AbstractAsyncContextManager[Reader]:
        """A connection outside a transaction, or in one that reads a single instant."""
        return self._snapshot(db) if snapshot else _Reading(db, self._held())

    @asynccontextmanager
    async def _snapshot(self, db: "Database") -> AsyncIterator[Reader]:
        async with self._held() as connection:
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            await _step(transaction.start)
            try:
                yield PostgresReader(db, connection)
            finally:
                await _give_up(transaction)

    @asynccontextmanager
    async def unit(self, db: "Database") -> AsyncIterator[Unit]:
        """A transaction on a pooled connection; committed when the block is left."""
        async with self._held() as connection:
            transaction = connection.transaction()
            await _step(transaction.start)
            unit = PostgresUnit(db, connection)
            try:
                yield unit
            except BaseException:
                db.numbers.give_back(unit.drawn)
                await _give_up(transaction)
                raise
            await _step(transaction.commit)

    def _held(self) -> "_Held":
        return _Held(self._connections)


class _Held:
    """A connection for one block."""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._connection: Any = None

    async def __aenter__(self) -> Any:
        try:
            self._connection = await self._connections.take()
        except PG_FAULTS as fault:
            raise from_postgresql(fault) from None
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # What is cancelled may have left a statement running.
        if kind is None or issubclass(kind, Exception):
            self._connections.give_back(self._connection)
        else:
            self._connections.drop(self._connection)


class _Reading:
    """A reader for one block: a class of its own, because every request opens one."""

    __slots__ = ("_db", "_held")

    def __init__(self, db: "Database", held: _Held) -> None:
        self._db = db
        self._held = held

    async def __aenter__(self) -> Reader:
        return PostgresReader(self._db, await self._held.__aenter__())

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        await self._held.__aexit__(kind, *rest)


async def _give_up(transaction: Any) -> None:
    """Roll back. Where that is impossible the connection is lost, and the server does it."""
    with suppress(*PG_FAULTS):
        await transaction.rollback()


async def _step(step: Any) -> None:
    try:
        await step()
    except PG_FAULTS as fault:
        raise from_postgresql(fault) from None
