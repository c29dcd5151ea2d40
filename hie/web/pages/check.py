"""An order-check as a clinician works on it: all its orders as one decision, or one in full.

Both are one form (`decision_form`) that can be sent twice without harm (it carries its own key) and
that is refused as a whole when somebody decided meanwhile, or when a result changed: then the page
shows what is new and keeps what was chosen. All is recorded, or nothing is.
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
from hie.exchange.order_desk import desk, place_again, place_rest
from hie.fhir.wire import write
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.store.decisions import AlreadyDecided
from hie.store.ids import new_id
from hie.web.language import Language, language_of
from hie.web.pages import decision_view, order_card, order_line
from hie.web.pages.comparison import minute, what_changed
from hie.web.pages.decision_form import MOST_FIELDS, kept, said, wrong_of
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.pages.prior_results import patient_of
from hie.web.render import page

PROBLEMS = ("decided-meanwhile", "result-changed")
_MEANWHILE, _CHANGED = PROBLEMS


@for_clinicians
async def show(request: Request) -> Response:
    """GET /checks/{id}; `order` shows one order in full, `both=1` reasons in both languages."""
    return await _page(request)


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /checks/{id}: all that was chosen is recorded; or the page says what is in the way."""
    form = await read_form(request, session_in(request).csrf, fields=MOST_FIELDS)
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    hub: Hub = request.app.state.hub
    key, sent = request.path_params["id"], kept(form.items())
    of = said(key, actor.subject, sent)
    if of.wrong:
        return await _page(request, sent=sent, wrong=of.wrong, status=422)
    try:
        await decide(hub, actor, write(of.body), refuse_changed=True)
    except AlreadyDecided:
        return await _page(request, sent=sent, problem=_MEANWHILE, status=409)
    except ResultChanged as changed:
        now_us = time.time_ns() // 1000
        events = {ref: reason.told(now_us) for ref, reason in changed.reasons.items()}
        return await _page(request, sent=sent, problem=_CHANGED, changed=events, status=409)
    except UnprocessableRequest as refused:
        return await _page(request, sent=sent, wrong=wrong_of(of, refused.faults), status=422)
    return RedirectResponse(_address(key, request.query_params.get("order")), status_code=303)


@for_clinicians
async def again(request: Request) -> Response:
    """POST /checks/{id}/again: one order, or with `whole` all that is undecided, asked now."""
    form = await read_form(request, session_in(request).csrf)
    hub: Hub = request.app.state.hub
    key = request.path_params["id"]
    if form.get("whole"):
        return RedirectResponse(
            _address(await place_rest(hub, actor_in(request), key)), status_code=303
        )
    ref = str(form.get("ref", ""))
    before = str(form.get("instead", "")) or None
    check, instead = await place_again(hub, actor_in(request), key, ref, before)
    return RedirectResponse(_address(check, ref, instead=instead), status_code=303)


def _address(check: str, ref: str | None = None, **more: str | None) -> str:
    asked = {key: value for key, value in {"order": ref, **more}.items() if value}
    return f"/checks/{check}?{urlencode(asked)}" if asked else f"/checks/{check}"


async def _page(
    request: Request,
    *,
    sent: Mapping[str, str] | None = None,
    problem: str = "",
    wrong: Mapping[int, Sequence[str]] | None = None,
    changed: Mapping[str, Mapping[str, Any]] | None = None,
    status: int = 200,
) -> Response:
    hub: Hub = request.app.state.hub
    sent, wrong = sent or {}, wrong or {}
    instead = _replaced(sent) or request.query_params.get("instead")
    found = await desk(hub, actor_in(request), request.path_params["id"], instead)
    lang = language_of(request, hub.settings.language)
    chosen = decision_view.chosen(found, request.query_params.get("order"))
    patient = patient_of(found["patient"], lang) if found["patient"] else None
    common = {
        "page": "patients",
        "here": f"/checks/{found['check']}",
        "patient": patient,
        "later": f"/patients/{patient['id']}" if patient else "/patients",
        "ambiguous": found["answer"]["identity"] == "ambiguous",
        "emergency": decision_view.is_emergency(found),
        "encounter": decision_view.encounter(found, lang),
        "at": minute(found["at"]),
        "policy": found["answer"]["policy"],
        "key": new_id(),
        "sent": sent,
        "problem": problem,
        "wrong": wrong,
        "refusals": any(wrong.values()),
        "changes": {ref: what_changed(event, lang) for ref, event in (changed or {}).items()},
    }
    if chosen is None:
        template, more = "order_card.html", _card(hub, found, sent, wrong, lang)
        more["stopped"] = problem == _CHANGED
    else:
        both = request.query_params.get("both") == "1"
        template, more = "check.html", _detail(hub, found, chosen, sent, wrong, lang)
        more |= {
            "both": both,
            "both_url": _address(found["check"], chosen, both="" if both else "1"),
        }
    return page(
        request, template, hub.settings, person=person_of(request), status=status, **common, **more
    )


def _replaced(sent: Mapping[str, str]) -> str:
    """The decision of an earlier check that the form would replace: one, where it asks again."""
    return next((value for name, value in sent.items() if name.startswith("replaces-")), "")


def _card(
    hub: Hub,
    found: Mapping[str, Any],
    sent: Mapping[str, str],
    wrong: Mapping[int, Sequence[str]],
    lang: Language,
) -> dict[str, Any]:
    lines = order_card.lines(found, sent, wrong, hub.rulebook, lang)
    return {**_form(lines, lang), "lines": lines, "all": order_card.for_all(lines, sent)}


def _detail(
    hub: Hub,
    found: Mapping[str, Any],
    ref: str,
    sent: Mapping[str, str],
    wrong: Mapping[int, Sequence[str]],
    lang: Language,
) -> dict[str, Any]:
    base = f"/checks/{found['check']}"
    order = decision_view.order(found, ref, hub.rulebook, lang)
    standing = order["standing"]
    anew = standing is not None and standing["here"] and standing["state"] != "reopened"
    line = order_line.line(found, ref, sent, wrong, hub.rulebook, lang, anew=anew)
    rows = [decision_view.row(found, one, base, lang) for one in found["answer"]["orders"]]
    return {**_form([line], lang), "line": line, "order": order, "rows": rows}


def _form(lines: Sequence[Mapping[str, Any]], lang: Language) -> dict[str, Any]:
    """What the button may say, and what it says now."""
    head = order_card.head(lines)
    return {
        "head": head,
        "labels": order_card.labels(head["offered"], lang),
        "repeats": order_card.repeats(head["waiting"], lang),
    }
