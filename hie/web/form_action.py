"""Where a form may end: the hub itself, and beyond it what a sign-in is on the way to.

That is the app it is for, and the identity providers it may be done at. Browsers hold redirects
that follow a form to the page's `form-action`, so the page of a form that ends elsewhere must name
the place, and only one that is registered.
"""

from urllib.parse import parse_qsl

from starlette.responses import Response

from hie.errors import RequestRefused
from hie.exchange.hub import Hub
from hie.oauth.apps import origin_of
from hie.oauth.authorize import find_app
from hie.oauth.authorize_request import read_target
from hie.oauth.hardening import CONTENT_SECURITY_POLICY

_AUTHORIZE = "/oauth/authorize?"
_POLICY, _FORMS = "Content-Security-Policy", "form-action 'self'"


def allow_forms_to(response: Response, *addresses: str) -> None:
    """Let the forms of this page end at these registered addresses too."""
    said = response.headers.get(_POLICY, CONTENT_SECURITY_POLICY)
    places = " ".join(dict.fromkeys(map(origin_of, addresses)))
    if places:
        response.headers[_POLICY] = said.replace(_FORMS, f"{_FORMS} {places}")


async def allow_way_to(hub: Hub, response: Response, wanted: str) -> None:
    """Let a sign-in that is on the way to an app end there."""
    if not wanted.startswith(_AUTHORIZE):
        return
    try:
        target = read_target(parse_qsl(wanted.removeprefix(_AUTHORIZE), keep_blank_values=True))
        await find_app(hub.entrance, target)
    except RequestRefused:
        return  # no app is answered there: it will be told on its own page
    allow_forms_to(response, target.redirect_uri)
