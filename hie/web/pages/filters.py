"""The filters of a patient's page: verdict, category, source, each choice with how many it has.

Pure: the answer's orders in, links and counts out. A filter is part of the page's address.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hie.web.language import Language, say
from hie.web.pages.answered import OUTCOMES, shown, source_code

CATEGORIES = ("chemistry", "haematology", "immunology", "coagulation", "urinalysis", "other")
IMAGING = "imaging"  # the category of examinations, which are no rows of the table


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
        and (filters.source is None or source_code(shown(order)) == filters.source)
    ]
