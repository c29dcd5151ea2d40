"""The local codes of an institution's sites that wait for a person, and what each may stand for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.scopes import Door
from hie.canonical.laboratory import UNMAPPED
from hie.exchange import maps
from hie.exchange.held_causes import Group
from hie.exchange.hub import Hub
from hie.exchange.own_sites import own_sites
from hie.store import message_issues
from hie.store.code_maps import MapState
from hie.terminology.concept_map import names_of, propose
from hie.terminology.units import read_unit

_MOST = 2000  # held messages whose codes are counted
_UNDECIDED = frozenset({MapState.UNMAPPED, MapState.PROPOSED})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A code without an approved map; `item` is what it may stand for, by its exact name.

    `held`: how many messages it holds; none where a LOINC code beside it says what it is.
    `unit_fits`: whether its results come in a unit of that item; None where nothing can be said.
    `version` is that of the map, for whoever decides on it.
    """

    site: str
    system: str
    code: str
    name: str
    unit: str | None
    count: int
    held: int
    version: int
    item: str | None
    unit_fits: bool | None


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes that wait, those that hold most first.

    `covered`: the share of all results met whose code holds nothing; None before the first.
    """

    waiting: tuple[Waiting, ...]
    covered: float | None


async def codes(hub: Hub, actor: Actor, held: Sequence[Group]) -> Codes:
    """The codes of the actor's own sites, with what is held. Raises NotPermitted."""
    found: list[Waiting] = []
    met = 0
    holds = await _holding(hub, held)
    known = names_of(hub.item_units.values())
    for site in await own_sites(hub, actor, Door.MAPS):
        told = await maps.list_command(hub, actor, {"site": site})
        for one in told["codes"]:
            met += one["count"]
            if one["state"] in _UNDECIDED:
                found.append(_waiting(hub, site, one, holds[site, one["code"]], known))
    found.sort(key=lambda one: (-one.held, -one.count, one.site, one.system, one.code))
    unknown = sum(one.count for one in found if one.held)
    return Codes(tuple(found), 1 - unknown / met if met else None)


async def _holding(hub: Hub, held: Sequence[Group]) -> Counter[tuple[str, str]]:
    """How many of these messages each code holds, by site and code."""
    site_of = {
        message: one.cause.site
        for one in held
        if one.cause.code == UNMAPPED
        for message in one.messages
    }
    async with hub.db.reading() as reader:
        said = await message_issues.found_by(reader, list(site_of)[:_MOST], UNMAPPED)
    return Counter((site_of[message], code) for message, code in dict.fromkeys(said))


def _waiting(
    hub: Hub,
    site: str,
    row: dict[str, str | int | None],
    held: int,
    known: Mapping[str, frozenset[str]],
) -> Waiting:
    name, code, unit = str(row["name"]), str(row["code"]), row["unit"]
    chosen = row["item"] or propose((name, code), known)
    item = hub.item_units.get(str(chosen)) if chosen else None
    fits = None
    if item is not None and unit and item.ucum_unit:
        fits = read_unit(str(unit), item) is not None
    return Waiting(
        site=site,
        system=str(row["system"]),
        code=code,
        name=name,
        unit=None if unit is None else str(unit),
        count=int(row["count"] or 0),
        held=held,
        version=int(row["version"] or 0),
        item=None if item is None else item.key,
        unit_fits=fits,
    )
