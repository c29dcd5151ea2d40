"""ConceptMap/$translate: a code in another system (FHIR R4 conceptmap-operation-translate.html).

Asked are the hub's own maps (LOINC and the codes of the caller's sites to items, and back), and the
ConceptMaps that were written here: the one named, or all that are active.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request

from hie.access.policy import Restriction
from hie.api.operations.asked import Asked, refused
from hie.api.operations.terms import (
    codes_asked,
    operation,
    parameters_of,
    part,
    the_resource,
)
from hie.api.respond import hub_of
from hie.errors import Fault, ResourceNotFound
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.fhir import CANONICAL, ITEM, LOINC, Resource, local_code_system
from hie.fhir.elements import coding
from hie.fhir.profile import check
from hie.oauth.door import actor_in
from hie.store import code_maps
from hie.store.code_maps import MapState
from hie.store.definitions import find_definition, stored_definitions
from hie.store.value_sets import expansion_of
from hie.terminology.translation import NO_MATCH, Match, translated

OWN = f"{CANONICAL}/ConceptMap/item"


@operation(
    "ConceptMap", "url", "conceptMap", "conceptMapVersion", "code", "system", "coding",
    "codeableConcept", "target", "targetsystem", "reverse",
)  # fmt: skip
async def translate(request: Request, asked: Asked, sight: Restriction) -> Resource:
    """GET or POST /fhir/ConceptMap/$translate, also /{id}/$translate."""
    codes = codes_asked(asked)
    reverse = asked.truth("reverse")
    maps, is_own = await _maps(request, asked, sight)
    found: list[Match] = []
    for system, code in codes:
        if "code" in asked and system is None and not maps:
            raise refused("system", "required", "the code's system")
        if is_own:
            own = _item_to_codes if reverse else _code_to_item
            found += await own(request, system, code)
        for one in maps:
            found += translated(one, system, code, reverse=reverse)
    target = asked.text("targetsystem")
    kept = [one for one in dict.fromkeys(found) if target in (None, one.system)]
    kept = [one for one in kept if await _is_in(request, asked, sight, one.system, one.code)]
    is_known = any(one.equivalence not in NO_MATCH for one in kept)
    return parameters_of(
        part("result", "Boolean", is_known),
        None if is_known else part("message", "String", "no map says what this code is there"),
        *(_told(one) for one in kept),
    )


async def _maps(request: Request, asked: Asked, sight: Restriction) -> tuple[list[Resource], bool]:
    """The maps to ask, and whether the hub's own is one of them."""
    own, given = await the_resource(request, "ConceptMap", sight), asked.element("conceptMap")
    url, version = asked.text("url"), asked.text("conceptMapVersion")
    if sum(one is not None for one in (own, given, url)) > 1:
        raise refused("url", "invalid-value", "one map: by url, as conceptMap, or as /{id}")
    if given is not None:
        tree = dict(given)
        if tree.get("resourceType") != "ConceptMap" or check(tree):
            raise refused("conceptMap", "structure", "a ConceptMap that R4 accepts")
        return [tree], False
    if own is not None:
        return [own], False
    if url == OWN:
        return [], True
    async with hub_of(request).db.reading() as reader:
        if url is None:
            stored = await stored_definitions(reader, "ConceptMap", sight)
            every = (one.resource() for one in stored)
            return [one for one in every if one.get("status") == "active"], True
        named = f"{url}|{version}" if version else url
        found = await find_definition(reader, "ConceptMap", named, sight)
    if found is None:
        fault = Fault("url", "unknown-map", f"{OWN}, or one that was written here")
        raise ResourceNotFound(f"no concept map {url[:200]}", (fault,))
    return [found], False


async def _is_in(
    request: Request, asked: Asked, sight: Restriction, system: str | None, code: str
) -> bool:
    """Whether a code is in the value set `target`, if one is named."""
    url = asked.text("target")
    if url is None:
        return True
    async with hub_of(request).db.reading() as reader:
        return (await expansion_of(reader, url, sight)).has(system, code)


def _told(one: Match) -> Mapping[str, Any]:
    parts = [
        {"name": "equivalence", "valueCode": one.equivalence},
        {"name": "concept", "valueCoding": coding(one.system, one.code, one.display)},
    ]
    if one.source is not None:
        parts.append({"name": "source", "valueUri": one.source})
    return {"name": "match", "part": parts}


def _sure(*, confirmed: bool) -> str:
    return "equivalent" if confirmed else "relatedto"


def _item(hub: Hub, key: str, sure: str) -> Match:
    held = hub.catalogue.items.get(key) or hub.catalogue.classes.get(key)
    return Match(ITEM, key, sure, None if held is None else held.zh, OWN)


async def _code_to_item(request: Request, system: str | None, code: str) -> list[Match]:
    """The item of a LOINC code, or of a code of one of the caller's sites."""
    hub = hub_of(request)
    if system == LOINC:
        found = hub.loinc.get(code)
        return [] if found is None else [_item(hub, found[0], _sure(confirmed=found[1]))]
    return [
        _item(hub, one.item, _sure(confirmed=one.state == MapState.APPROVED))
        for local, named, one in await _of_sites(request)
        if named == code and local == system and one.item is not None
    ]


async def _item_to_codes(request: Request, system: str | None, code: str) -> list[Match]:
    """The LOINC codes of an item, and the caller's sites' own."""
    if system != ITEM:
        return []
    found = [
        Match(LOINC, loinc, _sure(confirmed=sure), None, OWN)
        for loinc, (item, sure) in sorted(hub_of(request).loinc.items())
        if item == code
    ]
    found += [
        Match(local, named, _sure(confirmed=one.state == MapState.APPROVED), None, OWN)
        for local, named, one in await _of_sites(request)
        if one.item == code
    ]
    return found


async def _of_sites(request: Request) -> Iterable[tuple[str, str, code_maps.CodeMap]]:
    """System, code and map of the codes of the sites the caller may know of."""
    hub, actor = hub_of(request), actor_in(request)
    found = []
    for name, site in (await sites.all_sites(hub)).items():
        if actor.institution not in (None, site.site.institution):
            continue
        async with hub.db.reading() as reader:
            maps = await code_maps.maps_of(reader, name)
        for (named, local), one in sorted(maps.items()):
            known = {*hub.catalogue.items, *hub.catalogue.classes}
            if one.item in known and one.state != MapState.REJECTED:
                found.append((local_code_system(name, named or None), local, one))
    return found
