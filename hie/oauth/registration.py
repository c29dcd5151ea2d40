"""Registering the systems that may call, an operator's act: there is no open registration.

Every fault of a registration is named at once, none repeats what was sent. What changes a client is
recorded in the unit of work that changes it; under dual control (`dual_control`) what permits more
waits for another operator.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from hie.access.actor import Actor, Purpose
from hie.access.compact import encode_segment
from hie.access.keys import VerificationKey
from hie.access.mint import Grant
from hie.access.profile import AudPolicy
from hie.access.reason import Reason
from hie.access.scopes import check_client_scopes, covered
from hie.access.widening import State
from hie.audit.event import Action, Event, EventType
from hie.errors import Conflict, Fault, NotPermitted, ResourceNotFound, UnprocessableRequest
from hie.oauth.client_changes import aud_faults, change_client, purpose_faults
from hie.oauth.client_keys import KeyOffer, read_offer
from hie.oauth.dual_control import Change, settle
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import CLIENT_ID, DPOP, KnownClient
from hie.oauth.networks import network_faults, read_network
from hie.oauth.registered import ACTIVE, SUSPENDED, Kind, client_state
from hie.oauth.token_answer import token_answer
from hie.recognition.credit_code import is_credit_code
from hie.store import clients
from hie.store.tables import TABLES

NAME = re.compile(r"[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]{0,100}")
_ISSUER = re.compile(r"https://[\x21-\x7e]{1,250}")


@dataclass(frozen=True, slots=True)
class Registration:
    """What an operator asks for.

    `key` is a JWKS, a JWK, `{"pem": text}`, or `{"jwks_uri": address}` where they are published.
    `cds_issuer` is what the client calls itself (`iss`) as a CDS Hooks client. `sender` binds its
    tokens: `dpop`, or the certificate it must show (PEM). `networks`: the only ones it calls from.
    `aud_policy`: what its assertions are made for.
    """

    client: str
    institution: str
    key: object
    scopes: Sequence[str]
    purposes: Sequence[str] = (Purpose.TREATMENT,)
    name: str = ""
    cds_issuer: str | None = None
    sender: str | None = None
    networks: Sequence[str] = ()
    aud_policy: str = AudPolicy.EITHER


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a change: made, or waiting as the proposal of this id; the keys it names."""

    proposal: str | None
    keys: tuple[VerificationKey, ...] = ()


async def add_client(entrance: Entrance, actor: Actor, asked: Registration) -> Settled:
    """Register a client, or propose to.

    Raises UnprocessableRequest naming every fault, Conflict when id or CDS issuer are taken.
    """
    faults = [*_faults(asked), *network_faults(asked.networks)]
    offer = KeyOffer(())
    try:
        offer = await read_offer(entrance, actor, asked.key)
    except UnprocessableRequest as error:
        faults.extend(error.faults)
    if faults:
        raise UnprocessableRequest("the client cannot be registered", tuple(faults))
    if asked.cds_issuer is not None and await entrance.clients.of_cds_issuer(asked.cds_issuer):
        raise Conflict("the CDS issuer is that of another client")
    state = client_state(
        institution=asked.institution,
        name=asked.name,
        keys=offer.jwks()["keys"],
        jwks_uri=offer.address,
        scopes=sorted(set(asked.scopes)),
        purposes=list(dict.fromkeys(str(one) for one in asked.purposes)),
        networks=sorted({str(read_network(one)) for one in asked.networks}),
        cds_issuer=asked.cds_issuer,
        sender=_sender(asked.sender),
        aud_policy=str(asked.aud_policy),
        app=None,
    )
    return Settled(await register(entrance, actor, asked.client, state, offer), offer.keys)


async def register(
    entrance: Entrance, actor: Actor, client: str, state: State, offer: KeyOffer, what: str = "add"
) -> str | None:
    """Register a client of this state; the proposal, when that waits. Raises Conflict."""

    def then(before: State | None) -> State:
        if before is not None:
            raise Conflict(f"client {client!r} is registered already")
        return state

    change = Change(Kind.CLIENT, client, f"{what} {client}", Action.CREATE, then, offer)
    return await settle(entrance, actor, change)


