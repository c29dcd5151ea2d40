"""Few rows into one table or several by one statement: a round trip where COPY takes two for each.

PostgreSQL plans the statement once for each connection; each column comes as one array, written as
text: the driver's own arrays ask of every value whether it is a list. From some rows of a table on,
COPY costs the processor less.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from hie.store.session import Rows
from hie.store.tables import types_of

FEW = 12  # rows of a table that are not worth a COPY


def are_few(one: Rows) -> bool:
    """Whether these rows go with others in one statement."""
    return len(one.rows) <= FEW and bool(types_of(one.table))


def statement(inserts: Sequence[Rows]) -> tuple[str, list[Any]]:
    """The statement that adds all of them, and its arguments: an array for each column.

    Where there is one row of each, its values are the arguments.
    """
    shape = tuple((one.table, one.columns) for one in inserts)
    if all(len(one.rows) == 1 for one in inserts):
        return _of_one(shape), [value for one in inserts for value in one.rows[0]]
    arrays = [array(column) for one in inserts for column in zip(*one.rows, strict=True)]
    return _of_many(shape), arrays


def array(values: Sequence[Any]) -> str:
    """An array of one dimension as text (PostgreSQL manual, section 8.15.6)."""
    first = values[0]
    if values.count(first) == len(values):  # who asks, and for what: alike in most rows of a group
        one = "NULL" if first is None else _element(first)
        return "{" + ",".join([one] * len(values)) + "}"
    return "{" + ",".join(["NULL" if one is None else _element(one) for one in values]) + "}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        # A StrEnum too: what is formatted is its text.
        if "\\" in value or '"' in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{value}"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return str(value)  # a number, true or false


_Shape = tuple[tuple[str, tuple[str, ...]], ...]


@lru_cache(maxsize=256)
def _of_one(shape: _Shape) -> str:
    first = 1
    parts = []
    for table, columns in shape:
        values = ", ".join(f"${n}" for n in range(first, first + len(columns)))
        first += len(columns)
        parts.append(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})")  # noqa: S608
    return _together(parts)


@lru_cache(maxsize=256)
def _of_many(shape: _Shape) -> str:
    parts = []
    first = 1
    for table, columns in shape:
        types = types_of(table)
        arrays = [f"${n}::text::{types[name]}[]" for n, name in enumerate(columns, first)]
        first += len(columns)
        parts.append(
            f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - names of our tables
            f" SELECT * FROM unnest({', '.join(arrays)})"
        )
    return _together(parts)


def _together(parts: Sequence[str]) -> str:
    """One statement that does all of them."""
    *before, last = parts
    named = (f"part{n} AS ({part})" for n, part in enumerate(before))
    return f"WITH {', '.join(named)} {last}" if before else last
