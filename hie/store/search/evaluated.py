"""The matches among rows that are looked at one by one, in the order the page asks for.

What has no index is held against each row that the indexed conditions leave, at most
`MOST_EVALUATED`. A key of the order that has no column is read from the resource itself: then every
match is seen before the first page is cut.
"""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from functools import cmp_to_key, partial
from typing import Any

from hie.access.policy import Restriction
from hie.errors import TooCostly
from hie.fhir import Resource
from hie.fhir.search.definitions import Kind
from hie.fhir.search.match import matches
from hie.fhir.search.order import sort_value
from hie.store.search import links
from hie.store.search.page import Page, Sight
from hie.store.search.query import Query
from hie.store.search.registry import MOST_EVALUATED
from hie.store.search.rows import count_rows, follows, page_rows, position_of
from hie.store.search.sorting import Key
from hie.store.served import Stored, found
from hie.store.session import Reader, Row
from hie.store.versions import read_many

_CHUNK = 500  # rows that are looked at before others get their turn


async def evaluated(
    reader: Reader,
    query: Query,
    sight: Sight,
    after: Sequence[Any] | None,
    restriction: Restriction,
    find: links.Find,
) -> Page:
    """The page after a position. Raises TooCostly when there is too much to look at."""
    there, _ = await count_rows(reader, sight.seen, sight.sql, sight.where)
    if there > MOST_EVALUATED:
        raise TooCostly(f"{query.type}: more than {MOST_EVALUATED} to look at: narrow the search")
    if any(not key.column for key in query.sort):
        return await _ranked(reader, query, sight, after, restriction, find)
    every = query.total or query.count_only
    wanted = 0 if query.count_only else query.count
    found: list[tuple[Stored, Row]] = []
    total = 0
    place = None if every else after
    async for one, row, _ in _matching(reader, query, sight, place, restriction, find):
        total += 1
        if len(found) <= wanted and (not every or follows(query, row, after)):
            found.append((one, row))
        if not every and len(found) > wanted:
            break
    following = position_of(found[wanted - 1][1]) if wanted and len(found) > wanted else None
    return Page([one for one, _ in found[:wanted]], following, total if every else None)


async def _ranked(
    reader: Reader,
    query: Query,
    sight: Sight,
    after: Sequence[Any] | None,
    restriction: Restriction,
    find: links.Find,
) -> Page:
    """A page of an order that is read from the resources: every match is ranked first."""
    places: list[list[Any]] = []
    async for one, _, tree in _matching(reader, query, sight, None, restriction, find):
        places.append([*(_said(key, tree) for key in query.sort), one.id])
    if query.count_only:
        return Page((), None, len(places))
    places.sort(key=cmp_to_key(partial(_compare, query.sort)))
    total = len(places)
    if after is not None:
        given = [_again(key, text) for key, text in zip(query.sort, after, strict=False)]
        place = [*given, after[-1]]
        places = [one for one in places if _compare(query.sort, one, place) > 0]
    shown = places[: query.count]
    found = await _found_again(reader, query, [one[-1] for one in shown], restriction)
    more = len(places) > query.count > 0
    following = [_written(value) for value in shown[-1]] if more else None
    return Page(found, following, total if query.total else None)


async def _found_again(
    reader: Reader, query: Query, ids: Sequence[str], restriction: Restriction
) -> list[Stored]:
    """The resources of these ids, in their order; nothing is kept of the others meanwhile."""
    found = await read_many(reader, query.type, ids, restriction)
    return [found[key] for key in ids if key in found]


async def _matching(
    reader: Reader,
    query: Query,
    sight: Sight,
    place: Sequence[Any] | None,
    restriction: Restriction,
    find: links.Find,
) -> AsyncIterator[tuple[Stored, Row, Resource]]:
    """Every row after a position that meets what no index answers, a chunk at a time."""
    more = True
    while more:
        rows = await page_rows(reader, query, sight.seen, sight.sql, sight.where, place, _CHUNK)
        more = len(rows) == _CHUNK
        chunk = [found(reader.db, query.type, row) for row in rows]
        backs = [
            await links.back(reader, one, chunk, restriction, find)
            for one in query.evaluated
            if one.back
        ]
        for one, row in zip(chunk, rows, strict=True):
            tree = one.resource()
            if all((one.type, one.id) in led for led in backs) and all(
                matches(c.parameter, c.modifier, c.values, tree)
                for c in query.evaluated
                if not c.back
            ):
                yield one, row, tree
        place = position_of(rows[-1]) if rows else None


def _said(key: Key, tree: Resource) -> Any:
    return None if key.parameter is None else sort_value(key.parameter, tree, down=key.down)


def _compare(keys: Sequence[Key], one: Sequence[Any], other: Sequence[Any]) -> int:
    """Below zero when one stands before other; what has no value stands last, then by id."""
    for key, a, b in zip(keys, one, other, strict=False):
        if a == b:
            continue
        if a is None or b is None:
            return 1 if a is None else -1
        return -1 if (a > b if key.down else a < b) else 1
    return -1 if one[-1] < other[-1] else int(one[-1] > other[-1])


def _written(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _again(key: Key, value: Any) -> Any:
    """A sort value as it was before it was written into a page link."""
    is_number = key.parameter is not None and key.parameter.kind in {Kind.QUANTITY, Kind.NUMBER}
    return Decimal(value) if is_number and value is not None else value
