"""The engine agrees with an independent reading of the same rules: second_opinion/.

Compared is everything an answer says of a question: every finding of every gate reached, outcomes,
the order of candidates, which one leads, mark, age, limit, value, reasons; and what is saved. Where
the two differ the rules decide who is right, and the smallest case goes to rulebook/*.yaml.
"""

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hie.recognition.assessment import Assessment, Finding, Outcome
from hie.recognition.engine import assess, assess_order
from hie.recognition.reasons import load_reasons
from hie.recognition.savings import savings
from tests.conformance import test_rulebook_cases as cases
from tests.conformance.second_opinion.answer import saves
from tests.conformance.second_opinion.items import ITEMS
from tests.conformance.second_opinion.order import Judged
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.questions import a_case
from tests.conformance.second_opinion.said import Said, differences, say

# What the hub adds to the rules: successors of laboratories, and lists beside the 27 items.
BEYOND = ("successors", "second_list")
SHARED = {
    name: case for name, case in cases.CASES.items() if name.split(":")[0] not in BEYOND
}  # fmt: skip
RANDOM = settings(
    deadline=None, derandomize=True, max_examples=600, suppress_health_check=list(HealthCheck)
)
SCOPES = ("default", "region:13", "region:130102", "receiver:121301024000001027")
COUNTS = ("WBC", "RBC", "HGB", "PLT", "HCT")


@pytest.mark.parametrize("name", SHARED)
def test_both_opinions_of_a_case_are_the_same(name: str) -> None:
    assert differences(engine_says(SHARED[name]), say(SHARED[name])) == []


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_both_opinions_of_any_question_are_the_same(random: Random) -> None:
    case = a_case(random)
    assert differences(engine_says(case), say(case)) == []


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_both_count_the_same_savings_of_a_request(random: Random) -> None:
    items = [random.choice((*ITEMS, *COUNTS, *COUNTS)) for _ in range(random.choice((1, 2, 3, 8)))]
    outcomes = [random.choice(list(Outcome)) for _ in items]
    case = {
        "policies": [
            {
                "scope": scope,
                "from": "2023-01-01",
                "prices": {
                    ITEMS[item]["price"][0]: random.choice(("8.5", "0.005", "12.345", "0"))
                    for item in items
                    if random.random() < 0.4
                },
            }
            for scope in random.sample(SCOPES, random.choice((0, 1, 2, 4)))
        ]
    }
    asked = cases.a_question(case, items[0])
    lines = [(asked.item(item) or asked.imaging_class(item)) for item in items]
    counted = savings(list(zip(lines, outcomes, strict=True)), asked)
    judged = [
        (Question(case, item, frozenset()), Judged(outcome.value))
        for item, outcome in zip(items, outcomes, strict=True)
    ]
    assert [one and (one.billable, str(one.amount)) for one in counted] == saves(judged)


def engine_says(case: dict[str, Any]) -> Said:
    """What the engine says of a case, in the form of `say`."""
    stated = case.get("candidates", [case.get("candidate", {})])
    order = cases.an_order(case, stated[0].get("item", "K") if stated else "K")
    question = cases.a_question(case, order.item)
    records = [cases.a_record(order.item, one) for one in stated]
    gates = frozenset(case["gates"]) if "gates" in case else None
    if case.get("by_name"):
        alone = assess(records[0], question, order=order, gates=gates)
        return {
            "outcome": alone.outcome.value,
            "leading": _key(alone),
            "reasons": [],
            "listed": [_assessed(alone)],
        }
    judged = assess_order(order.item, records, question, order=order, gates=gates)
    speaking = judged.leading or next(iter(judged.assessments), None)
    effects = [(one.rule, one.effect) for one in speaking.findings] if speaking else []
    local = question.policy.value(question.receiver, question.day, "local_reasons")
    return {
        "outcome": judged.outcome.value,
        "leading": _key(judged.leading) if judged.leading else None,
        "reasons": list(load_reasons().for_effects(effects, local)) if speaking else [],
        "listed": [_assessed(one) for one in judged.assessments],
    }


def _key(one: Assessment) -> str:
    return one.candidate.resource.split("/")[1].removeprefix("r-")


def _assessed(one: Assessment) -> Said:
    candidate = one.candidate
    return {
        "key": _key(one),
        "outcome": one.outcome.value,
        "mark": one.mark,
        "effective": candidate.collected.text if candidate.collected else None,
        "age_days": one.age_days,
        "limit_days": one.limit_days,
        "value": candidate.value.text,
        "unit": candidate.value.unit,
        "findings": {finding.rule: _finding(finding) for finding in one.findings},
    }


def _finding(one: Finding) -> str:
    if not one.fired and not one.unknown:
        return "no"
    return f"{'fired' if one.fired else 'unknown'}: {one.effect.value}"
