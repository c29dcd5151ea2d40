"""What the entries of a transaction point at: one another by fullUrl, or anything by a search.

FHIR R4 http.html#trules: a search is asked of the hub as the bundle leaves it, so that what the
bundle makes or changes is found by what it says then, and what it deletes is not found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hie.errors import Fault, MultipleMatches, ReferenceUnmatched
from hie.exchange.bundle_entry import Entry
from hie.exchange.conditional import is_met, read_criteria, several
from hie.exchange.links import conditional_references, rewritten
from hie.exchange.writing import Writing
from hie.store.search.query import Query
from hie.store.search.registry import PARAMETERS

_NO_MATCH = "a condition that one resource of this hub meets"


async def resolved(
    writing: Writing, entries: Sequence[Entry], links: Mapping[str, str]
) -> list[Entry]:
    """The entries with what they point at written into them.

    Raises ReferenceUnmatched and MultipleMatches naming the entry.
    """
    linked = [
        one if one.tree is None else replace(one, tree=rewritten(one.tree, links, one.full_url))
        for one in entries
    ]
    known: dict[str, str] = {}
    found = []
    for one in linked:
        for text in dict.fromkeys(conditional_references(one.tree)):
            if text not in known:
                known[text] = await _led(writing, text, linked, one.place)
        found.append(one if not known else replace(one, tree=rewritten(one.tree, known)))
    return found


async def _led(writing: Writing, text: str, entries: Sequence[Entry], place: int) -> str:
    """The one resource a conditional reference leads to."""
    kind, _, criteria = text.partition("?")
    fault = Fault(f"Bundle.entry[{place}].reference", "no-match", _NO_MATCH)
    if kind not in PARAMETERS:
        raise ReferenceUnmatched("a conditional reference", (fault,))
    query = read_criteria(kind, criteria, f"Bundle.entry[{place}].reference")
    ids = await _ids(writing, query, entries)
    if not ids:
        raise ReferenceUnmatched("a conditional reference", (fault,))
    if len(ids) > 1:
        raise MultipleMatches("a conditional reference", (fault,))
    (key,) = ids
    return f"{kind}/{key}"


async def _ids(writing: Writing, query: Query, entries: Sequence[Entry]) -> set[str]:
    """What meets a condition when the bundle is done."""
    mine = {one.id: one for one in entries if one.kind == query.type and one.id is not None}
    found = set()
    for stored in await several(writing, query, 2 + len(mine)):
        entry = mine.get(stored.id)
        if entry is None or entry.method not in ("PUT", "DELETE"):
            found.add(stored.id)
    for key, entry in mine.items():
        written = entry.method == "PUT" or entry.is_new
        if key is not None and written and is_met(query, {**(entry.tree or {}), "id": key}):
            found.add(key)
    return found
