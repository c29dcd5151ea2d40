"""A value that changes on a day counts from that day's first second in Shanghai, however it is told.

Every instant is asked about in several offsets; the last second before and the first one of the
day are a second apart and a whole policy.
"""

from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from hie.recognition.assessment import Outcome
from hie.recognition.catalogue import Catalogue, build_catalogue
from hie.recognition.engine import assess_order
from hie.recognition.moment import find_moment
from hie.recognition.question import Question
from hie.recognition.value import read_value
from hie.schemas import read_yaml
from tests.unit.recognition import records
from tests.unit.recognition.test_catalogue import dated

# The last second before a day and its first one, by the same clock told in other offsets.
BEFORE_AND_AFTER = [
    ("2026-06-15", "2026-06-14T23:59:59+08:00", "2026-06-15T00:00:00+08:00"),
    ("2026-06-15", "2026-06-14T15:59:59Z", "2026-06-14T16:00:00Z"),
    ("2026-06-15", "2026-06-14T11:59:59-04:00", "2026-06-14T12:00:00-04:00"),
    ("2026-06-15", "2026-06-15T05:59:59+14:00", "2026-06-15T06:00:00+14:00"),
    ("2026-06-15", "2026-06-14T23:59:59.999999+08:00", "2026-06-15T00:00:00.000001+08:00"),
    ("2024-02-29", "2024-02-28T23:59:59+08:00", "2024-02-29T00:00:00+08:00"),
    ("2024-02-29", "2024-02-28T15:59:59Z", "2024-02-28T16:00:00Z"),
    ("2024-03-01", "2024-02-29T23:59:59+08:00", "2024-03-01T00:00:00+08:00"),
    ("2024-03-01", "2024-02-29T15:59:59Z", "2024-02-29T16:00:00Z"),
    ("2025-03-01", "2025-02-28T23:59:59+08:00", "2025-03-01T00:00:00+08:00"),
    ("2026-01-01", "2025-12-31T23:59:59+08:00", "2026-01-01T00:00:00+08:00"),
    ("2026-01-01", "2026-01-01T00:59:59+09:00", "2025-12-31T16:00:00+00:00"),
]  # fmt: skip
_FIRST = "d2022_03_01"


def potassium(**fields: Any) -> Catalogue:
    data: dict[str, Any] = deepcopy(read_yaml("catalogue", "lab", "K.yaml"))
    data.update(fields)
    return build_catalogue([("K.yaml", data)])


def changing(first: Any, then: Any, on: str) -> dict[str, Any]:
    return dated(**{_FIRST: first, f"d{on.replace('-', '_')}": then})


def asked(on: str, catalogue: Catalogue, **other: Any) -> Question:
    return replace(records.question(on=on, **other), catalogue=catalogue)


@pytest.mark.parametrize(("day", "before", "after"), BEFORE_AND_AFTER)
def test_a_days_limit_counts_from_its_first_second_in_shanghai(
    day: str, before: str, after: str
) -> None:
    catalogue = potassium(validity_days=changing(7, 5, day))
    for on, limit in ((before, 7), (after, 5)):
        question = asked(on, catalogue)
        item = question.item("K")
        assert item is not None
        assert question.limit_days(item) == limit


@pytest.mark.parametrize(("day", "before", "after"), BEFORE_AND_AFTER)
def test_critical_and_plausible_limits_intervals_and_prices_change_on_their_day(
    day: str, before: str, after: str
) -> None:
    catalogue = potassium(
        critical_low=changing(Decimal("2.5"), Decimal("2.8"), day),
        plausible=changing({"low": 1, "high": 12}, {"low": 1, "high": 11}, day),
        max_cv_percent=changing(Decimal("2.5"), Decimal("2.0"), day),
        reference_intervals=changing(
            [{"age_low": 18, "low": 3.5, "high": 5.3}], [{"age_low": 18, "low": 3.6, "high": 5.2}], day
        ),
        price=changing({"amount": 8, "code": "1"}, {"amount": 9, "code": "1"}, day),
    )  # fmt: skip
    old, new = (asked(on, catalogue).item("K") for on in (before, after))
    assert old is not None
    assert new is not None
    assert (str(old.critical_low), str(new.critical_low)) == ("2.5", "2.8")
    assert old.plausible is not None
    assert new.plausible is not None
    assert (old.plausible.high, new.plausible.high) == (12, 11)
    assert (str(old.max_cv_percent), str(new.max_cv_percent)) == ("2.5", "2.0")
    assert [len(one.reference_intervals) for one in (old, new)] == [1, 1]
    assert old.reference_intervals != new.reference_intervals
    assert old.price is not None
    assert new.price is not None
    assert (old.price.amount, new.price.amount) == (8, 9)
    assert {one.evidence["price"].since for one in (old, new)} == {
        date(2022, 3, 1),
        date.fromisoformat(day),
    }


