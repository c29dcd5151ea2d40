"""Signing in by a hospital's own identity provider: on the way there, and back."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.errors import NotAuthenticated
from hie.exchange.hub import Hub
from hie.oauth.forms import local_path, wanted_path
from hie.oauth.frames import is_framed
from hie.oauth.oidc_sign_in import address_of, come_back, get_provider
from hie.oauth.oidc_state import begin, forget, keep, kept
from hie.oauth.sessions import set_session_cookie
from hie.web.language import language_of
from hie.web.pages.guard import told
from hie.web.pages.launch import wait_for
from hie.web.pages.sign_in import form_page


@told
async def show(request: Request) -> Response:
    """GET /sign-in/with/{provider}: to the provider, with state, nonce and challenge."""
    hub: Hub = request.app.state.hub
    provider = await get_provider(hub.entrance, request.path_params["provider"])
    wanted = wanted_path(request.query_params.get("next"))
    await wait_for(hub, wanted)
    framed = is_framed(request.scope)
    begun = begin(provider.id, wanted, hub.entrance.clock(), framed=framed)
    address = await address_of(hub.entrance, provider, begun)
    response = RedirectResponse(address, status_code=303)
    keep(hub.entrance, response, begun)
    return response


@told
async def back(request: Request) -> Response:
    """GET /sign-in/back/{provider}: a session and the page that was wanted, or why not."""
    hub: Hub = request.app.state.hub
    entrance = hub.entrance
    provider = await get_provider(entrance, request.path_params["provider"])
    begun = kept(entrance, request)
    pairs = request.query_params.multi_items()
    lang = language_of(request, hub.settings.language)
    wanted = "/" if begun is None else local_path(begun.wanted)
    try:
        done = await come_back(entrance, request.scope, provider, pairs, begun, lang)
    except NotAuthenticated:
        response = await form_page(request, wanted, wrong="sign-in-unlinked", status=401)
    else:
        response = RedirectResponse(wanted, status_code=303)
        set_session_cookie(
            response, done.secret, secure=entrance.secure, framed=is_framed(request.scope)
        )
    forget(entrance, request, response)
    return response
