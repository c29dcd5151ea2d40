"""Opening an app for the patient on the page, as a HIS would: with a ticket of its own."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.exchange.hub import Hub
from hie.exchange.launching import apps_offered, open_app
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.oauth.frames import is_framed
from hie.web.form_action import allow_forms_to
from hie.web.pages.guard import for_clinicians


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /patients/{id}/apps/{app}: to the app, which then asks to be let in."""
    await read_form(request, session_in(request).csrf)
    hub: Hub = request.app.state.hub
    names = request.path_params
    address = await open_app(hub, actor_in(request), names["app"], names["id"])
    return RedirectResponse(address, status_code=303)


class Offered:
    """The apps a patient's page offers, and where the forms of that page may end for them."""

    def __init__(self, found: list[Any]) -> None:
        self.listed = [{"id": app.client, "name": name} for app, name in found]
        self._addresses = [
            address for app, _ in found for address in (app.launch_url, *app.redirect_uris)
        ]

    def allow(self, response: Response) -> None:
        """Let the page's forms end at these apps."""
        if self._addresses:
            allow_forms_to(response, *self._addresses)


async def offered(request: Request) -> Offered:
    """What may be opened for a patient here; in a frame nothing else is."""
    if is_framed(request.scope):
        return Offered([])
    return Offered(await apps_offered(request.app.state.hub, actor_in(request)))
