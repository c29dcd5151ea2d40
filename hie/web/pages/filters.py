"""The filters of a patient's page: verdict, category, source, period, what is abnormal.

Pure: the answer's orders in, links and counts out; each choice says how many it has. A filter is
part of the page's address.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from hie.web.language import Language, say
from hie.web.pages.answered import OUTCOMES, shown, source_code

CATEGORIES = ("chemistry", "haematology", "immunology", "coagulation", "urinalysis", "other")
IMAGING = "imaging"  # the category of examinations, which are no rows of the table
ABNORMAL = "abnormal"
PERIODS = ("90", "365")  # days; any other is all


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader chose: verdict, category, source institution; None shows all.

    `days` is how long ago at most, `only` "abnormal" or None.
    """

    verdict: str | None = None
    category: str | None = None
    source: str | None = None
    days: str | None = None
    only: str | None = None

    @property
    def reach(self) -> int | None:
        """How many days back; None is all there is."""
        return int(self.days) if self.days in PERIODS else None

    def url(self, base: str, **change: str | None) -> str:
        """The address of the page with one choice changed; `base` "" is the page itself."""
        chosen: dict[str, str | None] = {one.name: getattr(self, one.name) for one in fields(self)}
        chosen.update(change)
        query = urlencode({key: value for key, value in chosen.items() if value})
        return f"{base}?{query}" if query else base or "?"


def filter_groups(
    orders: Sequence[Mapping[str, Any]],
    items: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    number: Mapping[str, int],
    filters: Filters,
    base: str,
    lang: Language,
    examined: Sequence[tuple[str, str, int | None]] = (),
    abnormal: Container[str] = (),
) -> list[dict[str, Any]]:
    """The filters with how many rows each choice has.

    `examined`: verdict, source and age of each examination with images, "" or None where there is
    none; `abnormal`: the items whose shown result is.
    """
    verdicts = Counter(order["outcome"] for order in orders)
    verdicts.update(outcome for outcome, _, _ in examined)
    categories = Counter(items[order["item"]]["category"] for order in orders)
    categories[IMAGING] = len(examined)
    by_source = Counter(source_code(shown(order)) for order in orders)
    by_source.update(source for _, source, _ in examined)
    total = len(orders) + len(examined)
    ages = [shown(order)["age_days"] for order in orders] + [age for _, _, age in examined]
    outside = sum(order["item"] in abnormal for order in orders)

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
        {
            "title": say("filter-period", lang),
            "choices": [
                choice("days", days, say(f"period-{days}", lang), _within(ages, days))
                for days in PERIODS
            ]
            + [choice("days", None, everything, total)],
        },
        {
            "title": say("filter-values", lang),
            "choices": [
                choice("only", None, everything, total),
                choice("only", ABNORMAL, say("only-abnormal", lang), outside),
            ],
        },
    ]


def _within(ages: Iterable[int | None], days: str) -> int:
    return sum(is_within(age, int(days)) for age in ages)


def is_within(age: int | None, reach: int | None) -> bool:
    """Whether something so old is shown; what does not say when it was is shown under all."""
    return reach is None or (age is not None and age <= reach)


def chosen_orders(
    orders: Sequence[Mapping[str, Any]],
    items: Mapping[str, Mapping[str, Any]],
    filters: Filters,
    abnormal: Container[str] = (),
) -> list[Mapping[str, Any]]:
    """The orders that pass the filters."""
    return [
        order
        for order in orders
        if (filters.verdict is None or order["outcome"] == filters.verdict)
        and (filters.category is None or items[order["item"]]["category"] == filters.category)
        and (filters.source is None or source_code(shown(order)) == filters.source)
        and is_within(shown(order)["age_days"], filters.reach)
        and (filters.only != ABNORMAL or order["item"] in abnormal)
    ]
