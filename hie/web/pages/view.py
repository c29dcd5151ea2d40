"""What an order-check's answer and a patient's history look like as rows, filters and reasons.

Pure: the answer JSON in, plain dicts for the template out. Nothing is judged here.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from hie.web.charts import Point, range_bar, sparkline
from hie.web.language import Language, say

OUTCOMES = ("recognise", "clinician_review", "do_not_recognise")
# Rules whose firing speaks for a result (recognition rules made precise, section 2.5).
NOTICES = frozenset({"R-104", "R-106", "R-110", "R-208", "R-304", "R-404", "R-609"})
CATEGORIES = ("chemistry", "haematology", "immunology")
IMAGING = "imaging"  # the category of examinations, which are no rows of this table


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader chose: verdict, category, source institution; None shows all."""

    verdict: str | None = None
    category: str | None = None
    source: str | None = None

    def url(self, base: str, **change: str | None) -> str:
        """The address of the page with one choice changed."""
        chosen = {"verdict": self.verdict, "category": self.category, "source": self.source}
        chosen.update(change)
        query = urlencode({key: value for key, value in chosen.items() if value})
        return f"{base}?{query}" if query else base


def sources(answer: Mapping[str, Any], more: Sequence[Mapping[str, Any]] = ()) -> dict[str, int]:
    """A number for each source institution, in order of first appearance: its shape and colour.

    `more` are candidates that are no rows of the table: examinations with images.
    """
    codes: dict[str, int] = {}
    for order in answer["orders"]:
        for candidate in order["candidates"]:
            codes.setdefault(candidate["institution"]["code"], len(codes))
    for candidate in more:
        codes.setdefault(candidate["institution"]["code"], len(codes))
    return codes


def source_code(candidate: Mapping[str, Any]) -> str:
    """The code of the institution a result is from; "" when its record names none."""
    return candidate["institution"]["code"] or ""


def mark_is_void(candidate: Mapping[str, Any]) -> bool:
    """Whether the mark shown does not reach the reader's institution (R-104 did not fire)."""
    return not any(f["rule"] == "R-104" and f["fired"] for f in candidate["findings"])


def with_results(orders: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The orders that are rows: those with an earlier result and a verdict on it."""
    return [order for order in orders if order["outcome"] in OUTCOMES and order["candidates"]]


def shown(order: Mapping[str, Any]) -> Mapping[str, Any]:
    """The candidate a row shows: the first with the order's outcome."""
    candidates: Sequence[Mapping[str, Any]] = order["candidates"]
    return next((c for c in candidates if c["outcome"] == order["outcome"]), candidates[0])


def row(
    order: Mapping[str, Any],
    item: Mapping[str, Any],
    number: Mapping[str, int],
    filters: Filters,
    base: str,
    lang: Language,
) -> dict[str, Any]:
    """One line of the table."""
    candidate = shown(order)
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
        "unit": unit_text(candidate["unit"]),
        "flag": _flag(measured, low, high),
        "reported": say(
            "reported-as", lang, value=reported["value"], unit=unit_text(reported["unit"])
        )
        if converted and not is_class
        else "",
        "bar": range_bar(measured, low, high) if measured is not None else Markup(""),
        "range": _interval(reported["low"], reported["high"]),
        "spark": _spark(order, low, high, number, name, lang),
        "source": number[candidate["institution"]["code"]],
        "institution": candidate["institution"]["name"],
        "mark": candidate["mark"],
        "mark_void": mark_is_void(candidate),
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


def unit_text(unit: str | None) -> str:
    """A UCUM code as people write it: 10*9/L is 10⁹/L, umol/L is µmol/L."""
    if not unit:
        return ""
    text = unit.replace("10*12", "10¹²").replace("10*9", "10⁹").replace("10*6", "10⁶")
    return "µ" + text[1:] if text.startswith(("umol", "ug/", "ukat")) else text


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


def filter_groups(
    orders: Sequence[Mapping[str, Any]],
    items: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    number: Mapping[str, int],
    filters: Filters,
    base: str,
    lang: Language,
    examined: Sequence[tuple[str, str]] = (),
) -> list[dict[str, Any]]:
    """The three filters with how many rows each choice has.

    `examined`: verdict and source of each examination with images, "" where there is none.
    """
    verdicts = Counter(order["outcome"] for order in orders)
    verdicts.update(outcome for outcome, _ in examined)
    categories = Counter(items[order["item"]]["category"] for order in orders)
    categories[IMAGING] = len(examined)
    by_source = Counter(source_code(shown(order)) for order in orders)
    by_source.update(source for _, source in examined)
    total = len(orders) + len(examined)

    def choice(
        key: str, value: str | None, text: str, count: int, source: int | None = None
    ) -> dict[str, Any]:
        current = getattr(filters, key) == value
        url = filters.url(base, **{key: value})
        return {"text": text, "count": count, "url": url, "current": current, "source": source}

    everything = say("all", lang)
    return [
        {
            "title": say("filter-verdict", lang),
            "choices": [choice("verdict", None, everything, total)]
            + [
                choice("verdict", o, say(f"verdict-{o}", lang), verdicts[o])
                for o in OUTCOMES
                if verdicts[o]
            ],
        },
        {
            "title": say("filter-category", lang),
            "choices": [choice("category", None, everything, total)]
            + [
                choice("category", c, say(f"category-{c}", lang), categories[c])
                for c in (*CATEGORIES, IMAGING)
                if categories[c]
            ],
        },
        {
            "title": say("filter-source", lang),
            "choices": [choice("source", None, everything, total)]
            + [
                choice("source", code, names[code], by_source[code], number[code])
                for code in number
                if code and by_source[code]
            ],
        },
    ]


def chosen_orders(
    orders: Sequence[Mapping[str, Any]], items: Mapping[str, Mapping[str, Any]], filters: Filters
) -> list[Mapping[str, Any]]:
    """The orders that pass the filters."""
    return [
        order
        for order in orders
        if (filters.verdict is None or order["outcome"] == filters.verdict)
        and (filters.category is None or items[order["item"]]["category"] == filters.category)
        and (filters.source is None or shown(order)["institution"]["code"] == filters.source)
    ]


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
                "unit": unit_text(old["unit"]),
                "institution": old["institution"]["name"],
                "collected": collected_text(old, lang),
                "source": number[old["institution"]["code"]],
            }
            for old in order["candidates"]
            if old is not candidate
        ],
    }


def _spark(
    order: Mapping[str, Any],
    low: float | None,
    high: float | None,
    number: Mapping[str, int],
    name: str,
    lang: Language,
) -> Markup:
    points = [
        Point(
            at,
            value,
            number[c["institution"]["code"]],
        )
        for c in order["candidates"]
        if (at := _instant(c["effective"])) is not None
        and (value := _number(c["reported"]["value"])) is not None
        and c["reported"]["unit"] == shown(order)["reported"]["unit"]
    ]
    return sparkline(points, low, high, say("trend-label", lang, name=name, n=len(points)))


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


def _instant(text: str | None) -> float | None:
    """Seconds of a moment; None for one that is not known to the day."""
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None


def _interval(low: str | None, high: str | None) -> str:
    if low is not None and high is not None:
        return f"{low}–{high}"
    if low is not None:
        return f"≥ {low}"
    return f"≤ {high}" if high is not None else ""
