"""Few rows into one table or several by one statement: a round trip where COPY takes two for each.

PostgreSQL plans the statement once for each connection; each column comes as one array. From some
dozens of rows on, COPY costs the server less.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from hie.store.session import Rows
from hie.store.tables import types_of

FEW = 96  # rows that one statement takes


def are_few(inserts: Sequence[Rows]) -> bool:
    """Whether one statement is the better way."""
    return sum(len(one.rows) for one in inserts) <= FEW and all(
        types_of(one.table) for one in inserts
    )


def statement(inserts: Sequence[Rows]) -> tuple[str, list[Sequence[Any]]]:
    """The statement that adds all of them, and its arguments: an array for each column."""
    sql = _sql(tuple((one.table, one.columns) for one in inserts))
    return sql, [column for one in inserts for column in zip(*one.rows, strict=True)]


@lru_cache(maxsize=256)
def _sql(shape: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    parts = []
    first = 1
    for table, columns in shape:
        types = types_of(table)
        arrays = [f"${n}::{types[name]}[]" for n, name in enumerate(columns, first)]
        first += len(columns)
        parts.append(
            f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - names of our tables
            f" SELECT * FROM unnest({', '.join(arrays)})"
        )
    *before, last = parts
    if not before:
        return last
    named = (f"part{n} AS ({part})" for n, part in enumerate(before))
    return f"WITH {', '.join(named)} {last}"
