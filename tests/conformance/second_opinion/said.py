"""Everything an answer says, as plain values, so that two opinions can be compared."""

from typing import Any

from tests.conformance.second_opinion.answer import reasons
from tests.conformance.second_opinion.answers import Answer
from tests.conformance.second_opinion.ask_case import judge_case, question_of
from tests.conformance.second_opinion.gate4 import age_days, limit_days
from tests.conformance.second_opinion.order import Assessed
from tests.conformance.second_opinion.question import Question

Said = dict[str, Any]


def say(case: Said) -> Said:
    """What the second opinion says of a case."""
    question, _ = question_of(case)
    judged = judge_case(case)
    return {
        "outcome": judged.outcome,
        "leading": judged.leading.record.key if judged.leading else None,
        "reasons": [] if case.get("by_name") else reasons(judged, question),
        "listed": [_assessed(one, question) for one in judged.listed],
    }


def _assessed(one: Assessed, question: Question) -> Said:
    value, unit = one.record.value
    return {
        "key": one.record.key,
        "outcome": one.outcome,
        "mark": question.books.mark_shown(one.record),
        "effective": one.record.effective,
        "age_days": age_days(one.record, question),
        "limit_days": limit_days(one.record, question),
        "value": value,
        "unit": unit,
        "findings": {rule: _finding(answer) for rule, answer in one.answers.items()},
    }


def _finding(answer: Answer) -> str:
    """`fired` or `unknown` and what follows, or `no`."""
    if not answer.fired and not answer.unknown:
        return "no"
    return f"{'fired' if answer.fired else 'unknown'}: {answer.effect}"


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """The places at which two answers differ, with what each says there."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = dict.fromkeys((*one, *other))
        pairs = [(f"{where}.{key}", one.get(key), other.get(key)) for key in keys]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{where}[{n}]", *both) for n, both in enumerate(zip(one, other, strict=True))]
    else:
        return [] if one == other else [f"{where}: {one!r} against {other!r}"]
    return [line for at, mine, yours in pairs for line in differences(mine, yours, at)]
