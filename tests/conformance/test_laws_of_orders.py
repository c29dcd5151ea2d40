"""Laws of whole orders, over questions made at random: several records, their registers, a policy.

What one assessment must obey is tested beside the engine (tests/unit/recognition). Here other
candidates stand beside it: none of them, and no row or record in another place, may make an answer
better or change what it has no part in.
"""

from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.conformance.second_opinion.items import IMAGING, ITEMS
from tests.conformance.second_opinion.questions import a_case
from tests.conformance.second_opinion.said import Said
from tests.conformance.test_second_opinion import engine_says

Case = dict[str, Any]
RANDOM = settings(
    deadline=None, derandomize=True, max_examples=80, suppress_health_check=list(HealthCheck)
)
BEST = ("recognise", "clinician_review", "do_not_recognise")
ROWS = ("marks", "qualifications", "policies", "source", "candidates")
# What a law must keep constant: registers by day, and what tells the age.
BY_DAY = ("marks", "qualifications", "precision", "source", "request_birth", "encounter", "gates")
OF_TIME = ("issued", "received", "birth_date", "identity", "specimen", "ranges")


def every_candidate(case: Case) -> Case:
    """The case with every candidate listed, that each outcome may be seen."""
    entries = [{**one, "max_candidates": 99} for one in case.get("policies", ())]
    return {**case, "policies": [{"scope": "default", "max_candidates": 99}, *entries]}


def outcomes(case: Case) -> dict[str, int]:
    """How good each candidate's outcome is, 0 the best."""
    said = engine_says(every_candidate(case))
    return {one["key"]: BEST.index(one["outcome"]) for one in said["listed"]}


def never_better(before: Case, after: Case) -> None:
    old, new = outcomes(before), outcomes(after)
    assert all(new[key] >= old[key] for key in new.keys() & old.keys())


def an_order(random: Random) -> Case:
    case = a_case(random)
    assume("by_name" not in case)
    return case


@RANDOM
@given(random=st.randoms(use_true_random=False), days=st.integers(1, 40))
def test_collected_earlier_beside_others_is_never_better(random: Random, days: int) -> None:
    case = {key: value for key, value in an_order(random).items() if key not in BY_DAY}
    assume(case["on"].startswith("2026-06"))
    for record in case["candidates"]:
        for key in OF_TIME:
            record.pop(key, None)
    earlier = deepcopy(case)
    one = random.choice(earlier["candidates"])
    assume(one["collected"] and len(one["collected"]) >= 10)
    at = datetime.fromisoformat(one["collected"]) - timedelta(days=days)
    whole_day = len(one["collected"]) == 10
    one["collected"] = at.date().isoformat() if whole_day else at.isoformat()
    old, new = outcomes(case), outcomes(earlier)
    assert new.get(one["key"], 2) >= old.get(one["key"], 0)


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_a_round_that_is_no_longer_acceptable_makes_no_candidate_better(random: Random) -> None:
    case = an_order(random)
    rounds = case.get("qualifications") or [{"from": "2025-01-01", "to": "2026-12-31"}]
    worse = deepcopy(rounds)
    random.choice(worse)["acceptable"] = False
    never_better({**case, "qualifications": rounds}, {**case, "qualifications": worse})


@RANDOM
@given(random=st.randoms(use_true_random=False), days=st.integers(0, 60))
def test_a_tighter_limit_makes_no_candidate_better(random: Random, days: int) -> None:
    case = an_order(random)
    kind = "imaging" if case["order"]["item"] in IMAGING else "laboratory"
    mine = [one for one in case.get("policies", ()) if not one["scope"].startswith("receiver:1213")]
    tight = {"scope": "receiver:121301024000001027", "time_limits": {kind: days}}
    never_better({**case, "policies": mine}, {**case, "policies": [*mine, tight]})


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_a_higher_cv_makes_no_candidate_better(random: Random) -> None:
    case = an_order(random)
    stated = case.get("precision") or {}
    months = dict.fromkeys((f"2026-{month:02d}" for month in range(1, 13)), "0.1") | stated
    worse = {month: str(Decimal(cv) + random.choice((0, 1, 50))) for month, cv in months.items()}
    never_better({**case, "precision": months}, {**case, "precision": worse})


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_records_and_rows_may_stand_in_any_order(random: Random) -> None:
    case = an_order(random)
    other = {key: case[key] for key in random.sample(list(case), len(case))}
    for key in ROWS:
        if isinstance(other.get(key), list):
            other[key] = random.sample(other[key], len(other[key]))
    assert engine_says(other) == engine_says(case)


@RANDOM
@given(random=st.randoms(use_true_random=False))
@pytest.mark.parametrize(
    "reason",
    [
        {"identity": {"relation": "none"}},
        {"current": False},
        {"withheld": True},
        {"withheld": None},
        {"report_status": "entered-in-error"},
        {"collected": "2024-01-01T08:00:00+08:00"},
    ],
    ids=str,
)
def test_a_record_that_is_no_candidate_changes_nothing_at_all(random: Random, reason: Case) -> None:
    case = {**an_order(random), "emergency_access": False}
    item = case["order"]["item"]
    collected = random.choice(case["candidates"])["collected"]
    stranger = {"item": item, "key": "x", "collected": collected, **reason}
    at = random.randrange(len(case["candidates"]) + 1)
    more = [*case["candidates"][:at], stranger, *case["candidates"][at:]]
    assert engine_says({**case, "candidates": more}) == engine_says(case)


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_a_record_of_another_item_changes_nothing_at_all(random: Random) -> None:
    case = an_order(random)
    item = case["order"]["item"]
    of_a_kind = [one for one in ITEMS if (one in IMAGING) == (item in IMAGING) and one != item]
    collected = random.choice(case["candidates"])["collected"]
    stranger = {"item": random.choice(of_a_kind), "key": "x", "collected": collected}
    more = [*case["candidates"], stranger]
    assert engine_says({**case, "candidates": more}) == engine_says(case)


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_at_most_one_candidate_is_better_than_a_refusal_and_that_one_leads(random: Random) -> None:
    case = an_order(random)
    said: Said = engine_says(every_candidate(case))
    better = [one["key"] for one in said["listed"] if one["outcome"] != "do_not_recognise"]
    assert better in ([], [said["leading"]])
    best = min((BEST.index(one["outcome"]) for one in said["listed"]), default=None)
    assert said["outcome"] == ("none" if best is None else BEST[best])


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_the_same_order_is_answered_the_same(random: Random) -> None:
    case = an_order(random)
    assert engine_says(case) == engine_says(deepcopy(case))
