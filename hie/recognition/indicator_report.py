"""A report of indicators: tallies as the JSON of `GET /v1/indicators`, and the same as CSV rows.

Every number stands with its numerator, its denominator, how many it was counted over, its
definition's version and its words in both languages. A copy for others hides few.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hie.recognition.indicator_definitions import (
    Definition,
    IndicatorKind,
    definitions_version,
    load_definitions,
)
from hie.recognition.indicator_tally import Count, Dimension, Tallies, Tally
from hie.recognition.indicators import CURRENCY, Measured, Period, measure
from hie.recognition.small_cells import hidden_cells, hidden_split

_UNITS = {
    IndicatorKind.COUNT: "1",
    IndicatorKind.SHARE: "1",
    IndicatorKind.PER_PATIENT_YEAR: "1/a",
    IndicatorKind.AMOUNT: CURRENCY,
}
# what each distribution is of: where that is hidden, so is it
_SPLITS: Mapping[str, frozenset[str]] = {
    "reasons": frozenset({Count.REPEATED}),
    "refused_by": frozenset({Count.ELIGIBLE, Count.WITH_EARLIER}),
    "price_bases": frozenset({Count.SAVINGS}),
}
# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_COLUMNS = (
    "from", "to", "as_known_at", "by", "group", "key", "title_zh", "title_en", "value", "unit",
    "numerator", "denominator", "n", "hidden", "formula_zh", "formula_en", "price_basis",
    "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is of. `threshold` None: every count is told; else fewer are hidden.

    `settled`: for every order the window of repeats was over by `as_known_at` (RFC 3339).
    """

    period: Period
    by: Dimension | None
    institution: str | None
    days: int
    as_known_at: str
    settled: bool
    threshold: int | None = None


def write_report(asked: Asked, tallies: Tallies, names: Mapping[str, str]) -> dict[str, Any]:
    """The report as JSON values; `names` are institutions' names, where groups are institutions."""
    groups = {key: one for key, one in sorted(tallies.items(), key=_rank) if key is not None}
    total = tallies.get(None, Tally())
    hidden: Mapping[str | None, frozenset[str]] = (
        {} if asked.threshold is None else hidden_cells(total, groups, asked.threshold)
    )
    splits = _splits_told(asked, groups, hidden)
    return {
        "period": {
            "from": asked.period.first.isoformat(),
            "to": asked.period.last.isoformat(),
            "days": asked.period.days,
        },
        "as_known_at": asked.as_known_at,
        "settled": asked.settled,
        "institution": asked.institution,
        "by": None if asked.by is None else asked.by.value,
        "repeat_days": asked.days,
        "hidden_below": asked.threshold,
        "version": definitions_version(),
        "definitions": [_definition(one) for one in load_definitions()],
        "total": _group(
            asked, None, None, total, hidden.get(None, frozenset()), frozenset(_SPLITS)
        ),
        "groups": [
            _group(asked, key, names.get(key), one, hidden.get(key, frozenset()), splits)
            for key, one in groups.items()
        ],
    }


def write_csv(report: Mapping[str, Any]) -> bytes:
    """A report as CSV, one indicator of one group a row: UTF-8 with BOM, so that Excel reads it.

    No cell is a formula to a spreadsheet: one that would be begins with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_cell(cell) for cell in row] for row in _rows(report))
    return ("\ufeff" + text.getvalue()).encode()


def _rank(entry: tuple[str | None, Tally]) -> tuple[bool, str]:
    return entry[0] is not None, entry[0] or ""


def _definition(one: Definition) -> dict[str, Any]:
    return {
        "key": one.key,
        "version": one.version,
        "kind": one.kind.value,
        "unit": _UNITS[one.kind],
        "title": {"zh": one.title.zh, "en": one.title.en},
        "formula": {"zh": one.formula.zh, "en": one.formula.en},
        "meaning": {"zh": one.meaning.zh, "en": one.meaning.en},
        "price_basis": None
        if one.price_basis is None
        else {"zh": one.price_basis.zh, "en": one.price_basis.en},
    }


def _group(
    asked: Asked,
    key: str | None,
    name: str | None,
    tally: Tally,
    hidden: frozenset[str],
    splits: frozenset[str],
) -> dict[str, Any]:
    return {
        "group": key,
        "name": name,
        "indicators": [_indicator(one) for one in measure(tally, asked.period, hidden)],
        **{
            split: _split(asked, getattr(tally, split), _is_hidden(split, hidden))
            if split in splits
            else {}
            for split in _SPLITS
        },
    }


def _splits_told(
    asked: Asked, groups: Mapping[str, Tally], hidden: Mapping[str | None, frozenset[str]]
) -> frozenset[str]:
    """The distributions groups show: where one group hides a part, the others would tell it."""
    return frozenset(
        split
        for split in _SPLITS
        if asked.threshold is None
        or not any(
            _is_hidden(split, hidden.get(key, frozenset()))
            or hidden_split(getattr(one, split), False, asked.threshold)
            for key, one in groups.items()
        )
    )


def _is_hidden(split: str, hidden: frozenset[str]) -> bool:
    """What a distribution is of is hidden, so all of it is."""
    return not hidden.isdisjoint(_SPLITS[split])


def _split(asked: Asked, numbers: Mapping[str, int], whole: bool) -> dict[str, int | None]:
    """A distribution, the largest first; None is a number that is not shown."""
    if asked.threshold is not None and whole:
        return {}  # that there were any is told by no key either
    gone = frozenset() if asked.threshold is None else hidden_split(numbers, whole, asked.threshold)
    ordered = sorted(numbers, key=lambda one: (one in gone, 0 if gone else -numbers[one], one))
    return {one: None if one in gone else numbers[one] for one in ordered}


def _indicator(one: Measured) -> dict[str, Any]:
    found: dict[str, Any] = {
        "key": one.definition.key,
        "value": _plain(one.value),
        "numerator": _plain(one.numerator),
        "denominator": _plain(one.denominator),
        "n": one.n,
    }
    if one.hidden:
        found["hidden"] = True
    return found


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")


def _rows(report: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    of = {one["key"]: one for one in report["definitions"]}
    period = report["period"]
    for group in (report["total"], *report["groups"]):
        bases = "; ".join(group["price_bases"])
        for one in group["indicators"]:
            said = of[one["key"]]
            yield (
                period["from"], period["to"], report["as_known_at"], report["by"], group["group"],
                one["key"], said["title"]["zh"], said["title"]["en"], one["value"], said["unit"],
                one["numerator"], one["denominator"], one["n"], one.get("hidden", False),
                said["formula"]["zh"], said["formula"]["en"],
                bases if said["price_basis"] else None, said["version"],
            )  # fmt: skip


def _cell(value: Any) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
