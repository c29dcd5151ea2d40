"""The parts of an order-check's answer that pages ask for again and again.

Pure, and nothing is judged: the answer's own words are picked out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

OUTCOMES = ("recognise", "clinician_review", "do_not_recognise")


def sources(
    answer: Mapping[str, Any],
    more: Sequence[Mapping[str, Any]] = (),
    past: Iterable[str | None] = (),
) -> dict[str, int]:
    """A number for each source institution, in order of first appearance: its shape and colour.

    `more` are candidates that are no rows of the table: examinations with images; `past` the codes
    of the institutions that older results are from.
    """
    codes: dict[Any, int] = {}  # by code; None: its record names no institution
    for order in answer["orders"]:
        for candidate in order["candidates"]:
            codes.setdefault(candidate["institution"]["code"], len(codes))
    for candidate in more:
        codes.setdefault(candidate["institution"]["code"], len(codes))
    for code in past:
        codes.setdefault(code, len(codes))
    return codes


def source_code(candidate: Mapping[str, Any]) -> str:
    """The code of the institution a result is from; "" when its record names none."""
    return candidate["institution"]["code"] or ""


def mark_state(candidate: Mapping[str, Any]) -> str:
    """Whether the mark shown reaches the reader's institution: holds, void, or unasked.

    R-104 says so; a candidate that an earlier gate stopped was not asked.
    """
    for finding in candidate["findings"]:
        if finding["rule"] == "R-104":
            return "holds" if finding["fired"] else "void"
    return "unasked"


def with_results(orders: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The orders that are rows: those with an earlier result and a verdict on it."""
    return [order for order in orders if order["outcome"] in OUTCOMES and order["candidates"]]


def shown(order: Mapping[str, Any]) -> Mapping[str, Any]:
    """The candidate a row shows: the first with the order's outcome."""
    candidates: Sequence[Mapping[str, Any]] = order["candidates"]
    return next((c for c in candidates if c["outcome"] == order["outcome"]), candidates[0])
