"""A CDS Hooks client proves itself: one JWT for one call of one service (profile C).

The token is made for the exact URL of the service that is called, is used once, and is signed by a
key registered for this client; whose it is says `iss`, as it was registered. A `jku` in its header
counts only as the very address that was registered, and is never fetched because a token names it.
CDS Hooks 2.0, "Trusting CDS Clients".
"""

from dataclasses import replace

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.compact import read_compact
from hie.access.profile import Profile
from hie.access.reason import Reason, reason_of, refused
from hie.access.token import Claims, Expected, verify
from hie.errors import Fault, NotAuthenticated, TooMany
from hie.oauth.client_proof import other_institution, spend
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient
from hie.oauth.limits import retry_after
from hie.oauth.token_request import TokenRefused


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
    expected = Expected(client.cds_issuer, frozenset({service_url}), keys, client.jwks_uri)
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
