"""A site's local codes: listed, proposed by exact name, approved by a person, processed again."""

import time
from typing import Any

from hie.access.actor import Actor
from hie.access.scopes import Door
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.messages import processed
from hie.exchange.own_sites import own_site
from hie.exchange.process import drain
from hie.store import code_maps, ledger, messages
from hie.store.code_maps import CodeMap, MapState
from hie.terminology.concept_map import MapRow, concept_map, names_of, propose, read_maps

_DECIDED = frozenset({MapState.APPROVED, MapState.REJECTED})  # by a person


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site, state} -> {codes: [...]}, the most frequent first."""
    site = await _site(hub, actor, arguments)
    async with hub.db.reading() as reader:
        return {
            "codes": [
                _told(one) for one in await code_maps.find(reader, site, arguments.get("state"))
            ]
        }


async def suggest_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site} -> {codes: those that now have a proposal}; results map unconfirmed until approved."""
    site = await _site(hub, actor, arguments)
    now_us = time.time_ns() // 1000
    changed: list[tuple[str, str]] = []
    known = names_of(hub.item_units.values())
    async with hub.db.unit() as unit:
        for one in await code_maps.find(unit, site, "unmapped"):
            item = propose((one.name, one.code), known)
            if item is not None:
                await code_maps.decide(
                    unit,
                    site,
                    one.system,
                    one.code,
                    state=MapState.PROPOSED,
                    item=item,
                    by="exact-name",
                    now_us=now_us,
                )
                changed.append((one.system, one.code))
        await _again(hub, unit, actor, site, changed, now_us)
    await drain(hub)
    async with hub.db.reading() as reader:
        found = await code_maps.find(reader, site, "proposed")
    return {"codes": [_told(one) for one in found]}


async def review_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site, codes, approve, item, no_item, system, version, wait} -> {changed, messages}.

    `no_item`, approved: a person knows what the code means, and it is no item of the catalogue.
    `version`: of the map that was looked at; Conflict when it was decided meanwhile. `wait`: leave
    what is processed again to the workers, and wait so many seconds for it at most.
    """
    site = await _site(hub, actor, arguments)
    item, no_item = arguments.get("item"), bool(arguments.get("no_item"))
    if item is not None and item not in hub.item_units:
        raise UnprocessableRequest(
            "no map was changed", (Fault("item", "unknown-item", "an item of the catalogue"),)
        )
    approve = bool(arguments["approve"])
    if no_item and (item is not None or not approve):
        fault = Fault("no_item", "contradiction", "--approve without --item")
        raise UnprocessableRequest("no map was changed", (fault,))
    system, version = str(arguments.get("system") or ""), arguments.get("version")
    now_us = time.time_ns() // 1000
    changed: list[tuple[str, str]] = []
    async with hub.db.unit() as unit:
        for code in arguments["codes"]:
            known = await _known(unit, site, system, str(code))
            chosen = (item or known.item) if approve and not no_item else None
            if approve and chosen is None and not no_item:
                expected = "--item ITEM, or --no-item"
                raise UnprocessableRequest(
                    "no map was changed", (Fault(f"codes.{code}", "no-item", expected),)
                )
            if await code_maps.decide(
                unit,
                site,
                known.system,
                known.code,
                state=MapState.APPROVED if approve else MapState.REJECTED,
                item=chosen,
                by=actor.subject,
                now_us=now_us,
                version=None if version is None else int(version),
            ):
                changed.append((known.system, known.code))
        again = await _again(hub, unit, actor, site, changed, now_us)
    await processed(hub, again, arguments.get("wait"))
    return {"changed": len(changed), "messages": len(again)}


async def import_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site, name, content, approve} -> {changed, messages}; all or nothing.

    Without `approve` the rows are proposals: what a person decided stays as it is, and a row
    without an item proposes nothing; with it, that row says that the code is known and no item.
    """
    site = await _site(hub, actor, arguments)
    rows = read_maps(str(arguments["name"]), str(arguments["content"]), hub.item_units)
    approve = bool(arguments.get("approve"))
    state = MapState.APPROVED if approve else MapState.PROPOSED
    now_us = time.time_ns() // 1000
    changed: list[tuple[str, str]] = []
    async with hub.db.unit() as unit:
        known = await code_maps.maps_of(unit, site)
        for row in rows:
            before = known.get((row.system, row.code))
            if not approve and (row.item is None or (before and before.state in _DECIDED)):
                continue
            if await code_maps.decide(
                unit,
                site,
                row.system,
                row.code,
                state=state,
                item=row.item,
                by=actor.subject,
                now_us=now_us,
                loinc=row.loinc,
            ):
                changed.append((row.system, row.code))
        again = await _again(hub, unit, actor, site, changed, now_us)
    await drain(hub)
    return {"changed": len(changed), "messages": len(again)}


async def export_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site} -> {concept_map: a FHIR ConceptMap of the approved maps}."""
    site = await _site(hub, actor, arguments)
    async with hub.db.reading() as reader:
        found = await code_maps.find(reader, site, "approved")
    items = hub.catalogue.items
    entries = [
        (MapRow(one.system, one.code, one.name, one.item, one.loinc), items[one.item].en)
        for one in found
        if one.item is not None and one.item in items
    ]
    return {"concept_map": concept_map(site, entries)}


async def _site(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> str:
    """The site asked about, of the actor's own institution. Raises ResourceNotFound."""
    site = str(arguments["site"])
    await own_site(hub, actor, Door.MAPS, site)
    return site


async def _known(unit: Any, site: str, system: str, code: str) -> CodeMap:
    """The row of a code; its system may be left out when only one system has the code."""
    if not system:
        found = [one for one in await code_maps.find(unit, site) if one.code == code]
        if len(found) == 1:
            return found[0]
    return await code_maps.get(unit, site, system, code)


async def _again(
    hub: Hub, unit: Any, actor: Actor, site: str, changed: list[tuple[str, str]], now_us: int
) -> list[str]:
    """Have the messages processed again that carry a code whose map changed; which those are."""
    if not changed:
        return []
    found = await code_maps.messages_with(unit, site, changed)
    if found:
        await messages.again(unit, found, now_us)
    detail = f"{len(changed)} maps of {site}"
    await ledger.append(unit, Event(EventType.MAP_CHANGE, Action.UPDATE, actor, detail=detail))
    hub.wake.set()
    return found


def _told(one: CodeMap) -> dict[str, Any]:
    return {
        "system": one.system,
        "code": one.code,
        "name": one.name,
        "unit": one.unit,
        "count": one.count,
        "item": one.item,
        "state": str(one.state),
        "by": one.by,
        "version": one.version,
    }
