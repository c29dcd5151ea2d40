"""Sign in and out; a wrong name and a wrong password look the same."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.reason import Reason
from hie.errors import NotAuthenticated, NotPermitted, TooMany
from hie.exchange.hub import Hub
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import (
    form_token,
    local_path,
    read_form,
    read_form_without_session,
    set_form_cookie,
    wanted_path,
)
from hie.oauth.frames import is_framed
from hie.oauth.oidc_sign_in import addresses_of, offered_providers
from hie.oauth.refusals import stranger
from hie.oauth.sessions import delete_session_cookie, set_session_cookie
from hie.oauth.sign_in import sign_in, sign_out
from hie.web.form_action import allow_forms_to, allow_way_to
from hie.web.language import language_of
from hie.web.pages.guard import told
from hie.web.pages.launch import wait_for
from hie.web.render import page

PATH = "/sign-in"


@told
async def show(request: Request) -> Response:
    """GET /sign-in; `next` is where to go then."""
    wanted = wanted_path(request.query_params.get("next"))
    await wait_for(request.app.state.hub, wanted)
    return await form_page(request, wanted)


@told
async def submit(request: Request) -> Response:
    """POST /sign-in: a session and the page that was wanted, or the form with one sentence."""
    hub: Hub = request.app.state.hub
    secure = hub.entrance.secure
    refusals = hub.entrance.refusals
    try:
        form = await read_form_without_session(request, secure=secure)
    except NotPermitted as error:
        await refusals.record_error(request.scope, error)
        return await form_page(request, "/", wrong="sign-in-expired", status=403)
    wanted = wanted_path(form.get("next"))
    lang = language_of(request, hub.settings.language)
    try:
        done = await sign_in(
            hub.entrance,
            request.scope,
            str(form.get("login", "")),
            str(form.get("password", "")),
            lang,
        )
    except NotAuthenticated:
        return await form_page(request, wanted, wrong="sign-in-failed", status=401)
    except TooMany as error:
        caller = stranger(network_of(request.scope), request_id_of(request.scope))
        await refusals.record(caller, Reason.RATE, detail="sign-in")
        response = await form_page(request, wanted, wrong="sign-in-limited", status=429)
        response.headers["Retry-After"] = error.faults[0].expected
        return response
    entered = RedirectResponse(wanted, status_code=303)
    set_session_cookie(entered, done.secret, secure=secure, framed=is_framed(request.scope))
    return entered


@told
async def leave(request: Request) -> Response:
    """POST /sign-out."""
    hub: Hub = request.app.state.hub
    await read_form(request, session_in(request).csrf)
    await sign_out(hub.entrance, request.scope, actor_in(request))
    response = RedirectResponse("/sign-in", status_code=303)
    framed = is_framed(request.scope)
    delete_session_cookie(response, secure=hub.entrance.secure, framed=framed)
    return response


async def form_page(
    request: Request, wanted: str, *, wrong: str = "", status: int = 200
) -> Response:
    """The page of the form, with the identity providers people may come by."""
    hub: Hub = request.app.state.hub
    secure = hub.entrance.secure
    token, cookie = form_token(request, secure=secure)
    providers = await offered_providers(hub.entrance)
    response = page(
        request,
        "sign_in.html",
        hub.settings,
        status=status,
        csrf=token,
        next=local_path(wanted),
        wrong=wrong,
        providers=providers,
        **_language_link(request),
    )
    if cookie is not None:
        set_form_cookie(response, cookie, secure=secure, framed=is_framed(request.scope))
    allow_forms_to(
        response, *(place for one in providers for place in addresses_of(hub.entrance, one))
    )
    await allow_way_to(hub, response, local_path(wanted))
    return response


def _language_link(request: Request) -> dict[str, Any]:
    """After an answer of a provider the other language is that of the form, not of the answer."""
    if request.url.path == PATH:
        return {}
    default = request.app.state.hub.settings.language
    other = "en" if language_of(request, default) == "zh" else "zh"
    return {"other_language": f"{PATH}?lang={other}"}
