"""An order-check as it was asked: which patient, which receiver, which tests, at which instant.

The JSON of `POST /v1/order-check` in, a CheckRequest out, or one refusal that names every wrong
field. One bad order refuses the whole request: an answer to half a question would be read as whole.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from hie.access.reason import Reason
from hie.errors import Fault, NotPermitted, UnprocessableRequest
from hie.recognition.catalogue import Catalogue
from hie.recognition.eligibility import Registers
from hie.recognition.moment import Moment, earliest_day, moment_at
from hie.recognition.policy import PolicyBook
from hie.recognition.register import InstitutionRow
from hie.recognition.request_fields import Fields, Wrong, read_time
from hie.recognition.request_order import Order, Orderable, read_orders

_MAX_LISTED = 100  # identifiers, events

IDENTIFIER_TYPES = (
    "resident-id", "passport", "residence-permit", "hk-macao-permit", "taiwan-permit", "insurance",
    "outpatient-no", "inpatient-no", "household-book", "officer-card", "driving-licence", "other",
)  # fmt: skip
SEXES = ("male", "female", "other", "unknown")
CLASSES = ("outpatient", "inpatient", "emergency", "intensive-care")
PURPOSES = ("treatment", "judicial", "disability", "sick-retirement")
BEFORE = ("surgery", "transfusion", "major-measure")
EVENTS = (
    "surgery", "transfusion", "dialysis", "chemotherapy", "contrast", "delivery", "anticoagulant",
)  # fmt: skip

_TOP = ("patient", "receiver", "encounter", "orders", "on", "as_known_at")
_PATIENT = ("identifiers", "reference", "name", "sex", "birth_date")
_RECEIVER = ("institution", "department", "practitioner")
_ENCOUNTER = ("class", "purpose", "before", "events", "pregnant")

_REFERENCE = re.compile(r"Patient/[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The patient asked about: identifiers (type, value) or a reference, and what is stated.

    `sex` and `birth_date` are as stated, "" when left out; a birth date may be partial.
    """

    identifiers: tuple[tuple[str, str], ...] = ()
    reference: str | None = None
    name: str = ""
    sex: str = ""
    birth_date: str = ""


@dataclass(frozen=True, slots=True)
class Encounter:
    """Where and why the order is made; "" and None where nothing is stated."""

    kind: str = ""
    purpose: str = ""
    before: str = ""
    events: tuple[tuple[str, Moment], ...] | None = None
    pregnant: bool | None = None


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """An order-check in which nothing is wrong. `receiver` is its row on the day of `on`."""

    patient: Asked
    receiver: InstitutionRow
    department: str | None
    practitioner: str | None
    encounter: Encounter
    orders: tuple[Order, ...]
    on: Moment
    as_known_at: Moment | None


def find_known_at(body: Any) -> int | None:
    """The instant (microseconds) a request wants to be answered as of; the registers depend on it.

    None when none is asked for, or it is unreadable, which `parse_request` then refuses.
    """
    text = body.get("as_known_at") if isinstance(body, dict) else None
    moment = read_time(text) if isinstance(text, str) else None
    return moment.at_us if moment else None


def parse_request(
    body: Any,
    *,
    catalogue: Catalogue,
    registers: Registers,
    policy: PolicyBook,
    caller: str | None,
    now_us: int,
) -> CheckRequest:
    """The request in a JSON body (strictly read: duplicate keys are gone before this).

    `caller` is the caller's institution, None for the operator, who may ask for any.
    Raises NotPermitted when the receiver is not the caller, whatever else is wrong;
    UnprocessableRequest with a fault for each wrong field.
    """
    _check_caller(body, caller)
    faults: list[Fault] = []
    if not isinstance(body, dict):
        raise UnprocessableRequest("order-check", (Fault("", Wrong.WRONG_TYPE, "an object"),))
    top = Fields(body, "", _TOP, faults)
    on = _read_on(top, policy, now_us)
    known_at = top.time("as_known_at")
    patient = read_patient(top, on)
    receiver = top.object("receiver", _RECEIVER, required=True)
    row = _read_institution(receiver, registers, on) if receiver else None
    department = receiver.text("department") if receiver else None
    practitioner = receiver.text("practitioner") if receiver else None
    encounter = _read_encounter(top)
    orders = read_orders(top, Orderable(catalogue, on.day if on else None))
    if faults or on is None or row is None:
        raise UnprocessableRequest("the order-check cannot be answered as asked", tuple(faults))
    return CheckRequest(
        patient, row, department, practitioner, encounter, tuple(orders), on, known_at
    )


