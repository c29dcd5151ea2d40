"""R-101 to R-110: is the item in scope, and does the mark reach the receiver?"""

from tests.conformance.second_opinion.answers import DNR, NO, PASS, REV, Answer, fired, unknown
from tests.conformance.second_opinion.books import RECEIVER
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record

_LETTERS = ("", "C", "B", "A")


def r101(record: Record, question: Question) -> Answer:
    return NO if record.item else fired(DNR)


def r102(record: Record, question: Question) -> Answer:
    return NO if record.confirmed or not record.item else fired(REV)


def r103(record: Record, question: Question) -> Answer:
    listed = question.policy.value("catalogue")
    return NO if record.item and (listed == "all" or record.item in listed) else fired(DNR)


def r104(record: Record, question: Question) -> Answer:
    receiver = question.receiver
    covered = (
        one.covers(receiver["region"], receiver["consortium"])
        for one in question.books.marks(record)
    )
    return fired(PASS) if any(covered) else NO


def _is_open(record: Record, question: Question) -> bool:
    return r104(record, question).fired or r110(record, question).fired


def r105(record: Record, question: Question) -> Answer:
    if _is_open(record, question) or not any(one.is_read for one in question.books.marks(record)):
        return NO
    voluntary = question.policy.value("voluntary")
    if voluntary is None:
        return unknown(REV)
    return fired(REV if voluntary else DNR)


def r106(record: Record, question: Question) -> Answer:
    legacy = [one for one in question.books.marks(record) if one.legacy]
    if any(one.is_read for one in legacy):
        return fired(PASS)
    return unknown(REV) if legacy and not _is_open(record, question) else NO


def r107(record: Record, question: Question) -> Answer:
    if question.books.marks(record) or r110(record, question).fired:
        return NO
    qualified = question.books.qualified(record)
    if qualified is None:
        return unknown(DNR)
    excluded = question.policy.value("voluntary") is False
    return fired(DNR if not qualified or excluded else REV)


def r108(record: Record, question: Question) -> Answer:
    if _is_open(record, question):
        return NO
    unread = (not one.is_read and not one.legacy for one in question.books.marks(record))
    return fired(REV) if any(unread) else NO


def r109(record: Record, question: Question) -> Answer:
    rule = question.policy.value("level_rule")
    if rule == "none" or r110(record, question).fired:
        return NO
    row = question.books.row(record.institution, question.on.day)
    source, receiver = (row or {}).get("level", ""), question.receiver["level"]
    if not source or not receiver:
        return unknown(PASS)
    met = _rank(source, rule) >= _rank(receiver, rule)
    return NO if met else fired(REV)


def _rank(level: str, rule: str) -> tuple[int, ...]:
    """The digit, and under the grade rule the letter, none being the lowest."""
    digit = int(level[0])
    return (digit, _LETTERS.index(level[1:])) if rule == "same_or_higher_grade" else (digit,)


def r110(record: Record, question: Question) -> Answer:
    if record.institution == RECEIVER:
        return fired(PASS)
    row = question.books.row(record.institution, question.on.day)
    name = (row or {}).get("consortium")
    return fired(PASS) if name and name == question.receiver["consortium"] else NO
