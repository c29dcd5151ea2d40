"""The door in front of every route: no Actor, no answer, but for the frozen list of open doors.

It stands before the router, so that a route that was added and forgotten is closed, and a stranger
cannot tell a path that exists from one that does not. Systems bring an access token, and to a CDS
service a token for that one call; people a session. None counts at another's doors. What it finds
lies in `request.state`: `actor`, and for people `session`.
"""

import hmac
import ipaddress
from collections import Counter
from collections.abc import Callable, Mapping

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hie.access.actor import Actor, ActorKind
from hie.access.bearer import bearer_token, presented_token
from hie.access.dpop import ALGORITHMS
from hie.access.reason import Reason, refused
from hie.errors import Fault, HubError, NotAuthenticated, TooMany
from hie.oauth.agreements import bound
from hie.oauth.answers import refusal_of
from hie.oauth.bearer_door import BearerDoor
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.cds_client import caller_of_service, is_call
from hie.oauth.forms import check_origin
from hie.oauth.limits import neighbourhood, retry_after
from hie.oauth.networks import check_network
from hie.oauth.open_doors import METRICS, is_open, is_page, wants_page
from hie.oauth.opened import with_glass
from hie.oauth.sender import check_sender, nonce
from hie.oauth.sessions import Session, find_session
from hie.oauth.strangers_page import sign_in_first

AT_ONCE = 32  # requests of one client under way
COUNTED = "hie.counted"  # in the scope of a part of a request that was held to its rate as a whole
# Where a client may prove itself in the form instead of by a token (RFC 7662, 2.1; RFC 7009, 2.1).
_PROVED_INSIDE = frozenset({"/oauth/introspect", "/oauth/revoke"})
_OF_PROOFS = frozenset({Reason.DPOP, Reason.NONCE})
_NO_FAILURE = frozenset({None, Reason.NO_TOKEN, Reason.NONCE})
# A refusal as a page: of what was asked, and why not.
RefusalPage = Callable[[Scope, HubError], Response]
_UNLIMITED = ("/intake/", "/dicom-web/")  # held back by the store and the decoders, not by a rate


