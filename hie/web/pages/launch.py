"""`/launch`: a page of the hub is opened from a HIS for what it has open there, with a ticket.

It is the launch address of the hub's own pages as a SMART app: `launch` is the ticket, `iss` (when
it is there) must be this hub. Who has no session signs in first, and the ticket waits for them. In
a frame the session opens the patient of the ticket from then on, and no other.
"""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.reason import Reason
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.exchange.launching import open_ticket
from hie.oauth.authorize import hold_launch
from hie.oauth.door import actor_in
from hie.oauth.frames import is_framed
from hie.oauth.sessions import session_hash
from hie.web.pages.guard import told

_LAUNCH = "/launch?"
_LONGEST = 512


@told
async def show(request: Request) -> Response:
    """GET /launch: the page a ticket was made for."""
    hub: Hub = request.app.state.hub
    asked = request.query_params
    tickets = asked.getlist("launch")
    if len(tickets) != 1 or not _is_ticket(tickets[0]):
        raise InvalidRequest("launch", (Fault("launch", Reason.OIDC, "a ticket, once"),))
    if any(said.rstrip("/") != hub.entrance.audience for said in asked.getlist("iss")):
        raise InvalidRequest("launch", (Fault("iss", Reason.OIDC, hub.entrance.audience),))
    frame = session_hash(hub.entrance, request.scope) if is_framed(request.scope) else None
    opened = await open_ticket(hub, actor_in(request), tickets[0], frame)
    said = "" if opened.lang is None else f"?lang={opened.lang}"
    return RedirectResponse(opened.page + said, status_code=303)


async def wait_for(hub: Hub, wanted: str) -> None:
    """Whoever signs in on the way to a ticket's page has time to do so."""
    if wanted.startswith(_LAUNCH):
        tickets = parse_qs(wanted.removeprefix(_LAUNCH)).get("launch", [])
        if len(tickets) == 1 and _is_ticket(tickets[0]):
            await hold_launch(hub.entrance, tickets[0])


def _is_ticket(text: str) -> bool:
    return 1 <= len(text) <= _LONGEST and text.isascii()
