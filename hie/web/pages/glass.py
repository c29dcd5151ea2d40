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


@for_privacy_officers
async def show(request: Request) -> Response:
    """GET /glass; `state` says which reviews, `before` the next page."""
    return await _page(request)


@for_privacy_officers
async def submit(request: Request) -> Response:
    """POST /glass: how a review ended, or a right that is given back (`lift`)."""
    form = await read_form(request, session_in(request).csrf)
    hub: Hub = request.app.state.hub
    actor, key = actor_in(request), str(form.get("opening", ""))
    if form.get("do") == "lift":
        await lift(hub, actor, str(form.get("subject", "")), actor.institution)
        return RedirectResponse("/glass?state=unjustified", status_code=303)
    verdict = form.get("verdict")
    chosen = Review(str(verdict)) if verdict in set(Review) else Review.OPEN
    try:
        await review(hub, actor, key, chosen, str(form.get("note", "")))
    except UnprocessableRequest:
        return await _page(request, wrong=key, status=422)
    except Conflict:  # somebody else was quicker: the list shows it
        return await _page(request, problem="glass-reviewed-meanwhile", status=409)
    return RedirectResponse("/glass", status_code=303)


async def _page(
    request: Request, *, wrong: str = "", problem: str = "", status: int = 200
) -> Response:
    hub: Hub = request.app.state.hub
    asked = request.query_params.get("state")
    state = Review(str(asked)) if asked in set(Review) else Review.OPEN
    before = request.query_params.get("before")
    found, following = await reviews(hub, actor_in(request), state, before)
    older = urlencode({"state": state, "before": following}) if following else ""
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
        older=f"/glass?{older}" if older else None,
        longest=LONGEST,
        wrong=wrong,
        problem=problem,
    )


def _opening(one: Reviewed) -> dict[str, Any]:
    opening = one.opening
    return {
        "id": opening.id,
        "subject": opening.subject,
        "name": one.name,
        "agreed_by": one.agreed_by,
        "patient": f"{opening.said['patient']['name']} {opening.said['patient']['identifier']}",
        "reason": opening.reason,
        "text": opening.said["text"],
        "at": minute(written(opening.at_us)),
        "until": minute(written(opening.ended_us or opening.until_us)),
        "looks": one.looks,
        "due": minute(written(opening.due_us)),
        "is_overdue": one.is_overdue,
        "is_kept": one.is_kept,
        "reviewed_by": one.reviewed_by,
        "reviewed_at": minute(written(opening.reviewed_us)) if opening.reviewed_us else "",
        "note": opening.said.get("note", ""),
    }
