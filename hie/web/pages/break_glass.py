"""Emergency access: open one patient's withheld results, see what is open, end it."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.glass import LONGEST, GlassReason
from hie.errors import Fault, HubError, NotPermitted, TooMany
from hie.exchange.break_glass import Wish, break_glass, close_glass, openings
from hie.exchange.hub import Hub
from hie.exchange.second_person import SecondPerson
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.oauth.second_factor import has_one
from hie.oauth.sessions import rotate, set_session_cookie
from hie.recognition.request import Asked
from hie.status import status_of
from hie.store.instants import written
from hie.web.pages.comparison import minute
from hie.web.pages.find import TYPES
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.render import page
from hie.web.sheet import legible

# What may be wrong, by the field it is told at; anything else is told as `access`.
WRONG = ("reason", "text", "code", "rate", "patient", "second", "access")
_KEPT = ("type", "reason", "text", "patient")  # of a form that is shown anew; no number, no secret


@for_clinicians
async def show(request: Request) -> Response:
    """GET /break-glass; `patient` names whom to open, else a document's number does."""
    return await _page(request, {"patient": request.query_params.get("patient", "")})


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /break-glass: open (`open`), or end an opening (`end`)."""
    form = await read_form(request, session_in(request).csrf)
    given = {name: str(value) for name, value in form.items()}
    hub: Hub = request.app.state.hub
    actor = actor_in(request)
    if given.get("do") == "end":
        await close_glass(hub, actor, given.get("opening", ""))
        return RedirectResponse("/break-glass", status_code=303)
    try:
        opened = await break_glass(hub, actor, _wish(given))
    except (NotPermitted, TooMany) as error:
        await hub.entrance.refusals.record_error(request.scope, error)
        response = await _page(request, given, error)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = error.faults[0].expected
        return response
    answer = RedirectResponse(f"/patients/{opened.home}", status_code=303)
    secret = await rotate(hub.entrance, request.scope)
    set_session_cookie(answer, secret, secure=hub.entrance.secure)
    return answer


def _wish(given: Mapping[str, str]) -> Wish:
    key, number = given.get("patient", ""), given.get("value", "").strip()
    asked = Asked(reference=f"Patient/{key}") if key else Asked(((given.get("type", ""), number),))
    second = None
    if given.get("second-login"):
        second = SecondPerson(
            given["second-login"], given.get("second-password", ""), given.get("second-code", "")
        )
    return Wish(asked, given.get("reason"), given.get("text"), given.get("code", ""), second)


async def _page(
    request: Request, given: Mapping[str, str], error: HubError | None = None
) -> Response:
    hub: Hub = request.app.state.hub
    actor = actor_in(request)
    found = await openings(hub, actor)
    faults: tuple[Fault, ...] = () if error is None else error.faults
    wrong = [fault.path if fault.path in WRONG else "access" for fault in faults]
    return page(
        request,
        "break_glass.html",
        hub.settings,
        person=person_of(request),
        status=200 if error is None else status_of(error),
        page="patients",
        types=TYPES,
        reasons=[str(one) for one in GlassReason],
        longest=LONGEST,
        given={name: given.get(name, "") for name in _KEPT},
        wrong=wrong,
        asks_second="second" in wrong,
        has_factor=await has_one(hub.entrance, actor.subject),
        openings=[
            {
                "id": one.id,
                "home": one.home,
                "name": legible(one.said["patient"]["name"]),
                "identifier": legible(one.said["patient"]["identifier"]),
                "until": minute(written(one.until_us)),
            }
            for one in found
        ],
    )
