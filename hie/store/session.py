"""What a statement runs on: a Reader of committed data, or a Unit of work that also writes.

SQL is written once, with `$1`, `$2` ... on both databases; where the two differ, a module keeps
both texts side by side. Rows come back as tuples or tuple-like records: use positions.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from hie.store.database import Database

Row = Any  # a tuple, or asyncpg's record that reads like one


class Dialect(StrEnum):
    """The two databases."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Rows(NamedTuple):
    """Rows for the columns of one table."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class Reader(ABC):
    """Reads what is committed; a Unit also sees its own writes.

    Statements raise Unavailable when the database is away, full or too slow, and Conflict when a
    row with the same key is there; neither text quotes a value.
    """

    def __init__(self, db: "Database") -> None:
        self.db = db

    @abstractmethod
    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        """All rows."""

    @abstractmethod
    async def fetchrow(self, sql: str, *args: Any) -> Row | None:
        """The first row, or None."""

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first value of the first row, or None."""
        row = await self.fetchrow(sql, *args)
        return None if row is None else row[0]


class Unit(Reader):
    """One unit of work: all of it or none; durable when the `async with` is left."""

    def __init__(self, db: "Database") -> None:
        super().__init__(db)
        self.drawn: list[int] = []  # numbers of audit rows, given back if the unit fails

    def numbers(self, count: int) -> list[int]:
        """The next numbers of this process's audit rows."""
        fresh = [self.db.numbers.draw() for _ in range(count)]
        self.drawn.extend(fresh)
        return fresh

    @abstractmethod
    async def execute(self, sql: str, *args: Any) -> int:
        """Run one statement; the number of rows it touched."""

    @abstractmethod
    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement once for each row of arguments."""

    @abstractmethod
    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Add rows by the fastest way there is (PostgreSQL: binary COPY)."""

    @abstractmethod
    async def insert_all(self, inserts: Sequence[Rows]) -> None:
        """Add rows to several tables, on PostgreSQL in one round trip when they are few."""

    @abstractmethod
    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part that rolls back alone when it raises; the unit goes on if it is caught."""
