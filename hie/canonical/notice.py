"""What a patient is told of the decisions of one check (R-902): plain values, nothing judged.

A notice is for the patient's hands: it names tests, reasons, institutions and days, and no other
person's data.
"""

import msgspec

from hie.canonical.recognised import Change, Party


class Repeated(msgspec.Struct, frozen=True):
    """A test that is done again, and why; `reason` is a key of reasons.yaml."""

    reason: str
    text: str | None
    explained: bool


class Used(msgspec.Struct, frozen=True):
    """An earlier result that stands in; of a withdrawn one the value is not told."""

    source: Party
    taken: str | None
    value: str | None
    unit: str | None
    change: Change | None = None


class Line(msgspec.Struct, frozen=True):
    """One decision of the sheet: exactly one of `repeated` and `used`."""

    decision: str
    ref: str
    key: str
    zh: str
    en: str
    at_us: int
    practitioner: str
    repeated: Repeated | None = None
    used: Used | None = None


class Notice(msgspec.Struct, frozen=True):
    """The notice of one decision, or of all that stand in a check.

    `id` is the decision's, or the check's. Patient facts are those of the request, else of the
    records it led to.
    """

    id: str
    check: str
    institution: Party
    lines: tuple[Line, ...]
    name: str | None = None
    sex: str | None = None
    birth_date: str | None = None
    department: str | None = None
