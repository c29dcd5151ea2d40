"""R-401 to R-405: is it recent enough?"""

from tests.conformance.second_opinion.answers import (
    DNR,
    NO,
    PASS,
    REV,
    Answer,
    Standing,
    fired,
    unknown,
)
from tests.conformance.second_opinion.items import number
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record


def age_days(record: Record, question: Question) -> int | None:
    return None if record.day is None else (question.on.day - record.day).days


def limit_days(record: Record, question: Question) -> int | None:
    return question.policy.limit_days(record.item) if record.item else None


def r401(record: Record, question: Question) -> Answer:
    days, limit = age_days(record, question), limit_days(record, question)
    if days is None or limit is None:  # a record of no item has no limit: nobody knows one
        return unknown(DNR)
    return fired(DNR) if days > limit else NO


def r402(record: Record, question: Question) -> Answer:
    if record.collected:
        return NO
    return fired(REV) if record.issued else unknown(REV)


def r403(record: Record, question: Question, standing: Standing) -> Answer:
    return fired(DNR) if standing.is_history else NO


def r404(record: Record, question: Question) -> Answer:
    days, limit = age_days(record, question), limit_days(record, question)
    return fired(PASS) if days is not None and days == limit else NO


def r405(record: Record, question: Question) -> Answer:
    days, limit = age_days(record, question), limit_days(record, question)
    fraction = number(record.item, "fraction")
    if fraction is None or days is None or limit is None:
        return NO
    return fired(REV) if fraction * limit < days <= limit else NO
