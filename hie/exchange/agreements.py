"""What institutions have agreed on, and the networks their systems call from: an operator's act."""

import time
from typing import Any

from hie.access.actor import Actor, Purpose
from hie.access.agreement import CLEARANCES, STANDARD, Agreement, unknown_scopes
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.oauth.networks import network_faults, read_network
from hie.recognition.credit_code import is_credit_code
from hie.store import agreements as store
from hie.store import client_networks, clients, ledger

_SWITCHES = ("declares", "people_declare", "encounter")


async def put_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{institution, scopes?, purposes?, declares?, people_declare?, encounter?, clearance?} -> it.

    What is not said is as in the standard agreement; null scopes or purposes are all.
    """
    institution = str(arguments["institution"])
    scopes, purposes = arguments.get("scopes"), arguments.get("purposes")
    letter = str(arguments.get("clearance") or "N")
    faults = []
    if not is_credit_code(institution):
        faults.append(Fault("institution", "invalid-code", "a unified social credit code"))
    for scope in unknown_scopes(scopes or ()):
        place = list(scopes or ()).index(scope)
        faults.append(Fault(f"scopes[{place}]", "scope-format", "a scope of docs/access.md"))
    for place, purpose in enumerate(purposes or ()):
        if purpose not in set(Purpose):
            expected = ", ".join(sorted(Purpose))
            faults.append(Fault(f"purposes[{place}]", "purpose-unknown", expected))
    if letter not in CLEARANCES:
        faults.append(Fault("clearance", "clearance-unknown", ", ".join(CLEARANCES)))
    if faults:
        raise UnprocessableRequest("the agreement was not kept", tuple(faults))
    switches = {name: bool(arguments.get(name, getattr(STANDARD, name))) for name in _SWITCHES}
    agreed = Agreement(
        scopes=None if scopes is None else tuple(dict.fromkeys(scopes)),
        purposes=None if purposes is None else frozenset(purposes),
        clearance=CLEARANCES[letter],
        **switches,
    )
    async with hub.db.unit() as unit:
        await store.put(unit, institution, agreed, time.time_ns() // 1000)
        await ledger.append(unit, _event(actor, Action.UPDATE, f"agreement {institution}"))
    hub.entrance.agreements.forget()
    return _shown(institution, agreed)


async def drop_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{institution} -> {institution}: the standard agreement again. Raises ResourceNotFound."""
    institution = str(arguments["institution"])
    async with hub.db.unit() as unit:
        if not await store.drop(unit, institution):
            raise ResourceNotFound("no agreement of this institution")
        await ledger.append(unit, _event(actor, Action.DELETE, f"agreement {institution}"))
    hub.entrance.agreements.forget()
    return {"institution": institution}


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{} -> {agreements: [...]}, the standard one first."""
    async with hub.db.reading() as reader:
        every = await store.every(reader)
    shown = [_shown(institution, agreed) for institution, agreed in every.items()]
    return {"agreements": [_shown("*", STANDARD), *shown]}


async def networks_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{client, networks} -> {client, networks}: the only ones it may call from; []: any."""
    client, given = str(arguments["client"]), list(arguments["networks"])
    faults = network_faults(given)
    if faults:
        raise UnprocessableRequest("the networks were not kept", tuple(faults))
    networks = [str(read_network(one)) for one in given]
    async with hub.db.unit() as unit:
        if await clients.find(unit, client) is None:
            raise ResourceNotFound(f"no client {client!r}")
        await client_networks.put(unit, client, networks)
        detail = f"networks of {client}: {' '.join(networks) or 'any'}"
        event = Event(EventType.CLIENT_CHANGE, Action.UPDATE, actor, detail=detail)
        await ledger.append(unit, event)
    hub.entrance.networks.forget()
    return {"client": client, "networks": networks}


def _shown(institution: str, agreed: Agreement) -> dict[str, Any]:
    letters = {value: letter for letter, value in CLEARANCES.items()}
    return {
        "institution": institution,
        "scopes": None if agreed.scopes is None else " ".join(agreed.scopes),
        "purposes": None if agreed.purposes is None else " ".join(sorted(agreed.purposes)),
        **{name: getattr(agreed, name) for name in _SWITCHES},
        "clearance": letters[agreed.clearance],
    }


def _event(actor: Actor, action: Action, detail: str) -> Event:
    return Event(EventType.CLIENT_CHANGE, action, actor, detail=detail)
