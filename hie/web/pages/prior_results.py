"""A person's earlier results and examinations with verdict, reasons, source and history."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.errors import ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.prior_results import History, prior_results
from hie.fhir.elements import instant
from hie.oauth.door import actor_in
from hie.recognition.reminders import OFFERED
from hie.web.language import Language, language_of, say
from hie.web.pages import answered, studies, view
from hie.web.pages.answered import OUTCOMES, sources, with_results
from hie.web.pages.apps import offered
from hie.web.pages.comparison import minute
from hie.web.pages.filters import Filters, chosen_orders, filter_groups
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.pages.trend import look
from hie.web.pages.why import gates
from hie.web.render import page


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients/{id}; `item` is looked at closely, `data` is a page of its history."""
    hub: Hub = request.app.state.hub
    key, wanted = request.path_params["id"], request.query_params.get("item")
    filters = _filters(request.query_params)

    def choose(orders: Sequence[Mapping[str, Any]], history: History) -> str | None:
        """The item asked for, else the first row, unless an examination is asked for."""
        rows = chosen_orders(
            with_results(orders), categories_of(hub), filters, abnormal_of(orders, history)
        )
        keys = [one["item"] for one in rows]
        return wanted if wanted in keys else keys[0] if keys and wanted is None else None

    found = await prior_results(hub, actor_in(request), key, choose)
    if found is None:
        raise ResourceNotFound("no such patient")  # recorded, then told
    apps = await offered(request)
    response = page(
        request,
        "prior_results.html",
        hub.settings,
        person=person_of(request),
        apps=apps.listed,
        **_context(request, found, filters, f"/patients/{key}"),
    )
    apps.allow(response)
    return response


def _filters(asked: Mapping[str, str]) -> Filters:
    return Filters(**{one.name: asked.get(one.name) for one in fields(Filters)})


def categories_of(hub: Hub) -> dict[str, dict[str, str]]:
    """The category of each item, as the filters ask for it."""
    return {key: {"category": one.category} for key, one in hub.catalogue.items.items()}


def abnormal_of(orders: Sequence[Mapping[str, Any]], history: History) -> set[str]:
    """The items whose shown result lies outside its interval, or is called abnormal."""
    return {
        order["item"]
        for order in with_results(orders)
        if view.flag_shown(answered.shown(order), history.get(order["item"], ()))
    }


def _context(
    request: Request, found: dict[str, Any], filters: Filters, base: str
) -> dict[str, Any]:
    hub: Hub = request.app.state.hub
    lang, now_us = language_of(request, hub.settings.language), time.time_ns() // 1000
    on = instant(now_us).date()
    answer, items, classes = found["answer"], found["items"], found["classes"]
    orders, seen, history = with_results(answer["orders"]), found["studies"], found["history"]
    asked = request.query_params
    number = sources(
        answer,
        [one["candidate"] for one in seen if one["candidate"]],
        (one.code or None for own in history.values() for one in own),
    )
    abnormal = abnormal_of(orders, history)
    shown = chosen_orders(orders, items, filters, abnormal)
    pictured = studies.chosen(seen, filters, on)
    examined = [(studies.outcome_of(o), studies.place_of(o), studies.age_of(o, on)) for o in seen]
    outcomes = [order["outcome"] for order in orders] + [outcome for outcome, *_ in examined]
    order = next((one for one in shown if one["item"] == found["chosen"]), None)
    study = next((one for one in pictured if one["key"] == asked.get("item")), None)
    if order is None and study is None and pictured and not shown:
        study = pictured[0]
    key = study["key"] if study is not None else order["item"] if order is not None else None
    pages = studies.first_of(pictured, key, every=asked.get("all") == "1")
    both, data = asked.get("both") == "1", asked.get("data", "")
    table = int(data) if data.isascii() and data.isdigit() and len(data) < 4 else 0
    return {
        "page": "patients",
        "patient": patient_of(found["patient"], lang),
        "filters": filter_groups(
            orders, items, found["names"], number, filters, "", lang, examined, abnormal
        ),
        "filtered": bool(orders),
        "counts": [(one, outcomes.count(one)) for one in OUTCOMES if one in outcomes],
        "rows": [
            view.row(o, items[o["item"]], number, filters, "", lang, history[o["item"]])
            for o in shown
        ],
        "studies": [studies.row(one, classes, number, filters, base, lang) for one in pages],
        "studies_left_out": len(pictured) - len(pages),
        "all_url": filters.url("", item=key, all="1"),
        "others": [{**one, "collected": one["effective"]} for one in found["others"]],
        "others_left_out": found["others_left_out"],
        "only_newest": found["only_newest"],
        "identity": answer["identity"],
        "sources": found["sources"]["count"],
        "away": [{**one, "since": minute(one["since"])} for one in found["sources"]["away"]],
        "chosen": key,
        "trend": None
        if order is None
        else look(order, found, number, filters, now_us, lang, table=table),
        "why": _why(hub, order, study, found, number, lang),
        "both": both,
        "both_url": filters.url(base, item=key, both=None if both else "1"),
        "data_url": filters.url(base, item=key, data=None if table else "1"),
        "order": None if order is None else _decided(order, found["decided"]),
        "policy": answer["policy"],
        "on": answer["on"][:10],
    }


def _why(
    hub: Hub,
    order: Mapping[str, Any] | None,
    study: Mapping[str, Any] | None,
    found: Mapping[str, Any],
    number: Mapping[str, int],
    lang: Language,
) -> dict[str, Any] | None:
    """The panel of reasons of what is chosen, with every finding."""
    if study is not None:
        why, judged = studies.why(study, found["classes"], number, lang), study["candidate"]
    elif order is not None:
        why = {**view.reasons(order, found["items"][order["item"]], number, lang), "unasked": ""}
        judged = answered.shown(order)
    else:
        return None
    return {**why, "gates": [] if why["unasked"] else gates(judged, hub.rulebook, lang)}


def _decided(order: Mapping[str, Any], decided: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What can be done about the chosen item, and what the institution decided of it before."""
    made = decided.get(order["item"])
    return {
        "item": order["item"],
        "may_use": order["outcome"] in OFFERED,
        "decided": None if made is None else {**made, "at": minute(made["at"])},
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
