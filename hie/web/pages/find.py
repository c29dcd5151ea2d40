"""Find a patient by a document's number; the number is sent in a form, never in an address."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.exchange.hub import Hub
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


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients."""
    return _page(request)


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /patients: the person's results, or why there are none."""
    form = await read_form(request, session_in(request).csrf)
    kind, value = str(form.get("type", "")), str(form.get("value", "")).strip()
    if kind not in TYPES:
        kind = TYPES[0]
    if not value:
        return _page(request, wrong="number-missing", chosen=kind)
    hub: Hub = request.app.state.hub
    state, patient = await find_person(hub, actor_in(request), kind, value)
    if patient is not None:
        return RedirectResponse(f"/patients/{patient}", status_code=303)
    wrong = "found-ambiguous" if state == "ambiguous" else "found-none"
    return _page(request, wrong=wrong, chosen=kind)


def _page(request: Request, *, wrong: str = "", chosen: str = TYPES[0]) -> Response:
    hub: Hub = request.app.state.hub
    return page(
        request,
        "find.html",
        hub.settings,
        person=person_of(request),
        page="patients",
        types=TYPES,
        chosen=chosen,
        wrong=wrong,
    )
