"""What is about to be ordered: a form of the items and one examination, asked about at once.

The form is the page's own; what it sends is an order-check like any other, and what the check
refuses is told beside the form, with what was filled in kept.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.order_desk import patient_of_page, place
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.web.language import Language, language_of
from hie.web.pages.filters import CATEGORIES
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.pages.prior_results import patient_of
from hie.web.render import page

ENCOUNTERS = ("outpatient", "inpatient", "emergency", "intensive-care")
PURPOSES = ("treatment", "judicial", "disability", "sick-retirement")
BEFORE = ("surgery", "transfusion", "major-measure")
EVENTS = (
    "surgery",
    "transfusion",
    "dialysis",
    "chemotherapy",
    "contrast",
    "delivery",
    "anticoagulant",
)
SIDES = ("L", "R", "B")
_ITEM = "item-"


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients/{id}/orders; `item` is chosen beforehand."""
    chosen = {f"{_ITEM}{key}": "on" for key in request.query_params.getlist("item")[:50]}
    return await _form(request, {**chosen, "class": "outpatient"})


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /patients/{id}/orders: the check, or the form with what is wrong with it."""
    form = await read_form(request, session_in(request).csrf)
    hub: Hub = request.app.state.hub
    orders = _orders(form)
    if not orders:
        fault = Fault("orders", "empty", "")
        return await _form(request, _kept(form), faults=(fault,), status=422)
    session = session_in(request)
    patient = request.path_params["id"]
    try:
        key = await place(
            hub, actor_in(request), patient, orders, _encounter(form), session.department
        )
    except UnprocessableRequest as refused:
        return await _form(request, _kept(form), faults=refused.faults, status=422)
    query = f"?{urlencode({'order': '1'})}" if len(orders) == 1 else ""
    return RedirectResponse(f"/checks/{key}{query}", status_code=303)


def _orders(form: FormData) -> list[dict[str, Any]]:
    """The lines: each item that is ticked, then the examination."""
    conflict = {"conflict": True} if form.get("conflict") else {}
    lines: list[dict[str, Any]] = [
        {"item": name.removeprefix(_ITEM), **conflict} for name in form if name.startswith(_ITEM)
    ]
    if form.get("image"):
        contrast = {"plain": False, "enhanced": True}.get(_text(form, "contrast"))
        said = {
            "body_part": _text(form, "body_part") or None,
            "laterality": _text(form, "laterality") or None,
            "contrast": contrast,
        }
        kept = {key: value for key, value in said.items() if value is not None}
        lines.append({"item": _text(form, "image"), **kept, **conflict})
    return [{"ref": str(n), **line} for n, line in enumerate(lines, 1)]


def _encounter(form: FormData) -> dict[str, Any]:
    """The encounter; what the form leaves open is not stated."""
    said: dict[str, Any] = {
        "class": _text(form, "class") or None,
        "purpose": _text(form, "purpose") or None,
        "before": _text(form, "before") or None,
        "pregnant": {"yes": True, "no": False}.get(_text(form, "pregnant")),
    }
    if form.get("event"):
        said["events"] = [{"type": _text(form, "event"), "date": _text(form, "event_date")}]
    return {key: value for key, value in said.items() if value is not None}


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip()[:200] if isinstance(value, str) else ""


def _kept(form: FormData) -> dict[str, str]:
    return {name: str(value)[:200] for name, value in form.items() if name != "csrf"}


async def _form(
    request: Request,
    values: Mapping[str, str],
    *,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Response:
    hub: Hub = request.app.state.hub
    key = request.path_params["id"]
    found = await patient_of_page(hub, actor_in(request), key)
    if found is None:
        raise ResourceNotFound("no such patient")  # recorded, then told
    lang: Language = language_of(request, hub.settings.language)
    return page(
        request,
        "orders.html",
        hub.settings,
        person=person_of(request),
        status=status,
        page="patients",
        patient=patient_of(found["patient"], lang),
        back=f"/patients/{key}",
        values=values,
        groups=_groups(found["names"], lang),
        classes=[
            (name, one[lang])
            for name, one in found["names"].items()
            if one["category"] == "imaging"
        ],
        wrong=[_wrong(one) for one in faults],
    )


def _groups(names: Mapping[str, Mapping[str, str]], lang: Language) -> list[dict[str, Any]]:
    """The laboratory items of each category that has some."""
    groups = [
        {
            "key": category,
            "items": [
                {"key": key, "name": one[lang], "abbr": one["abbr"]}
                for key, one in names.items()
                if one["category"] == category
            ],
        }
        for category in CATEGORIES
    ]
    return [group for group in groups if group["items"]]


FIELDS = ("orders", "body_part", "laterality", "contrast", "events", "encounter", "other")


def _wrong(fault: Fault) -> str:
    """Which part of the form a fault is about."""
    last = fault.path.rsplit(".", 1)[-1]
    if fault.path.startswith("encounter.events"):
        return "events"
    if fault.path.startswith("encounter"):
        return "encounter"
    return last if last in FIELDS else "other"
