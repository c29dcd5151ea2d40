"""R-501 to R-508: does the patient's situation ask for a new test?"""

from decimal import Decimal
from typing import Any

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
from tests.conformance.second_opinion.items import is_quantity, number
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record
from tests.conformance.second_opinion.times import age, later, read_time


def r501(record: Record, question: Question) -> Answer:
    value = record.canonical
    if value is None or not is_quantity(record.item):
        return NO
    item = record.item or ""
    low, high = (question.policy.critical(item, side) for side in ("low", "high"))
    low, high = (None if one is None else Decimal(str(one)) for one in (low, high))
    is_low = {
        "": low is not None and value <= low,
        "<": low is not None,
        "<=": low is not None,
        ">": low is not None and value < low,
        ">=": low is not None and value <= low,
    }[record.comparator]
    is_high = {
        "": high is not None and value >= high,
        "<": high is not None and value > high,
        "<=": high is not None and value >= high,
        ">": high is not None,
        ">=": high is not None,
    }[record.comparator]
    return fired(REV) if is_low or is_high else NO


def r502(record: Record, question: Question) -> Answer:
    klass = question.encounter["class"]
    if not klass:
        return unknown(PASS)
    return fired(REV) if klass in ("emergency", "intensive-care") else NO


def r503(record: Record, question: Question) -> Answer:
    before = question.encounter["before"]
    return fired(REV) if before in ("surgery", "transfusion", "major-measure") else NO


def r504(record: Record, question: Question) -> Answer:
    purpose = question.encounter["purpose"]
    if not purpose:
        return unknown(PASS)
    return fired(DNR) if purpose in ("judicial", "disability", "sick-retirement") else NO


def r505(record: Record, question: Question) -> Answer:
    events, collected = question.encounter["events"], record.when
    if events is None:
        return unknown(PASS)
    for one in events:
        event = read_time(one["date"])
        if event and collected and not later(collected, event) and not later(event, question.on):
            return fired(REV)
    return NO


def r506(record: Record, question: Question) -> Answer:
    return fired(REV) if question.order.get("conflict") is True else NO


def r507(record: Record, question: Question, standing: Standing) -> Answer:
    rcv = number(record.item, "rcv")
    if rcv is None:
        return NO
    new, old = record.canonical, _old(record, question, standing)
    if new is None or record.comparator or old is None or old == 0:
        return unknown(PASS)
    return fired(REV) if abs(new - old) * 100 > rcv * abs(old) else NO


def _old(record: Record, question: Question, standing: Standing) -> Decimal | None:
    """The first older comparable number without comparator, by no other method, in the window."""
    window, mine = int(question.policy.value("delta_window_days")), question.method_of(record)
    for one in standing.older:
        other = question.method_of(one)
        if one.canonical is None or one.comparator or one.day is None or record.day is None:
            continue
        if mine and other and mine != other:
            continue
        if (record.day - one.day).days <= window:
            return one.canonical
    return None


def r508(record: Record, question: Question) -> Answer:
    if not is_quantity(record.item):
        return NO
    birth = question.birth_date(record)
    years = age(birth, record.day) if record.day else None
    ranges = record.ranges
    if years is not None and years < 18 and not any(_holds(one, years) for one in ranges):
        return fired(REV)
    if question.pregnant and not any(one.get("pregnant") for one in ranges):
        return fired(REV)
    sex = question.sex(record)
    if ranges and all(_is_for_others(one, years, sex) for one in ranges):
        return fired(REV)
    return unknown(PASS) if years is None else NO


def _holds(interval: dict[str, Any], years: int) -> bool:
    """An age range that contains the age, both ends included."""
    low, high = interval.get("age", (None, None))
    if low is None and high is None:
        return False
    return (low is None or low <= years) and (high is None or years <= high)


def _is_for_others(interval: dict[str, Any], years: int | None, sex: str | None) -> bool:
    other_sex = sex is not None and interval.get("sex") not in (None, sex)
    other_age = years is not None and "age" in interval and not _holds(interval, years)
    return other_sex or other_age
