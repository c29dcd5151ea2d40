"""A result that a clinician decided to use, with all that its record must say (R-903).

What is held here is the version that was used, never the newest one; what has become of it since
is `change`. A withdrawn result is held without its value: no writer can let out what is not there.
Source institution, time, item and value: recognition rules, R-903.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from hie.fhir import ABSENT_REASON, Resource, extension
from hie.fhir.elements import find_extension

WITHDRAWN: Final = frozenset({"entered-in-error", "cancelled"})
FINDINGS: Final = extension("findings")
REPORTED: Final = extension("reported")
_KEPT: Final = frozenset(
    {"resourceType", "id", "meta", "identifier", "category", "subject", "performer",
     "effectiveDateTime", "issued", "started", "modality", "imagingStudy", "result"}
)  # fmt: skip


class Party(msgspec.Struct, frozen=True):
    """An institution as the register names it."""

    code: str
    name: str


class Change(msgspec.Struct, frozen=True):
    """What became of the result after it was judged.

    `corrected`: the source says something else now. `withdrawn`: the source took it back, or it can
    no longer be seen. `parted`: it is no longer held to be the same person's. Of the latter two
    nothing is told any more but that. `version` is the one that says so.
    """

    kind: Literal["corrected", "withdrawn", "parted"]
    at_us: int | None = None
    status: str | None = None
    version: int | None = None

    @property
    def withholds(self) -> bool:
        """Whether what the result said must not be told any more."""
        return self.kind != "corrected"


class Verdict(msgspec.Struct, frozen=True):
    """What the hub had offered: the assessment the decision names, and the check it belongs to."""

    assessment: str
    check: str
    on: str
    policy: str
    outcome: str
    resource: str  # "Observation/x/_history/1"
    mark: str | None = None
    age_days: int | None = None
    limit_days: int | None = None
    value: str | None = None  # in the item's own terms
    unit: str | None = None
    findings: tuple[Mapping[str, Any], ...] = ()  # those that fired or are unknown


class Decided(msgspec.Struct, frozen=True):
    """The clinician's decision to use it."""

    id: str
    ref: str
    at_us: int
    practitioner: str
    institution: Party
    state: str = "recorded"
    practitioner_name: str | None = None
    department: str | None = None
    encounter: str | None = None  # class: outpatient, inpatient, emergency, intensive-care
    text: str | None = None


class Item(msgspec.Struct, frozen=True):
    """What had been ordered: an item or class of the catalogue."""

    key: str
    zh: str
    en: str
    is_imaging: bool


class Recognised(msgspec.Struct, frozen=True):
    """The record of one result used.

    `used` is an Observation, an ImagingStudy, or a DiagnosticReport of images alone; `report` the
    report it came with; `others` what those refer to (Specimen, Organization, Practitioner ...).
    `asked` are the identifiers the receiver itself asked with, as (type, value). `address` is the
    hub's own.
    """

    decision: Decided
    verdict: Verdict
    item: Item
    source: Party
    used: Resource
    patient: Resource | None
    report: Resource | None = None
    others: tuple[Resource, ...] = ()
    asked: tuple[tuple[str, str], ...] = ()
    asked_name: str | None = None
    change: Change | None = None
    address: str = ""

    @property
    def is_withdrawn(self) -> bool:
        """Whether its value must not be told any more."""
        return self.change is not None and self.change.withholds


def withheld(resource: Resource, status: str) -> Resource:
    """The resource without what it said: what it is, whose, from when and where; and its status."""
    kept = {name: part for name, part in resource.items() if name in _KEPT}
    kept["status"] = status if status in WITHDRAWN else "entered-in-error"
    kind = kept["resourceType"]
    if kind != "ImagingStudy":
        kept["code"] = resource.get("code", {"text": kind})
    if kind == "Observation":
        kept["dataAbsentReason"] = {"coding": [{"system": ABSENT_REASON, "code": "masked"}]}
    return kept


def patient_of_record(patient: Resource) -> Resource:
    """What a record needs of a Patient: numbers that hold, name, sex, birth date, the keeper.

    Addresses and telephone numbers are of no use in another institution's record of a result.
    """
    names = ("resourceType", "id", "meta", "name", "gender", "birthDate", "managingOrganization")
    kept = {name: patient[name] for name in names if name in patient}
    sound = [
        one
        for one in patient.get("identifier", ())
        if find_extension(one, extension("identifier-defect")) is None
    ]
    if sound:
        kept["identifier"] = sound
    return kept
