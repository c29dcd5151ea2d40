"""The facts of one earlier result that rules may look at: frozen, and nothing but what was stated.

What a record does not say is None; no rule ever sees a guess. The one exception, a collection day
estimated from the release, is made where the day asked about is known (`facts.py`), not here.
`record.py` and `imaging_record.py` read candidates from FHIR.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from hie.recognition.measured import NOT_MEASURED, Measured
from hie.recognition.moment import Moment
from hie.recognition.rulebook import Kind
from hie.recognition.study import Study
from hie.recognition.value import ReadValue

Conflict = Literal["name", "sex", "birth_date"]


class Relation(StrEnum):
    """How a record is known to be of the person asked about (recognition rules, identity)."""

    STRONG = "strong"  # a usable strong identifier is equal
    LINKED = "linked"  # the Patient asked for, or joined by the register
    NONE = "none"


class Identity(msgspec.Struct, frozen=True):
    """How one Patient stands to the person asked about.

    `conflicts` are facts that contradict each other although a strong identifier is equal;
    `compared`: any two values could be compared at all. `shares_unusable`: both hold an equal
    identifier that is invalid, a placeholder or shared. `birth_date` and `sex` are what an equal,
    usable resident number encodes.
    """

    relation: Relation
    conflicts: tuple[Conflict, ...] = ()
    compared: bool = True
    shares_unusable: bool = False
    birth_date: str | None = None
    sex: str | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One earlier record: a laboratory result, or an imaging study with its report.

    `status` and `report_status` are FHIR codes. `institution` is a unified social credit code;
    None when the record names no institution, "" when it names one without a code. `mapping` is
    None without an `item`. `withheld`: the patient does not share it with this reader; None when
    the consent cannot be read. `birth_date` may be partial. `measured` is how a laboratory result
    came about. `study` is what is known of the images; `status` is then the study's own. None of a
    laboratory result.
    """

    resource: str  # "Observation/<id>/_history/<version>"; ImagingStudy, DiagnosticReport
    identity: Identity
    item: str | None
    mapping: Literal["confirmed", "unconfirmed"] | None
    code: str | None
    status: str | None
    report_status: str | None
    collected: Moment | None
    received: Moment | None
    issued: Moment | None
    reviewed: bool
    reviewer: str | None
    institution: str | None
    institution_name: str | None
    value: ReadValue
    control: str | None  # in, out
    birth_date: str | None
    sex: str | None
    report: str  # the report's own identifier, "" when it has none
    result: str  # the result's own identifier in its report, "" when it has none
    current: bool = True
    withheld: bool | None = False
    measured: Measured = NOT_MEASURED
    study: Study | None = None

    @property
    def kind(self) -> Kind:
        """Which rules speak of it."""
        return Kind.LABORATORY if self.study is None else Kind.IMAGING
