"""A laboratory report with its results and specimens, as a message said it."""

from typing import Literal

import msgspec

from hie.records.leaves import Coded, Identifier, Institution, Staff, Time, Val
from hie.records.patient import PatientRecord, Visit
from hie.records.values import Attachment, Interpretation, ReferenceRange, ResultValue


class Result(msgspec.Struct, frozen=True):
    """One result of a report (an OBX)."""

    code: Coded
    path: str  # "OBX[3]"
    status: str | None  # FHIR Observation.status; None: the site's default is missing
    sub_id: str | None = None
    value: ResultValue | None = None
    unit: Val | None = None  # as sent, unescaped, e.g. "10^9/L"
    absent_reason: str | None = None  # code of data-absent-reason when there is no value
    components: tuple[ResultValue, ...] = ()  # repeated OBX-5
    ranges: tuple[ReferenceRange, ...] = ()
    interpretations: tuple[Interpretation, ...] = ()
    effective: Time | None = None  # specimen taken: OBX-14, else OBR-7, else SPM-17
    status_code: Val | None = None  # the code as sent (OBX-11), for the alternate-codes extension
    specimen: int | None = None  # index into LabReportRecord.specimens
    analysed: Time | None = None
    performer: Institution | None = None
    staff: tuple[Staff, ...] = ()
    method: Coded | None = None
    device: Val | None = None
    control: Literal["in", "out"] | None = None
    category: str | None = None
    notes: tuple[Val, ...] = ()
    identifier: Val | None = None  # the sender's own number of this result (OBX-21)
    wrong_patient: bool = False  # OBX-11 W: retract everywhere
    delete: bool = False  # OBX-11 D


class SpecimenRecord(msgspec.Struct, frozen=True):
    """A specimen (SPM, or OBR-15 of older messages)."""

    path: str
    ids: tuple[Identifier, ...] = ()
    type: Coded | None = None
    collected: Time | None = None
    received: Time | None = None
    conditions: tuple[Coded, ...] = ()
    rejected: Coded | None = None
    notes: tuple[Val, ...] = ()


class LabReportRecord(msgspec.Struct, frozen=True):
    """One laboratory report: an order group with its results."""

    patient: PatientRecord
    path: str  # "OBR[1]"
    code: Coded
    status: str | None  # FHIR DiagnosticReport.status
    placer: Identifier | None
    filler: Identifier | None
    results: tuple[Result, ...]
    specimens: tuple[SpecimenRecord, ...] = ()
    collected: Time | None = None  # OBR-7
    received: Time | None = None  # OBR-14: arrival at the laboratory
    issued: Time | None = None  # OBR-22
    performer: Institution | None = None
    reviewers: tuple[Staff, ...] = ()  # OBR-32, ORC-11
    authors: tuple[Staff, ...] = ()  # OBR-34, OBR-33
    requester: Staff | None = None
    requested_by: Institution | None = None
    priority: str | None = None  # FHIR request-priority
    category: str | None = None  # OBR-24, table 0074
    order_status: str | None = None  # FHIR request-status
    order_control: str | None = None  # ORC-1
    clinical: Val | None = None  # OBR-13
    visit: Visit | None = None
    notes: tuple[Val, ...] = ()
    forms: tuple[Attachment, ...] = ()  # printed reports (PDF ...)
    extra: tuple[Val, ...] = ()  # Z-segments and bound leftovers, verbatim
    status_code: Val | None = None  # OBR-25 as sent
