"""A query over what may be seen: one SQL statement, a page cut by key, never by offset.

The order is total (the id is its last part), so pages stay stable while rows are added.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hie.access.policy import Restriction
from hie.errors import Fault, InvalidRequest, TooCostly
from hie.store.search import links
from hie.store.search.coded import with_codes
from hie.store.search.condition import Condition
from hie.store.search.evaluated import evaluated
from hie.store.search.identified import looked_up_ids
from hie.store.search.marked import homes_asked
from hie.store.search.page import Page, Sight
from hie.store.search.query import Query
from hie.store.search.registry import BOUND
from hie.store.search.rows import count_rows, page_rows, position_of
from hie.store.search.sorting import read_sort
from hie.store.search.sql import Conditions
from hie.store.served import Stored, found
from hie.store.session import Reader
from hie.store.tables import HOMELESS
from hie.store.visible import visible

_NEWEST = read_sort("Patient", "-_lastUpdated")
_BY_TIME = frozenset({"_lastUpdated"})


async def search(
    reader: Reader, query: Query, restriction: Restriction, after: Sequence[Any] | None = None
) -> Page:
    """The page of matches after a position. Raises TooCostly for what no index answers."""
    if any(one.modifier or one.inner for one in query.conditions):
        conditions = await with_codes(reader, query.conditions, restriction)
        query = replace(query, conditions=conditions)
        followed = await links.forth(reader, query, restriction, _matches)
        if followed is None:
            return Page((), None, 0 if query.total or query.count_only else None)
        query = replace(query, conditions=followed)
    query = _checked(query)
    whose = query.homes
    seen = visible(reader, query.type, restriction, homes=whose)
    known = await looked_up_ids(reader, query)
    homes = await homes_asked(reader, query, seen, known)
    sql = Conditions(reader, list(seen.args), known, homes)
    where = [sql.condition(query.type, one) for one in query.beside(whose)]
    where += [sql.looked_up(query.type, one) for one in query.evaluated if one.looks_up]
    if query.within and whose not in (None, query.within):
        where.append(sql.among("v.home", query.within))
    if query.evaluated or any(not key.column for key in query.sort):
        sight = Sight(seen, sql, where)
        return await evaluated(reader, query, sight, after, restriction, _matches)
    total, counted = None, dict[str, bool]()
    if query.total or query.count_only:
        total, is_ruled = await count_rows(reader, seen, sql, where)
        if total and whose and len(whose) == 1:
            counted = {whose[0]: is_ruled}
    if query.count_only or query.count == 0:
        return Page((), None, total, counted)
    rows = await page_rows(reader, query, seen, sql, where, after, query.count + 1)
    matches = [found(reader.db, query.type, row) for row in rows[: query.count]]
    following = position_of(rows[query.count - 1]) if len(rows) > query.count else None
    return Page(matches, following, total, counted)


async def _matches(reader: Reader, query: Query, restriction: Restriction) -> Sequence[Stored]:
    return (await search(reader, query, restriction)).matches


def _checked(query: Query) -> Query:
    """The query, if an index narrows it enough. Raises TooCostly.

    Patients' resources of all patients are found by when they were written alone, in that order.
    """
    if _is_narrow(query):
        return query
    unsorted = [key.name for key in query.sort if key.name not in {"_lastUpdated", "_id"}]
    if query.evaluated or unsorted:
        names = ", ".join([*(one.name for one in query.evaluated), *unsorted])
        raise TooCostly(f"{query.type}: {names}: name a patient, an _id or an identifier too")
    if query.type in BOUND:
        asked = {one.name for one in query.conditions}
        if asked != _BY_TIME:
            raise TooCostly(f"{query.type}: name a patient, an _id or an identifier")
        return replace(query, sort=query.sort or _NEWEST)
    return query


def _is_narrow(query: Query) -> bool:
    """Whether what is left to look at is one patient's, a named few, or a small type's."""
    return bool(
        query.type in HOMELESS
        or query.within
        or query.ids("patient", "subject")
        or query.ids("_id")
        or any(_names_one(one) for one in query.conditions)
    )


def _names_one(one: Condition) -> bool:
    """Whether an identifier is asked for by its value."""
    return one.looks_up or (one.name == "identifier" and one.indexed and not one.negated)


def read_position(text: bytes) -> list[Any]:
    """A position as `search` returned it. Raises InvalidRequest."""
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise InvalidRequest("page", (Fault("page", "invalid-value", "a page link"),)) from problem
    return list(found)
