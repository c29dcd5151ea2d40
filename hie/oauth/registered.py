"""What is registered of a client, or agreed with an institution, as plain JSON: read and written.

A proposal keeps both what it was made on and what it would make of it in this form; `access.
widening` compares two of them. The keys last fetched from an address are no part of it.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from hie.access.agreement import CLEARANCES, LETTERS, STANDARD, Agreement
from hie.access.widening import State
from hie.oauth.client_keys import KeyOffer
from hie.store import agreements, apps, client_networks, clients
from hie.store.session import Reader, Unit

SUSPENDED, ACTIVE = "suspended", "active"


class Kind(StrEnum):
    """What an operator changes under dual control."""

    CLIENT = "client"
    AGREEMENT = "agreement"


async def read_client(reader: Reader, client: str) -> State | None:
    """A client as it is registered, an app with what makes it one; None: it is not."""
    row = await clients.find(reader, client)
    if row is None:
        return None
    app = await apps.find(reader, client)
    networks = await client_networks.every(reader)
    return client_state(
        institution=row.institution,
        name=row.name,
        keys=json.loads(row.jwks)["keys"],
        jwks_uri=row.jwks_uri,
        scopes=list(row.scopes),
        purposes=list(row.purposes),
        networks=networks.get(client, []),
        cds_issuer=row.cds_issuer,
        sender=row.sender,
        aud_policy=row.aud_policy,
        app=None if app is None else app_state(app),
        status=row.status,
    )


def client_state(**items: Any) -> State:
    """A client's items, those of an app beside them, in the order in which they are shown."""
    app = items.pop("app") or {}
    status = items.pop("status", ACTIVE)
    return {**items, **app, "status": status}


def app_state(app: apps.App) -> State:
    """What an app has beside what every client has."""
    return {
        "app": app.kind,
        "redirect_uris": list(app.redirect_uris),
        "launch_url": app.launch_url,
        "everyone": app.everyone,
    }


async def write_client(
    unit: Unit, client: str, before: State | None, after: State, offer: KeyOffer, now_us: int
) -> None:
    """Register a client, or make it what it is to be; `offer` has what was read at an address.

    Raises Conflict where its id or its CDS issuer is taken.
    """
    then = dict(after)
    if before is None:
        await _add(unit, client, then, now_us)
    now = dict(before or {})
    if before is not None and _differ(now, then, "keys", "jwks_uri"):
        jwks = {"keys": then["keys"]}
        await clients.set_keys(unit, client, jwks, now_us, jwks_uri=then["jwks_uri"])
    if offer.text is not None or _differ(now, then, "keys", "jwks_uri"):
        await offer.keep(unit, client, now_us)
    if before is not None and _differ(now, then, "scopes", "purposes", "aud_policy"):
        bounds = {name: then[name] for name in ("scopes", "purposes", "aud_policy")}
        await clients.set_bounds(unit, client, now_us, **bounds)
    if _differ(now, then, "networks"):
        await client_networks.put(unit, client, then["networks"])
    if before is not None and _differ(now, then, "status"):
        await clients.set_status(unit, client, then["status"], now_us)


def _differ(now: Mapping[str, Any], then: Mapping[str, Any], *names: str) -> bool:
    return any(now.get(name) != then.get(name) for name in names)


async def _add(unit: Unit, client: str, items: Mapping[str, Any], now_us: int) -> None:
    await clients.add(
        unit,
        client=client,
        institution=items["institution"],
        name=items["name"],
        jwks={"keys": items["keys"]},
        scopes=items["scopes"],
        purposes=items["purposes"],
        now_us=now_us,
        jwks_uri=items["jwks_uri"],
        cds_issuer=items["cds_issuer"],
        sender=items["sender"],
        aud_policy=items["aud_policy"],
    )
    if items.get("app") is not None:
        await apps.add(
            unit,
            client=client,
            kind=items["app"],
            redirect_uris=items["redirect_uris"],
            launch_url=items["launch_url"],
            everyone=items["everyone"],
        )


async def read_agreement(reader: Reader, institution: str) -> State:
    """What an institution agreed on; the standard agreement where it has none of its own."""
    own = (await agreements.every(reader)).get(institution)
    return agreement_state(own or STANDARD, own=own is not None)


def agreement_state(agreed: Agreement, *, own: bool) -> State:
    """An agreement as plain JSON; `own` is False for the standard one. None is everything."""
    return {
        **asdict(agreed),
        "scopes": None if agreed.scopes is None else list(agreed.scopes),
        "purposes": None if agreed.purposes is None else sorted(agreed.purposes),
        "clearance": LETTERS[agreed.clearance],
        "own": own,
    }


async def write_agreement(unit: Unit, institution: str, after: State, now_us: int) -> None:
    """Keep an agreement, or give an institution the standard one again."""
    items = dict(after)
    if not items.pop("own"):
        await agreements.drop(unit, institution)
        return
    scopes, purposes = items.pop("scopes"), items.pop("purposes")
    agreed = Agreement(
        scopes=None if scopes is None else tuple(scopes),
        purposes=None if purposes is None else frozenset(purposes),
        clearance=CLEARANCES[items.pop("clearance")],
        **items,
    )
    await agreements.put(unit, institution, agreed, now_us)


READ: Mapping[str, Callable[[Reader, str], Awaitable[State | None]]] = {
    Kind.CLIENT: read_client,
    Kind.AGREEMENT: read_agreement,
}
