"""The doors without a token: the whole list, frozen in a test. Everything else needs an Actor.

A path that no route serves needs one as well: whoever is unknown learns nothing, not
even what exists. `/metrics` is its own case: only on loopback, or with its token.
"""

from dataclasses import dataclass

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Scope

_GET = frozenset({"GET", "HEAD"})
_POST = frozenset({"POST"})


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """One path, or everything below it, by these methods."""

    path: str
    methods: frozenset[str] = _GET
    below: bool = False

    def admits(self, method: str, path: str) -> bool:
        """Whether this request needs no Actor."""
        if method not in self.methods:
            return False
        return path.startswith(self.path) if self.below else path == self.path


OPEN_DOORS: tuple[OpenDoor, ...] = (
    OpenDoor("/healthz"),
    OpenDoor("/readyz"),
    OpenDoor("/fhir/metadata"),
    OpenDoor("/.well-known/smart-configuration"),
    OpenDoor("/.well-known/oauth-authorization-server"),
    OpenDoor("/.well-known/openid-configuration"),
    OpenDoor("/.well-known/jwks.json"),
    # SMART App Launch 2.2 looks for it below the FHIR base.
    OpenDoor("/fhir/.well-known/smart-configuration"),
    OpenDoor("/cds-services"),
    OpenDoor("/oauth/token", _POST),
    OpenDoor("/oauth/authorize", _GET | _POST),
    OpenDoor("/sign-in", _GET | _POST),
    OpenDoor("/sign-in/with/", below=True),
    OpenDoor("/sign-in/back/", below=True),
    OpenDoor("/static/", below=True),
)

_BY_PATH = {door.path: door for door in OPEN_DOORS if not door.below}
_BELOW = tuple(door.path for door in OPEN_DOORS if door.below)

METRICS = "/metrics"

# Doors for systems, which bring a token; all other paths are pages, which people sign in to.
_SYSTEM_DOORS = (
    "/fhir", "/v1", "/intake", "/dicom-web", "/cds-services", "/oauth", "/openapi.json", METRICS,
)  # fmt: skip


def is_open(method: str, path: str) -> bool:
    """Whether a request may pass without an Actor."""
    door = _BY_PATH.get(path)
    if door is not None:
        return method in door.methods
    return path.startswith(_BELOW) and any(door.admits(method, path) for door in OPEN_DOORS)


def door_of(path: str) -> str:
    """The door a path belongs to: one for systems, or `page`."""
    if not path.startswith(_SYSTEM_DOORS):
        return "page"
    known = (door for door in _SYSTEM_DOORS if path == door or path.startswith(door + "/"))
    return next(known, "page")


def is_page(path: str) -> bool:
    """Whether a path is for people with a session, not for systems with a token."""
    return door_of(path) == "page"


def wants_page(scope: Scope) -> bool:
    """Whether somebody at a browser asks, at a path that is for people."""
    accepted = (value for name, value in scope["headers"] if name == b"accept")
    return is_page(scope["path"]) and any(b"text/html" in value for value in accepted)


def closed_routes(routes: list[BaseRoute], prefix: str = "") -> list[tuple[str, str]]:
    """Every (method, path) that is mounted and not open: what must answer 401 to a stranger.

    Path parameters are filled with "x", so that each can be called as it stands.
    """
    found: list[tuple[str, str]] = []
    for route in routes:
        if isinstance(route, Mount):
            found.extend(closed_routes(list(route.routes), prefix + route.path))
        elif isinstance(route, Route):
            path = prefix + _filled(route.path)
            methods = sorted(route.methods or _GET)
            found.extend((method, path) for method in methods if not is_open(method, path))
    return found


def _filled(path: str) -> str:
    parts = path.split("/")
    return "/".join("x" if part.startswith("{") else part for part in parts)
