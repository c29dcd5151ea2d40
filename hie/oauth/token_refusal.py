"""Refusals at the doors of tokens: recorded with what is known of the client, worded as RFC 6749.

Section 5.2. A caller that did not prove its key learns that and nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import Actor, ActorKind
from hie.access.reason import Reason
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.entrance import Entrance
from hie.oauth.limits import neighbourhood, retry_after
from hie.oauth.refusals import stranger
from hie.oauth.sender import nonce
from hie.oauth.token_request import TokenRefused, too_many

# Refusals of a client that did prove its key are told with its name, the others are noise.
_PROVED = frozenset({Reason.SCOPE, Reason.PURPOSE})
_ERRORS = frozenset({"invalid_grant", "unauthorized_client"})


async def slow_down(entrance: Entrance, request: Request, detail: str) -> Response | None:
    """The refusal for a caller whose network failed too often; None for every other.

    Nothing that was sent is read before.
    """
    caller = stranger(network_of(request.scope), request_id_of(request.scope))
    try:
        back_off(entrance, caller.network)
    except TokenRefused as refused:
        return await refuse(entrance, caller, refused, detail)
    return None


def back_off(entrance: Entrance, network: str | None) -> None:
    """Networks with many failures are looked at seldom, so that they cost the others nothing.

    Each of them, and all of them together: a flood from everywhere is one flood.
    """
    rates, now, near = entrance.rates, entrance.clock(), neighbourhood(network)
    if rates.enforced and rates.failed.wait(near, now) > 0:
        seconds = rates.looked_at.take(near, now) or rates.looked_at_all.take("", now)
        if seconds > 0:
            raise too_many(Reason.BACK_OFF, seconds)


async def refuse(entrance: Entrance, caller: Actor, refused: TokenRefused, detail: str) -> Response:
    """Record a refusal and word it; failures of one network slow it down."""
    if refused.client:
        caller = replace(caller, client=refused.client)
    if refused.proved and (refused.reason in _PROVED or refused.error in _ERRORS):
        caller = replace(caller, kind=ActorKind.CLIENT, subject=caller.client)
    await entrance.refusals.record(caller, refused.reason, detail=detail)
    failed = refused.error == "invalid_client" or not refused.proved
    if failed and entrance.rates.enforced:
        seconds = entrance.rates.failed.take(neighbourhood(caller.network), entrance.clock())
        if seconds > 0:
            refused = too_many(Reason.BACK_OFF, seconds)
    headers = {}
    if refused.reason in (Reason.NONCE, Reason.DPOP):
        headers["DPoP-Nonce"] = nonce(entrance)
    if refused.seconds:
        headers["Retry-After"] = retry_after(refused.seconds)
    if refused.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="hie"'
    return answer(
        refused.status, {"error": refused.error, "error_description": refused.told}, headers
    )


def answer(
    status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON; neither tokens nor refusals are cached (RFC 6749, 5.1)."""
    no_store = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    content = json.dumps(body).encode("utf-8")
    return Response(content, status, {**no_store, **(headers or {})}, "application/json")
