"""An order-check's answer: judged orders as the JSON of `POST /v1/order-check`, in fixed key order.

Nothing is judged here. `check` and assessment ids are the caller's, so that the same question
gives the same bytes but for them.
"""

from collections.abc import Callable, Sequence
from typing import Any

from hie.recognition.assessment import Assessment, Finding, Outcome
from hie.recognition.engine import Judged
from hie.recognition.identity_check import IdentityState
from hie.recognition.question import Question
from hie.recognition.reasons import Reasons, load_reasons
from hie.recognition.request import CheckRequest
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Kind
from hie.recognition.savings import CURRENCY, Saving, savings
from hie.recognition.texts import State, Texts, load_texts


def write_answer(
    request: CheckRequest,
    identity: IdentityState,
    judged: Sequence[Judged],
    question: Question,
    *,
    check: str,
    new_id: Callable[[], str],
    reasons: Reasons | None = None,
    texts: Texts | None = None,
) -> dict[str, Any]:
    """The answer as JSON values; `judged` has one entry for each order of the request, in order.

    `new_id` is called once for each listed candidate, in the order they stand in the answer.
    `reasons` and `texts` are those of other books than the shipped ones.
    """
    offered, said = reasons or load_reasons(), texts or load_texts()
    saved = savings(
        [
            (question.item(order.item) or question.imaging_class(order.item), one.outcome)
            for order, one in zip(request.orders, judged, strict=True)
        ],
        question,
    )
    return {
        "check": check,
        "policy": question.policy.version,
        "on": request.on.text,
        "identity": identity.value,
        "orders": [
            _order(order, one, saving, question, new_id, offered, said)
            for order, one, saving in zip(request.orders, judged, saved, strict=True)
        ],
    }


def write_assessment(
    assessment: Assessment, key: str, texts: Texts | None = None
) -> dict[str, Any]:
    """One candidate of an answer; also a single record's, assessed by name."""
    candidate, value = assessment.candidate, assessment.candidate.value
    said = texts or load_texts()
    return {
        "assessment": key,
        "resource": candidate.resource,
        "outcome": assessment.outcome.value,
        "value": value.text,
        "unit": value.unit,
        "reported": {
            "value": value.reported,
            "unit": value.reported_unit,
            "low": value.low,
            "high": value.high,
        },
        "institution": {
            "code": candidate.institution or None,
            "name": assessment.institution_name,
        },
        "mark": assessment.mark,
        "effective": candidate.collected.text if candidate.collected else None,
        "age_days": assessment.age_days,
        "limit_days": assessment.limit_days,
        "findings": [_finding(one, candidate.kind, said) for one in assessment.findings],
    }


def _order(
    order: Order,
    judged: Judged,
    saving: Saving | None,
    question: Question,
    new_id: Callable[[], str],
    reasons: Reasons,
    texts: Texts,
) -> dict[str, Any]:
    return {
        "ref": order.ref,
        "item": order.item,
        "outcome": judged.outcome.value,
        "candidates": [write_assessment(one, new_id(), texts) for one in judged.assessments],
        "saves": None
        if saving is None
        else {
            "amount": str(saving.amount),
            "currency": CURRENCY,
            "billable": saving.billable,
            "basis": saving.basis,
        },
        "reasons": list(_reasons(judged, question, reasons)),
    }


def _reasons(judged: Judged, question: Question, reasons: Reasons) -> tuple[str, ...]:
    if judged.outcome is Outcome.NONE:
        return ()
    speaking = judged.leading or judged.assessments[0]
    local = question.policy.value(question.receiver, question.day, "local_reasons") or ()
    return reasons.for_effects(((f.rule, f.effect) for f in speaking.findings), local)


def _finding(finding: Finding, kind: Kind, texts: Texts) -> dict[str, Any]:
    state = State.FIRED if finding.fired else State.UNKNOWN if finding.unknown else State.NOT_FIRED
    return {
        "rule": finding.rule,
        "fired": finding.fired,
        "unknown": finding.unknown,
        "basis": finding.basis,
        "data": dict(finding.data),
        "text": texts.both(finding.rule, state, finding.data, finding.case, kind),
    }
