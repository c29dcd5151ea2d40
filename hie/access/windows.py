"""From when until when an institution treats a patient, as an encounter or an order says it.

From the beginning of a stay to discharge and seven days; of an outpatient's encounter to its end
and 72 hours; an order and an accepted referral likewise. What is only planned, was cancelled or
entered in error opens nothing. Times are microseconds since 1970 UTC; `EVER_US` is an open end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from hie.canonical.visit_classes import NOBODY_HERE, visit_class
from hie.fhir import Resource
from hie.fhir.elements import bounds

EVER_US = 9_223_372_036_854_775_807


class Kind(StrEnum):
    """How an institution has to do with a patient."""

    OWN = "own"  # its own record of the patient
    VISIT = "visit"  # an encounter
    ORDER = "order"  # a test it ordered
    REFERRAL = "referral"  # another institution sent the patient to it
    DECLARED = "declared"  # a registered client says so, at an order-check
    PATIENT = "patient"  # the patient showed a code


@dataclass(frozen=True, slots=True)
class Window:
    """One statement of a relationship, and how long it holds: `from_us` <= now < `until_us`."""

    kind: Kind
    from_us: int
    until_us: int

    def holds(self, at_us: int) -> bool:
        """Whether it holds at this instant."""
        return self.from_us <= at_us < self.until_us


def _us(**length: int) -> int:
    return timedelta(**length) // timedelta(microseconds=1)


OUTPATIENT_US = _us(hours=72)
DISCHARGED_US = _us(days=7)
PATIENT_US = _us(minutes=15)
GOES_ON_US = _us(days=30)  # an outpatient's encounter that nobody ends
ORDER_US = _us(days=30)  # an order that is never done or closed
REFERRAL_US = _us(days=30)  # a referral that says no period

# v3-ActCode ActEncounterCode: who stays in a bed. All others, and what is unknown, are outpatients.
_INPATIENT = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "SS"})
_BEGUN = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})
_ORDERED = frozenset({"active", "on-hold", "completed"})
_PROPOSED = frozenset({"proposal", "plan"})
_ACCEPTED = frozenset({"accepted", "in-progress", "on-hold", "completed"})


def of_encounter(
    encounter: Resource, said_us: int, *, is_registration: bool = False
) -> Window | None:
    """The window of an Encounter as of its version of `said_us`; None: it opens nothing.

    A stay without an end is open; so is an outpatient's encounter that goes on, for a month after
    it was last told of. `is_registration`: it is all that will be told of an outpatient (ADT), and
    ends when it began unless it says; by its class nobody may be here (HL7 table 0004).
    """
    if encounter.get("status") not in _BEGUN:
        return None
    if is_registration and _code(encounter.get("class")) in NOBODY_HERE:
        return None
    start, end = _period(encounter.get("period"))
    from_us = said_us if start is None else start
    if _code(encounter.get("class")) in _INPATIENT:
        if end is None and encounter["status"] == "finished":
            end = max(from_us, said_us)
        return _window(Kind.VISIT, from_us, EVER_US if end is None else end + DISCHARGED_US)
    if end is None and encounter["status"] != "finished" and not is_registration:
        return _window(Kind.VISIT, from_us, max(from_us, said_us) + GOES_ON_US)
    return _window(Kind.VISIT, from_us, (from_us if end is None else end) + OUTPATIENT_US)


def of_order(order: Resource, said_us: int, done_us: int | None = None) -> Window | None:
    """The window of a ServiceRequest; `done_us`: when its report was released, where known.

    One that is neither done nor closed counts for 30 days; one that is, for 72 hours after.
    """
    if order.get("status") not in _ORDERED or order.get("intent") in _PROPOSED:
        return None
    authored = bounds(str(order.get("authoredOn", "")))
    from_us = min(said_us, done_us or said_us) if authored is None else authored[0]
    last = from_us + ORDER_US
    if order["status"] == "completed":
        return _window(Kind.ORDER, from_us, min(last, (done_us or said_us) + OUTPATIENT_US))
    return _window(Kind.ORDER, from_us, last)


def of_referral(task: Resource, said_us: int) -> Window | None:
    """The window of a Task by which a patient was sent to its owner, once it is accepted."""
    if task.get("status") not in _ACCEPTED or task.get("intent") in _PROPOSED:
        return None
    authored = bounds(str(task.get("authoredOn", "")))
    start, end = _period(task.get("executionPeriod"))
    _, limit = _period((task.get("restriction") or {}).get("period"))
    from_us = start if start is not None else said_us if authored is None else authored[0]
    if task["status"] == "completed":
        done = said_us if end is None else end
        return _window(Kind.REFERRAL, from_us, min(limit or done, done) + OUTPATIENT_US)
    return _window(Kind.REFERRAL, from_us, limit if limit is not None else from_us + REFERRAL_US)


def of_visit(
    class_code: str | None, admitted: str | None, discharged: str | None, said_us: int
) -> Window | None:
    """The window of a visit as a message (PV1) tells of it, at `said_us`; None: none began.

    `class_code` by HL7 table 0004; times as FHIR text. A message is a moment: of a stay whose end
    it does not say it proves that it went on then, no more.
    """
    told = visit_class(class_code)
    if not told.is_here:
        return None
    start, end = bounds(admitted or ""), bounds(discharged or "")
    from_us = said_us if start is None else min(start[0], said_us)
    if told.is_stay:
        return _window(Kind.VISIT, from_us, (said_us if end is None else end[1]) + DISCHARGED_US)
    last = end[1] if end is not None else from_us if start is not None else said_us
    return _window(Kind.VISIT, from_us, last + OUTPATIENT_US)


def _window(kind: Kind, from_us: int, until_us: int) -> Window | None:
    """A window that ends before it begins is a mistake of who wrote it: it opens nothing."""
    return Window(kind, from_us, until_us) if from_us < until_us else None


def _period(period: object) -> tuple[int | None, int | None]:
    """Begin and end of a Period: a day counts from its first moment to its last."""
    if not isinstance(period, Mapping):
        return None, None
    start, end = bounds(str(period.get("start", ""))), bounds(str(period.get("end", "")))
    return (None if start is None else start[0]), (None if end is None else end[1])


def _code(coding: Any) -> str | None:
    return coding.get("code") if isinstance(coding, Mapping) else None
