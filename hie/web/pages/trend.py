"""The history of the chosen item: its chart, what the chart's marks mean, and the same as a table.

Pure: `PastResult`s in, plain values for the template out. Nothing is judged and nothing left out
unsaid: what cannot be drawn is counted, and stands in the table.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from hie.exchange.result_history import ISSUED, PastResult
from hie.fhir.elements import instant
from hie.recognition.texts import load_texts
from hie.terminology.units import unit_shown
from hie.web.language import Language, say
from hie.web.pages.answered import shown
from hie.web.pages.comparison import STATUSES, minute
from hie.web.pages.filters import Filters
from hie.web.pages.view import CLASSES, interval_text, source_of
from hie.web.trend_chart import MOST, Frame, TrendPoint, trend

_DAY_US: Final = 86_400_000_000
_ROWS: Final = 30  # of a page of the table


def look(
    order: Mapping[str, Any],
    found: Mapping[str, Any],
    number: Mapping[str, int],
    filters: Filters,
    now_us: int,
    lang: Language,
    *,
    table: int,
) -> dict[str, Any]:
    """The history of an order's item, with the report that its shown result came with."""
    candidate, past = shown(order), found["history"][order["item"]]
    mine = next((one for one in past if one.resource == candidate["resource"]), None)
    item, limit = found["items"][order["item"]], candidate["limit_days"]
    drawn = trend_of(past, item, limit, number, filters, now_us, lang, table=table)
    return {
        **drawn,
        "report": mine.report if mine is not None else None,
        "newer": filters.url("", item=order["item"], data=str(table - 1)) if table > 1 else "",
        "elder": filters.url("", item=order["item"], data=str(table + 1))
        if drawn["left_out"]
        else "",
    }


def trend_of(
    past: Sequence[PastResult],
    item: Mapping[str, Any],
    limit_days: int | None,
    number: Mapping[str, int],
    filters: Filters,
    now_us: int,
    lang: Language,
    *,
    table: int,
) -> dict[str, Any]:
    """What is shown of an item's history in the chosen period; `table`: which page of its rows."""
    since = None if filters.reach is None else now_us - filters.reach * _DAY_US
    seen = [one for one in past if since is None or (one.at_us is not None and one.at_us >= since)]
    drawn = [one for one in seen if one.is_drawn]
    plotted = drawn[:MOST]
    unit = next((unit_shown(one.unit) for one in plotted), "")
    name = say("axis", lang, name=item[lang], unit=unit) if unit else str(item[lang])
    start = since if since is not None else min((one.at_us or 0 for one in plotted), default=now_us)
    frame = Frame(
        start_us=start,
        end_us=now_us,
        lang=lang,
        name=name,
        label=_label(plotted, item[lang], unit, lang),
        window_us=None if limit_days is None else limit_days * _DAY_US,
    )
    return {
        "chart": trend([_point(one, number, lang) for one in plotted], frame),
        "sources": _sources(plotted, number),
        "ranges": any(one.interval != (None, None) for one in plotted),
        "methods": _has_method_change(plotted),
        "limits": any(one.comparator for one in plotted),
        "window": limit_days,
        "not_drawn": len(seen) - len(drawn),
        "older": len(drawn) - len(plotted),
        "outside": len(past) - len(seen),
        "rows": [_row(one, lang) for one in seen[_ROWS * (table - 1) : _ROWS * table]]
        if table
        else None,
        "left_out": len(seen[_ROWS * table :]) if table else 0,
        "count": len(seen),
    }


def _point(one: PastResult, number: Mapping[str, int], lang: Language) -> TrendPoint:
    low, high = (None if end is None else float(end) for end in one.interval)
    return TrendPoint(
        at_us=one.at_us or 0,
        value=float(one.number or 0),
        source=source_of(one, number),
        said=" · ".join(_said(one, lang)),
        laboratory=one.code,
        text=one.value or "",
        open=bool(one.comparator),
        low=low,
        high=high,
        interval=interval_said(one),
        method=method_said(one, lang),
    )


def _said(one: PastResult, lang: Language) -> list[str]:
    """A point in words: the exact value, when, where, by which range, and as it was reported."""
    told = [f"{one.value} {unit_shown(one.unit)}".strip(), minute(one.taken), one.institution]
    told += [text for text in (interval_said(one), method_said(one, lang)) if text]
    return [*told, *([reported] if (reported := reported_said(one, lang)) else [])]


def _label(shown: Sequence[PastResult], name: str, unit: str, lang: Language) -> str:
    """The chart for who does not see it: how many results, from which to which value and day."""
    if not shown:
        return ""
    values = sorted(shown, key=lambda one: one.number or 0)
    return say(
        "trend-whole",
        lang,
        name=name,
        n=len(shown),
        low=values[0].value,
        high=values[-1].value,
        unit=unit,
        first=_day(shown[-1]),
        last=_day(shown[0]),
        newest=shown[0].value,
    )


def _sources(shown: Sequence[PastResult], number: Mapping[str, int]) -> list[dict[str, Any]]:
    """Whose shape is whose: the institutions of the points, in the order of their numbers."""
    found = {source_of(one, number): one.institution for one in shown}
    return [{"number": key, "name": found[key]} for key in sorted(found)]


def _has_method_change(shown: Sequence[PastResult]) -> bool:
    known = [one.method for one in shown if one.method]
    return any(before != after for before, after in pairwise(known))


def _row(one: PastResult, lang: Language) -> dict[str, Any]:
    """A line of the table: what the chart draws, as it was reported, and what it cannot draw."""
    value = one.value
    if value in CLASSES:
        value = say(f"class-{value}", lang)
    status = one.status if one.status in STATUSES else "unknown"
    return {
        "taken": minute(one.taken) or say("collected-unknown", lang),
        "value": value if value is not None else one.reported or say("no-value", lang),
        "unit": unit_shown(one.unit) if one.value is not None else unit_shown(one.reported_unit),
        "flag": one.flag,
        "reported": reported_said(one, lang),
        "range": one.printed or interval_said(one),
        "method": method_said(one, lang),
        "institution": one.institution or say("institution-unknown", lang),
        "status": say(f"status-{status}", lang),
        "issued": one.status in ISSUED,
        "report": one.report,
    }


def reported_said(one: PastResult, lang: Language) -> str:
    """The value as its source reported it, where it is shown otherwise; "" where it is not."""
    if one.value is None or one.value in CLASSES or one.reported in (None, one.value):
        return ""
    return say("reported-as", lang, value=one.reported, unit=unit_shown(one.reported_unit))


def interval_said(one: PastResult) -> str:
    """The printed interval in the item's unit; converted ends are cut to four digits for show."""
    low, high = (None if end is None else f"{end:f}" for end in one.interval)
    if one.value is not None and one.reported != one.value:
        low, high = (None if end is None else f"{float(end):.4g}" for end in one.interval)
    return interval_text(low, high)


def method_said(one: PastResult, lang: Language) -> str:
    """The group of the method in words, else as the report says it."""
    return load_texts().word("method", one.method, lang) if one.method else ""


def _day(one: PastResult) -> str:
    return str(instant(one.at_us or 0).date())
