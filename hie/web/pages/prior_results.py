"""A person's earlier results and examinations with verdict, reasons and source."""

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.errors import ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.prior_results import prior_results
from hie.fhir.elements import instant
from hie.oauth.door import actor_in
from hie.web.language import Language, language_of, say
from hie.web.pages import answered, studies, view
from hie.web.pages.answered import OUTCOMES, sources, with_results
from hie.web.pages.apps import offered
from hie.web.pages.filters import Filters, chosen_orders, filter_groups
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.pages.why import gates
from hie.web.render import page


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients/{id}."""
    hub: Hub = request.app.state.hub
    key = request.path_params["id"]
    found = await prior_results(hub, actor_in(request), key)
    if found is None:
        raise ResourceNotFound("no such patient")  # recorded, then told
    apps = await offered(request)
    response = page(
        request,
        "prior_results.html",
        hub.settings,
        person=person_of(request),
        apps=apps.listed,
        **_context(request, found, f"/patients/{key}"),
    )
    apps.allow(response)
    return response


def _context(request: Request, found: dict[str, Any], base: str) -> dict[str, Any]:
    hub: Hub = request.app.state.hub
    lang = language_of(request, hub.settings.language)
    answer, items, classes = found["answer"], found["items"], found["classes"]
    orders, seen = with_results(answer["orders"]), found["studies"]
    asked = request.query_params
    filters = Filters(asked.get("verdict"), asked.get("category"), asked.get("source"))
    number = sources(answer, [one["candidate"] for one in seen if one["candidate"]])
    shown, pictured = chosen_orders(orders, items, filters), studies.chosen(seen, filters)
    examined = [(studies.outcome_of(one), studies.place_of(one)) for one in seen]
    outcomes = [order["outcome"] for order in orders] + [outcome for outcome, _ in examined]
    wanted = asked.get("item")
    order = next((one for one in shown if one["item"] == wanted), None)
    study = next((one for one in pictured if one["key"] == wanted), None)
    if order is None and study is None:
        order = shown[0] if shown else None
        study = pictured[0] if pictured and not shown else None
    why = None
    if study is not None:
        why = studies.why(study, classes, number, lang)
    elif order is not None:
        why = {**view.reasons(order, items[order["item"]], number, lang), "unasked": ""}
    if why is not None:
        judged = study["candidate"] if study is not None else answered.shown(order or {})
        why["gates"] = [] if why["unasked"] else gates(judged, hub.rulebook, lang)
    both = asked.get("both") == "1"
    key = study["key"] if study is not None else order["item"] if order is not None else None
    return {
        "page": "patients",
        "patient": patient_of(found["patient"], lang),
        "filters": filter_groups(
            orders, items, found["names"], number, filters, base, lang, examined
        ),
        "filtered": bool(orders),
        "counts": [(one, outcomes.count(one)) for one in OUTCOMES if one in outcomes],
        "rows": [view.row(one, items[one["item"]], number, filters, base, lang) for one in shown],
        "studies": [studies.row(one, classes, number, filters, base, lang) for one in pictured],
        "others": [{**one, "collected": one["effective"]} for one in found["others"]],
        "others_left_out": found["others_left_out"],
        "chosen": key,
        "why": why,
        "both": both,
        "both_url": filters.url(base, item=key, both=None if both else "1"),
        "order_item": order["item"] if order is not None and study is None else None,
        "policy": answer["policy"],
        "on": answer["on"][:10],
    }


def patient_of(patient: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    """A patient as the head of a page names them."""
    return {
        **patient,
        "sex": say(f"sex-{patient['sex']}", lang),
        "age": _age(patient["birth_date"]),
    }


def _age(birth_date: str) -> int | None:
    """Completed years today; None when the date is partial."""
    try:
        born = date.fromisoformat(birth_date)
    except ValueError:
        return None
    today = instant(time.time_ns() // 1000).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
