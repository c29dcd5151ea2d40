"""A person's earlier results with verdict, reasons and source."""

import time
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.exchange.hub import Hub
from hie.exchange.prior_results import prior_results
from hie.fhir.elements import instant
from hie.oauth.door import actor_in
from hie.web.language import language_of, say
from hie.web.pages import view
from hie.web.pages.guard import error_page, for_clinicians, person_of
from hie.web.render import page


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients/{id}."""
    hub: Hub = request.app.state.hub
    key = request.path_params["id"]
    found = await prior_results(hub, actor_in(request), key)
    if found is None:
        return error_page(request, 404)
    return page(
        request,
        "prior_results.html",
        hub.settings,
        person=person_of(request),
        **_context(request, found, f"/patients/{key}"),
    )


def _context(request: Request, found: dict[str, Any], base: str) -> dict[str, Any]:
    hub: Hub = request.app.state.hub
    lang = language_of(request, hub.settings.language)
    answer, items = found["answer"], found["items"]
    orders = view.with_results(answer["orders"])
    asked = request.query_params
    filters = view.Filters(asked.get("verdict"), asked.get("category"), asked.get("source"))
    number = view.sources(answer)
    shown = view.chosen_orders(orders, items, filters)
    chosen = next(
        (order for order in shown if order["item"] == asked.get("item")),
        shown[0] if shown else None,
    )
    patient = found["patient"]
    counts = [(o, sum(order["outcome"] == o for order in orders)) for o in view.OUTCOMES]
    return {
        "page": "patients",
        "patient": {
            **patient,
            "sex": say(f"sex-{patient['sex']}", lang),
            "age": _age(patient["birth_date"]),
        },
        "filters": view.filter_groups(orders, items, found["names"], number, filters, base, lang),
        "filtered": bool(orders),
        "counts": [(outcome, n) for outcome, n in counts if n],
        "rows": [
            view.row(order, items[order["item"]], number, filters, base, lang) for order in shown
        ],
        "others": [{**one, "collected": one["effective"]} for one in found["others"]],
        "chosen": chosen["item"] if chosen else None,
        "why": view.reasons(chosen, items[chosen["item"]], number, lang) if chosen else None,
        "gates": ", ".join(str(gate) for gate in answer["gates_not_asked"]),
        "policy": answer["policy"],
        "on": answer["on"][:10],
    }


def _age(birth_date: str) -> int | None:
    """Completed years today; None when the date is partial."""
    try:
        born = date.fromisoformat(birth_date)
    except ValueError:
        return None
    today = instant(time.time_ns() // 1000).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
