"""What no route refuses itself, told in its door's own words: no address, no method, the door shut.

A browser on a page's address gets a page, like every other refusal it meets; whoever reads JSON
gets the form of its door: OperationOutcome under /fhir, problem JSON elsewhere.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Scope

from hie.errors import HubError
from hie.oauth.answers import refusal
from hie.oauth.open_doors import wants_page
from hie.oauth.outermost import FAILED
from hie.status import status_of
from hie.web.pages.guard import error_page

# Status to FHIR issue type and what was expected; other statuses are the framework's own refusals.
_EXPECTED: Final = {
    404: ("not-found", "an address that this hub serves"),
    405: ("not-supported", "a method that this address takes"),
}


async def failed(request: Request, error: Exception) -> Response:
    """The answer to a fault nobody foresaw; the fault itself is recorded at the outermost edge."""
    if wants_page(request.scope):
        return error_page(request, 500)
    return refusal(request.url.path, 500, "exception", expected=FAILED)


def refused_page(app: ASGIApp, scope: Scope, error: HubError) -> Response:
    """What the door refuses somebody at a browser, who may be signed in; `app` has the hub."""
    return error_page(Request({**scope, "app": app}), status_of(error), error.faults)


async def unserved(request: Request, error: Exception) -> Response:
    """The answer to the router's own refusals (404, 405); for the application's handler."""
    if not isinstance(error, HTTPException):
        raise error
    status, headers = error.status_code, dict(error.headers or {})
    if status == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    if wants_page(request.scope):
        response = error_page(request, status)
        response.headers.update(headers)
        return response
    issue_type, expected = _EXPECTED.get(status, ("invalid", ""))
    return refusal(request.url.path, status, issue_type, expected=expected, headers=headers)


def _methods(request: Request) -> set[str]:
    """What an address takes: of every route that has it, not only of the first."""
    routes = [one for one in request.app.routes if isinstance(one, Route)]
    found = (one.methods or set() for one in routes if one.matches(request.scope)[0] != Match.NONE)
    return set().union(*found)
