"""POST /oauth/introspect and /oauth/revoke: what a token is worth now, and its early end.

RFC 7662 and RFC 7009. Both doors take a client assertion, as the token door does, or an access
token of the client itself. A client learns of its own tokens; of the others of its institution with
the scope `hie/introspect`; of all others only that they are not active. It ends its own.
"""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import Actor, ActorKind
from hie.access.reason import Reason
from hie.access.scopes import Door
from hie.access.token import LATE, Claims
from hie.audit.event import Action, Event, EventType
from hie.errors import NotAuthenticated, NotPermitted
from hie.oauth.agreements import bound
from hie.oauth.bearer_door import BearerDoor
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.client_proof import prove, spend
from hie.oauth.entrance import Entrance
from hie.oauth.refusals import stranger
from hie.oauth.token_answer import type_of
from hie.oauth.token_refusal import answer, refuse, slow_down
from hie.oauth.token_request import (
    TokenRefused,
    invalid_client,
    invalid_request,
    read_assertion,
    read_form_fields,
)
from hie.store import ledger, revoked

_SECOND = 1_000_000
_TOLD = ("scope", "client_id", "sub", "aud", "iss", "exp", "iat", "jti", "acr", "auth_time")
_MORE = ("patient", "hub", "extensions", "cnf")


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks about which token; `used` are the claims of its assertion, if it brought one."""

    actor: Actor
    token: str
    used: tuple[Claims, ...]


async def introspect(entrance: Entrance, bearer: BearerDoor, request: Request) -> Response:
    """What the hub knows of a token (RFC 7662, 2.2)."""
    slowed = await _slowed(entrance, request, "POST /oauth/introspect")
    if slowed is not None:
        return slowed
    try:
        asked = await _asked(entrance, request)
        claims = await _alive(bearer, asked.token)
        seen = claims is not None and _may_know(asked.actor, claims)
        event = Event(
            type=EventType.TOKEN_VIEW,
            action=Action.READ,
            actor=asked.actor,
            detail=claims.token_id if claims is not None and seen else None,
        )
        async with entrance.db.unit() as unit:
            await spend(entrance, unit, *asked.used)
            await ledger.append(unit, event)
    except TokenRefused as error:
        return await refuse(entrance, _caller(request), error, "POST /oauth/introspect")
    if claims is None:
        return answer(200, {"active": False})
    if not seen:
        await entrance.refusals.record(
            asked.actor, Reason.INTROSPECT, detail="POST /oauth/introspect"
        )
        return answer(200, {"active": False})
    members = claims.members
    told = {name: members[name] for name in (*_TOLD, *_MORE) if name in members}
    return answer(200, {"active": True, "token_type": type_of(members.get("cnf")), **told})


async def revoke(entrance: Entrance, bearer: BearerDoor, request: Request) -> Response:
    """End a token of the caller's own; one that is over already is no error (RFC 7009, 2.2)."""
    slowed = await _slowed(entrance, request, "POST /oauth/revoke")
    if slowed is not None:
        return slowed
    try:
        asked = await _asked(entrance, request)
        claims = _signed(bearer, asked.token)
        if claims is not None and claims.members["client_id"] != asked.actor.client:
            error = TokenRefused("unauthorized_client", Reason.INTROSPECT, "a token of another")
            error.client = asked.actor.client
            raise error
        await _end(entrance, asked, claims)
    except TokenRefused as error:
        return await refuse(entrance, _caller(request), error, "POST /oauth/revoke")
    return answer(200, {})


async def _slowed(entrance: Entrance, request: Request, detail: str) -> Response | None:
    """Whoever brings no token of the door waits its turn, as at the token door."""
    if isinstance(request.scope.get("state", {}).get("actor"), Actor):
        return None
    return await slow_down(entrance, request, detail)


async def _end(entrance: Entrance, asked: _Asked, claims: Claims | None) -> None:
    now_us = int(entrance.clock() * _SECOND)
    ends_us = 0 if claims is None else (claims.expires + LATE + 1) * _SECOND
    async with entrance.db.unit() as unit:
        await spend(entrance, unit, *asked.used)
        if claims is not None:
            token, client = claims.token_id, asked.actor.client
            await revoked.revoke(unit, token, client, ends_us=ends_us, now_us=now_us)
        event = Event(
            type=EventType.TOKEN_REVOKED,
            action=Action.DELETE,
            actor=asked.actor,
            detail=None if claims is None else claims.token_id,
        )
        await ledger.append(unit, event)
    if claims is not None:
        entrance.revocations.add(claims.token_id, ends_us)


async def _asked(entrance: Entrance, request: Request) -> _Asked:
    actor = request.scope.get("state", {}).get("actor")
    try:
        fields = read_form_fields(request.headers.get("content-type", ""), await request.body())
    except TokenRefused as error:
        # A stranger learns that it is one, whatever it sent.
        raise error if isinstance(actor, Actor) else invalid_client(Reason.METHOD) from error
    used: tuple[Claims, ...] = ()
    if isinstance(actor, Actor):
        if "client_assertion" in fields or "client_secret" in fields:
            raise invalid_request("one way of authentication", Reason.METHOD)
        if actor.kind is not ActorKind.CLIENT:
            raise invalid_client(Reason.METHOD)
    else:
        actor, used = await _proved(entrance, request, fields)
    token = fields.get("token")
    if token is None:
        raise invalid_request("token is missing")
    return _Asked(actor, token, used)


async def _proved(
    entrance: Entrance, request: Request, fields: dict[str, str]
) -> tuple[Actor, tuple[Claims, ...]]:
    """The client that brought an assertion, within what its institution agreed on."""
    caller = _caller(request)
    assertion = read_assertion(fields, "authorization" in request.headers)
    if assertion is None:
        raise invalid_client(Reason.METHOD)
    proved = await prove(entrance, caller.network, assertion, fields.get("client_id"))
    actor = replace(
        caller,
        kind=ActorKind.CLIENT,
        client=proved.client.id,
        subject=proved.client.id,
        institution=proved.client.institution,
        purpose=proved.client.purposes[0],
        scopes=frozenset(proved.client.scopes),
    )
    try:
        actor = await bound(entrance.agreements, actor)
    except NotPermitted as error:
        unagreed = TokenRefused("unauthorized_client", Reason.PURPOSE, "an agreed purpose of use")
        unagreed.client = proved.client.id
        raise unagreed from error
    return actor, (proved.claims,)


async def _alive(bearer: BearerDoor, token: str) -> Claims | None:
    """The claims of a token that opens doors now; None for every other text."""
    try:
        _, claims = await bearer.actor(token)
    except NotAuthenticated:
        return None
    return claims


def _signed(bearer: BearerDoor, token: str) -> Claims | None:
    """The claims of a token of this hub that is within its time."""
    try:
        return bearer.claims(token)
    except NotAuthenticated:
        return None


def _may_know(actor: Actor, claims: Claims) -> bool:
    if claims.members["client_id"] == actor.client:
        return True
    hub = claims.members["hub"]
    same = isinstance(hub, dict) and hub.get("inst") == actor.institution
    return same and Door.INTROSPECT.value in actor.scopes


def _caller(request: Request) -> Actor:
    actor = request.scope.get("state", {}).get("actor")
    if isinstance(actor, Actor):
        return actor
    return stranger(network_of(request.scope), request_id_of(request.scope))