class Door:
    """ASGI middleware: `Door(app, bearer=…)`, inside `Hardening`, outside the router.

    `page` words a refusal for somebody at a browser; without it they get what a program gets.
    """

    def __init__(
        self, app: ASGIApp, *, bearer: BearerDoor, page: RefusalPage | None = None
    ) -> None:
        self._app = app
        self._bearer = bearer
        self._page = page
        self._entrance = bearer.entrance
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the actor and go on, or refuse."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http" or _is_let_through(scope):
            await self._app(scope, receive, send)
            return
        try:
            actor = await self.authenticate(scope)
            self._admit(actor, scope)
        except HubError as error:
            answer = await self._refusal(scope, error)
            await answer(scope, receive, send)
            return
        if actor is None:
            await self._app(scope, receive, send)
            return
        scope["state"]["actor"] = actor
        self._under_way[actor.client] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[actor.client] -= 1
            if self._under_way[actor.client] <= 0:
                del self._under_way[actor.client]

    async def authenticate(self, scope: Scope) -> Actor | None:
        """Who asks; None for /metrics, which has no actor. Raises AccessRefused."""
        scope.setdefault("state", {})
        if scope["path"] == METRICS:
            self._check_metrics(scope)
            return None
        if is_page(scope["path"]) or _is_picture(scope):
            actor, session = await find_session(self._entrance, scope)
            scope["state"] |= {"actor": actor, "session": session}  # who is refused is recorded
            check_origin(scope)
            return await self._bound(actor, scope)
        if is_call(scope["path"]):
            actor = await caller_of_service(self._entrance, scope)
            scope["state"]["actor"] = actor
            return await self._bound(actor, scope)
        token, by_proof = presented_token(_values(scope, b"authorization"))
        actor, claims = await self._bearer.actor(token)
        actor = actor.at(network_of(scope), request_id_of(scope))
        scope["state"]["actor"] = actor  # a refusal says whose token it was
        await check_sender(self._entrance, scope, claims, token, by_proof=by_proof)
        return await self._bound(actor, scope)

    async def _bound(self, actor: Actor, scope: Scope) -> Actor:
        """The caller within what was agreed, from a network of theirs; raises NotPermitted."""
        await check_network(self._entrance.networks, actor, network_of(scope))
        return await with_glass(self._entrance, await bound(self._entrance.agreements, actor))

    def _admit(self, actor: Actor | None, scope: Scope) -> None:
        """Hold a caller to its rate; raises TooMany with the seconds in its fault."""
        rates = self._entrance.rates
        if actor is None or not rates.enforced or scope.get(COUNTED):
            return
        now = self._entrance.clock()
        if actor.kind is ActorKind.USER:
            rate = rates.picture if _is_picture(scope) else rates.user
            seconds = rate.take(actor.subject, now)
        elif self._under_way[actor.client] >= AT_ONCE:
            seconds = 1.0
        elif scope["path"].startswith(_UNLIMITED):
            return
        else:
            seconds = rates.client.take(actor.client, now)
        if seconds > 0:
            scope["state"]["actor"] = actor
            raise _too_many(seconds)

    def _check_metrics(self, scope: Scope) -> None:
        """Loopback without a proxy in between, or the token of the settings."""
        headers = _values(scope, b"authorization")
        expected = self._entrance.metrics_token
        if headers and expected is not None:
            given = bearer_token(headers)
            if hmac.compare_digest(given.encode(), expected.encode()):
                return
            raise refused(Reason.SIG)
        forwarded = _values(scope, b"x-forwarded-for") or _values(scope, b"forwarded")
        if forwarded or not _is_loopback(network_of(scope)):
            raise refused(Reason.NO_TOKEN)

    def _proof_wanted(self, reason: Reason) -> dict[str, str]:
        """What is wrong with a proof, and the nonce for the next (RFC 9449, 7.1 and 9)."""
        error = "use_dpop_nonce" if reason is Reason.NONCE else "invalid_dpop_proof"
        algorithms = " ".join(ALGORITHMS)
        return {
            "WWW-Authenticate": f'DPoP realm="hie", error="{error}", algs="{algorithms}"',
            "DPoP-Nonce": nonce(self._entrance),
        }

    async def _refusal(self, scope: Scope, error: HubError) -> Response:
        """Record the refusal, then word it; when it cannot be recorded, 503."""
        path, refusals = scope["path"], self._entrance.refusals
        try:
            reason = await refusals.record_error(scope, error)
        except HubError as away:
            return self._told(scope, away, {"Retry-After": "1"})
        if isinstance(error, TooMany):
            return self._told(scope, error, {"Retry-After": error.faults[0].expected})
        if not isinstance(error, NotAuthenticated):
            return self._told(scope, error)
        if reason in _OF_PROOFS:
            return refusal_of(path, error, self._proof_wanted(reason))
        if reason not in _NO_FAILURE and not is_page(path):
            rates = self._entrance.rates
            seconds = rates.failed.take(neighbourhood(network_of(scope)), self._entrance.clock())
            if rates.enforced and seconds > 0:
                return refusal_of(path, _too_many(seconds), {"Retry-After": retry_after(seconds)})
        if wants_page(scope):
            return sign_in_first(scope)
        return refusal_of(path, error)

    def _told(
        self, scope: Scope, error: HubError, headers: Mapping[str, str] | None = None
    ) -> Response:
        """A refusal in the words of who asked: of a person at a browser, or of a program."""
        if self._page is None or not wants_page(scope):
            return refusal_of(scope["path"], error, headers)
        response = self._page(scope, error)
        response.headers.update(headers or {})
        return response


def _is_let_through(scope: Scope) -> bool:
    """An open door, or one whose route asks the proof itself."""
    if is_open(scope["method"], scope["path"]):
        return True
    inside = scope["method"] == "POST" and scope["path"] in _PROVED_INSIDE
    return inside and not _values(scope, b"authorization")


def _is_picture(scope: Scope) -> bool:
    """A page's own request for images, or what shows them: read only, by session, no token."""
    below = scope["path"].startswith(("/dicom-web/", "/ohif/"))
    return below and scope["method"] == "GET" and not _values(scope, b"authorization")


def actor_in(request: HTTPConnection) -> Actor:
    """The actor of a request behind the door; raises NotAuthenticated where there is none."""
    actor = request.scope.get("state", {}).get("actor")
    if not isinstance(actor, Actor):
        raise refused(Reason.NO_TOKEN)
    return actor


def session_in(request: HTTPConnection) -> Session:
    """The session of a page request; raises NotAuthenticated where there is none."""
    session = request.scope.get("state", {}).get("session")
    if not isinstance(session, Session):
        raise refused(Reason.NO_TOKEN)
    return session


def _too_many(seconds: float) -> TooMany:
    return TooMany("too many requests", (Fault("rate", Reason.RATE, retry_after(seconds)),))


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _is_loopback(network: str | None) -> bool:
    if network is None:
        return True
    try:
        return ipaddress.ip_address(network).is_loopback
    except ValueError:
        return False