def _check_caller(body: Any, caller: str | None) -> None:
    receiver = body.get("receiver") if isinstance(body, dict) else None
    named = receiver.get("institution") if isinstance(receiver, dict) else None
    if caller is not None and isinstance(named, str) and named != caller:
        raise NotPermitted(
            "not permitted", (Fault("access", Reason.ORG_SPOOF, "the caller's own institution"),)
        )


def _read_on(top: Fields, policy: PolicyBook, now_us: int) -> Moment | None:
    if not top.states("on"):
        return moment_at(now_us)
    on = top.time("on")
    if on is not None and policy.value(None, on.day, "catalogue") is None:
        top.refuse("on", Wrong.BEFORE_FIRST_POLICY, "a time when a policy was in force")
        return None
    return on


def read_patient(top: Fields, on: Moment | None) -> Asked:
    """The member `patient` of a request; its faults are added to those of `top`."""
    fields = top.object("patient", _PATIENT, required=True)
    if fields is None:
        return Asked()
    if fields.states("identifiers") == fields.states("reference"):
        top.refuse(
            "patient", Wrong.IDENTIFIERS_OR_REFERENCE, "identifiers or a reference, and not both"
        )
    identifiers = []
    for entry in fields.objects("identifiers", ("type", "value"), _MAX_LISTED, filled=True) or ():
        kind = entry.code("type", IDENTIFIER_TYPES, Wrong.UNKNOWN_IDENTIFIER_TYPE, required=True)
        if not entry.states("value"):
            entry.refuse("value", Wrong.REQUIRED, "a text")
        value = entry.text("value")
        identifiers.append((kind, value or ""))
    reference = fields.text("reference")
    if reference is not None and not _REFERENCE.fullmatch(reference):
        fields.refuse("reference", Wrong.NOT_A_REFERENCE, "Patient/<id>")
    return Asked(
        tuple(identifiers),
        reference,
        fields.text("name") or "",
        fields.code("sex", SEXES, Wrong.UNKNOWN_SEX),
        _read_birth(fields, on.day if on else None),
    )


def _read_birth(fields: Fields, day: date | None) -> str:
    text = fields.text("birth_date")
    if text is None:
        return ""
    first = earliest_day(text)
    if first is None:
        fields.refuse("birth_date", Wrong.NOT_A_DATE, "a real date: YYYY-MM-DD, YYYY-MM or YYYY")
    elif day is not None and first > day:
        fields.refuse("birth_date", Wrong.AFTER_ON, "a day not after the one asked about")
    return text


def _read_institution(
    fields: Fields, registers: Registers, on: Moment | None
) -> InstitutionRow | None:
    code = fields.text("institution", required=True)
    if code is None:
        return None
    row = registers.institution(code, on.day) if on else None
    if row is None and (on is not None or not registers.knows(code)):
        fields.refuse(
            "institution", Wrong.UNKNOWN_INSTITUTION, "one in the register on the day asked"
        )
    return row


def _read_encounter(top: Fields) -> Encounter:
    fields = top.object("encounter", _ENCOUNTER)
    if fields is None:
        return Encounter()
    listed = fields.objects("events", ("type", "date"), _MAX_LISTED)
    events = None
    if listed is not None:
        read = [
            (e.code("type", EVENTS, Wrong.UNKNOWN_EVENT_TYPE, required=True), e.day_or_time("date"))
            for e in listed
        ]
        events = tuple((kind, moment) for kind, moment in read if moment)
    return Encounter(
        fields.code("class", CLASSES, Wrong.UNKNOWN_CLASS),
        fields.code("purpose", PURPOSES, Wrong.UNKNOWN_PURPOSE),
        fields.code("before", BEFORE, Wrong.UNKNOWN_BEFORE),
        events,
        fields.flag("pregnant"),
    )
