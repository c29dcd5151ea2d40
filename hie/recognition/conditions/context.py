"""Gate 5: does the patient's situation ask for a new test? Rules R-501 to R-508.

What the encounter does not state is not known, and is never taken for "none": a list of events that
is empty says there were none, a missing one says nothing.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from hie.recognition.conditions.condition import Answer, answer, condition
from hie.recognition.facts import Facts
from hie.recognition.item import Limits
from hie.recognition.measured import PrintedInterval

_PRECISION = 300  # digits: more than a change between any two reported numbers has
_ADULT = 18  # years
_URGENT = ("emergency", "intensive-care")
_LEGAL = ("judicial", "disability", "sick-retirement")


@condition
def critical_value(facts: Facts) -> Answer:
    """R-501: at or beyond a critical limit; with a comparator, when any value it allows is."""
    value, limits = facts.candidate.value, facts.critical
    number = value.exact if facts.is_quantity else None
    return answer(
        number is not None and _is_critical(number, value.comparator, limits),
        value=value.text if number is not None else None,
        unit=value.unit if number is not None else None,
        critical_low=_plain(limits.low),
        critical_high=_plain(limits.high),
    )


def _is_critical(number: Decimal, comparator: str, limits: Limits) -> bool:
    low, high = limits.low, limits.high
    match comparator:
        case "<":
            return low is not None or (high is not None and number > high)
        case "<=":
            return low is not None or (high is not None and number >= high)
        case ">":
            return high is not None or (low is not None and number < low)
        case ">=":
            return high is not None or (low is not None and number <= low)
    return (low is not None and number <= low) or (high is not None and number >= high)


@condition
def urgent_encounter(facts: Facts) -> Answer:
    """R-502: the encounter is an emergency or intensive care; unknown when no class is stated."""
    kind = facts.question.encounter.kind
    return answer(kind in _URGENT, not kind, encounter_class=kind or None)


@condition
def before_major_measure(facts: Facts) -> Answer:
    """R-503: ordered before an operation, a transfusion or another major measure."""
    before = facts.question.encounter.before
    return answer(bool(before), before=before or None)


@condition
def legal_proof(facts: Facts) -> Answer:
    """R-504: ordered for a judicial, disability or sick-retirement appraisal."""
    purpose = facts.question.encounter.purpose
    return answer(purpose in _LEGAL, not purpose, purpose=purpose or None)


@condition
def event_since(facts: Facts) -> Answer:
    """R-505: something that makes results stale has happened since collection, up to now.

    Times of which one is only a day are compared as days; equal is not before. An event that is
    still ahead is none.
    """
    events, collected = facts.question.encounter.events, facts.collected
    since = sorted(
        (
            (moment.at_us, kind, moment.text)
            for kind, moment in events or ()
            if collected is not None
            and not collected.is_later_than(moment)
            and not moment.is_later_than(facts.question.on)
        ),
        reverse=True,
    )
    return answer(
        bool(since),
        events is None or (bool(events) and collected is None),
        event=since[0][1] if since else None,
        event_at=since[0][2] if since else None,
        events=sorted({kind for _, kind, _ in since}) or None,
    )


@condition
def conflict_stated(facts: Facts) -> Answer:
    """R-506: the clinician says that earlier results do not fit the present picture."""
    return answer(facts.order is not None and facts.order.conflict)


@condition
def changed_beyond_rcv(facts: Facts) -> Answer:
    """R-507: changed against the previous comparable result by more than the reference change.

    The previous one is the first comparable candidate after it that has a number, no method group
    known to differ, and a collection day within the window; its own outcome does not matter.
    Unknown without one, when it is zero, or when the new value has a comparator.
    """
    rcv = facts.item.rcv_percent if facts.item else None
    if rcv is None or not facts.is_quantity:
        return answer(False)
    value = facts.candidate.value
    new = None if value.comparator else value.exact
    before = _previous(facts) if new is not None else None
    old = before.candidate.value.exact if before else None
    data: dict[str, Any] = {
        "rcv_percent": _plain(rcv),
        "value": value.text,
        "unit": value.unit,
    }
    if new is None or before is None or not old:
        return answer(False, True, **data)
    with localcontext() as exact:
        exact.prec = _PRECISION
        change = abs(new - old) * 100
        beyond = change > rcv * abs(old)
        percent = (change / abs(old)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return answer(
        beyond,
        older=before.candidate.resource,
        older_value=before.candidate.value.text,
        older_collected=before.collected.text if before.collected else None,
        change_percent=_plain(percent),
        **data,
    )


def _previous(facts: Facts) -> Facts | None:
    """The result a change is measured against."""
    day = facts.day
    if day is None:
        return None
    for older in facts.older():
        value = older.candidate.value
        if value.exact is None or value.comparator:
            continue
        if older.method is not None and facts.method not in (None, older.method):
            continue
        if older.day is None or (day - older.day).days > facts.question.delta_window_days:
            continue
        return older
    return None


@condition
def interval_of_another_group(facts: Facts) -> Answer:
    """R-508: the printed intervals are not made for this patient.

    A child needs one for an age range that holds it, a pregnancy one for pregnancy; for anybody at
    least one must not be for another sex or age.
    """
    printed, age = facts.candidate.measured.intervals, facts.age_then
    child = (
        age is not None and age < _ADULT and not any(interval.contains(age) for interval in printed)
    )
    pregnant = facts.question.pregnant is True and not any(one.pregnant for one in printed)
    others = bool(printed) and all(_of_another(one, facts.sex, age) for one in printed)
    group = "child" if child else "pregnancy" if pregnant else "other" if others else None
    quantity = facts.is_quantity
    return answer(
        quantity and group is not None,
        quantity and age is None,
        group=group if quantity else None,
    )


def _of_another(interval: PrintedInterval, sex: str | None, age: int | None) -> bool:
    """The interval is stated for another sex or age than this."""
    if interval.sex is not None and sex is not None and interval.sex != sex:
        return True
    known = interval.age_low is not None or interval.age_high is not None
    return known and age is not None and not interval.contains(age)


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")
