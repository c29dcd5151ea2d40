"""Outcomes for who leads an institution: what was offered, recognised, repeated and saved.

The numbers are those of GET /v1/indicators for the own institution; every one stands with its
formula, and the whole list with its definitions below.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.errors import UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.indicators import indicators
from hie.fhir.elements import instant
from hie.oauth.door import actor_in
from hie.recognition.indicator_report import write_csv
from hie.recognition.reasons import load_reasons
from hie.web.language import Language, language_of
from hie.web.outcome_charts import Series, bar, monthly
from hie.web.pages.guard import person_of, told
from hie.web.render import page

BY = ("item", "department")
_DAYS = 90  # of the period shown when none is asked for
_CARDS = ("recognition_rate", "used", "avoided", "saved", "repeat_rate")
_FUNNEL = ("eligible", "offered", "viewed", "used", "avoided")
_LINES = ("recognition_rate", "repeat_rate")
_COLUMNS = ("recognition_rate", "used", "avoided", "saved", "repeat_rate", "silent_repeat_rate")


@told
async def show(request: Request) -> Response:
    """GET /outcomes: `from`, `to` (days), `by` (item, department)."""
    return await _shown(request, _asked(request))


@told
async def sheet(request: Request) -> Response:
    """GET /outcomes.csv: the same numbers as a file."""
    permit(actor_in(request), Door.INDICATORS)
    asked = _asked(request)
    report = await indicators(request.app.state.hub, actor_in(request), asked)
    name = f"indicators-{asked['from']}-{asked['to']}.csv"
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(write_csv(report), media_type="text/csv; charset=utf-8", headers=headers)


def _asked(request: Request) -> dict[str, str]:
    """The period and the rows wanted: what is not said is the last quarter, by item."""
    today = instant(time.time_ns() // 1000).date()
    query = request.query_params
    return {
        "from": query.get("from") or str(today - timedelta(days=_DAYS - 1)),
        "to": query.get("to") or str(today),
        "by": query["by"] if query.get("by") in BY else BY[0],
    }


async def _shown(request: Request, asked: dict[str, str]) -> Response:
    actor = actor_in(request)
    permit(actor, Door.INDICATORS)
    hub: Hub = request.app.state.hub
    wrong = False
    try:
        report = await indicators(hub, actor, asked)
    except UnprocessableRequest:
        wrong = True
        today = str(instant(time.time_ns() // 1000).date())
        report = await indicators(hub, actor, {**asked, "from": today, "to": today})
    period = {key: report["period"][key] for key in ("from", "to")}
    months = await indicators(hub, actor, {**period, "by": "month"})
    lang = language_of(request, hub.settings.language)
    titles = {one["key"]: one["title"][lang] for one in report["definitions"]}
    return page(
        request,
        "outcomes.html",
        hub.settings,
        person=person_of(request),
        status=422 if wrong else 200,
        page="outcomes",
        wrong=wrong,
        asked={**asked, **period},
        choices=BY,
        report=report,
        titles=titles,
        formulas={one["key"]: one["formula"][lang] for one in report["definitions"]},
        cards=_cells(report["total"], _CARDS, report),
        funnel=_funnel(report["total"]),
        rows=_rows(hub, report, lang),
        columns=_COLUMNS,
        every=_cells(report["total"], [one["key"] for one in report["definitions"]], report),
        months=_cells_by_month(months),
        chart=_chart(months, titles, lang),
        lines=_LINES,
        reasons=_reasons(report["total"]["reasons"], lang),
        refused=_refused(hub, report["total"]["refused_by"], lang),
        csv=f"/outcomes.csv?{urlencode({**period, 'by': asked['by']})}",
    )


def _cells(
    group: Mapping[str, Any], keys: Sequence[str], report: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Indicators of a group as a page shows them, in the order of the keys."""
    found = {one["key"]: one for one in group["indicators"]}
    kinds = {one["key"]: one["kind"] for one in report["definitions"]}
    return [{**found[key], "said": said(found[key]["value"], kinds[key])} for key in keys]


def said(value: str | None, kind: str) -> str | None:
    """A value as people read it; None where there is none."""
    if value is None:
        return None
    number = Decimal(value)
    match kind:
        case "share":
            return f"{number * 100:.1f}%"
        case "amount":
            return f"¥{_grouped(f'{number:.2f}')}"
        case "per-patient-year":
            return f"{number:.2f}"
    return _grouped(value)


def _grouped(digits: str) -> str:
    """Thousands with a thin space."""
    whole, point, rest = digits.partition(".")
    return f"{int(whole):,}".replace(",", "\u2009") + point + rest


def _value(group: Mapping[str, Any], key: str) -> str | None:
    found: str | None = next(one["value"] for one in group["indicators"] if one["key"] == key)
    return found


def _funnel(total: Mapping[str, Any]) -> list[dict[str, Any]]:
    """From what could stand in to what was kept: numbers, and their share of the step before."""
    widest = Decimal(_value(total, _FUNNEL[0]) or 0)
    steps: list[dict[str, Any]] = []
    before: Decimal | None = None
    for key in _FUNNEL:
        text = _value(total, key)
        number = None if text is None else Decimal(text)
        share = number / before if number is not None and before else None
        drawn = bar(float(number / widest) if number is not None and widest else 0)
        of = None if share is None else f"{share * 100:.1f}%"
        steps.append({"key": key, "said": said(text, "count"), "share": of, "bar": drawn})
        before = number if number is not None else before
    return steps


def _rows(hub: Hub, report: Mapping[str, Any], lang: Language) -> list[dict[str, Any]]:
    entries = {**hub.catalogue.items, **hub.catalogue.classes}
    rows = []
    for group in report["groups"]:
        entry: Any = entries.get(group["group"]) if report["by"] == "item" else None
        name = (entry.zh if lang == "zh" else entry.en) if entry is not None else group["group"]
        rows.append({"name": name, "cells": _cells(group, _COLUMNS, report)})
    return rows


def _cells_by_month(months: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"month": group["group"], "cells": _cells(group, _LINES, months)}
        for group in months["groups"]
    ]


def _chart(months: Mapping[str, Any], titles: Mapping[str, str], lang: Language) -> Any:
    groups = months["groups"]
    series = [
        Series(
            titles[key],
            tuple(None if (v := _value(one, key)) is None else float(v) for one in groups),
        )
        for key in _LINES
    ]
    names = [group["group"] for group in groups]
    return monthly(names, series, " · ".join(one.name for one in series))


def _reasons(found: Mapping[str, int | None], lang: Language) -> list[tuple[str, int | None]]:
    known = load_reasons().by_key
    return [
        (known[key].words[lang] if key in known else key, number) for key, number in found.items()
    ]


def _refused(
    hub: Hub, found: Mapping[str, int | None], lang: Language
) -> list[tuple[str, str, int | None]]:
    rules = hub.rulebook.rules
    return [
        (key, rules[key].title[lang] if key in rules else "", number)
        for key, number in found.items()
    ]
