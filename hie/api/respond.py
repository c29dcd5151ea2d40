"""How FHIR answers leave: JSON bytes, ETag and Last-Modified, errors as OperationOutcome.

FHIR R4 http.html. `answered` wraps every interaction, so that no error leaves in another form.
"""

from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import lru_cache, wraps

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hie.api.binary import is_raw
from hie.api.negotiation import ANSWER, check_accept
from hie.api.negotiation import MEDIA as MEDIA  # what a body is read as
from hie.errors import HubError, IdNotOffered, NotAuthenticated, TooMany, Unavailable
from hie.exchange.hub import Hub
from hie.fhir.outcome import outcome_of
from hie.fhir.wire import write
from hie.oauth.outermost import record_fault
from hie.oauth.withheld import with_header
from hie.status import status_of
from hie.store.served import Stored

_EVERY = ((b"cache-control", b"no-store"), (b"content-type", ANSWER.encode()))
_BODILESS = frozenset({204, 304})
Handler = Callable[[Request], Awaitable[Response]]


def hub_of(request: Request) -> Hub:
    """The opened hub of this application."""
    hub: Hub = request.scope["app"].state.hub
    return hub


def path_of(request: Request) -> str:
    """The address asked, without its query."""
    path: str = request.scope["path"]
    return path


def query_of(request: Request) -> str:
    """The query string as it came."""
    query: bytes = request.scope["query_string"]
    return query.decode("utf-8", "replace")


def answered(handler: Handler) -> Handler:
    """The handler with content negotiation before it, and its errors as OperationOutcome."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        try:
            if not is_raw(request):
                check_accept(request)
            answer = await handler(request)
        except HubError as error:
            answer = await refused(request, error)
        if request.scope["query_string"] and request.query_params.get("_pretty") == "true":
            answer = _pretty(answer)
        answer = with_header(request.scope.get("state", {}).get("actor"), answer)
        if request.method == "HEAD":
            answer.body = b""  # all that GET says but the body (FHIR R4 http.html#head)
        return answer

    return guarded


async def refused(request: Request, error: HubError) -> Response:
    """The refusal as an OperationOutcome, once it is recorded; 503 when it cannot be."""
    try:
        await hub_of(request).entrance.refusals.record_error(request.scope, error)
    except Unavailable as away:
        error = away
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    elif isinstance(error, TooMany) and error.faults:
        headers["Retry-After"] = error.faults[0].expected
    elif isinstance(error, IdNotOffered):
        headers["Allow"] = "GET"  # RFC 9110, 15.5.6
    elif status_of(error) >= 500:
        record_fault(request.scope, error)
    shown = type(error)(error.text) if isinstance(error, NotAuthenticated) else error
    return fhir(write(outcome_of(shown)), status_of(error), headers)


def _pretty(answer: Response) -> Response:
    """The answer in lines, for people; digits stay as they are."""
    if not answer.body or answer.headers["content-type"] != ANSWER:
        return answer
    headers = {key: value for key, value in answer.headers.items() if key != "content-length"}
    return Response(msgspec.json.format(answer.body, indent=2), answer.status_code, headers)


class Answer(Response):
    """A FHIR answer; patient data is never cached on the way. Made by the thousand: no more."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [
            *_EVERY,
            *[(_written(key), value.encode("latin-1")) for key, value in headers.items()],
        ]
        if status not in _BODILESS:
            self.raw_headers.append((b"content-length", b"%d" % len(body)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": self.body})


@lru_cache(maxsize=64)
def _written(name: str) -> bytes:
    """A header's name as ASGI has it."""
    return name.lower().encode("latin-1")


def fhir(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A FHIR answer of these bytes."""
    return Answer(body, status, headers or {})


def version_headers(one: Stored) -> dict[str, str]:
    """ETag and Last-Modified of a version."""
    return {
        "ETag": f'W/"{one.version}"',
        "Last-Modified": _http_date(one.updated_us // 1_000_000),
    }


@lru_cache(maxsize=4096)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
