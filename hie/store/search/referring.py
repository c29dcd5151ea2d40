"""Across references: what matches lead to, and what leads to them; always through `visible`.

FHIR R4 search.html#include, #revinclude, #has. References have no index of their own: what leads to
a patient's resource is looked for among the same patient's rows, at most `MOST_EVALUATED` of one
type; anything wider is refused as too costly.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from hie.access.policy import Restriction
from hie.errors import TooCostly
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.fhir.search.definitions import Parameter
from hie.fhir.search.elements import elements
from hie.store.search.registry import MOST_EVALUATED, PARAMETERS
from hie.store.served import FOUND, Stored
from hie.store.served import found as read_row
from hie.store.session import Reader
from hie.store.tables import HOMELESS
from hie.store.versions import read_many
from hie.store.visible import visible

Ref = tuple[str, str]  # type, id


def leads_to(tree: Resource, parameter: Parameter, target: str = "") -> set[Ref]:
    """The served resources a parameter of this resource leads to; `target` narrows the type."""
    found: set[Ref] = set()
    for _, element in elements(tree, parameter.paths):
        one = referenced(element) if isinstance(element, dict) else None
        if one is None or "://" in str(element.get("reference")) or one[0] not in PARAMETERS:
            continue
        if target in ("", one[0]) and (not parameter.targets or one[0] in parameter.targets):
            found.add(one)
    return found


async def fetch(reader: Reader, refs: Iterable[Ref], restriction: Restriction) -> dict[Ref, Stored]:
    """The current versions that may be seen; the others are simply not there."""
    by_type: dict[str, list[str]] = defaultdict(list)
    for kind, key in refs:
        by_type[kind].append(key)
    found: dict[Ref, Stored] = {}
    for kind, keys in sorted(by_type.items()):
        for key, one in (await read_many(reader, kind, sorted(keys), restriction)).items():
            found[kind, key] = one
    return found


async def referring(
    reader: Reader,
    kind: str,
    parameter: Parameter,
    to: Mapping[Ref, str],
    restriction: Restriction,
) -> list[tuple[Stored, set[Ref]]]:
    """Resources of a type whose parameter leads to any of `to` (reference -> home), with which.

    Raises TooCostly when there are more rows than are looked at.
    """
    homes = sorted(set(to.values()))
    if kind not in HOMELESS and "" in homes:
        raise TooCostly(f"{kind}:{parameter.name}: what leads to a shared resource is not indexed")
    found = []
    for one in await _rows_of(reader, kind, homes, restriction):
        led = leads_to(one.resource(), parameter) & to.keys()
        if led:
            found.append((one, led))
    return found


async def _rows_of(
    reader: Reader, kind: str, homes: Sequence[str], restriction: Restriction
) -> list[Stored]:
    seen = visible(reader, kind, restriction, homes=None if kind in HOMELESS else homes)
    rows = await reader.fetch(
        f"SELECT {FOUND} FROM {seen.sql} AS v ORDER BY v.id LIMIT {MOST_EVALUATED + 1}",  # noqa: S608
        *seen.args,
    )
    if len(rows) > MOST_EVALUATED:
        raise TooCostly(f"{kind}: more than {MOST_EVALUATED} to look at")
    return [read_row(reader.db, kind, row) for row in rows]