async def set_client_key(entrance: Entrance, actor: Actor, client: str, key: object) -> Settled:
    """Give a client other keys, or another address of its keys; the former count no more.

    Raises UnprocessableRequest naming every fault, ResourceNotFound.
    """
    offer = await read_offer(entrance, actor, key)
    items = {"keys": offer.jwks()["keys"], "jwks_uri": offer.address}
    what = f"key {client}"
    proposal = await change_client(entrance, actor, client, what, lambda _: items, offer)
    return Settled(proposal, offer.keys)


async def set_client_active(
    entrance: Entrance, actor: Actor, client: str, *, active: bool
) -> str | None:
    """Suspend a client, or let it call again; the proposal, when that waits.

    Raises ResourceNotFound.
    """
    status = ACTIVE if active else SUSPENDED
    items = {"status": status}
    return await change_client(entrance, actor, client, f"{status} {client}", lambda _: items)


async def list_clients(entrance: Entrance) -> list[clients.Client]:
    """All clients by id."""
    async with entrance.db.reading() as reader:
        return await clients.everyone(reader)


async def operator_token(
    entrance: Entrance, actor: Actor, client: str, scopes: Sequence[str] | None = None
) -> dict[str, object]:
    """A token for a client's first call, asked for by an operator and recorded as theirs.

    The answer is that of the token door. Raises ResourceNotFound, Conflict (suspended, an
    app), and NotPermitted for scopes that the client does not have.
    """
    entrance.clients.forget(client)
    known = await entrance.clients.find(client)
    if known is None:
        raise ResourceNotFound(f"no client {client!r}")
    if not known.active:
        raise Conflict(f"client {client!r} is suspended")
    if known.app is not None:
        raise Conflict(f"{client!r} is an app: its tokens are for who signed in")
    if known.sender is not None:
        raise Conflict(f"tokens of {client!r} are bound to what it alone has")
    held = tuple(one for one in known.scopes if one.startswith(("system/", "hie/")))
    wanted = tuple(scopes) if scopes else held
    if not wanted or not covered(wanted, held):
        fault = Fault("scopes", Reason.SCOPE, "registered for itself: " + " ".join(held))
        raise NotPermitted("the client does not have these scopes", (fault,))
    token_id = secrets.token_hex(16)
    event = Event(
        type=EventType.TOKEN_ISSUED,
        action=Action.CREATE,
        actor=replace(actor, token=token_id),
        detail=f"for {client}: {' '.join(wanted)}",
    )
    await entrance.ledger.record(event)
    grant = _grant(entrance, known, wanted)
    return token_answer(entrance, grant, token_id)


def _grant(entrance: Entrance, known: KnownClient, scopes: tuple[str, ...]) -> Grant:
    return Grant(
        issuer=entrance.issuer,
        audience=entrance.audience,
        client=known.id,
        institution=known.institution,
        purpose=known.purposes[0],
        scopes=scopes,
    )


def _faults(asked: Registration) -> list[Fault]:
    faults = check_client_scopes(asked.scopes, frozenset(TABLES) | {"AuditEvent"})
    if CLIENT_ID.fullmatch(asked.client) is None:
        expected = "1 to 64 of a-z 0-9 . -, beginning and ending with a letter or digit"
        faults.append(Fault("client", "client-format", expected))
    if not is_credit_code(asked.institution):
        expected = "a unified social credit code (GB 32100)"
        faults.append(Fault("institution", "invalid-code", expected))
    if NAME.fullmatch(asked.name) is None:
        faults.append(Fault("name", "name-format", "at most 100 characters, no control characters"))
    if asked.cds_issuer is not None and _ISSUER.fullmatch(asked.cds_issuer) is None:
        faults.append(
            Fault("cds_issuer", "issuer-format", "the iss of its tokens, an https address")
        )
    try:
        _sender(asked.sender)
    except ValueError:
        faults.append(Fault("sender", "certificate-format", "dpop, or a certificate (PEM)"))
    return [*faults, *purpose_faults(asked.purposes), *aud_faults(asked.aud_policy)]


def _sender(asked: str | None) -> str | None:
    """What a client's tokens are bound to, as it is kept. Raises ValueError."""
    if asked is None or asked == DPOP:
        return asked
    found = load_pem_x509_certificate(asked.encode("utf-8"))
    return encode_segment(found.fingerprint(SHA256()))
