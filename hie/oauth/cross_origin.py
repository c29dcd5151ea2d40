"""Apps in a browser call the hub from their own origin: those that are registered, with a token.

Only what a token opens is opened, never what a cookie does: no credentials are allowed, pages are
left out. The origins are those of the registered apps' addresses, known two seconds late. CDS
services are called from the origins of an institution too: those of its apps, and of what its CDS
Hooks clients call themselves; what is answered to one institution's client no other's page reads.
Fetch Standard, 3.2 (CORS protocol); SMART App Launch 2.2 asks it of servers with browser apps.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hie.access.actor import Actor
from hie.oauth.apps import origin_of
from hie.oauth.cds_client import SERVICES, is_call
from hie.oauth.entrance import Entrance
from hie.oauth.looked import Looked
from hie.store import apps, clients
from hie.store.database import Database

_TAKEN = "Accept, Authorization, Content-Type, DPoP, If-Match, If-None-Exist, If-None-Match, Prefer"
_SHOWN = (
    "Content-Location, DPoP-Nonce, ETag, Last-Modified, Location, Retry-After, WWW-Authenticate,"
    " X-Request-Id"
)
_FHIR = "DELETE, GET, HEAD, PATCH, POST, PUT"
_KEPT = "600"  # seconds a browser may keep the answer to its question


@dataclass(frozen=True, slots=True)
class _Known:
    """The origins of apps, and whose each is from which CDS services are called."""

    apps: frozenset[str]
    calling: Mapping[str, frozenset[str]]


class Origins:
    """The origins of active apps, and of institutions that call CDS services."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._known = Looked(self._look, clock)

    async def holds(self, origin: str) -> bool:
        """Whether a registered app lives at this origin."""
        return origin in (await self._known.of(None)).apps

    async def calling(self, origin: str) -> frozenset[str]:
        """The institutions whose clients call CDS services from this origin."""
        return (await self._known.of(None)).calling.get(origin, frozenset())

    async def _look(self, _: None, before: _Known | None) -> _Known:
        async with self._db.reading() as reader:
            found = await apps.active(reader)
            known = await clients.everyone(reader)
        homes = {one.id: one.institution for one in known}
        calling: dict[str, set[str]] = defaultdict(set)
        for app in found:
            for uri in app.redirect_uris:
                if uri.startswith("http"):
                    calling[origin_of(uri)].add(homes[app.client])
        of_apps = frozenset(calling)
        for one in known:
            if one.cds_issuer is not None and one.status == "active":
                calling[origin_of(one.cds_issuer)].add(one.institution)
        return _Known(of_apps, {origin: frozenset(whose) for origin, whose in calling.items()})


class CrossOrigin:
    """ASGI middleware: `CrossOrigin(app, entrance=…)`, inside `Hardening`, outside the door."""

    def __init__(self, app: ASGIApp, *, entrance: Entrance) -> None:
        self._app = app
        self._origins = Origins(entrance.db, entrance.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a browser's question, or say with the answer who may read it."""
        methods = _methods(scope) if scope["type"] == "http" else None
        origin = None if methods is None else _value(scope, b"origin")
        if methods is None or origin is None or not await self._is_known(scope, origin):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and _value(scope, b"access-control-request-method"):
            headers = {
                "Access-Control-Allow-Methods": methods,
                "Access-Control-Allow-Headers": _TAKEN,
                "Access-Control-Max-Age": _KEPT,
            }
            answer = Response(status_code=204, headers=headers)
            _allow(MutableHeaders(raw=answer.raw_headers), origin)
            await answer(scope, receive, send)
            return

        async def allowed(message: Message) -> None:
            if message["type"] == "http.response.start" and await self._is_readable(scope, origin):
                message["headers"] = list(message.get("headers", ()))
                _allow(MutableHeaders(raw=message["headers"]), origin)
            await send(message)

        await self._app(scope, receive, allowed)

    async def _is_known(self, scope: Scope, origin: str) -> bool:
        if scope["path"].startswith(SERVICES):
            return bool(await self._origins.calling(origin))
        return await self._origins.holds(origin)

    async def _is_readable(self, scope: Scope, origin: str) -> bool:
        """Whether a page of this origin may read the answer: to a call, one of the caller's own."""
        actor = scope.get("state", {}).get("actor")
        if not is_call(scope["path"]) or not isinstance(actor, Actor):
            return True
        return actor.institution in await self._origins.calling(origin)


def _allow(headers: MutableHeaders, origin: str) -> None:
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = _SHOWN
    headers.add_vary_header("Origin")


def _methods(scope: Scope) -> str | None:
    """The methods apps in a browser have at this address; None where they have nothing to do."""
    path: str = scope["path"]
    if path == "/fhir" or path.startswith("/fhir/"):
        return _FHIR
    if path in {"/oauth/token", "/oauth/revoke"} or path.startswith("/v1/"):
        return "GET, POST"
    if is_call(path):
        return "POST"
    return "GET, HEAD" if path.startswith("/.well-known/") or path == SERVICES else None


def _value(scope: Scope, name: bytes) -> str | None:
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else None
