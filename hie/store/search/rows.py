"""Rows of a search in the order of its page: what they are sorted by, and where the next begins.

The order is total (the id is its last part), so that pages stay stable while rows are added.
"""

from collections.abc import Sequence
from typing import Any

from hie.store.search.query import Query
from hie.store.search.sorting import Key, own_order
from hie.store.search.sql import Conditions
from hie.store.served import FOUND, WIDTH
from hie.store.session import Dialect, Reader, Row
from hie.store.visible import Visible

_FOUND = ", ".join(f"v.{name}" for name in FOUND.split(", "))


async def count_rows(
    reader: Reader, seen: Visible, sql: Conditions, where: list[str]
) -> tuple[int, bool]:
    """How many rows the conditions leave; whether any is of a patient who may have rules.

    PostgreSQL counts the rows themselves: reports lie together, so a patient's results are a few
    pages. In the order of an index it would ask the map of visible pages anew for every row, and
    the more the larger the table is.
    """
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    what = "v.version" if reader.db.dialect is Dialect.POSTGRESQL else "*"
    row = await reader.fetchrow(
        f"SELECT count({what}), max(CASE WHEN v.is_ruled THEN 1 ELSE 0 END)"  # noqa: S608
        f" FROM {seen.sql} AS v{clause}",
        *sql.args,
    )
    return (int(row[0]), bool(row[1])) if row else (0, False)


async def page_rows(
    reader: Reader,
    query: Query,
    seen: Visible,
    sql: Conditions,
    where: Sequence[str],
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[Row]:
    """Rows after a position, in the page's order: the stored columns and the keys they stand by."""
    keys = order(query)
    args = list(sql.args)
    parts = list(where)
    if after is not None:
        parts.append(_following(keys, after, args))
    clause = f" WHERE {' AND '.join(parts)}" if parts else ""
    columns = "".join(f", {key.column}" for key in keys)
    ordered = ", ".join(f"{key.column} {_direction(key)}" for key in keys)
    return await reader.fetch(
        f"SELECT {_FOUND}{columns} FROM {seen.sql} AS v{clause}"  # noqa: S608
        f" ORDER BY {ordered}, v.id {_direction(keys[-1])} LIMIT {limit}",
        *args,
    )


def order(query: Query) -> tuple[Key, ...]:
    """What a page is sorted by in SQL: newest first unless its columns are asked otherwise."""
    if query.sort and all(key.column for key in query.sort):
        return query.sort
    return own_order(query.type)


def position_of(row: Row) -> list[Any]:
    """Where a page ends: the keys it is sorted by, and the id."""
    return [*row[WIDTH:], row[1]]


def follows(query: Query, row: Row, after: Sequence[Any] | None) -> bool:
    """Whether a row stands after a position, in the order of the page."""
    if after is None:
        return True
    keys = order(query)
    for key, mine, given in zip((*keys, keys[-1]), position_of(row), after, strict=True):
        if mine != given:
            return bool(mine < given if key.down else mine > given)
    return False


def _following(keys: Sequence[Key], after: Sequence[Any], args: list[Any]) -> str:
    """That a row stands after a position: by its first key that differs, else by its id."""
    places = []
    for value in after:
        args.append(value)
        places.append(f"${len(args)}")
    columns = [key.column for key in keys] + ["v.id"]
    downs = [key.down for key in keys] + [keys[-1].down]
    if len(set(downs)) == 1:
        sign = "<" if downs[0] else ">"
        return f"({', '.join(columns)}) {sign} ({', '.join(places)})"
    parts = []
    for n, (column, down) in enumerate(zip(columns, downs, strict=True)):
        same = [f"{one} = {place}" for one, place in zip(columns[:n], places[:n], strict=True)]
        parts.append(" AND ".join([*same, f"{column} {'<' if down else '>'} {places[n]}"]))
    return f"({' OR '.join(parts)})"


def _direction(key: Key) -> str:
    return "DESC" if key.down else "ASC"