@pytest.mark.parametrize(("day", "before", "after"), BEFORE_AND_AFTER)
def test_an_item_can_be_ordered_on_its_last_day_and_not_after(
    day: str, before: str, after: str
) -> None:
    last = date.fromordinal(date.fromisoformat(day).toordinal() - 1)
    other = deepcopy(read_yaml("catalogue", "lab", "NA.yaml"))
    ended = {**deepcopy(read_yaml("catalogue", "lab", "K.yaml")), "to": last.isoformat()}
    catalogue = build_catalogue([("K.yaml", ended), ("NA.yaml", other)])
    assert asked(before, catalogue).item("K") is not None
    assert asked(after, catalogue).item("K") is None
    assert asked(after, catalogue).item("NA") is not None


@pytest.mark.parametrize(("day", "before", "after"), BEFORE_AND_AFTER)
def test_a_list_and_a_policy_change_on_their_day(day: str, before: str, after: str) -> None:
    lists = {"key": "own", "zh": "本地", "en": "own", "items": changing(["K"], ["NA"], day)}
    files = [(f"{key}.yaml", read_yaml("catalogue", "lab", f"{key}.yaml")) for key in ("K", "NA")]
    catalogue = build_catalogue(files, (), [("own.yaml", lists)])
    by_list = [records.policy("region:13", "2022-03-01", catalogue="list:own")]
    last = date.fromordinal(date.fromisoformat(day).toordinal() - 1).isoformat()
    by_policy = [
        records.policy("region:13", "2022-03-01", last, catalogue=["K"]),
        records.policy("region:13", day, catalogue=["NA"]),
    ]
    for policies in (by_list, by_policy):
        for on, listed in ((before, "K"), (after, "NA")):
            question = asked(on, catalogue, policies=policies)
            assert {
                key for key in ("K", "NA") if question.lists(catalogue.items[key])
            } == {listed}  # fmt: skip


@pytest.mark.parametrize(
    ("on", "outcome"),
    [
        ("2026-06-14T23:59:59+08:00", Outcome.RECOGNISE),
        ("2026-06-14T15:59:59Z", Outcome.RECOGNISE),
        ("2026-06-15T00:00:00+08:00", Outcome.REFUSE),
        ("2026-06-14T16:00:00Z", Outcome.REFUSE),
    ],
)
def test_one_second_and_one_policy_turn_an_outcome(on: str, outcome: Outcome) -> None:
    collected = "2026-06-08T23:59:59+08:00"  # six days before the one, seven before the other
    catalogue = potassium(validity_days=changing(7, 5, "2026-06-15"))
    record = records.a_candidate(collected=collected)
    assert assess_order("K", [record], asked(on, catalogue)).outcome is outcome


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-06-15T23:59:59+08:00", date(2026, 6, 15)),
        ("2026-06-15T23:59:59Z", date(2026, 6, 16)),
        ("2026-06-15T15:59:59.999Z", date(2026, 6, 15)),
        ("2026-06-15T16:00:00Z", date(2026, 6, 16)),
        ("2026-06-15T00:00:00+14:00", date(2026, 6, 14)),
        ("2026-06-15T00:00:00-12:00", date(2026, 6, 15)),
        ("2024-02-29T16:00:00Z", date(2024, 3, 1)),
        ("2023-02-28T16:00:00Z", date(2023, 3, 1)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2025-12-31T16:00:00Z", date(2026, 1, 1)),
    ],
)
def test_the_day_of_an_instant_is_shanghais(text: str, day: date) -> None:
    moment = find_moment(text)
    assert moment is not None
    assert moment.day == day


def test_without_plausible_limits_a_clinician_decides_and_without_a_unit_nobody_does() -> None:
    full: dict[str, Any] = deepcopy(read_yaml("catalogue", "lab", "K.yaml"))
    measured = (
        "alternatives", "unit_spellings", "decimals", "critical_low", "critical_high",
        "reference_intervals", "plausible",
    )  # fmt: skip
    without = {key: value for key, value in full.items() if key != "plausible"}
    bare = {key: value for key, value in full.items() if key not in {*measured, "unit"}}
    for case, rule, outcome, data in (
        ("no_limits", "R-305", Outcome.REVIEW, without),
        ("no_unit", "R-303", Outcome.REFUSE, bare),
    ):
        catalogue = build_catalogue([("K.yaml", data)])
        read = read_value(records.an_observation(), catalogue.items["K"])
        record = structs.replace(records.a_candidate(), value=read)
        found = assess_order("K", [record], replace(records.question(), catalogue=catalogue))
        assert found.outcome is outcome
        said = {finding.rule: finding for finding in found.assessments[0].findings}
        assert said[rule].case == case
        assert said["R-305"].unknown
