"""R-201 to R-208: the quality of the issuing laboratory or department."""

from typing import Any

from tests.conformance.second_opinion.answers import DNR, NO, PASS, REV, Answer, fired, unknown
from tests.conformance.second_opinion.books import in_force
from tests.conformance.second_opinion.items import is_quantity, number
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record


def r201(record: Record, question: Question) -> Answer:
    qualified = question.books.qualified(record)
    if qualified is None:
        return unknown(DNR)
    return NO if qualified else fired(DNR)


def _schemes(record: Record, question: Question) -> list[list[dict[str, Any]]]:
    """Each scheme's rounds begun by the day asked about, the latest first."""
    today = question.on.day.isoformat()
    begun = [one for one in question.books.rounds(record) if one["from"] <= today]
    begun.sort(key=lambda one: (one["from"], one["round"]), reverse=True)
    names = {one["scheme"] for one in begun}
    return [[one for one in begun if one["scheme"] == name] for name in names]


def r202(record: Record, question: Question) -> Answer:
    schemes = _schemes(record, question)
    if not schemes:
        return unknown(PASS)
    failed = any(not rounds[0]["acceptable"] for rounds in schemes)
    return fired(REV) if failed and question.books.qualified(record) else NO


def r203(record: Record, question: Question) -> Answer:
    schemes = _schemes(record, question)
    if not schemes:
        return unknown(PASS)
    for rounds in schemes:
        failed = [not one["acceptable"] for one in rounds[:3]]
        if failed[0] and sum(failed) >= 2:
            return fired(DNR)
    return NO


def r204(record: Record, question: Question) -> Answer:
    limit, cv = number(record.item, "cv"), question.books.cv(record)
    if limit is None:
        return NO
    if cv is None:
        return unknown(REV) if is_quantity(record.item) else NO
    return fired(DNR) if cv > limit else NO


def r205(record: Record, question: Question) -> Answer:
    control = record.said["control"]
    if control is None:
        return unknown(PASS)
    return fired(DNR) if control == "out" else NO


def r206(record: Record, question: Question) -> Answer:
    return fired(DNR) if question.policy.exited(record.institution, record.item) else NO


def r207(record: Record, question: Question) -> Answer:
    qualified = question.books.qualified(record)
    if qualified is None:
        return unknown(REV)
    return NO if qualified else fired(DNR)


def r208(record: Record, question: Question) -> Answer:
    if not question.books.qualified(record):
        return NO
    today = in_force(question.books.rounds(record), question.on.day)
    if any(one["acceptable"] for one in today):
        return NO
    failing = r202(record, question).fired or r203(record, question).fired
    return NO if failing and not record.is_imaging else fired(PASS)
