"""The newest results of each of some catalogue items: a look into the index for each, no more.

So the cost follows from how many items are asked for, not from how much is known of the patient.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from hie.access.policy import Restriction
from hie.fhir import ITEM
from hie.store.inserting import array
from hie.store.masks import SIGN, meanings
from hie.store.search.query import Query
from hie.store.served import FOUND, WIDTH, Stored, found
from hie.store.session import Dialect, Reader, Row
from hie.store.visible import visible

_COLUMNS = ", ".join(f"v.{name}" for name in FOUND.split(", "))
_NEVER = -(2**62)


def items_of(query: Query) -> tuple[str, ...]:
    """The items a query asks for, when it asks for these of one patient and nothing else."""
    if len(query.conditions) != 2 or len(query.ids("patient", "subject")) != 1:
        return ()
    asked = next((one for one in query.conditions if one.name == "code"), None)
    if asked is None or asked.modifier or asked.inner is not None:
        return ()
    codes = [one.code for one in asked.tokens if one.system == ITEM and one.code is not None]
    return tuple(dict.fromkeys(codes)) if len(codes) == len(asked.values) else ()


async def newest_of_items(
    reader: Reader, home: str, items: Sequence[str], restriction: Restriction, most: int
) -> list[Stored]:
    """At most so many of each item, the newest first; what does not say when comes last."""
    seen = visible(reader, "Observation", restriction, homes=[home])
    means = meanings(reader, "item", [home], items)
    marks = [one for one in means if one.startswith(SIGN)]

    def text(template: str) -> str:
        return _statement(template, seen.sql, seen.following, most)

    rows: list[Row] = []
    if reader.db.dialect is Dialect.POSTGRESQL:
        arrays = array(list(items)), array(marks)
        rows += await reader.fetch(text(_LATERAL), *seen.args, *arrays)
    else:
        # A statement costs no round trip here, and its planner joins to no such sub-select.
        said = await reader.fetch(text(_MARKS), *seen.args)
        for item in (*items, *{row[0] for row in said}.intersection(marks)):
            rows += await reader.fetch(text(_EACH), *seen.args, item)
    rows.sort(key=_place, reverse=True)
    shown: Counter[str] = Counter()
    newest = []
    for row in rows:  # of each item the newest, whether it is said in clear or by a mark
        item = means[row[WIDTH + 1]]
        shown[item] += 1
        if shown[item] <= most:
            newest.append(found(reader.db, "Observation", row))
    return newest


@lru_cache(maxsize=512)
def _statement(template: str, seen: str, following: int, most: int) -> str:
    """The text of a statement over what may be seen; it is long, and has few forms."""
    said = _SAID.format(seen=seen, sign=SIGN)
    return template.format(
        seen=seen, columns=_COLUMNS, items=following, marks=following + 1, most=most, said=said
    )


def _place(row: Row) -> tuple[int, str]:
    """When it was collected, and its id: the order of a search."""
    return _NEVER if row[WIDTH] is None else row[WIDTH], row[1]


# The marks that rows of the patient have, by one look into the index for each: few rows have one.
_SAID = (
    "WITH RECURSIVE said(item) AS (SELECT * FROM (SELECT t.item FROM {seen} AS t"
    " WHERE t.item >= '{sign}' ORDER BY t.item LIMIT 1) AS least"
    " UNION ALL SELECT (SELECT t.item FROM {seen} AS t WHERE t.item > said.item"
    " ORDER BY t.item LIMIT 1) FROM said WHERE said.item IS NOT NULL)"
)
_MARKS = "{said} SELECT item FROM said"
# What has a time is read off the index backwards; only where that is too few, what has none. Of two
# collected at the same instant PostgreSQL gives the one that was written last: to sort those by id
# as well it would have to look at one row more of each item.
_LATERAL = (
    "{said} SELECT {columns}, v.effective_us, v.item FROM (SELECT unnest(${items}::text::text[])"
    " UNION ALL SELECT item FROM said WHERE item = ANY(${marks}::text::text[])) AS asked(item)"
    " CROSS JOIN LATERAL ((SELECT * FROM {seen} AS t WHERE t.item = asked.item"
    " AND t.effective_us IS NOT NULL ORDER BY t.effective_us DESC LIMIT {most})"
    " UNION ALL (SELECT * FROM {seen} AS t WHERE t.item = asked.item"
    " AND t.effective_us IS NULL ORDER BY t.id DESC LIMIT {most}) LIMIT {most}) AS v"
)
_EACH = (
    "SELECT {columns}, v.effective_us, v.item FROM {seen} AS v"
    " WHERE v.item = ${items}"
    " ORDER BY v.effective_us DESC, v.id DESC LIMIT {most}"
)
