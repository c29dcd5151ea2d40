"""The reviews of broken glass, for the privacy officers of an institution."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.glass import LONGEST, Review
from hie.errors import Conflict, UnprocessableRequest
from hie.exchange.glass_review import Reviewed, lift, review, reviews
from hie.exchange.hub import Hub
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.store.instants import written
from hie.web.pages.comparison import minute
from hie.web.pages.guard import for_privacy_officers, person_of
from hie.web.render import page
from hie.web.sheet import legible


@for_privacy_officers
async def show(request: Request) -> Response:
    """GET /glass; `state` says which reviews, `before` the next page."""
    return await _page(request)


@for_privacy_officers
async def submit(request: Request) -> Response:
    """POST /glass: how a review ended, or a right that is given back (`lift`).

    It ends on the page of the list where it began, whose `state` and `before` the address has.
    """
    form = await read_form(request, session_in(request).csrf)
    hub: Hub = request.app.state.hub
    actor, key = actor_in(request), str(form.get("opening", ""))
    if form.get("do") == "lift":
        await lift(hub, actor, str(form.get("subject", "")), actor.institution)
        return RedirectResponse(_here(request), status_code=303)
    verdict = form.get("verdict")
    chosen = Review(str(verdict)) if verdict in set(Review) else Review.OPEN
    try:
        await review(hub, actor, key, chosen, str(form.get("note", "")))
    except UnprocessableRequest:
        return await _page(request, wrong=key, note=str(form.get("note", "")), status=422)
    except Conflict:  # somebody else was quicker: the list shows it
        return await _page(request, problem="glass-reviewed-meanwhile", status=409)
    return RedirectResponse(_here(request), status_code=303)


def _state(request: Request) -> Review:
    asked = request.query_params.get("state")
    return Review(str(asked)) if asked in set(Review) else Review.OPEN


def _address(state: Review, before: str | None) -> str:
    asked = {"state": state.value, **({"before": before} if before else {})}
    return f"/glass?{urlencode(asked)}"


def _here(request: Request) -> str:
    """The page of the list that was shown."""
    return _address(_state(request), request.query_params.get("before"))


async def _page(
    request: Request, *, wrong: str = "", note: str = "", problem: str = "", status: int = 200
) -> Response:
    hub: Hub = request.app.state.hub
    state, before = _state(request), request.query_params.get("before")
    found, following = await reviews(hub, actor_in(request), state, before)
    return page(
        request,
        "glass.html",
        hub.settings,
        person=person_of(request),
        status=status,
        page="glass",
        state=str(state),
        states=[str(one) for one in Review],
        openings=[_opening(one) for one in found],
        here=_here(request),
        older=_address(state, following) if following else None,
        longest=LONGEST,
        wrong=wrong,
        note=note,
        problem=problem,
    )


def _opening(one: Reviewed) -> dict[str, Any]:
    opening = one.opening
    patient = opening.said["patient"]
    return {
        "id": opening.id,
        "subject": opening.subject,
        "name": legible(one.name),
        "agreed_by": legible(one.agreed_by),
        "patient": legible(f"{patient['name']} {patient['identifier']}"),
        "reason": opening.reason,
        "text": legible(opening.said["text"]),
        "at": minute(written(opening.at_us)),
        "until": minute(written(opening.ended_us or opening.until_us)),
        "looks": one.looks,
        "due": minute(written(opening.due_us)),
        "is_overdue": one.is_overdue,
        "is_kept": one.is_kept,
        "reviewed_by": legible(one.reviewed_by),
        "reviewed_at": minute(written(opening.reviewed_us)) if opening.reviewed_us else "",
        "note": legible(opening.said.get("note")),
    }
