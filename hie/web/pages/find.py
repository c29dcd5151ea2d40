"""Find a patient by a document's number, or by a code they show; both are sent in a form alone."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.errors import ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.patient_codes import use_code
from hie.exchange.prior_results import find_person
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.render import page

TYPES = (
    "resident-id",
    "passport",
    "residence-permit",
    "hk-macao-permit",
    "taiwan-permit",
    "insurance",
)
CODE = "patient-code"  # what the patient shows, instead of a number


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients."""
    return _page(request)


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /patients: the person's results, or why there are none."""
    form = await read_form(request, session_in(request).csrf)
    kind, value = str(form.get("type", "")), str(form.get("value", "")).strip()
    if kind not in (*TYPES, CODE):
        kind = TYPES[0]
    if not value:
        return _page(request, wrong="number-missing", chosen=kind)
    hub: Hub = request.app.state.hub
    if kind == CODE:
        return await _by_code(request, hub, value)
    state, patient = await find_person(hub, actor_in(request), kind, value)
    if patient is not None:
        return RedirectResponse(f"/patients/{patient}", status_code=303)
    wrong = "found-ambiguous" if state == "ambiguous" else "found-none"
    return _page(request, wrong=wrong, chosen=kind)


async def _by_code(request: Request, hub: Hub, code: str) -> Response:
    """The record a patient opens to this institution by the code they show."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    try:
        opened = await use_code(hub, actor, code)
    except ResourceNotFound as error:
        await hub.entrance.refusals.record_error(request.scope, error)
        return _page(request, wrong="code-none", chosen=CODE)
    patient = opened["patient"].removeprefix("Patient/")
    return RedirectResponse(f"/patients/{patient}", status_code=303)


def _page(request: Request, *, wrong: str = "", chosen: str = TYPES[0]) -> Response:
    hub: Hub = request.app.state.hub
    return page(
        request,
        "find.html",
        hub.settings,
        person=person_of(request),
        page="patients",
        types=(*TYPES, CODE),
        chosen=chosen,
        wrong=wrong,
    )
