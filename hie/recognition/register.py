"""The rows of the registers: institutions, successors, qualifications, precision, marks, policies.

Days are inclusive at both ends; `end` None is open. Rows carry no time of
import: the store hands over the rows that were known at the instant asked about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class InstitutionRow:
    """An institution over one period. `region` is a GB/T 2260 code; `level` "3A".."1" or ""."""

    code: str
    name: str
    region: str
    level: str
    kind: str
    consortium: str
    status: Literal["active", "suspended", "withdrawn"]
    start: date
    end: date | None


@dataclass(frozen=True, slots=True)
class QualificationRow:
    """One external quality assessment round of one institution and item."""

    institution: str
    item: str
    scheme: str
    round: str
    start: date
    end: date | None
    score: str
    acceptable: bool


@dataclass(frozen=True, slots=True)
class PrecisionRow:
    """The imprecision (CV, percent) reported for an item in one month ("2026-05")."""

    institution: str
    item: str
    month: str
    cv_percent: Decimal


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A recognition mark (HR) an institution may print for an item over one period."""

    institution: str
    item: str
    mark: str
    start: date
    end: date | None


@dataclass(frozen=True, slots=True)
class SuccessorRow:
    """From `start` on `successor` answers for `code`: it was renamed, or merged into it.

    An empty `successor` takes the row of that day back.
    """

    code: str
    successor: str
    start: date


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """What one scope ("default", "region:42", "receiver:<code>") says from a day on.

    `order` tells apart entries of one scope and day: the later import counts.
    """

    scope: str
    start: date
    end: date | None
    values: Mapping[str, Any]
    order: int = 0


@dataclass(frozen=True, slots=True)
class RegisterRows:
    """All rows known at one instant, and the number of the last import that was."""

    version: int
    institutions: tuple[InstitutionRow, ...] = ()
    qualifications: tuple[QualificationRow, ...] = ()
    precision: tuple[PrecisionRow, ...] = ()
    marks: tuple[MarkRow, ...] = ()
    policies: tuple[PolicyEntry, ...] = ()
    successors: tuple[SuccessorRow, ...] = ()
