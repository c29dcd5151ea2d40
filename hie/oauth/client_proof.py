"""A system proves its registered key: the client assertion, for every door that asks for one.

SMART Backend Services, RFC 7523 section 2.2. The assertion passes the strict door and is then used
up (`spend`), in the unit of work that records what was given for it: a second use is a replay, also
in another process and after a restart. Nothing about the client is taken from the assertion.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from hie.access.compact import Compact, read_compact
from hie.access.profile import Profile
from hie.access.reason import Reason, reason_of
from hie.access.token import Claims, Expected, verify
from hie.errors import NotAuthenticated, Unavailable
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient
from hie.oauth.limits import neighbourhood
from hie.oauth.token_request import TokenRefused, invalid_client, too_many, unavailable
from hie.store import jti
from hie.store.session import Unit

MOST_LIVE = 3000  # assertions of one client that are remembered at once
RETRY = 300  # seconds after which a client that has spent them all may come again
_KEEP = 60  # seconds an assertion is remembered beyond its own end


@dataclass(frozen=True, slots=True)
class Proved:
    """A client that has shown its key, and the claims it signed."""

    client: KnownClient
    claims: Claims


async def prove(
    entrance: Entrance,
    network: str | None,
    assertion: str,
    client_id: str | None = None,
    profile: Profile = Profile.CLIENT_ASSERTION,
) -> Proved:
    """The client that signed this; raises TokenRefused, which names the client it says it is.

    `network` is the address it came from, which must be one of the client's. `client_id` is what
    the form said beside the assertion; it must agree.
    """
    token = _taken_apart(assertion)
    issuer = token.payload.get("iss")
    client = await entrance.clients.find(issuer) if isinstance(issuer, str) else None
    if client is None:
        raise invalid_client(Reason.STATUS)
    with naming(client.id):
        claims = await _verified(entrance, token, client, profile)
        if client_id is not None and client_id != claims.issuer:
            raise invalid_client(Reason.CLAIM)
        await check_admitted(entrance, client, network)
    return Proved(client, claims)


@contextmanager
def naming(client: str) -> Iterator[None]:
    """What is refused within is told the log with the client it is from, or says it is."""
    try:
        yield
    except TokenRefused as refused:
        refused.client = client
        raise


async def spend(entrance: Entrance, unit: Unit, *used: Claims) -> None:
    """Use up assertions; raises TokenRefused, and with the unit of work nothing is used then."""
    now_us = int(entrance.clock() * 1_000_000)
    for claims in used:
        use = await jti.use(
            unit,
            claims.issuer,
            claims.token_id,
            expires_us=(claims.expires + _KEEP) * 1_000_000,
            now_us=now_us,
            most=MOST_LIVE,
        )
        with naming(claims.issuer):
            if use is jti.Use.REPEATED:
                raise invalid_client(Reason.REPLAY)
            if use is jti.Use.TOO_MANY:
                raise too_many(Reason.QUOTA, RETRY)


def other_institution(members: Mapping[str, object], institution: str) -> bool:
    """Whether a token claims another institution than that of its registered key."""
    claimed: list[object] = []
    hub, extensions = members.get("hub"), members.get("extensions")
    if isinstance(hub, Mapping):
        claimed.append(hub.get("inst"))
    if isinstance(extensions, Mapping) and isinstance(extensions.get("ihe_iua"), Mapping):
        claimed.append(extensions["ihe_iua"].get("subject_organization_id"))
    return any(one is not None and one != institution for one in claimed)


def _taken_apart(assertion: str) -> Compact:
    try:
        return read_compact(assertion)
    except NotAuthenticated as error:
        raise invalid_client(reason_of(error)) from error


async def _verified(
    entrance: Entrance, token: Compact, client: KnownClient, profile: Profile
) -> Claims:
    audiences = frozenset({entrance.issuer})
    if profile is Profile.CLIENT_ASSERTION:
        audiences = client.aud_policy.audiences(entrance.issuer, entrance.token_address)
    try:
        keys = await entrance.clients.keys_of(client, token.header.get("kid"))
    except Unavailable as error:
        raise unavailable(Reason.KEY_GONE) from error
    expected = Expected(client.id, audiences, keys, client.jwks_uri)
    try:
        claims = verify(token, profile, expected, entrance.clock())
    except NotAuthenticated as error:
        reason = reason_of(error)
        if reason is Reason.KID and await entrance.clients.holder_of(token.header.get("kid")):
            reason = Reason.CROSS_CLIENT
        raise invalid_client(reason) from error
    if other_institution(claims.members, client.institution):
        raise invalid_client(Reason.ORG_SPOOF)
    return claims


async def check_admitted(
    entrance: Entrance, client: KnownClient, network: str | None, *, proved: bool = True
) -> None:
    """Let a client in that stands, from a network of its own, at its rate; raises TokenRefused.

    Who only says that it is this client uses up the rate of its neighbourhood, not the client's.
    """
    if not client.active or not await entrance.is_open(client.institution):
        raise invalid_client(Reason.STATUS)
    if not await entrance.networks.admits(client.id, network):
        raise invalid_client(Reason.NETWORK)
    if entrance.rates.enforced:
        caller = client.id if proved else (client.id, neighbourhood(network))
        seconds = entrance.rates.token.take(caller, entrance.clock())
        if seconds > 0:
            raise too_many(Reason.RATE, seconds)
