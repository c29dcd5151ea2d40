"""Whose rows a search can find at all: the labelled ones of a patient say codes by their marks.

A search for codes names a patient, an id or an identifier, so few homes come into question; which
they are costs a look only where no patient is named.
"""

from collections.abc import Mapping, Sequence

from hie.store.masks import MASKED
from hie.store.search.query import Query
from hie.store.session import Reader
from hie.store.visible import Visible

_CODED = frozenset({"code", "category", "modality"})


async def homes_asked(
    reader: Reader, query: Query, seen: Visible, known: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    """The homes whose rows the query can find, as far as it asks for codes in their columns."""
    if query.type not in MASKED:
        return ()
    if not any(one.name in _CODED and one.indexed for one in query.conditions):
        return ()
    homes = query.homes
    if homes:
        return homes
    ids = query.ids("_id") or sorted({key for found in known.values() for key in found})
    if not ids:
        return ()
    n = seen.following
    rows = await reader.fetch(
        f"SELECT DISTINCT v.home FROM {seen.sql} AS v WHERE {reader.db.among('v.id', n)}",  # noqa: S608
        *seen.args,
        reader.db.array(ids),
    )
    return [row[0] for row in rows]
