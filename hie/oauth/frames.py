"""The room of pages that a HIS may show in a frame: everything below `/framed`, and nothing else.

Which pages may be framed is said by their address alone, where a ticket leads that was asked for a
frame: what a browser says of itself (Sec-Fetch-Dest, Referer) decides nothing. Inside are the pages
of one launched patient and the steps of signing in, by a session of its own (`sessions`). Routes
are those of the ordinary pages, and what they answer leads back into the room.
CSP Level 3, 6.4.2 (frame-ancestors).
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hie.errors import HubMisconfigured

ROOM = "/framed"
_STATE = "framed"
_READ = frozenset({"GET", "HEAD"})
_WRITE = frozenset({"POST"})
_ID = r"[^/]+"
# What may be opened in a frame. The rest needs the hub's own window: looking for patients, their
# Consents, emergency access, other apps, and whatever is no page of a patient.
_PAGES: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = tuple(
    (methods, re.compile(path))
    for methods, path in (
        (_READ, r"/static/.+"),
        (_READ | _WRITE, r"/sign-in"),
        (_READ, rf"/sign-in/(with|back)/{_ID}"),
        (_WRITE, r"/sign-out"),
        (_READ, r"/launch"),
        (_READ, r"/oauth/authorize"),
        (_READ, rf"/patients/{_ID}"),
        (_READ | _WRITE, rf"/patients/{_ID}/images/{_ID}"),
        (_READ, rf"/patients/{_ID}/reports/{_ID}(/pdf|/original/{_ID})?"),
        (_READ | _WRITE, rf"/patients/{_ID}/orders"),
        (_READ | _WRITE, rf"/checks/{_ID}"),
        (_WRITE, rf"/checks/{_ID}/again"),
        (_READ, rf"/checks/{_ID}/notice(\.{_ID})?"),
        (_READ, rf"/decisions/{_ID}/(record|notice)(\.{_ID})?"),
        (_READ, rf"/dicom-web/(sites/{_ID}/)?studies/.+"),
    )
)
_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


def is_framed(scope: Scope) -> bool:
    """Whether a request came into the room."""
    return scope.get("state", {}).get(_STATE) is True


def base_of(scope: Scope) -> str:
    """What stands before the hub's own paths in an answer to this request."""
    return ROOM if is_framed(scope) else ""


def opens(method: str, path: str) -> bool:
    """Whether this page, by its address outside the room, may be opened in it."""
    return any(method in methods and page.fullmatch(path) for methods, page in _PAGES)


def check_origins(origins: Sequence[str], address: str) -> None:
    """Each is one exact https origin, and so is the hub; raises HubMisconfigured."""
    for origin in origins:
        if not is_origin(origin):
            expected = "https://host or https://host:port, in lower case, without path or wildcard"
            raise HubMisconfigured(f"frame_origins {origin!r}: expected {expected}")
    if origins and not address.startswith("https://"):
        raise HubMisconfigured("frame_origins: the hub's own base_url must be https")


def is_origin(text: str) -> bool:
    """Whether this is one https origin, spelt as browsers do, and nothing else."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    spelt = f"https://{host}" if port in {None, 443} else f"https://{host}:{port}"
    return text == spelt and port != 0 and _HOST.fullmatch(host) is not None


class Frames:
    """ASGI middleware: `Frames(app, origins)`, outside of what gives answers their headers.

    A path below the room that it does not open is passed on as it is: no route serves it.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._ancestors = f"frame-ancestors {' '.join(dict.fromkeys(origins))}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the page behind a path of the room, for a frame of the registered origins."""
        path = scope.get("path", "").removeprefix(ROOM)
        inside = scope["type"] == "http" and scope["path"].startswith(f"{ROOM}/")
        if not inside or not opens(scope["method"], path):
            await self._app(scope, receive, send)
            return
        state = {**scope.get("state", {}), _STATE: True}

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*self._headers(message.get("headers", ()))]
            await send(message)

        await self._app({**scope, "path": path, "state": state}, receive, framed)

    def _headers(self, given: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        found = []
        for name, value in given:
            if name == b"x-frame-options":
                continue  # it knows no list of origins, and the policy says it whole
            if name == b"content-security-policy":
                value = value.replace(b"frame-ancestors 'none'", self._ancestors)
            elif name == b"location" and _is_own(value):
                value = ROOM.encode() + value
            found.append((name, value))
        return found


def _is_own(location: bytes) -> bool:
    """A path of the hub, as opposed to an address elsewhere."""
    return location.startswith(b"/") and not location.startswith(b"//")
