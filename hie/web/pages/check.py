"""An order-check as a clinician works on it: each order with its verdict, every reason, a decision.

A decision is a form that can be sent twice without harm (it carries its own key) and that is
refused when somebody decided meanwhile, or when the result changed: then the page shows what is
new, and the way forward.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.errors import UnprocessableRequest
from hie.exchange.decide import ResultChanged, decide
from hie.exchange.hub import Hub
from hie.exchange.order_desk import desk, place_again
from hie.fhir.wire import write
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.store.decisions import AlreadyDecided
from hie.web.language import language_of
from hie.web.pages import decision_view
from hie.web.pages.comparison import minute, what_changed
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.pages.prior_results import patient_of
from hie.web.render import page

_LONGEST = 2000


@for_clinicians
async def show(request: Request) -> Response:
    """GET /checks/{id}; `order` is the line shown, `both=1` shows reasons in both languages."""
    return await _page(request, request.query_params.get("order"))


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /checks/{id}: recorded, or the page with what stands in the way."""
    form = await read_form(request, session_in(request).csrf)
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    hub: Hub = request.app.state.hub
    sent = {name: str(value)[:_LONGEST] for name, value in form.items() if name != "csrf"}
    ref = sent.get("ref", "")
    try:
        body = _body(request.path_params["id"], actor.subject, sent)
        await decide(hub, actor, write(body), refuse_changed=True)
    except AlreadyDecided:
        return await _page(request, ref, sent=sent, problem="decided-meanwhile", status=409)
    except ResultChanged as changed:
        event = next(iter(changed.reasons.values())).told(time.time_ns() // 1000)
        return await _page(
            request, ref, sent=sent, problem="result-changed", status=409, changed=event
        )
    except UnprocessableRequest as refused:
        wrong = [fault.path.rsplit(".", 1)[-1] for fault in refused.faults]
        return await _page(request, ref, sent=sent, wrong=wrong, status=422)
    return RedirectResponse(_address(request.path_params["id"], ref), status_code=303)


@for_clinicians
async def again(request: Request) -> Response:
    """POST /checks/{id}/again: the same order, asked now."""
    form = await read_form(request, session_in(request).csrf)
    hub: Hub = request.app.state.hub
    ref = str(form.get("ref", ""))
    before = str(form.get("instead", "")) or None
    key = request.path_params["id"]
    check, instead = await place_again(hub, actor_in(request), key, ref, before)
    return RedirectResponse(_address(check, ref, instead=instead), status_code=303)


def _address(check: str, ref: str, **more: str | None) -> str:
    asked = {"order": ref, **{key: value for key, value in more.items() if value}}
    return f"/checks/{check}?{urlencode(asked)}"


def _body(check: str, practitioner: str, sent: Mapping[str, str]) -> dict[str, Any]:
    """The form as POST /v1/decisions takes it."""
    use = sent.get("decision") == "use"
    explained = {"yes": True, "no": False}.get(sent.get("explained", ""))
    return {
        "check": check,
        "key": sent.get("key", ""),
        "practitioner": practitioner,
        "decisions": [
            {
                "ref": sent.get("ref", ""),
                "decision": sent.get("decision", ""),
                "assessment": sent.get("assessment") or None,
                "reason": None if use else sent.get("reason") or None,
                "text": sent.get("text", "").strip() or None,
                "explained_to_patient": None if use else explained,
                "replaces": sent.get("replaces") or None,
            }
        ],
    }


async def _page(
    request: Request,
    ref: str | None,
    *,
    sent: Mapping[str, str] | None = None,
    problem: str = "",
    wrong: Sequence[str] = (),
    changed: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    hub: Hub = request.app.state.hub
    instead = (sent or {}).get("replaces") or request.query_params.get("instead")
    found = await desk(hub, actor_in(request), request.path_params["id"], instead)
    lang = language_of(request, hub.settings.language)
    base = f"/checks/{found['check']}"
    chosen = decision_view.chosen(found, ref)
    both = request.query_params.get("both") == "1"
    return page(
        request,
        "check.html",
        hub.settings,
        person=person_of(request),
        status=status,
        page="patients",
        here=base,
        patient=patient_of(found["patient"], lang) if found["patient"] else None,
        rows=[decision_view.row(found, order, base, lang) for order in found["answer"]["orders"]],
        reminders=decision_view.reminders(found, base, lang),
        emergency=decision_view.is_emergency(found),
        encounter=decision_view.encounter(found, lang),
        at=minute(found["at"]),
        policy=found["answer"]["policy"],
        order=decision_view.order(found, chosen, hub.rulebook, lang) if chosen else None,
        both=both,
        both_url=_address(found["check"], chosen or "", both=None if both else "1"),
        sent=sent or {},
        problem=problem,
        wrong=[one for one in wrong if one in decision_view.FIELDS] or (["other"] if wrong else []),
        changed=what_changed(changed, lang) if changed else None,
    )
