"""Rows of a search in the order of its page: what they are sorted by, and where the next begins.

The order is total (the id is its last part), so that pages stay stable while rows are added.
"""

from collections.abc import Sequence
from typing import Any

from hie.store.search.query import Query
from hie.store.search.registry import DATED
from hie.store.search.sql import Conditions
from hie.store.served import STORED
from hie.store.session import Reader, Row
from hie.store.visible import Visible

_NEVER = -(2**62)
_ALIKE = "CAST(0 AS bigint)"  # what rows are sorted by that are sorted by their ids alone


async def count_rows(reader: Reader, seen: Visible, sql: Conditions, where: list[str]) -> int:
    """How many rows the conditions leave."""
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    found = await reader.fetchval(f"SELECT count(*) FROM {seen.sql} AS v{clause}", *sql.args)  # noqa: S608
    return int(found)


async def page_rows(
    reader: Reader,
    query: Query,
    seen: Visible,
    sql: Conditions,
    where: Sequence[str],
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[Row]:
    """Rows after a position, in the page's order: the stored columns and the key they stand by."""
    key, down = order(query)
    args = list(sql.args)
    parts = list(where)
    sign = "<" if down else ">"
    if after is not None and key == _ALIKE:
        args.append(str(after[1]))
        parts.append(f"v.id {sign} ${len(args)}")
    elif after is not None:
        args += [int(after[0]), str(after[1])]
        parts.append(f"({key}, v.id) {sign} (${len(args) - 1}, ${len(args)})")
    clause = f" WHERE {' AND '.join(parts)}" if parts else ""
    columns = ", ".join(f"v.{name}" for name in STORED.split(", "))
    direction = "DESC" if down else "ASC"
    first = "" if key == _ALIKE else f"{key} {direction}, "
    return await reader.fetch(
        f"SELECT {columns}, {key} FROM {seen.sql} AS v{clause}"  # noqa: S608
        f" ORDER BY {first}v.id {direction} LIMIT {limit}",
        *args,
    )


def order(query: Query) -> tuple[str, bool]:
    """What a page is sorted by, and whether downwards: newest first unless asked otherwise."""
    if query.sort in ("_id", "-_id"):
        return _ALIKE, query.sort == "-_id"
    date = DATED.get(query.type)
    if date is not None and query.sort.removeprefix("-") in {"", date}:
        return f"coalesce(v.effective_us, {_NEVER})", query.sort != date
    return "v.updated_us", query.sort != "_lastUpdated"


def position_of(row: Row) -> list[Any]:
    """Where a page ends: the key it is sorted by, and the id."""
    return [row[7], row[1]]


def follows(query: Query, row: Row, after: Sequence[Any] | None) -> bool:
    """Whether a row stands after a position, in the order of the page."""
    if after is None:
        return True
    mine, given = (row[7], row[1]), (int(after[0]), str(after[1]))
    return bool(mine < given if order(query)[1] else mine > given)
