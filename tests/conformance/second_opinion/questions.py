"""Whole questions made at random, in the form of the cases and near every boundary.

`a_case(random)` is one order with its records and registers; the same numbers give the same case.
Most of it stays as good as it can be, so that the later gates are reached.
"""

from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any

from tests.conformance.second_opinion import register_rows, wording
from tests.conformance.second_opinion.items import IMAGING, ITEMS
from tests.conformance.second_opinion.random_records import (
    a_birth,
    a_day,
    a_record,
    a_time,
    some,
)
from tests.conformance.second_opinion.times import SHANGHAI

Case = dict[str, Any]
_ON = (
    "2026-06-15T10:00:00+08:00", "2026-06-15T23:59:59+08:00", "2026-06-15T00:00:00+08:00",
    "2026-06-15T16:00:00Z", "2026-06-14T20:00:00-08:00", "2026-06-16T05:59:59+14:00",
    "2026-03-01T00:00:00+08:00", "2026-02-28T23:59:59+08:00", "2028-02-29T12:00:00+08:00",
    "2028-03-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00", "2026-06-15T10:00:00.5+08:00",
)  # fmt: skip


def a_case(random: Random) -> Case:
    """One question: when, who asks, by which registers, and of which records."""
    item = random.choice(tuple(ITEMS))
    case: Case = {"on": _ON[0] if random.random() < 0.5 else random.choice(_ON)}
    on = datetime.fromisoformat(case["on"]).astimezone(SHANGHAI).date()
    if on.year != 2026:
        case["qualifications"] = [{"from": "2026-02-01"}]
        case["precision"] = {f"2028-{month:02d}": "0.1" for month in range(1, 13)}
        case["precision"] |= {"2027-12": "0.1", "2027-11": "0.1"}
    case["order"] = an_order(random, item)
    several = random.choice((1, 1, 1, 2, 2, 3, 4, 6, 8))
    case["candidates"] = [a_record(random, item, on, f"r{n}") for n in range(several)]
    for change in some(random, _CASE_CHANGES):
        change(random, case, item, on)
    if random.random() < 0.1:
        every = (0, 1, 2, 4, 5, 6) if item in IMAGING else (0, 1, 2, 3, 4, 5)
        case["gates"] = sorted({4, *random.sample(every, random.choice((1, 2, 4)))})
    if random.random() < 0.08:
        case["by_name"] = True
        case["candidates"] = case["candidates"][:1]
    return case


def an_order(random: Random, item: str) -> Case:
    found: Case = {"item": item}
    if item in IMAGING:
        found |= {} if random.random() < 0.5 else wording.an_imaging_order(random)
    else:
        if random.random() < 0.2:
            found["method"] = random.choice((None, *wording.METHOD_GROUPS.get(item, ())))
        if random.random() < 0.15:
            codes = (*ITEMS[item]["confirmed"], *ITEMS[item]["unconfirmed"])
            found["code"] = random.choice(codes)
        if random.random() < 0.1:
            found["setting"] = random.choice(("laboratory", "point-of-care", None))
    if random.random() < 0.05:
        found["conflict"] = random.choice((True, False))
    return found


def _books(random: Random, case: Case, item: str, on: date) -> None:
    register_rows.change(random, case, item, on)


def an_encounter(random: Random, item: str, on: date) -> Case:
    kinds = ("surgery", "transfusion", "dialysis", "chemotherapy", "contrast", "delivery")
    events = [
        {"type": random.choice(kinds), "date": a_time(random, a_day(random, item, on))}
        for _ in range(random.choice((0, 1, 1, 2)))
    ]
    return {
        "class": random.choice(("outpatient", "inpatient", "emergency", "intensive-care", None)),
        "purpose": random.choice(
            ("treatment", "treatment", "treatment", "judicial", "disability", None)
        ),
        "before": random.choice((None, None, "surgery", "transfusion", "major-measure")),
        "events": random.choice((None, events, events)),
    }


def _encounter(random: Random, case: Case, item: str, on: date) -> None:
    case["encounter"] = an_encounter(random, item, on)


def _request(random: Random, case: Case, item: str, on: date) -> None:
    case["request_birth"] = a_birth(random, on)
    case["request_sex"] = random.choice(("male", "female", "unknown", "other", None))
    case["pregnant"] = random.choice((True, False, None))
    case["emergency_access"] = random.random() < 0.3


def _ties(random: Random, case: Case, item: str, on: date) -> None:
    """Records of one instant, which only release, report and identifier tell apart."""
    first = case["candidates"][0]
    for one in case["candidates"][1:]:
        one["collected"] = first["collected"]
        one["report_id"] = random.choice(("F1", "F2", "F10"))
        if random.random() < 0.3:
            one["issued"] = first.get("issued", first["collected"])


def _change(random: Random, case: Case, item: str, on: date) -> None:
    """Two values that differ by the item's reference change exactly, or by a little more."""
    rcv = ITEMS[item].get("rcv")
    if rcv is None or len(case["candidates"]) < 2:
        return
    old = Decimal(random.choice(("4.0", "50", "100", "0")))
    new = old * (1 + random.choice((1, -1)) * Decimal(rcv) / 100)
    new += random.choice((Decimal(0), Decimal("0.0001"), Decimal("-0.0001")))
    for one, value in zip(case["candidates"], (abs(new), old), strict=False):
        one.update(value=f"{value:f}", unit=ITEMS[item]["unit"], comparator=None)


_CASE_CHANGES: tuple[Any, ...] = (
    _books, _books, _books, _books, _encounter, _request, _ties, _change,
)  # fmt: skip
