"""The work list: reopened decisions of the reader's institution, what changed, and what to do."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.errors import Conflict, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.order_desk import place_again
from hie.exchange.work_list import close, desk, item_of
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.web.language import Language, language_of
from hie.web.pages.comparison import minute, what_became
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.render import page

STATES = ("open", "done")


@for_clinicians
async def show(request: Request) -> Response:
    """GET /work; `state=done` shows what was closed, `before` the next page."""
    return await _page(request)


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /work: decide an item's order anew (`again`), or close it and say why (`close`)."""
    form = await read_form(request, session_in(request).csrf)
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    hub: Hub = request.app.state.hub
    key, note = str(form.get("item", "")), str(form.get("note", ""))
    if form.get("do") != "close":
        item = await item_of(hub, actor, key)
        check, instead = await place_again(hub, actor, item.check, item.ref)
        asked = {"order": item.ref, **({"instead": instead} if instead else {})}
        return RedirectResponse(f"/checks/{check}?{urlencode(asked)}", status_code=303)
    try:
        await close(hub, actor, key, note)
    except UnprocessableRequest:
        return await _page(request, wrong=key, note=note, status=422)
    except Conflict:  # somebody else was quicker: the list shows it
        return await _page(request, status=409, problem="work-closed-meanwhile")
    return RedirectResponse(_here(request), status_code=303)


def _state(request: Request) -> str:
    return "done" if request.query_params.get("state") == "done" else "open"


def _address(state: str, before: str | None) -> str:
    asked = {"state": state, **({"before": before} if before else {})}
    return f"/work?{urlencode(asked)}"


def _here(request: Request) -> str:
    """The page of the list that was shown: what is refused on it is told there."""
    return _address(_state(request), request.query_params.get("before"))


async def _page(
    request: Request, *, wrong: str = "", note: str = "", problem: str = "", status: int = 200
) -> Response:
    hub: Hub = request.app.state.hub
    state, before = _state(request), request.query_params.get("before")
    found = await desk(hub, actor_in(request), before, state)
    lang = language_of(request, hub.settings.language)
    following = found["next"]
    return page(
        request,
        "work.html",
        hub.settings,
        person=person_of(request),
        status=status,
        page="work",
        state=state,
        states=STATES,
        items=[_item(one, found["names"], lang) for one in found["items"]],
        here=_here(request),
        older=_address(state, following) if following else None,
        wrong=wrong,
        note=note,
        problem=problem,
    )


def _item(
    one: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], lang: Language
) -> dict[str, Any]:
    named = names.get(one["order"]["item"])
    patient = one["patient"]
    return {
        "id": one["item"],
        "cause": one["cause"],
        "name": named[lang] if named else one["order"]["item"],
        "patient": f"{patient['name']} {patient['identifier']}" if patient else "",
        "since": minute(one["since"]),
        "decided_at": minute(one["decided_at"] or ""),
        "decided_by": one["decided_by"],
        "events": what_became(one["events"], lang),
        "url": f"/checks/{one['check']}?{urlencode({'order': one['ref']})}",
        "done_at": minute(one["done_at"] or ""),
        "done_by": one["done_by"],
        "note": one["note"],
        "is_replaced": one["closed_with"] is not None,
    }
