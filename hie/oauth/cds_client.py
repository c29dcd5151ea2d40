"""A CDS Hooks client proves itself: one JWT for one call of one service (profile C).

The token is made for the exact URL of the service that is called, is used once, and is signed by a
key registered for this client; whose it is says `iss`, as it was registered. A `jku` in its header
counts only as the very address that was registered, and is never fetched because a token names it.
CDS Hooks 2.0, "Trusting CDS Clients". What is told of a card is told at an address below the
service's, and the specification does not say which of the two its token names: both are taken.
"""

from dataclasses import replace

from starlette.types import Scope

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.bearer import presented_token
from hie.access.compact import read_compact
from hie.access.profile import Profile
from hie.access.reason import Reason, reason_of, refused
from hie.access.token import Claims, Expected, verify
from hie.errors import Fault, NotAuthenticated, TooMany
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.client_proof import other_institution, spend
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient
from hie.oauth.limits import retry_after
from hie.oauth.refusals import stranger
from hie.oauth.sender import sender_of
from hie.oauth.token_request import TokenRefused

SERVICES = "/cds-services"
_BELOW = f"{SERVICES}/"
_FEEDBACK = "/feedback"


def is_call(path: str) -> bool:
    """Whether a path is that of a CDS service, at which nothing else opens than its own token."""
    return path.startswith(_BELOW)


async def caller_of_service(entrance: Entrance, scope: Scope) -> Actor:
    """The client that calls the CDS service of this request.

    Raises NotAuthenticated, TooMany, and Unavailable when its keys cannot be had.
    """
    shown = [value for name, value in scope["headers"] if name == b"authorization"]
    token, by_proof = presented_token(shown)
    if by_proof:
        raise refused(Reason.SCHEME)
    unknown = stranger(network_of(scope), request_id_of(scope))
    url = f"{entrance.address}{scope['path']}"
    actor = await authenticate_cds(entrance, token, url, unknown)
    client = await entrance.clients.find(actor.client)
    certificate = None if client is None else client.certificate
    if certificate is not None:
        sender = await sender_of(entrance, scope, None)
        if sender.certificate != certificate:
            raise refused(Reason.CNF)
    return actor


async def authenticate_cds(
    entrance: Entrance, token: str, service_url: str, caller: Actor
) -> Actor:
    """The client behind one call of a CDS service; `caller` is the stranger it was until now.

    Raises NotAuthenticated, TooMany, and Unavailable when its keys cannot be had.
    """
    apart = read_compact(token)
    issuer = apart.payload.get("iss")
    client = await entrance.clients.of_cds_issuer(issuer) if isinstance(issuer, str) else None
    if client is None or client.cds_issuer is None:
        raise refused(Reason.STATUS)
    kid = apart.header.get("kid")
    keys = await entrance.clients.keys_of(client, kid)
    expected = Expected(client.cds_issuer, _audiences(service_url), keys, client.jwks_uri)
    try:
        claims = verify(apart, Profile.CDS_CLIENT, expected, entrance.clock())
    except NotAuthenticated as error:
        crossed = reason_of(error) is Reason.KID and await entrance.clients.holder_of(kid)
        raise (refused(Reason.CROSS_CLIENT) if crossed else error) from error
    await _check_standing(entrance, client, claims)
    await _use_up(entrance, claims)
    return replace(
        caller,
        kind=ActorKind.CLIENT,
        client=client.id,
        subject=client.id,
        institution=client.institution,
        purpose=Purpose.TREATMENT,
        scopes=frozenset(client.scopes),
        token=claims.token_id,
    )


def _audiences(service_url: str) -> frozenset[str]:
    return frozenset({service_url, service_url.removesuffix(_FEEDBACK)})


async def _check_standing(entrance: Entrance, client: KnownClient, claims: Claims) -> None:
    if other_institution(claims.members, client.institution):
        raise refused(Reason.ORG_SPOOF)
    if not client.active or not await entrance.is_open(client.institution):
        raise refused(Reason.STATUS)
    if Purpose.TREATMENT not in client.purposes:
        raise refused(Reason.PURPOSE)


async def _use_up(entrance: Entrance, claims: Claims) -> None:
    try:
        async with entrance.db.unit() as unit:
            await spend(entrance, unit, claims)
    except TokenRefused as again:
        if again.reason is Reason.QUOTA:
            fault = Fault("rate", Reason.QUOTA, retry_after(again.seconds))
            raise TooMany("too many requests", (fault,)) from again
        raise refused(again.reason) from again
