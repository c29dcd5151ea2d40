"""Definitions that were written over FHIR, found by their canonical address.

`url`, or `url|version`; of several the newest stands. The types are small ones that speak of no
person; the address has no index, so at most `MOST_EVALUATED` rows are looked through.
"""

import json
from collections.abc import Sequence

from hie.access.policy import Restriction
from hie.errors import TooCostly
from hie.fhir import Resource
from hie.store.search.registry import MOST_EVALUATED
from hie.store.served import STORED, Stored, stored
from hie.store.session import Reader
from hie.store.visible import visible


async def find_definition(
    reader: Reader, kind: str, url: str, restriction: Restriction
) -> Resource | None:
    """The definition of a type with this address; None when there is none to be seen.

    Raises TooCostly when more than 5,000 would have to be looked through.
    """
    return find_among(await stored_definitions(reader, kind, restriction), url)


def find_among(every: Sequence[Stored], url: str) -> Resource | None:
    """The first of several definitions that has this address."""
    bare, _, version = url.partition("|")
    needle = json.dumps(bare, ensure_ascii=False).encode()
    for one in every:
        if needle in one.body:
            tree = one.resource()
            if tree.get("url") == bare and version in ("", tree.get("version")):
                return tree
    return None


async def stored_definitions(reader: Reader, kind: str, restriction: Restriction) -> list[Stored]:
    """Every definition of a type that may be seen, the newest first. Raises TooCostly."""
    seen = visible(reader, kind, restriction)
    rows = await reader.fetch(
        f"SELECT {STORED} FROM {seen.sql} AS v"  # noqa: S608
        f" ORDER BY v.updated_us DESC, v.id LIMIT {MOST_EVALUATED + 1}",
        *seen.args,
    )
    if len(rows) > MOST_EVALUATED:
        raise TooCostly(f"more than {MOST_EVALUATED} of {kind} to look through")
    return [stored(reader.db, kind, row) for row in rows]
