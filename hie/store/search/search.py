"""A query over what may be seen: one SQL statement, a page cut by key, never by offset.

The order is total (the id is its last part), so pages stay stable while rows are added.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hie.access.policy import Restriction
from hie.errors import Fault, InvalidRequest, TooCostly
from hie.fhir.search.asked import Pointer
from hie.fhir.search.match import matches
from hie.store.search.condition import Condition
from hie.store.search.query import Query
from hie.store.search.referring import Ref, referring
from hie.store.search.registry import BOUND, MOST_EVALUATED
from hie.store.search.rows import count_rows, follows, page_rows, position_of
from hie.store.search.sql import Conditions
from hie.store.served import Stored, stored
from hie.store.session import Reader, Row
from hie.store.tables import HOMELESS
from hie.store.visible import Visible, visible

_MOST_CHAINED = 200
_CHUNK = 500  # rows that are looked at before others get their turn


class Page(NamedTuple):
    """One page of matches, where the next begins (None: nowhere), and the total if asked."""

    matches: Sequence[Stored]
    following: list[Any] | None
    total: int | None


async def search(
    reader: Reader, query: Query, restriction: Restriction, after: Sequence[Any] | None = None
) -> Page:
    """The page of matches after a position. Raises TooCostly for what no index answers."""
    resolved = await _resolved(reader, query, restriction)
    if resolved is None:
        return Page((), None, 0 if query.total or query.count_only else None)
    query = resolved
    homes = query.ids("patient", "subject")
    if query.type in BOUND and not homes and not query.ids("_id") and not _names_one(query):
        raise TooCostly(f"{query.type}: name a patient or an _id")
    if query.evaluated and not _is_narrow(query):
        names = ", ".join(one.name for one in query.evaluated)
        raise TooCostly(f"{query.type}: {names}: name a patient, an _id or an identifier too")
    seen = visible(reader, query.type, restriction)
    sql = Conditions(reader, list(seen.args))
    where = [sql.condition(query.type, one) for one in query.conditions if one.indexed]
    if query.evaluated:
        return await _evaluated(reader, query, seen, sql, where, after, restriction)
    total = None
    if query.total or query.count_only:
        total = await count_rows(reader, seen, sql, where)
    if query.count_only or query.count == 0:
        return Page((), None, total)
    rows = await page_rows(reader, query, seen, sql, where, after, query.count + 1)
    found = [stored(reader.db, query.type, row[:7]) for row in rows[: query.count]]
    following = position_of(rows[query.count - 1]) if len(rows) > query.count else None
    return Page(found, following, total)


async def _evaluated(
    reader: Reader,
    query: Query,
    seen: Visible,
    sql: Conditions,
    where: list[str],
    after: Sequence[Any] | None,
    restriction: Restriction,
) -> Page:
    """The matches among the rows the indexed conditions leave, looked at one by one."""
    if await count_rows(reader, seen, sql, where) > MOST_EVALUATED:
        raise TooCostly(f"{query.type}: more than {MOST_EVALUATED} to look at: narrow the search")
    every = query.total or query.count_only
    wanted = 0 if query.count_only else query.count
    found: list[tuple[Stored, Row]] = []
    total = 0
    place = None if every else after
    more = True
    while more and (every or len(found) <= wanted):
        rows = await page_rows(reader, query, seen, sql, where, place, _CHUNK)
        more = len(rows) == _CHUNK
        chunk = [stored(reader.db, query.type, row[:7]) for row in rows]
        backs = [await _led(reader, c, chunk, restriction) for c in query.evaluated if c.back]
        for one, row in zip(chunk, rows, strict=True):
            tree = one.resource()
            if all((one.type, one.id) in led for led in backs) and all(
                matches(c.parameter, c.modifier, c.values, tree)
                for c in query.evaluated
                if not c.back
            ):
                total += 1
                if len(found) <= wanted and (not every or follows(query, row, after)):
                    found.append((one, row))
        place = position_of(rows[-1]) if rows else None
    following = position_of(found[wanted - 1][1]) if wanted and len(found) > wanted else None
    return Page([one for one, _ in found[:wanted]], following, total if every else None)


async def _resolved(reader: Reader, query: Query, restriction: Restriction) -> Query | None:
    """The query with its chains followed; None when one of them leads nowhere.

    Raises TooCostly for a chain that nothing narrows, or that leads to too many.
    """
    conditions = []
    for one in query.conditions:
        if one.inner is None or one.back:
            conditions.append(one)
            continue
        wanted = Query(one.type, (one.inner,), count=_MOST_CHAINED + 1)
        ends = (await search(reader, wanted, restriction)).matches
        if not ends:
            return None
        if len(ends) > _MOST_CHAINED:
            raise TooCostly(f"{one.name}: the chain leads to more than {_MOST_CHAINED}")
        values = tuple(Pointer(one.type, end.id) for end in ends)
        conditions.append(replace(one, values=values, inner=None))
    return replace(query, conditions=tuple(conditions))


async def _led(
    reader: Reader, one: Condition, chunk: Sequence[Stored], restriction: Restriction
) -> set[Ref]:
    """Those of a chunk that something leads to for which the inner condition holds (`_has`)."""
    inner = one.inner
    if inner is None or not chunk:
        return set()
    if inner.inner is not None:
        resolved = await _resolved(reader, Query(one.type, (inner,)), restriction)
        if resolved is None:
            return set()
        (inner,) = resolved.conditions
    if inner.back:
        raise TooCostly("_has of _has")
    to = {(each.type, each.id): each.home for each in chunk}
    found: set[Ref] = set()
    for each, led in await referring(reader, one.type, one.parameter, to, restriction):
        if matches(inner.parameter, inner.modifier, inner.values, each.resource()):
            found |= led
    return found


def _is_narrow(query: Query) -> bool:
    """Whether what is left to look at is one patient's, a named few, or a small type's."""
    return bool(
        query.type in HOMELESS
        or query.ids("patient", "subject")
        or query.ids("_id")
        or _names_one(query)
    )


def _names_one(query: Query) -> bool:
    """Whether an identifier that has an index is asked for by its value."""
    return any(
        one.name == "identifier" and one.indexed and not one.negated for one in query.conditions
    )


def read_position(text: bytes) -> list[Any]:
    """A position as `search` returned it. Raises InvalidRequest."""
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise InvalidRequest("page", (Fault("page", "invalid-value", "a page link"),)) from problem
    return list(found)
