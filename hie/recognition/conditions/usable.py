"""Gate 0: is the record usable, and is it this patient's? Rules R-001 to R-010."""

from hie.recognition.candidate import Relation
from hie.recognition.conditions.condition import Answer, answer, condition
from hie.recognition.facts import Facts
from hie.recognition.moment import Moment, earliest_day
from hie.recognition.rulebook import Kind

_FINAL = frozenset({"final", "amended", "corrected"})
# parts of a report may be issued before others; each result's own status decides on it
_REPORT_FINAL = _FINAL | {"appended", "partial"}
_SHOWN = 40


@condition
def not_this_person(facts: Facts) -> Answer:
    """R-001: the record is neither strongly identified nor linked to the person."""
    relation = facts.candidate.identity.relation
    return answer(relation is Relation.NONE, identity=_relation(facts))


@condition
def identity_conflicts(facts: Facts) -> Answer:
    """R-002: a strong identifier is equal, but name, sex or birth date contradict each other.

    Unknown when nothing could be compared. A link is a person's or the register's word: no
    conflict speaks against it.
    """
    identity = facts.candidate.identity
    strong = identity.relation is Relation.STRONG
    conflicts = list(identity.conflicts) if strong else []
    return answer(
        bool(conflicts),
        strong and not identity.compared,
        identity=_relation(facts),
        conflicts=conflicts or None,
    )


@condition
def only_unusable_identifiers(facts: Facts) -> Answer:
    """R-003: what request and record share is invalid, a placeholder or several people's."""
    identity = facts.candidate.identity
    return answer(
        identity.shares_unusable and identity.relation is Relation.NONE, identity=_relation(facts)
    )


@condition
def not_final(facts: Facts) -> Answer:
    """R-004: the result or its report is not issued. The status `unknown` says nothing.

    Of images only the report's status counts: a study's own says that its images are there.
    """
    candidate = facts.candidate
    imaging = candidate.kind is Kind.IMAGING
    status, report = _said(candidate.status), _said(candidate.report_status)
    return answer(
        (not imaging and status is not None and status not in _FINAL)
        or (report is not None and report not in _REPORT_FINAL),
        (not imaging and status is None) or report is None,
        status=None if imaging else candidate.status,
        report_status=candidate.report_status,
    )


@condition
def superseded(facts: Facts) -> Answer:
    """R-005: a newer version of its report exists; that one is assessed instead."""
    return answer(not facts.candidate.current)


@condition
def not_reviewed_or_issued(facts: Facts) -> Answer:
    """R-006: nobody is named as reviewer (审核), or there is no time of release."""
    candidate = facts.candidate
    return answer(
        not candidate.reviewed or candidate.issued is None,
        reviewer=candidate.reviewer,
        issued=_text(candidate.issued),
    )


@condition
def institution_not_active(facts: Facts) -> Answer:
    """R-007: the institution is not active on the day asked about, or was not at collection.

    An institution that enters the register after the collection day is no defect; one that is not
    in it on the day asked about is. Whoever answers for it on a day stands for it (`succession`).
    Unknown when the record names none.
    """
    candidate, now, then = facts.candidate, facts.source, facts.source_then
    status = now.status if now else None
    if status == "active" and then is not None and then.status != "active":
        status = then.status
    named = candidate.institution is not None
    return answer(
        named and status != "active",
        not named,
        institution=candidate.institution or None,
        institution_name=facts.institution_name,
        institution_status=status,
        successor=facts.successor.code if facts.successor else None,
        successor_name=facts.successor.name if facts.successor else None,
    )


@condition
def impossible_times(facts: Facts) -> Answer:
    """R-008: collected, received, issued out of order, a time ahead, or birth after collection.

    Only what is stated counts, never an estimate. A partial birth date is as early as it may be.
    """
    candidate, on = facts.candidate, facts.question.on
    collected, received, issued = candidate.collected, candidate.received, candidate.issued
    stated = [moment for moment in (collected, received, issued) if moment is not None]
    births = (
        earliest_day(text) for text in (candidate.birth_date, facts.question.birth_date) if text
    )
    impossible = (
        _later(collected, received)
        or _later(received, issued)
        or _later(collected, issued)
        or any(moment.is_later_than(on) for moment in stated)
        or (
            collected is not None
            and any(birth is not None and birth > collected.day for birth in births)
        )
    )
    return answer(
        impossible,
        collected is None and issued is None,
        collected=_text(collected),
        received=_text(received),
        issued=_text(issued),
    )


@condition
def value_unusable(facts: Facts) -> Answer:
    """R-009: no value, no number where one is required, or neither class nor number."""
    value, item = facts.candidate.value, facts.item
    unusable = not value.stated
    if item is not None:
        readable = value.number is not None
        if item.value_type == "coded":
            readable = readable or value.result_class is not None
        unusable = unusable or not readable
    shown = value.reported[:_SHOWN] if unusable and value.reported else None
    return answer(unusable, value=shown)


@condition
def sharing_withheld(facts: Facts) -> Answer:
    """R-010: the patient withholds the record from this reader, who declared no emergency."""
    if facts.question.emergency_access:
        return answer(False)
    withheld = facts.candidate.withheld
    return answer(withheld is True, withheld is None)


def _relation(facts: Facts) -> str | None:
    relation = facts.candidate.identity.relation
    return None if relation is Relation.NONE else relation.value


def _said(status: str | None) -> str | None:
    return None if status == "unknown" else status


def _later(one: Moment | None, other: Moment | None) -> bool:
    return one is not None and other is not None and one.is_later_than(other)


def _text(moment: Moment | None) -> str | None:
    return None if moment is None else moment.text
