"""The definitions that ship are resources like any other: written at start, a version when new.

Profiles, extensions, operations, code systems and value sets of the project, and the catalogue's
items as a CodeSystem. So they are read, searched by address, included and have a history. They
belong to no institution: nobody changes them over FHIR. An id that somebody else took before is
left alone, and said in the log.
"""

import time
from collections.abc import Iterator

import structlog

from hie.access.policy import Restriction
from hie.exchange.hub import Hub
from hie.fhir import Resource
from hie.fhir.shipped_profiles import shipped_definitions
from hie.store import resources
from hie.store.locks import hold
from hie.store.resources import Put
from hie.store.session import Reader
from hie.store.value_sets import item_names
from hie.store.versions import read_many
from hie.terminology.code_system import CodeSystem
from hie.terminology.shipped import item_system, own_terminology

SHIPPED = "shipped:hie"  # what stands beside a version that the hub itself wrote
_log = structlog.get_logger(__name__)


async def publish_definitions(hub: Hub) -> int:
    """Write what is new of the shipped definitions; how many versions that made."""
    every = [*shipped_definitions(), *own_terminology(), items(item_system(item_names()))]
    async with hub.db.reading() as reader:
        if not await _differing(reader, every):
            return 0
    async with hub.db.unit() as unit:
        await hold(unit, ["shipped definitions"])
        different = await _differing(unit, every)
        puts = [Put(one["resourceType"], "", one["id"], one, SHIPPED) for one in different]
        await resources.put(unit, puts, now_us=time.time_ns() // 1000)
    return len(puts)


def items(system: CodeSystem) -> Resource:
    """The catalogue's items and imaging classes as a CodeSystem."""
    return {
        "resourceType": "CodeSystem",
        "id": "item",
        "url": system.url,
        "name": "Item",
        "title": "Items that can be recognised",
        "status": "active",
        "publisher": "hie",
        "caseSensitive": True,
        "valueSet": "https://hie.example/fhir/ValueSet/item",
        "content": "complete",
        "count": len(system.concepts),
        "concept": [
            {
                "code": one.code,
                "display": one.names["en"],
                "designation": [{"language": "zh", "value": one.names["zh"]}],
            }
            for one in system.concepts.values()
        ],
    }


async def _differing(reader: Reader, every: list[Resource]) -> list[Resource]:
    """Those that are not here as they ship, and whose ids nobody else has."""
    found: list[Resource] = []
    for kind in sorted({one["resourceType"] for one in every}):
        own = {one["id"]: one for one in every if one["resourceType"] == kind}
        stood = await read_many(reader, kind, own, Restriction())
        for key, one in own.items():
            if key not in stood:
                found.append(one)
            elif stood[key].message != SHIPPED:
                _log.warning("definition-not-published", kind=kind, id=key, why="another's")
            elif dict(_plain(stood[key].resource())) != one:
                found.append(one)
    return found


def _plain(tree: Resource) -> Iterator[tuple[str, object]]:
    """A stored one without what the store adds."""
    for name, value in tree.items():
        if name != "meta":
            yield name, value
