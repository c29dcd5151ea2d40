"""Sites: the sending systems the hub knows, each with an adapter and a checked profile."""

import re
import time
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from datetime import time as time_of_day
from typing import Any
from weakref import WeakKeyDictionary

import jsonschema_rs

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.imaging_profile import network_faults
from hie.recognition.credit_code import is_credit_code
from hie.store import ledger
from hie.store import sites as store
from hie.store.database import Database
from hie.store.instants import written
from hie.store.session import Unit
from hie.store.sites import KnownSite

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")
_LOOK_EVERY = 1.0  # seconds between two looks for another process's change


_held: WeakKeyDictionary[Database, tuple[float, Mapping[str, KnownSite]]] = WeakKeyDictionary()


async def find(hub: Hub, name: str) -> KnownSite | None:
    """The site of this name, or None; at most a second behind another process's change."""
    return (await all_sites(hub)).get(name)


async def all_sites(hub: Hub) -> Mapping[str, KnownSite]:
    """Every site by its name."""
    held = _held.get(hub.db)
    now = time.monotonic()
    if held is None or now - held[0] > _LOOK_EVERY:
        async with hub.db.reading() as reader:
            held = (now, {one.site.id: one for one in await store.every(reader)})
        _held[hub.db] = held
    return held[1]


async def add_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site, institution, adapter, profile (TOML)} -> {site, change: added | changed}."""
    site, institution = str(arguments["site"]), str(arguments["institution"])
    adapter, profile = str(arguments["adapter"]), str(arguments.get("profile") or "")
    faults = []
    if not _NAME.match(site):
        faults.append(Fault("site", "invalid-name", "a-z, 0-9 and '-', at most 64"))
    if not is_credit_code(institution):
        faults.append(Fault("institution", "invalid-code", "a unified social credit code"))
    if adapter not in hub.adapters:
        faults.append(Fault("adapter", "unknown-adapter", ", ".join(sorted(hub.adapters))))
    else:
        faults += _profile_faults(profile, hub.adapters[adapter].profile_schema)
    if faults:
        raise UnprocessableRequest("the site was not added", tuple(faults))
    now_us = time.time_ns() // 1000
    async with hub.db.unit() as unit:
        made = await store.put(
            unit,
            site=site,
            institution=institution,
            adapter=adapter,
            profile=profile,
            now_us=now_us,
        )
        await _record(unit, actor, f"site {site}", made=made)
    _held.pop(hub.db, None)
    return {"site": site, "change": "added" if made else "changed"}


def _profile_faults(profile: str, schema: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with a profile: as TOML (with its line), or by the adapter's schema."""
    try:
        tree = tomllib.loads(profile)
    except tomllib.TOMLDecodeError as problem:
        return [Fault("profile", "not-toml", f"TOML; {problem}")]
    except (ValueError, RecursionError):  # a number of thousands of digits; lists without end
        return [Fault("profile", "not-toml", "TOML with numbers and lists of a sensible size")]
    dates = [
        Fault(path, "profile-invalid", "a text in quotes, no TOML date")
        for path in _dates(tree, "profile")
    ]
    if dates:
        return dates  # JSON Schema knows no dates: nothing else can be said before they are gone
    validator = jsonschema_rs.Draft202012Validator(dict(schema))
    found = [
        Fault(
            ".".join(["profile", *(str(step) for step in error.instance_path)]),
            "profile-invalid",
            f"as docs/site-profile.md says; {error.message}",
        )
        for error in validator.iter_errors(tree)
    ]
    return found or network_faults(tree)


def _dates(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, date | time_of_day):  # a datetime is a date
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _dates(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _dates(inner, f"{path}.{place}")


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{} -> {sites: [...]}."""
    async with hub.db.reading() as reader:
        rows = await store.every(reader)
    return {
        "sites": [
            {
                "site": one.site.id,
                "institution": one.site.institution,
                "adapter": one.site.adapter,
                "enabled": one.enabled,
                "updated": written(one.updated_us),
            }
            for one in rows
        ]
    }


async def enable_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site} -> {site, enabled}."""
    return await _switch(hub, actor, str(arguments["site"]), enabled=True)


async def disable_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site} -> {site, enabled}."""
    return await _switch(hub, actor, str(arguments["site"]), enabled=False)


async def _switch(hub: Hub, actor: Actor, site: str, *, enabled: bool) -> dict[str, Any]:
    async with hub.db.unit() as unit:
        await store.enable(unit, site, enabled, time.time_ns() // 1000)
        await _record(unit, actor, f"site {site} {'enabled' if enabled else 'disabled'}")
    _held.pop(hub.db, None)
    return {"site": site, "enabled": enabled}


async def _record(unit: Unit, actor: Actor, detail: str, *, made: bool = False) -> None:
    action = Action.CREATE if made else Action.UPDATE
    await ledger.append(unit, Event(EventType.SITE_CHANGE, action, actor, detail=detail))
