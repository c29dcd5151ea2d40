"""SQLite behind the store's contract: one writer connection with group commit, readers beside it.

A unit of work is a savepoint; units that wait for their turn at the same moment share one COMMIT,
and none is told it is done before that COMMIT is on disk. Statements run in the event loop (they
take microseconds); only the COMMIT, which waits for the disk, runs in a thread. Readers have
connections of their own, in WAL mode, and see committed rows only.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hie.errors import DataDirectoryBusy, Unavailable
from hie.store.faults import SQLITE_FAULTS, from_sqlite
from hie.store.session import Reader, Row, Rows, Unit

if TYPE_CHECKING:
    from hie.store.database import Database

FILE = "hie.sqlite3"
_IDLE_READERS = 8
_TURN_SECONDS = 30
_NAMES = tuple(str(number) for number in range(1, 1000))  # "$1" is named "1" in SQLite
_WRITER = ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4000")
_EVERY = ("busy_timeout=5000", "cache_size=-65536", "temp_store=MEMORY", "mmap_size=268435456")


class SqliteReader(Reader):
    """Statements on one connection, in the event loop."""

    def __init__(self, db: "Database", connection: sqlite3.Connection) -> None:
        super().__init__(db)
        self._connection = connection

    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        """All rows."""
        try:
            return self._connection.execute(sql, dict(zip(_NAMES, args, strict=False))).fetchall()
        except SQLITE_FAULTS as fault:
            raise from_sqlite(fault) from None

    async def fetchrow(self, sql: str, *args: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None


class SqliteUnit(SqliteReader, Unit):
    """Statements on the writer connection, inside the unit's savepoint."""

    def __init__(self, db: "Database", connection: sqlite3.Connection) -> None:
        Unit.__init__(self, db)
        self._connection = connection

    async def execute(self, sql: str, *args: Any) -> int:
        """Run one statement; the number of rows it touched."""
        try:
            cursor = self._connection.execute(sql, dict(zip(_NAMES, args, strict=False)))
        except SQLITE_FAULTS as fault:
            raise from_sqlite(fault) from None
        return max(cursor.rowcount, 0)

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement once for each row."""
        try:
            self._connection.executemany(
                sql, (dict(zip(_NAMES, row, strict=False)) for row in rows)
            )
        except SQLITE_FAULTS as fault:
            raise from_sqlite(fault) from None

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Add rows with one prepared statement."""
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names of our tables
        try:
            self._connection.executemany(sql, rows)
        except SQLITE_FAULTS as fault:
            raise from_sqlite(fault) from None

    async def insert_all(self, inserts: Sequence[Rows]) -> None:
        """Add rows to several tables, each with one prepared statement."""
        for table, columns, rows in inserts:
            if rows:
                await self.insert(table, columns, rows)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A nested savepoint."""
        await self.execute("SAVEPOINT part")
        before, self.drawn = self.drawn, []
        try:
            yield
        except BaseException:
            self.db.numbers.give_back(self.drawn)
            self.drawn = before
            if self._connection.in_transaction:
                await self.execute("ROLLBACK TO part")
                await self.execute("RELEASE part")
            raise
        self.drawn = before + self.drawn
        await self.execute("RELEASE part")


class _Group:
    """The units that share one COMMIT."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done.add_done_callback(lambda done: done.cancelled() or done.exception())

    def fail(self, fault: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(fault)


class Sqlite:
    """The writer, its group commit, and the readers of one database file."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        self._path = path
        self._writable = writable
        self._readers: list[sqlite3.Connection] = []
        self._turn = asyncio.Lock()  # first come, first served: held by the running unit or COMMIT
        self._owner: asyncio.Task[Any] | None = None
        self._group: _Group | None = None
        self._commits: set[asyncio.Task[None]] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
        self._writer = self._connect(_WRITER if writable else ())

    async def close(self) -> None:
        """Wait for the last COMMIT, then close."""
        while self._commits:
            await asyncio.gather(*self._commits, return_exceptions=True)
        self._thread.shutdown()
        for connection in (*self._readers, self._writer):
            connection.close()
        self._readers.clear()

    @asynccontextmanager
    async def reading(self, db: "Database", *, snapshot: bool) -> AsyncIterator[Reader]:
        """A read transaction: every statement in it sees the same committed rows."""
        connection = self._readers.pop() if self._readers else self._connect(("query_only=1",))
        try:
            connection.execute("BEGIN")
            yield SqliteReader(db, connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if len(self._readers) < _IDLE_READERS:
                self._readers.append(connection)
            else:
                connection.close()

    @asynccontextmanager
    async def unit(self, db: "Database") -> AsyncIterator[Unit]:
        """A savepoint on the writer; left only after the COMMIT that holds it is on disk."""
        if not self._writable:
            raise DataDirectoryBusy(f"{self._path} was opened for reading only")
        if self._owner is not None and self._owner is asyncio.current_task():
            raise RuntimeError("a unit of work inside a unit of work: pass the unit on instead")
        unit = SqliteUnit(db, self._writer)
        await self._take_turn()
        try:
            group = self._group or self._begin()
            self._owner = asyncio.current_task()
            try:
                self._step("SAVEPOINT unit")
                try:
                    yield unit
                    self._step("RELEASE unit")
                except BaseException:
                    self._undo(group)
                    db.numbers.give_back(unit.drawn)
                    raise
            finally:
                self._owner = None
        finally:
            self._turn.release()
        try:
            await asyncio.shield(group.done)
        except Exception:
            db.numbers.give_back(unit.drawn)
            raise

    async def insert_alone(self, db: "Database", inserts: Sequence[Rows]) -> None:
        """Add few rows in a unit of their own."""
        async with self.unit(db) as unit:
            await unit.insert_all(inserts)

    async def _take_turn(self) -> None:
        """Wait for the units before; not for ever, should one of them wait for this one."""
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable(f"another unit of work lasts over {_TURN_SECONDS} s") from None

    def _connect(self, pragmas: tuple[str, ...]) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, cached_statements=512
            )
            for pragma in (*_EVERY, *pragmas):
                connection.execute(f"PRAGMA {pragma}")
        except SQLITE_FAULTS as fault:
            raise from_sqlite(fault) from None
        return connection

    def _step(self, sql: str) -> None:
        try:
            self._writer.execute(sql)
        except SQLITE_FAULTS as fault:
            raise from_sqlite(fault) from None

    def _begin(self) -> _Group:
        """Open a transaction. Its COMMIT queues behind the units that wait now, so they join it."""
        self._step("BEGIN IMMEDIATE")
        self._group = group = _Group()
        task = asyncio.get_running_loop().create_task(self._commit(group))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)
        return group

    def _undo(self, group: _Group) -> None:
        """Take back one unit. A full disk makes SQLite roll back all: then the group has failed."""
        if self._writer.in_transaction:
            try:
                self._writer.execute("ROLLBACK TO unit")
                self._writer.execute("RELEASE unit")
            except sqlite3.Error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
            else:
                return
        self._group = None
        group.fail(Unavailable("the database rolled the unit back; nothing was kept"))

    async def _commit(self, group: _Group) -> None:
        async with self._turn:
            if self._group is not group:
                return
            self._group = None
            try:
                await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._writer.execute, "COMMIT"
                )
            except sqlite3.Error as fault:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                group.fail(from_sqlite(fault))
            else:
                group.done.set_result(None)
