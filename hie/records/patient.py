"""The patient and the visit a message is about."""

from typing import Literal

import msgspec

from hie.records.leaves import Identifier, Name, Time, Val


class PatientRecord(msgspec.Struct, frozen=True):
    """The patient as this site knows them."""

    identifiers: tuple[Identifier, ...]  # the site's primary number first
    names: tuple[Name, ...]
    sex: Literal["male", "female", "other", "unknown"] | None
    birth_date: Time | None
    deceased: bool | None = None
    phones: tuple[Val, ...] = ()
    addresses: tuple[Val, ...] = ()


class Visit(msgspec.Struct, frozen=True, gc=False):
    """The encounter a report belongs to."""

    path: str
    number: Val | None = None
    class_code: str | None = None  # HL7 table 0004: O, I, E ...
    department: Val | None = None
    admitted: Time | None = None  # PV1-44
    discharged: Time | None = None  # PV1-45


class VisitRecord(msgspec.Struct, frozen=True, gc=False):
    """A visit that a hospital tells of by itself (ADT): who is here, since when, until when."""

    patient: PatientRecord
    path: str  # "PV1[1]"
    visit: Visit
    event: Literal["planned", "here", "left", "cancelled", "changed"]  # changed: as it stands
