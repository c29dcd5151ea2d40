"""What an order-check's answer and a patient's history look like as rows and reasons.

Pure: the answer JSON in, plain dicts for the template out. Nothing is judged here.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from hie.exchange.result_history import PastResult
from hie.terminology.units import unit_shown
from hie.web.charts import Point, range_bar, sparkline
from hie.web.language import Language, say
from hie.web.pages.answered import mark_state, shown
from hie.web.pages.filters import Filters

_FEW = 10  # results of a sparkline
_MOST_PRINTED = 60  # letters of a printed interval in a row
# Rules whose firing speaks for a result (recognition rules made precise, section 2.5).
NOTICES = frozenset({"R-104", "R-106", "R-110", "R-208", "R-304", "R-404", "R-609"})


def row(
    order: Mapping[str, Any],
    item: Mapping[str, Any],
    number: Mapping[str, int],
    filters: Filters,
    base: str,
    lang: Language,
    past: Sequence[PastResult] = (),
) -> dict[str, Any]:
    """One line of the table; `past` is what is known of the item's history, newest first."""
    candidate = shown(order)
    mine = next((one for one in past if one.resource == candidate["resource"]), None)
    reported = candidate["reported"]
    low, high = _number(reported["low"]), _number(reported["high"])
    measured = _number(reported["value"])
    name = item[lang]
    # A unit in another spelling (umol/L, μmol/L) is no conversion: the number stayed.
    converted = reported["value"] is not None and reported["value"] != candidate["value"]
    is_class = candidate["unit"] is None and candidate["value"] in CLASSES
    return {
        "item": order["item"],
        "url": filters.url(base, item=order["item"]),
        "name": name,
        "abbr": item["abbr"],
        "loinc": item["loinc"],
        "value": value_text(candidate, lang),
        "unit": unit_shown(candidate["unit"]),
        "flag": flag_shown(candidate, past),
        "reported": say(
            "reported-as", lang, value=reported["value"], unit=unit_shown(reported["unit"])
        )
        if converted and not is_class
        else "",
        "bar": range_bar(measured, low, high) if measured is not None else Markup(""),
        "range": interval_text(reported["low"], reported["high"])
        or (mine.printed[:_MOST_PRINTED] if mine is not None else ""),
        "spark": _spark(past, number, name, lang),
        "source": number[candidate["institution"]["code"]],
        "institution": candidate["institution"]["name"],
        "mark": candidate["mark"],
        "mark_state": mark_state(candidate),
        "collected": collected_text(candidate, lang),
        "limit": limit_text(candidate, lang),
        "outcome": order["outcome"],
    }


CLASSES = {"reactive", "non-reactive", "indeterminate"}


def value_text(candidate: Mapping[str, Any], lang: Language) -> str:
    """A value as a reader says it: the number, or the class in words."""
    value = candidate["value"]
    if value is None:
        return say("no-value", lang)
    if value in CLASSES:
        return say(f"class-{value}", lang)
    return str(value)


def collected_text(candidate: Mapping[str, Any], lang: Language) -> str:
    """How long ago the specimen was taken."""
    days = candidate["age_days"]
    if days is None:
        return say("collected-unknown", lang)
    return say("days-today", lang) if days == 0 else say("days-ago", lang, n=days)


def limit_text(candidate: Mapping[str, Any], lang: Language) -> str:
    """What is left of the time limit."""
    days, limit = candidate["age_days"], candidate["limit_days"]
    if days is None or limit is None:
        return ""
    if candidate["effective"] is None:
        return say("collected-estimated", lang)
    if days > limit:
        return say("days-over", lang, n=days - limit)
    return say("day-last", lang) if days == limit else say("days-left", lang, n=limit - days)


def reasons(
    order: Mapping[str, Any], item: Mapping[str, Any], number: Mapping[str, int], lang: Language
) -> dict[str, Any]:
    """Every finding of the shown candidate: what spoke first, what passed below."""
    candidate = shown(order)
    spoke: list[dict[str, Any]] = []
    passed: list[dict[str, Any]] = []
    for finding in candidate["findings"]:
        state = "fired" if finding["fired"] else "unknown" if finding["unknown"] else "passed"
        is_notice = finding["fired"] and finding["rule"] in NOTICES
        entry = {
            "rule": finding["rule"],
            "text": finding["text"][lang],
            "basis": finding["basis"],
            "state": state,
            "sign": "✓" if is_notice else {"fired": "!", "unknown": "?", "passed": "✓"}[state],
            "css": "y" if is_notice else {"fired": "n", "unknown": "q", "passed": "y"}[state],
        }
        (passed if state == "passed" else spoke).append(entry)
    return {
        "outcome": order["outcome"],
        "name": item[lang],
        "findings": spoke,
        "passed": passed,
        "earlier": [
            {
                "value": value_text(old, lang),
                "unit": unit_shown(old["unit"]),
                "institution": old["institution"]["name"],
                "collected": collected_text(old, lang),
                "source": number[old["institution"]["code"]],
            }
            for old in order["candidates"]
            if old is not candidate
        ],
    }


def _spark(
    past: Sequence[PastResult], number: Mapping[str, int], name: str, lang: Language
) -> Markup:
    """The last few results in the item's unit, with the range printed with the newest."""
    drawn = [one for one in past if one.is_drawn][:_FEW]
    points = [
        Point(one.at_us or 0, float(one.number or 0), source_of(one, number)) for one in drawn
    ]
    if not points:
        return Markup("")
    low, high = (None if end is None else float(end) for end in drawn[0].interval)
    return sparkline(points, low, high, say("trend-label", lang, name=name, n=len(points)))


def source_of(one: PastResult, number: Mapping[Any, int]) -> int:
    """The number of a result's institution: its shape and colour."""
    return number.get(one.code or None, 0)


def flag_shown(candidate: Mapping[str, Any], past: Sequence[PastResult]) -> str:
    """What the source calls a result (h, l, a), else how it lies to its printed interval."""
    mine = next((one for one in past if one.resource == candidate["resource"]), None)
    return mine.flag if mine is not None else flag_of(candidate)


def flag_of(candidate: Mapping[str, Any]) -> str:
    """Whether a value lies above (h) or below (l) the interval printed with it; "" else."""
    reported = candidate["reported"]
    return _flag(*(_number(reported[key]) for key in ("value", "low", "high")))


def _flag(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    if high is not None and value > high:
        return "h"
    return "l" if low is not None and value < low else ""


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def interval_text(low: str | None, high: str | None) -> str:
    """An interval as people write it; "" when none was printed."""
    if low is not None and high is not None:
        return f"{low}–{high}"
    if low is not None:
        return f"≥ {low}"
    return f"≤ {high}" if high is not None else ""
