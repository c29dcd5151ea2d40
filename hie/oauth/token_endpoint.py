"""POST /oauth/token: a system proves its key and gets a short access token.

SMART Backend Services: `client_credentials` with `private_key_jwt`. The assertion passes the strict
door, is used up (RFC 7523, 3: a second use is a replay, also after a restart), and its use and the
token's issue are recorded in one unit of work, before the token leaves.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.compact import Compact, read_compact
from hie.access.mint import LIFETIME, Grant
from hie.access.profile import Profile
from hie.access.reason import Reason, reason_of
from hie.access.scopes import LONGEST as LONGEST_SCOPE
from hie.access.scopes import covered
from hie.access.token import Claims, Expected, verify
from hie.audit.event import Action, Event, EventType
from hie.errors import NotAuthenticated
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient
from hie.oauth.limits import neighbourhood, retry_after
from hie.oauth.refusals import stranger
from hie.oauth.token_answer import token_answer
from hie.oauth.token_request import (
    TokenRefused,
    TokenRequest,
    invalid_client,
    invalid_request,
    read_request,
    too_many,
)
from hie.store import jti, ledger

MOST_LIVE = 3000  # assertions of one client that are remembered at once
_KEEP = 60  # seconds an assertion is remembered beyond its own end

# Refusals of a client that did prove its key are told with its name, the others are noise.
_PROVED = frozenset({Reason.SCOPE, Reason.PURPOSE})


async def token_door(entrance: Entrance, request: Request) -> Response:
    """Answer one token request."""
    caller = stranger(network_of(request.scope), request_id_of(request.scope))
    try:
        asked = await _asked(request)
        _back_off(entrance, caller.network)
        token, client = await _client_of(entrance, asked)
        caller = replace(caller, client=client.id)
        claims = await _authenticate(entrance, asked, token, client)
        actor = _actor(caller, client, _purpose(asked, client), _scopes(asked, client))
        return await _issue(entrance, actor, claims)
    except TokenRefused as refused:
        if refused.reason in _PROVED:
            caller = replace(caller, kind=ActorKind.CLIENT, subject=caller.client)
        return await _refuse(entrance, caller, refused)


async def _asked(request: Request) -> TokenRequest:
    return read_request(
        request.headers.get("content-type", ""),
        await request.body(),
        authorization="authorization" in request.headers,
    )


def _back_off(entrance: Entrance, network: str | None) -> None:
    """A network with many failures is looked at seldom, so that it costs the others nothing."""
    rates, now, near = entrance.rates, entrance.clock(), neighbourhood(network)
    if rates.enforced and rates.failed.wait(near, now) > 0:
        seconds = rates.looked_at.take(near, now)
        if seconds > 0:
            raise too_many(Reason.BACK_OFF, seconds)


async def _client_of(entrance: Entrance, asked: TokenRequest) -> tuple[Compact, KnownClient]:
    """The assertion taken apart, and the client it says it is from."""
    try:
        token = read_compact(asked.assertion)
    except NotAuthenticated as error:
        raise invalid_client(reason_of(error)) from error
    issuer = token.payload.get("iss")
    client = await entrance.clients.find(issuer) if isinstance(issuer, str) else None
    if client is None:
        raise invalid_client(Reason.STATUS)
    return token, client


async def _authenticate(
    entrance: Entrance, asked: TokenRequest, token: Compact, client: KnownClient
) -> Claims:
    audiences = frozenset({entrance.issuer, entrance.token_address})
    expected = Expected(client.id, audiences, client.keys)
    now = entrance.clock()
    try:
        claims = verify(token, Profile.CLIENT_ASSERTION, expected, now)
    except NotAuthenticated as error:
        reason = reason_of(error)
        if reason is Reason.KID and await entrance.clients.holder_of(token.header.get("kid")):
            reason = Reason.CROSS_CLIENT
        raise invalid_client(reason) from error
    if asked.client_id is not None and asked.client_id != claims.issuer:
        raise invalid_client(Reason.CLAIM)
    withdrawn = await entrance.institution_status(client.institution) == "withdrawn"
    if withdrawn or not client.active:
        raise invalid_client(Reason.STATUS)
    if entrance.rates.enforced:
        seconds = entrance.rates.token.take(client.id, now)
        if seconds > 0:
            raise too_many(Reason.RATE, seconds)
    return claims


def _purpose(asked: TokenRequest, client: KnownClient) -> Purpose:
    if asked.purpose is None:
        return client.purposes[0]
    if asked.purpose not in client.purposes:
        raise invalid_request("purpose_of_use: expected a registered one", Reason.PURPOSE)
    return Purpose(asked.purpose)


def _scopes(asked: TokenRequest, client: KnownClient) -> tuple[str, ...]:
    """What was asked for, all of it registered; all that is registered when nothing was asked."""
    if asked.scope is None:
        return client.scopes
    wanted = tuple(dict.fromkeys(asked.scope.split(" ")))
    if len(asked.scope) > LONGEST_SCOPE or not covered(wanted, client.scopes):
        raise TokenRefused("invalid_scope", Reason.SCOPE, "expected registered scopes")
    return wanted


def _actor(caller: Actor, client: KnownClient, purpose: Purpose, scopes: tuple[str, ...]) -> Actor:
    return replace(
        caller,
        kind=ActorKind.CLIENT,
        client=client.id,
        subject=client.id,
        institution=client.institution,
        purpose=purpose,
        scopes=frozenset(scopes),
        token=secrets.token_hex(16),
    )


async def _issue(entrance: Entrance, actor: Actor, claims: Claims) -> Response:
    now = entrance.clock()
    async with entrance.db.unit() as unit:
        use = await jti.use(
            unit,
            claims.issuer,
            claims.token_id,
            expires_us=(claims.expires + _KEEP) * 1_000_000,
            now_us=int(now * 1_000_000),
            most=MOST_LIVE,
        )
        if use is jti.Use.FIRST:
            await ledger.append(unit, _issued(actor))
    if use is jti.Use.REPEATED:
        raise invalid_client(Reason.REPLAY)
    if use is jti.Use.TOO_MANY:
        raise too_many(Reason.QUOTA, LIFETIME)
    grant = Grant(
        issuer=entrance.issuer,
        audience=entrance.audience,
        client=actor.client,
        institution=actor.institution,
        purpose=actor.purpose,
        scopes=tuple(sorted(actor.scopes)),
    )
    return _json(200, token_answer(entrance, grant, actor.token or ""))


def _issued(actor: Actor) -> Event:
    """The audit event of a token."""
    return Event(
        type=EventType.TOKEN_ISSUED,
        action=Action.CREATE,
        actor=actor,
        detail=" ".join(sorted(actor.scopes)),
    )


async def _refuse(entrance: Entrance, caller: Actor, refused: TokenRefused) -> Response:
    await entrance.refusals.record(caller, refused.reason, detail="POST /oauth/token")
    if refused.error == "invalid_client" and entrance.rates.enforced:
        seconds = entrance.rates.failed.take(neighbourhood(caller.network), entrance.clock())
        if seconds > 0:
            refused = too_many(Reason.BACK_OFF, seconds)
    headers = {}
    if refused.seconds:
        headers["Retry-After"] = retry_after(refused.seconds)
    if refused.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="hie"'
    answer = {"error": refused.error, "error_description": refused.told}
    return _json(refused.status, answer, headers)


def _json(
    status: int, answer: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    # RFC 6749, 5.1: neither tokens nor refusals are cached.
    no_store = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    body = json.dumps(answer).encode("utf-8")
    return Response(body, status, {**no_store, **(headers or {})}, "application/json")
