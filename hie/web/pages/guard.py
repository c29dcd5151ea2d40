"""Who may open a page, and the page somebody sees when something is refused or fails."""

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import Actor
from hie.access.policy import Role
from hie.access.reason import Reason
from hie.errors import Fault, HubError, NotPermitted, ResourceNotFound, TooMany
from hie.exchange import feed_desk
from hie.exchange.framed import is_of_patient
from hie.exchange.glass_review import waiting as reviews_waiting
from hie.exchange.hub import Hub
from hie.exchange.work_list import waiting
from hie.oauth.door import actor_in, session_in
from hie.oauth.sessions import Session
from hie.status import status_of
from hie.web.render import Person, page, without_query

Handler = Callable[[Request], Awaitable[Response]]
# The sentence of a status; every other refusal of a request is incomplete, every failure a failure.
_TEXTS = {
    401: "error-403",
    403: "error-403",
    404: "error-404",
    405: "error-404",
    409: "error-409",
    410: "error-404",
    429: "error-429",
    503: "error-503",
}
# What was at fault where a status alone would not say how to go on.
_OWN: dict[tuple[str, str], str] = {
    ("form", Reason.CSRF): "error-form",
    ("launch", Reason.OIDC): "error-launch",
}


def person_of(request: Request) -> Person | None:
    """Who is signed in, as pages show them; None before sign-in."""
    session = getattr(request.state, "session", None)
    if not isinstance(session, Session):
        return None
    sees_patients = session.role is Role.CLINICIAN
    waits = getattr(request.state, "waiting", 0)
    leads = session.role is Role.MANAGER
    actor = getattr(request.state, "actor", None)
    return Person(
        session.name,
        session.department,
        session.csrf,
        sees_patients,
        leads,
        waits,
        reviews=session.role is Role.PRIVACY_OFFICER,
        connects=session.role is Role.INTEGRATOR,
        glass=isinstance(actor, Actor) and bool(actor.glass),
    )


def told(handler: Handler) -> Handler:
    """Refusals and failures of a page as a page, the refusals recorded before they are told."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except HubError as error:
            return await _told(request, error)

    return answered


def for_clinicians(handler: Handler) -> Handler:
    """A page that shows patients: of all roles only clinicians open it.

    Its head says how many reopened decisions wait at their institution. In a frame it is a page of
    the launched patient, or it is none.
    """

    @wraps(handler)
    async def admitted(request: Request) -> Response:
        session = session_in(request)
        if session.role is not Role.CLINICIAN:
            raise NotPermitted("not permitted", (Fault("access", Reason.ROLE, "clinician"),))
        hub: Hub = request.app.state.hub
        if session.frame is not None and not await is_of_patient(
            hub, session.frame, request.url.path
        ):
            raise ResourceNotFound("no page of the launched patient")
        request.state.waiting = await waiting(hub, session.institution)
        return await handler(request)

    return told(admitted)


def for_privacy_officers(handler: Handler) -> Handler:
    """A page of the reviews of broken glass; its head says how many wait."""

    @wraps(handler)
    async def admitted(request: Request) -> Response:
        session = session_in(request)
        if session.role is not Role.PRIVACY_OFFICER:
            fault = Fault("access", Reason.ROLE, Role.PRIVACY_OFFICER.value)
            raise NotPermitted("not permitted", (fault,))
        hub: Hub = request.app.state.hub
        request.state.waiting = await reviews_waiting(hub, session.institution)
        return await handler(request)

    return told(admitted)


def for_integrators(handler: Handler) -> Handler:
    """A page of messages and codes, for who connects systems; its head says how many are held."""

    @wraps(handler)
    async def admitted(request: Request) -> Response:
        if session_in(request).role is not Role.INTEGRATOR:
            fault = Fault("access", Reason.ROLE, Role.INTEGRATOR.value)
            raise NotPermitted("not permitted", (fault,))
        hub: Hub = request.app.state.hub
        request.state.waiting = await feed_desk.waiting(hub, actor_in(request))
        return await handler(request)

    return told(admitted)


def error_page(request: Request, status: int, faults: Sequence[Fault] = ()) -> Response:
    """The page of a status: one sentence, and nothing of what was asked."""
    hub: Hub = request.app.state.hub
    known = _TEXTS.get(status, "error-400" if status < 500 else "error-500")
    known = next((_OWN[f.path, f.code] for f in faults if (f.path, f.code) in _OWN), known)
    response = page(
        request,
        "error.html",
        hub.settings,
        person=person_of(request),
        status=status,
        text=known,
        other_language=without_query(request, hub.settings.language),
    )
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


async def _told(request: Request, error: HubError) -> Response:
    hub: Hub = request.app.state.hub
    try:
        await hub.entrance.refusals.record_error(request.scope, error)
    except HubError as away:
        error = away
    response = error_page(request, status_of(error), error.faults)
    if isinstance(error, TooMany) and error.faults:
        response.headers["Retry-After"] = error.faults[0].expected
    return response
