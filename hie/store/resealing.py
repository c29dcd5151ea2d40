"""Cells sealed anew with the keys that seal now, a few rows at a time, while the hub goes on.

A cell is only changed while it is what was read: whoever wrote it meanwhile sealed it with today's
keys. What earlier versions left in clear, sealed with the one key of the hub or bound to no label
is sealed as well, once: what lies so later was put there by others, and is not made to look the
hub's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hie.errors import Altered
from hie.store.cells import CLEAR, MARK, is_clear, open_words, seal_words, sealed_of
from hie.store.sealed_columns import COLUMNS, Column, Form, Values
from hie.store.session import Reader, Unit
from hie.store.vault import HUB, Vault


@dataclass(frozen=True, slots=True)
class Resealed:
    """One cell: the key of its row, what it is and what it is to be."""

    key: tuple[Any, ...]
    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a column: how many, which cells are to change, where the next page begins."""

    looked: int
    changes: Sequence[Resealed]
    after: tuple[Any, ...] | None


async def count(reader: Reader, column: Column) -> int:
    """How many cells a column has."""
    found: int = await reader.fetchval(
        f"SELECT count(*) FROM {column.table} WHERE {column.name} IS NOT NULL"  # noqa: S608
    )
    return found


async def is_new(reader: Reader) -> bool:
    """Whether nothing was written yet that is sealed, or would be."""
    for table in dict.fromkeys(column.table for column in COLUMNS):
        if await reader.fetchval(f"SELECT 1 FROM {table} LIMIT 1") is not None:  # noqa: S608
            return False
    return True


async def page(reader: Reader, column: Column, after: Sequence[Any] | None, limit: int) -> Page:
    """The rows after a key, and those of their cells that are not sealed as they would be today."""
    listed = await rows_after(reader, column, after, limit)
    owners = await _owners(reader, column, listed)
    changes = []
    for row, owner in zip(listed, owners, strict=True):
        was = row[column.name]
        now = None if was is None else _anew(reader, column, row, was, owner)
        if now is not None:
            changes.append(Resealed(tuple(row[name] for name in column.keys), was, now))
    last = tuple(listed[-1][name] for name in column.keys) if len(listed) == limit else None
    return Page(len(listed), changes, last)


async def rows_after(
    reader: Reader, column: Column, after: Sequence[Any] | None, limit: int
) -> list[Values]:
    """The rows of a column after a key: the key, what is `given`, and the cell."""
    names = (*column.keys, *column.given, column.name)
    keys = ", ".join(column.keys)
    args = list(after or ())
    marks = ", ".join(f"${n}" for n in range(1, len(args) + 1))
    where = f" WHERE ({keys}) > ({marks})" if args else ""
    rows = await reader.fetch(
        f"SELECT {', '.join(names)} FROM {column.table}{where}"  # noqa: S608
        f" ORDER BY {keys} LIMIT {int(limit)}",
        *args,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def check(reader: Reader, column: Column, row: Values) -> None:
    """Raises Altered for a cell that is not what the hub put there."""
    was = row[column.name]
    if was is None or row.get("type") in CLEAR:
        return
    vault, place = reader.db.vault, column.place(row)
    if column.form is Form.WORDS:
        if not column.plain(was):
            open_words(reader.db, was, *place)
    elif column.form is Form.BODY and is_clear(bytes(was)):
        vault.check_clear(*place)
    else:
        _opened(vault, column, row, bytes(was))


async def change(unit: Unit, column: Column, changes: Sequence[Resealed]) -> None:
    """Set these cells where they still are what was read."""
    width = len(column.keys)
    where = " AND ".join(f"{name} = ${n}" for n, name in enumerate(column.keys, 1))
    await unit.executemany(
        f"UPDATE {column.table} SET {column.name} = ${width + 2}"  # noqa: S608
        f" WHERE {where} AND {column.name} = ${width + 1}",
        [(*one.key, one.was, one.now) for one in changes],
    )


async def _owners(reader: Reader, column: Column, rows: Sequence[Values]) -> list[str]:
    """Whose key seals each cell: a resource that came as a message is its institution's."""
    found = [column.owner(row) for row in rows]
    messages = {
        row["message"]
        for row, owner in zip(rows, found, strict=True)
        if owner == HUB and "message" in column.given and row["message"] is not None
    }
    if not messages:
        return found
    of = await reader.fetch(
        "SELECT m.id, s.institution FROM message AS m JOIN site AS s ON s.id = m.site"  # noqa: S608
        f" WHERE {reader.db.among('m.id', 1)}",
        reader.db.array(sorted(messages)),
    )
    institutions = {row[0]: row[1] for row in of}
    return [
        institutions.get(row["message"], owner) if owner == HUB else owner
        for row, owner in zip(rows, found, strict=True)
    ]


def _anew(reader: Reader, column: Column, row: Values, was: Any, owner: str) -> Any:
    """The cell sealed by the key that seals now; None when it is."""
    if row.get("type") in CLEAR:
        return None
    vault, place = reader.db.vault, column.place(row)
    if column.form is Form.WORDS:
        if column.plain(was):
            return None
        if was.startswith(MARK):
            sealed = sealed_of(was)
            had = vault.opened(sealed, *place)[1]
            owner = owner or had
            if vault.is_settled(sealed, column.klass, owner):
                return None
        words = open_words(reader.db, was, *place)
        return seal_words(reader.db, column.klass, owner, words, *place)
    data = bytes(was)
    if column.form is Form.BODY and is_clear(data):
        vault.check_clear(*place)
        return vault.seal(column.klass, owner, data, *place)
    clear, had, is_bound = _opened(vault, column, row, data)
    owner = owner or had
    if is_bound and vault.is_settled(data, column.klass, owner):
        return None
    return vault.seal(column.klass, owner, clear, *place)


def _opened(vault: Vault, column: Column, row: Values, data: bytes) -> tuple[bytes, str, bool]:
    """What a cell says, whose key it was sealed with, and whether it is bound to all of `place`."""
    try:
        return *vault.opened(data, *column.place(row)), True
    except Altered:
        if column.former is None or vault.all_bound:
            raise
        return *vault.opened(data, *column.former(row)), False
