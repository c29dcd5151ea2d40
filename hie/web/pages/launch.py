"""`/launch`: a page of the hub is opened from a HIS for what it has open there, with a ticket.

It is the launch address of the hub's own pages as a SMART app: `launch` is the ticket, `iss` (when
it is there) must be this hub. Who has no session signs in first; the ticket waits for them.
"""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.reason import Reason
from hie.errors import Fault, InvalidRequest, NotAuthenticated
from hie.exchange.hub import Hub
from hie.exchange.launching import open_ticket
from hie.oauth.authorize import hold_launch
from hie.oauth.sessions import find_session
from hie.web.pages.guard import told
from hie.web.pages.signing_in import sign_in_for


@told
async def show(request: Request) -> Response:
    """GET /launch: the page a ticket was made for."""
    hub: Hub = request.app.state.hub
    ticket = _ticket(request, hub.entrance.audience)
    try:
        actor, session = await find_session(hub.entrance, request.scope)
    except NotAuthenticated:
        await hold_launch(hub.entrance, ticket)
        return sign_in_for(f"/launch?launch={quote(ticket, safe='')}")
    request.state.actor, request.state.session = actor, session
    opened = await open_ticket(hub, actor, ticket)
    said = "" if opened.lang is None else f"?lang={opened.lang}"
    return RedirectResponse(opened.page + said, status_code=303)


def _ticket(request: Request, audience: str) -> str:
    asked = request.query_params
    tickets = asked.getlist("launch")
    if len(tickets) != 1 or not 1 <= len(tickets[0]) <= 512 or not tickets[0].isascii():
        raise InvalidRequest("launch", (Fault("launch", Reason.OIDC, "a ticket, once"),))
    if any(said.rstrip("/") != audience for said in asked.getlist("iss")):
        raise InvalidRequest("launch", (Fault("iss", Reason.OIDC, audience),))
    return tickets[0]
