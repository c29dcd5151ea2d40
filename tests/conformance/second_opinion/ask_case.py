"""A case of the rulebook, judged by the second opinion."""

from typing import Any

from tests.conformance.second_opinion.items import IMAGING
from tests.conformance.second_opinion.order import Assessed, Judged, assess, judge
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.reading import read_record
from tests.conformance.second_opinion.record import Record
from tests.conformance.second_opinion.rules import OF_IMAGES, OF_LABORATORY


def question_of(case: dict[str, Any]) -> tuple[Question, list[Record]]:
    """The question a case asks, and its records as read."""
    stated = case.get("candidates", [case.get("candidate", {})])
    first = stated[0].get("item", "K") if stated else "K"
    order = case.get("order") or {}
    item = order if isinstance(order, str) else order.get("item", first)
    every = OF_IMAGES if item in IMAGING else OF_LABORATORY
    question = Question(case, item, frozenset(case.get("gates", every)))
    return question, [read_record(one, item) for one in stated]


def judge_case(case: dict[str, Any]) -> Judged:
    """As an order; a case by name is one record assessed alone, whatever it is."""
    question, records = question_of(case)
    if case.get("by_name"):
        alone: Assessed = assess(records[0], question)
        return Judged(alone.outcome, (alone,), alone)
    return judge(records, question)
