"""Asked about a past day, the catalogue, the registers and the policy of that day answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from hie.errors import UnprocessableRequest
from hie.recognition.assessment import Outcome
from hie.recognition.books import Books
from hie.recognition.check import judge
from hie.recognition.engine import Judged
from hie.recognition.record import read_candidate
from hie.recognition.register import RegisterRows
from hie.recognition.request import parse_request
from hie.recognition.sources import build_sources, read_files, shipped_files
from tests.unit.recognition import records

K = "catalogue/lab/K.yaml"
LAST, FIRST = "2026-02-28T23:59:59+08:00", "2026-03-01T00:00:00+08:00"
NEW = {"basis": "an invented circular", "certainty": "high"}


@cache
def trees() -> Mapping[str, Any]:
    return read_files(shipped_files())


def books(rows: RegisterRows | None = None, /, **potassium: Any) -> Books:
    """The shipped books, what is said of potassium over its file; a change began on 1 March."""
    made = {**trees(), K: {**trees()[K], **potassium}}
    return build_sources(made).with_registers(rows or records.registers().rows)


def dated(field: str, value: Any) -> dict[str, Any]:
    """A value that began on 1 March 2026, after those that hold before."""
    return {field: {**trees()[K].get(field, {}), "2026-03-01": {"value": value, **NEW}}}


def ask(
    made: Books, on: str, *, collected: str = "2026-02-25T08:00:00+08:00", **facts: Any
) -> Judged:
    request = parse_request(
        {
            "patient": {"identifiers": [{"type": "passport", "value": "SYNTHETIC1"}]},
            "receiver": {"institution": records.RECEIVER},
            "encounter": {"class": "outpatient", "purpose": "treatment", "events": []},
            "orders": [{"ref": "1", "item": "K"}],
            "on": on,
        },
        catalogue=made.catalogue,
        registers=made.registers,
        policy=made.policy,
        caller=None,
        now_us=0,
    )  # fmt: skip
    one = records.a_candidate(collected=collected, **facts)
    (found,) = judge(request, [one], made.question(request))
    return found


@pytest.mark.parametrize(
    ("on", "limit", "outcome"),
    [
        ("2026-02-25T09:00:00+08:00", 7, Outcome.RECOGNISE),
        (LAST, 7, Outcome.RECOGNISE),
        ("2026-02-28T15:59:59Z", 7, Outcome.RECOGNISE),
        (FIRST, 3, Outcome.REFUSE),
        ("2026-02-28T16:00:00Z", 3, Outcome.REFUSE),
        ("2026-02-28T11:00:00-05:00", 3, Outcome.REFUSE),
    ],
)
def test_a_limit_that_changed_on_a_day_of_shanghai_holds_from_that_day_on(
    on: str, limit: int, outcome: Outcome
) -> None:
    found = ask(books(**dated("validity_days", 3)), on)
    assert (found.assessments[0].limit_days, found.outcome) == (limit, outcome)


def test_a_leap_day_is_a_day_on_which_a_limit_may_begin() -> None:
    made = books(validity_days={
        "2022-03-01": {"value": 7, **NEW}, "2024-02-29": {"value": 1, **NEW},
    })  # fmt: skip
    limits = [
        ask(made, on, collected="2024-02-28T08:00:00+08:00").assessments[0].limit_days
        for on in ("2024-02-28T23:59:59+08:00", "2024-02-29T00:00:00+08:00")
    ]
    assert limits == [7, 1]


def test_a_value_that_was_ended_is_not_in_force_and_then_nothing_is_recognised() -> None:
    made = books(**dated("validity_days", None))
    assert ask(made, LAST).outcome is Outcome.RECOGNISE
    ended = ask(made, FIRST)
    assert ended.assessments[0].limit_days is None
    assert ended.outcome is not Outcome.RECOGNISE


def test_a_critical_limit_asks_for_a_review_from_its_day_on() -> None:
    made = books(**dated("critical_high", Decimal("4.0")))
    assert ask(made, LAST).outcome is Outcome.RECOGNISE
    assert ask(made, FIRST).outcome is Outcome.REVIEW


def test_an_item_can_be_ordered_from_its_first_to_its_last_day() -> None:
    made = books(**{"from": "2026-03-01", "to": "2026-03-02"})
    for on in (LAST, "2026-03-03T00:00:00+08:00"):
        with pytest.raises(UnprocessableRequest) as refused:
            ask(made, on)
        assert [one.code for one in refused.value.faults] == ["unknown-item"]
    for on in (FIRST, "2026-03-02T23:59:59+08:00"):
        assert ask(made, on).outcome is Outcome.RECOGNISE


def test_a_receiver_s_policy_counts_in_its_period_alone() -> None:
    rows = replace(
        records.registers().rows,
        policies=(
            records.policy(
                f"receiver:{records.RECEIVER}", "2026-03-01", "2026-03-02", time_limits={"K": 1}
            ),
        ),
    )
    made = books(rows)
    asked = (LAST, FIRST, "2026-03-02T23:59:59+08:00", "2026-03-03T00:00:00+08:00")
    assert [ask(made, on).assessments[0].limit_days for on in asked] == [7, 1, 1, 7]


def test_a_laboratory_suspended_for_a_day_is_refused_on_that_day_alone() -> None:
    periods = [
        records.institution(end="2026-02-28"),
        records.institution(start="2026-03-01", end="2026-03-01", status="suspended"),
        records.institution(start="2026-03-02"),
    ]
    rows = replace(records.registers().rows, institutions=(*periods, records.receiver()))
    made = books(rows)
    asked = (LAST, FIRST, "2026-03-01T23:59:59+08:00", "2026-03-02T00:00:00+08:00")
    assert [ask(made, on).outcome for on in asked] == [
        Outcome.RECOGNISE, Outcome.REFUSE, Outcome.REFUSE, Outcome.RECOGNISE,
    ]  # fmt: skip


def test_a_mark_counts_on_the_day_of_the_specimen_whatever_day_is_asked_about() -> None:
    rows = replace(records.registers().rows, marks=(records.mark("京津冀HR", end="2026-02-24"),))
    made = books(rows)
    before = ask(made, LAST, collected="2026-02-24T23:59:59+08:00")
    after = ask(made, LAST, collected="2026-02-25T00:00:00+08:00")
    assert (before.outcome, after.outcome) == (Outcome.RECOGNISE, Outcome.REVIEW)


def test_a_value_is_rounded_as_its_item_said_on_the_day_asked_about() -> None:
    made = books(**dated("decimals", 0))
    shown = [
        read_candidate(
            records.an_observation(value="15.9", unit="mg/dL"),
            records.a_report(),
            records.a_specimen(),
            {"resourceType": "Patient", "id": "p"},
            identity=records.STRONG,
            catalogue=made.catalogue,
            day=date.fromisoformat(day),
        ).value.text
        for day in ("2026-02-28", "2026-03-01")
    ]
    assert shown == ["4.07", "4"]
