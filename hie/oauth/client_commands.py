"""`hie client` as commands: plain JSON arguments in, a plain JSON answer out.

An answer with a `proposal` says that the change waits for another operator.
"""

from collections.abc import Mapping
from typing import Any

from hie.access.actor import Actor
from hie.access.profile import AudPolicy
from hie.fhir.elements import instant
from hie.oauth.approving import Waiting, approve, reject, waiting
from hie.oauth.arguments import text, texts, waits
from hie.oauth.client_changes import set_client_bounds, set_client_networks
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import DPOP
from hie.oauth.registration import (
    Registration,
    Settled,
    add_client,
    list_clients,
    operator_token,
    set_client_active,
    set_client_key,
)

Answer = dict[str, Any]


async def client_add(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{client, institution, key, scopes, name?, purposes?, networks?, …} -> {kids, proposal?, …}.

    `key` is a JWKS, a JWK, {"pem": text} or {"jwks_uri": address}; `sender` dpop or a certificate.
    """
    asked = Registration(
        client=text(arguments, "client"),
        institution=text(arguments, "institution"),
        key=arguments.get("key"),
        scopes=texts(arguments, "scopes") or [],
        purposes=texts(arguments, "purposes") or ["TREAT"],
        name=text(arguments, "name", ""),
        cds_issuer=text(arguments, "cds_issuer", "") or None,
        sender=text(arguments, "sender", "") or None,
        networks=texts(arguments, "networks") or (),
        aud_policy=text(arguments, "aud_policy", AudPolicy.EITHER),
    )
    return _settled(asked.client, await add_client(entrance, actor, asked))


async def client_key(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{client, key} -> {client, kids, proposal?}: other keys, the former count no more."""
    client = text(arguments, "client")
    return _settled(client, await set_client_key(entrance, actor, client, arguments.get("key")))


async def client_change(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{client, scopes?, purposes?, aud_policy?} -> {client, proposal?}: what is not said stays."""
    client = text(arguments, "client")
    said = arguments.get("aud_policy")
    proposal = await set_client_bounds(
        entrance,
        actor,
        client,
        scopes=texts(arguments, "scopes"),
        purposes=texts(arguments, "purposes"),
        aud_policy=None if said is None else text(arguments, "aud_policy"),
    )
    return {"client": client, **waits(proposal)}


async def client_networks(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{client, networks} -> {client, networks, proposal?}: the only ones it calls from; []: any."""
    client, given = text(arguments, "client"), texts(arguments, "networks") or []
    networks, proposal = await set_client_networks(entrance, actor, client, given)
    return {"client": client, "networks": networks, **waits(proposal)}


async def client_list(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{} -> {clients: [{client, name, institution, scopes, purposes, status, …}], waiting: […]}.

    `keys` is the address they are read at, "" where the hub holds them; `bound` what tokens are to.
    `waiting`: what another operator has to approve, of clients, apps and agreements.
    """
    return {
        "clients": [
            {
                "client": row.id,
                "name": row.name,
                "institution": row.institution,
                "scopes": " ".join(row.scopes),
                "purposes": " ".join(row.purposes),
                "status": row.status,
                "keys": row.jwks_uri or "",
                "bound": row.sender if row.sender in (None, DPOP) else "certificate",
                "aud_policy": row.aud_policy,
            }
            for row in await list_clients(entrance)
        ],
        "waiting": [_shown(one) for one in await waiting(entrance)],
    }


async def client_approve(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{proposal} -> {proposal, subject, what, state}."""
    found = await approve(entrance, actor, text(arguments, "proposal"))
    return {**_named(found.id, found.subject, found.what), "state": "approved"}


async def client_reject(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{proposal} -> {proposal, subject, what, state}."""
    found = await reject(entrance, actor, text(arguments, "proposal"))
    return {**_named(found.id, found.subject, found.what), "state": "rejected"}


async def client_suspend(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{client} -> {client, status}."""
    client = text(arguments, "client")
    await set_client_active(entrance, actor, client, active=False)
    return {"client": client, "status": "suspended"}


async def client_resume(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{client} -> {client, status, proposal?}; suspended still while it waits."""
    client = text(arguments, "client")
    proposal = await set_client_active(entrance, actor, client, active=True)
    status = "active" if proposal is None else "suspended"
    return {"client": client, "status": status, **waits(proposal)}


async def client_token(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> Answer:
    """{client, scopes?} -> {access_token, token_type, expires_in, scope}."""
    client, scopes = text(arguments, "client"), texts(arguments, "scopes")
    return await operator_token(entrance, actor, client, scopes)


def _settled(client: str, settled: Settled) -> Answer:
    kids = [key.kid for key in settled.keys]
    return {"client": client, "kids": kids, **waits(settled.proposal)}


def _named(proposal: str, subject: str, what: str) -> Answer:
    return {"proposal": proposal, "subject": subject, "what": what}


def _shown(one: Waiting) -> Answer:
    found = one.proposal
    return {
        **_named(found.id, found.subject, found.what),
        "proposed_by": found.proposed_by,
        "proposed": instant(found.proposed_us).isoformat(timespec="seconds"),
        "expires": instant(found.expires_us).isoformat(timespec="seconds"),
        "is_current": one.is_current,
        "changes": one.changes,
    }


COMMANDS = {
    "client-add": client_add,
    "client-key": client_key,
    "client-change": client_change,
    "client-networks": client_networks,
    "client-list": client_list,
    "client-approve": client_approve,
    "client-reject": client_reject,
    "client-suspend": client_suspend,
    "client-resume": client_resume,
    "client-token": client_token,
}
