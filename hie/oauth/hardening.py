"""What every request must satisfy before any door looks at it, and what every answer carries.

Limits of the request line, the headers and the body, by door; the security
headers; one X-Request-Id that the audit log and the caller share. It stands outside everything
else, so that no route, error page or static file escapes it.
"""

import os
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hie.oauth.answers import refusal, tells_outcomes
from hie.oauth.body import MeasuredBody

HEADER_LIMIT = 16 * 1024
URL_LIMIT = 8 * 1024
PARAMETER_LIMIT = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # a tab may stand in a header
_TEXT = "percent-encoded UTF-8 without control characters"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """The largest body below a path, in bytes, and how long it may take when not as long as all."""

    prefix: str
    size: int
    seconds: float | None = None


class Hardening:
    """ASGI middleware: `Hardening(app, default_limit=…, body_limits=[…], https=…)`.

    `body_limits`: the first whose prefix begins the path counts, else `default_limit`. `https`:
    callers come by TLS, so answers say that they always should. `told` hears of each request that
    is refused here, before its answer leaves.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        default_limit: int,
        body_limits: Sequence[BodyLimit] = (),
        https: bool = False,
        body_seconds: float = 30,
        told: Callable[[Scope], Awaitable[None]] | None = None,
    ) -> None:
        self._app = app
        self._told = told
        self._default_limit = default_limit
        self._body_limits = [(one.prefix.rstrip("/") + "/", one) for one in body_limits]
        self._body_seconds = body_seconds
        headers = {**HEADERS, "Cache-Control": "no-store"}
        if https:
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        self._headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        self._names = frozenset([*(name for name, _ in self._headers), b"x-request-id"])
        self._remembered: dict[tuple[bytes, ...], list[tuple[bytes, bytes]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = _Head(scope["headers"])
        request_id = head.request_id
        scope.setdefault("state", {})["request_id"] = request_id

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                more = self._beside(tuple([name for name, _ in given if name in self._names]))
                if more is None:
                    given = [one for one in given if one[0] != b"x-request-id"]
                    more = self._beside(tuple([name for name, _ in given if name in self._names]))
                message["headers"] = [*given, *(more or ()), (b"x-request-id", request_id.encode())]
            await send(message)

        limit, seconds = self._limits(scope["path"])
        answer = _fault_of_head(scope, head) or _fault_of_body(scope, head, limit)
        if answer is not None:
            if self._told is not None:
                await self._told(scope)
            await answer(scope, receive, dressed)
            return
        if not _has_body(scope, head):
            await self._app(scope, receive, dressed)
            return
        body = MeasuredBody(scope["path"], limit, seconds, receive, dressed, self._told)
        await body.run(self._app, scope)

    def _beside(self, given: tuple[bytes, ...]) -> list[tuple[bytes, bytes]] | None:
        """What is added to an answer that says these of our headers itself.

        None: it names a request, which is ours to do.
        """
        if b"x-request-id" in given:
            return None
        more = self._remembered.get(given)
        if more is None:
            more = [one for one in self._headers if one[0] not in given]
            self._remembered[given] = more
        return more

    def _limits(self, path: str) -> tuple[int, float]:
        """Bytes and seconds of a body for this path."""
        for below, known in self._body_limits:
            if path.startswith(below) or path == known.prefix:
                return known.size, known.seconds or self._body_seconds
        return self._default_limit, self._body_seconds


def _has_body(scope: Scope, head: "_Head") -> bool:
    """Whether a body may follow the headers (RFC 9112 section 6.3); what has none is not measured.

    Another protocol than HTTP/1.1 frames its bodies itself.
    """
    return head.framed or scope.get("http_version") != "1.1"


class _Head:
    """What is asked of the headers, collected in one pass: every request comes here."""

    __slots__ = ("encoded", "framed", "ids", "lengths", "size", "text")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.size, self.framed, self.encoded = 0, False, False
        self.ids: list[bytes] = []
        self.lengths: list[bytes] = []
        values = []
        for name, value in headers:
            values.append(value)
            self.size += len(name) + len(value) + 4
            if name == b"content-length":
                self.lengths.append(value)
                self.framed = True
            elif name == b"transfer-encoding":
                self.framed = True
            elif name == b"content-encoding":
                self.encoded |= value.strip().lower() not in {b"", b"identity"}
            elif name == b"x-request-id":
                self.ids.append(value)
        self.text = b"".join(values)

    @property
    def request_id(self) -> str:
        """The caller's X-Request-Id when it is one and harmless, else a new one."""
        if len(self.ids) == 1:
            text = self.ids[0].decode("latin-1")
            if _REQUEST_ID.fullmatch(text):
                return text
        return os.urandom(16).hex()


def _fault_of_head(scope: Scope, head: _Head) -> Response | None:
    path = scope["path"]
    raw_path, query = scope.get("raw_path") or path.encode(), scope["query_string"]
    if len(raw_path) + len(query) + 1 > URL_LIMIT:
        expected = f"an address of at most {URL_LIMIT} bytes"
        return refusal(_shown(path), 414, "too-long", expected=expected)
    if head.size > HEADER_LIMIT:
        expected = f"headers of at most {HEADER_LIMIT} bytes"
        return refusal(path, 431, "too-long", expected=expected)
    if _CONTROL.search(path) or "\ufffd" in path or _is_spoilt(query):
        return refusal(_shown(path), 400, "structure", expected=_TEXT)
    if _CONTROL_BYTE.search(head.text):
        return refusal(path, 400, "structure", expected="headers without control characters")
    if query.count(b"&") >= PARAMETER_LIMIT:
        expected = f"at most {PARAMETER_LIMIT} parameters"
        return refusal(path, 400, "too-costly", expected=expected)
    return None


def _is_spoilt(query: bytes) -> bool:
    """Whether a query has a control character, or bytes that are no UTF-8, as such or by %."""
    if b"%" not in query:
        return not query.isascii() or _CONTROL_BYTE.search(query) is not None
    found = unquote_to_bytes(query)
    try:
        found.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return _CONTROL_BYTE.search(found) is not None


def _shown(path: str) -> str:
    """What of a spoilt path says in which form to refuse it."""
    return "/fhir" if tells_outcomes(path) else ""


def _fault_of_body(scope: Scope, head: _Head, limit: int) -> Response | None:
    path, lengths = scope["path"], head.lengths
    if head.encoded:
        expected = "a body without Content-Encoding"
        return refusal(path, 415, "not-supported", expected=expected)
    if len(set(lengths)) > 1 or any(not length.isdigit() for length in lengths):
        return refusal(path, 400, "structure", expected="one Content-Length")
    if lengths and (len(lengths[0]) > 18 or int(lengths[0]) > limit):
        expected = f"a body of at most {limit} bytes"
        return refusal(path, 413, "too-long", expected=expected)
    return None
