"""`/oauth/authorize`: a person lets an app act for them, for a patient where the app needs one.

Apps are registered by an operator, so nobody is asked whether they consent; the patient is the
launch ticket's, or chosen here. Until it is known where the app may be answered, faults are a page;
from then on they are the app's to hear (SMART App Launch 2.2, RFC 6749 section 4.1, RFC 9207).
"""

from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.actor import Actor
from hie.access.reason import Reason
from hie.errors import Fault, InvalidRequest, NotAuthenticated, TooMany
from hie.exchange.hub import Hub
from hie.exchange.launching import patient_to_open
from hie.exchange.prior_results import find_person
from hie.oauth.app_scopes import wanted
from hie.oauth.authorize import (
    KnownApp,
    answer_address,
    check_person,
    find_app,
    find_launch,
    give_code,
    hold_launch,
)
from hie.oauth.authorize_request import (
    LONGEST_QUERY,
    Asked,
    AuthorizeRefused,
    Target,
    read_asked,
    read_target,
)
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.forms import read_form
from hie.oauth.frames import ROOM, is_framed
from hie.oauth.limits import retry_after
from hie.oauth.refusals import stranger
from hie.oauth.sessions import Session, find_session, session_hash
from hie.store.launches import is_for_frame
from hie.web.form_action import allow_forms_to
from hie.web.language import language_of
from hie.web.pages.find import TYPES
from hie.web.pages.guard import person_of, told
from hie.web.pages.prior_results import patient_of
from hie.web.pages.signing_in import sign_in_for
from hie.web.render import page

PATH = "/oauth/authorize"


@told
async def show(request: Request) -> Response:
    """GET /oauth/authorize."""
    return await _answer(request)


@told
async def submit(request: Request) -> Response:
    """POST /oauth/authorize: the patient who was looked for, or chosen, on the page of the GET."""
    return await _answer(request)


async def _answer(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    if len(request.url.query) > LONGEST_QUERY:
        fault = Fault("query", "too-long", f"at most {LONGEST_QUERY} characters")
        raise InvalidRequest("no authorization request", (fault,))
    pairs = request.query_params.multi_items()
    target = read_target(pairs)
    known = await find_app(hub.entrance, target)
    signed = await _signed_in(request)
    try:
        asked = read_asked(pairs, hub.entrance.audience)
        if _belongs_in_frame(request, asked):
            return _go(f"{ROOM}{PATH}?{request.url.query}")
        if signed is None:
            return await _sign_in_first(request, asked)
        return await _for_person(request, target, asked, known, *signed)
    except AuthorizeRefused as refused:
        return await _refuse(request, target, refused)


async def _for_person(
    request: Request, target: Target, asked: Asked, known: KnownApp, actor: Actor, session: Session
) -> Response:
    hub: Hub = request.app.state.hub
    form = await read_form(request, session.csrf) if request.method == "POST" else None
    check_person(known, session.institution)
    scopes = wanted(asked.scopes, known.client.scopes, session.role)
    framed = is_framed(request.scope)
    launch = await find_launch(hub.entrance, asked, known.client.id, actor, framed=framed)
    patient = launch[1].patient if launch else _chosen(form)
    if patient is not None and await patient_to_open(hub, actor, patient) is None:
        raise AuthorizeRefused("access_denied", "no such patient", Reason.ABSENT)
    if patient is None and scopes.needs_patient:
        if asked.prompt == "none":
            raise AuthorizeRefused("interaction_required", "a patient must be chosen")
        return await _pick(request, target, known, actor, form)
    mark = session_hash(hub.entrance, request.scope)
    code = await give_code(hub.entrance, actor, mark, target, asked, scopes, patient, launch)
    return _go(answer_address(hub.entrance, target, code=code))


def _belongs_in_frame(request: Request, asked: Asked) -> bool:
    """Whether an app was opened in a frame, where it comes by the address that all apps know."""
    hub: Hub = request.app.state.hub
    is_elsewhere = bool(hub.settings.frame_origins) and not is_framed(request.scope)
    return is_elsewhere and asked.launch is not None and is_for_frame(asked.launch)


def _chosen(form: FormData | None) -> str | None:
    found = None if form is None else form.get("patient")
    return found if isinstance(found, str) and found else None


async def _pick(
    request: Request, target: Target, known: KnownApp, actor: Actor, form: FormData | None
) -> Response:
    """The page on which a patient is looked for by a number, seen, and chosen."""
    hub: Hub = request.app.state.hub
    data: dict[str, Any] = {"chosen": TYPES[0], "wrong": "", "found": None}
    if form is not None:
        kind, value = str(form.get("type", "")), str(form.get("value", "")).strip()
        data["chosen"] = kind if kind in TYPES else TYPES[0]
        data["wrong"] = "number-missing"
        if value:
            state, patient = await find_person(hub, actor, data["chosen"], value)
            shown = None if patient is None else await patient_to_open(hub, actor, patient)
            data["wrong"] = "found-ambiguous" if state == "ambiguous" else "found-none"
            if shown is not None:
                lang = language_of(request, hub.settings.language)
                data |= {"wrong": "", "found": patient_of(shown, lang)}
    response = page(
        request,
        "authorize.html",
        hub.settings,
        person=person_of(request),
        types=TYPES,
        app=known.name,
        action=f"{PATH}?{request.url.query}",
        **data,
    )
    allow_forms_to(response, target.redirect_uri)
    return response


async def _signed_in(request: Request) -> tuple[Actor, Session] | None:
    """Who is signed in, held to their rate; None when nobody is.

    In a frame too for whichever patient the ticket says, not for the one that was launched last.
    """
    entrance = request.app.state.hub.entrance
    try:
        actor, session = await find_session(entrance, request.scope)
    except NotAuthenticated:
        return None
    actor = replace(actor, patient=None)
    request.state.actor, request.state.session = actor, session
    if entrance.rates.enforced:
        seconds = entrance.rates.user.take(actor.subject, entrance.clock())
        if seconds > 0:
            fault = Fault("rate", Reason.RATE, retry_after(seconds))
            raise TooMany("too many requests", (fault,))
    return actor, session


async def _sign_in_first(request: Request, asked: Asked) -> Response:
    if asked.prompt == "none":
        raise AuthorizeRefused("login_required", "nobody is signed in", Reason.SESSION)
    if asked.launch is not None:
        await hold_launch(request.app.state.hub.entrance, asked.launch)
    return sign_in_for(f"{PATH}?{request.url.query}")


async def _refuse(request: Request, target: Target, refused: AuthorizeRefused) -> Response:
    """Recorded, and told to the app; to the address that was registered, and never another."""
    entrance = request.app.state.hub.entrance
    actor = getattr(request.state, "actor", None)
    if not isinstance(actor, Actor):
        who = network_of(request.scope), request_id_of(request.scope)
        actor = stranger(*who, named=target.client)
    await entrance.refusals.record(actor, refused.reason, detail=f"authorize {refused.error}")
    said = {"error": refused.error, "error_description": refused.told}
    return _go(answer_address(entrance, target, **said))


def _go(address: str) -> Response:
    return RedirectResponse(address, status_code=303)
