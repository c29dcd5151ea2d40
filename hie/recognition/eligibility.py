"""Who may be recognised for what, and when: the registers, indexed once for look-ups by day.

A row is in force on a day from `start` to `end`, both included; `end` None is open. What a register
does not say is None, never a refusal: each rule states what follows from not knowing. Codes that
were renamed or merged are followed (`succession`): what is asked of a day is asked of whoever
answers for the code on that day.
"""

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Protocol, TypeVar

from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PrecisionRow,
    QualificationRow,
    RegisterRows,
)
from hie.recognition.succession import Succession

_CV_MONTHS_BACK = 3
_ROUNDS_JUDGED = 3
_LEVEL = re.compile(r"([123])([ABC]?)")


class _Dated(Protocol):
    @property
    def start(self) -> date: ...
    @property
    def end(self) -> date | None: ...


R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Qualified:
    """Whether a laboratory is qualified for an item on a day: yes, no, or None when nobody knows.

    `row` is the round that says so: one that covers the day where there is one, else the latest.
    """

    state: bool | None
    row: QualificationRow | None


@dataclass(frozen=True, slots=True)
class Rounds:
    """An institution's assessment rounds of an item begun by a day: by scheme, latest first.

    After a merger the rounds of each laboratory are judged by themselves.
    """

    by_scheme: Mapping[str, tuple[QualificationRow, ...]]

    @property
    def latest_failed(self) -> QualificationRow | None:
        """The latest round of some scheme, if unacceptable (R-202)."""
        return next((r[0] for r in self.by_scheme.values() if not r[0].acceptable), None)

    @property
    def failing(self) -> QualificationRow | None:
        """The latest round of a scheme that failed it and one more of its last three (R-203)."""
        for rounds in self.by_scheme.values():
            failed = [row for row in rounds[:_ROUNDS_JUDGED] if not row.acceptable]
            if len(failed) >= 2 and not rounds[0].acceptable:
                return rounds[0]
        return None

    def __bool__(self) -> bool:
        """There is any round at all; without one R-202 and R-203 are unknown."""
        return bool(self.by_scheme)


@dataclass(frozen=True)
class Registers:
    """The rows known at one instant and what is looked up in them; built once a version."""

    rows: RegisterRows
    succession: Succession = field(init=False, repr=False)
    _institutions: Mapping[str, tuple[InstitutionRow, ...]] = field(init=False, repr=False)
    _qualifications: Mapping[tuple[str, str], tuple[QualificationRow, ...]] = field(
        init=False, repr=False
    )
    _precision: Mapping[tuple[str, str, str], PrecisionRow] = field(init=False, repr=False)
    _marks: Mapping[tuple[str, str], tuple[MarkRow, ...]] = field(init=False, repr=False)
    _consortia: tuple[InstitutionRow, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = self.rows
        self._set("_institutions", _grouped((r.code, r) for r in rows.institutions))
        self._set(
            "_qualifications", _grouped(((r.institution, r.item), r) for r in rows.qualifications)
        )
        self._set(
            "_precision",
            MappingProxyType({(r.institution, r.item, r.month): r for r in rows.precision}),
        )
        self._set("_marks", _grouped(((r.institution, r.item), r) for r in rows.marks))
        self._set("_consortia", tuple(r for r in rows.institutions if r.consortium))
        self._set("succession", Succession.of(rows.successors, rows.institutions))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def version(self) -> int:
        """The number of the last import these rows know."""
        return self.rows.version

    def institution(self, code: str, day: date) -> InstitutionRow | None:
        """The institution's row in force on a day."""
        return next((row for row in self._institutions.get(code, ()) if in_force(row, day)), None)

    def answering(self, code: str, day: date) -> InstitutionRow | None:
        """The row in force on a day of the institution that answers for a code on that day."""
        return self.institution(self.succession.answering(code, day), day)

    def name(self, code: str, day: date) -> str | None:
        """What an institution is called on a day; one no longer in force as it was called last."""
        rows = [row for row in self._institutions.get(code, ()) if row.start <= day]
        return max(rows, key=lambda row: row.start).name if rows else None

    def codes(self) -> list[str]:
        """The institutions there are or were, by code."""
        return sorted(self._institutions)

    def knows(self, code: str) -> bool:
        """The institution has a row on some day."""
        return code in self._institutions

    def qualified(self, code: str, item: str, day: date) -> Qualified:
        """Is there an acceptable round that covers the day? Any scheme counts; None: no rows."""
        rows = self._of_day(self._qualifications, code, item, day)
        if not rows:
            return Qualified(None, None)
        covering = [row for row in rows if in_force(row, day)]
        accepted = [row for row in covering if row.acceptable]
        if accepted:
            return Qualified(True, max(accepted, key=_round_order))
        return Qualified(False, max(covering or rows, key=_round_order))

    def rounds(self, code: str, item: str, day: date) -> Rounds:
        """The rounds begun by a day (largest `from` first, then largest name), by scheme."""
        by_scheme: dict[str, tuple[QualificationRow, ...]] = {}
        for number, lineage in enumerate(self.succession.lineages(code, day)):
            found = [
                r for one in lineage for r in self._qualifications.get((one, item), ())
                if r.start <= day
            ]  # fmt: skip
            of_one: dict[str, list[QualificationRow]] = {}
            for row in sorted(found, key=_round_order, reverse=True):
                of_one.setdefault(row.scheme, []).append(row)
            for scheme in sorted(of_one):
                by_scheme[f"{scheme}\n{number}" if number else scheme] = tuple(of_one[scheme])
        return Rounds(MappingProxyType(by_scheme))

    def cv(self, code: str, item: str, month: str, day: date | None = None) -> PrecisionRow | None:
        """The imprecision reported for a month ("2026-05"), else for the latest of three before.

        `day` is the day in that month that is asked about: it tells who answers for the code.
        """
        codes = (code,) if day is None else self.succession.lineages(code, day)[-1]
        for back in range(_CV_MONTHS_BACK + 1):
            for one in codes:
                row = self._precision.get((one, item, _months_before(month, back)))
                if row:
                    return row
        return None

    def marks(self, code: str, item: str, day: date) -> tuple[MarkRow, ...]:
        """The marks in force for an institution and item on a day."""
        return tuple(r for r in self._of_day(self._marks, code, item, day) if in_force(r, day))

    def _of_day(
        self, rows: Mapping[tuple[str, str], tuple[R, ...]], code: str, item: str, day: date
    ) -> tuple[R, ...]:
        """The rows of an item of all codes of the laboratory that answers for a code on a day."""
        codes = self.succession.lineages(code, day)[-1]
        if len(codes) == 1:
            return rows.get((codes[0], item), ())
        return tuple(row for one in codes for row in rows.get((one, item), ()))

    def consortium_names(self, day: date) -> frozenset[str]:
        """The names of all consortia in the institution register on a day."""
        return frozenset(row.consortium for row in self._consortia if in_force(row, day))

    def same_consortium(self, one: str, other: str, day: date) -> bool:
        """Both belong to one consortium on a day, or are one institution (R-110)."""
        if self.succession.answering(one, day) == self.succession.answering(other, day):
            return True
        first, second = self.answering(one, day), self.answering(other, day)
        return bool(first and second and first.consortium and first.consortium == second.consortium)


def in_force(row: _Dated, day: date) -> bool:
    """The day lies in the row's period; both ends belong to it."""
    return row.start <= day and (row.end is None or day <= row.end)


def level_met(rule: str | None, source: str, receiver: str) -> bool | None:
    """The source's level satisfies the receiver's level rule (R-109); None when a level is empty.

    Levels are a digit (级, 3 highest) and perhaps a letter (等, A > B > C > none). `same_or_higher`
    compares digits, `same_or_higher_grade` digit, then letter; without a rule anything does.
    """
    if rule in (None, "none"):
        return True
    issuing, asking = _LEVEL.fullmatch(source), _LEVEL.fullmatch(receiver)
    if issuing is None or asking is None:
        return None
    if rule == "same_or_higher" or issuing[1] != asking[1]:
        return issuing[1] >= asking[1]
    return _grade(issuing[2]) >= _grade(asking[2])


def _grade(letter: str) -> int:
    return "CBA".index(letter) + 1 if letter else 0


def _round_order(row: QualificationRow) -> tuple[date, str, str]:
    return row.start, row.round, row.scheme


def _months_before(month: str, back: int) -> str:
    year, number = divmod(int(month[:4]) * 12 + int(month[5:7]) - 1 - back, 12)
    return f"{year:04d}-{number + 1:02d}"


def _grouped(pairs: Iterable[tuple[K, R]]) -> Mapping[K, tuple[R, ...]]:
    grouped: dict[K, list[R]] = {}
    for key, row in pairs:
        grouped.setdefault(key, []).append(row)
    return MappingProxyType({key: tuple(rows) for key, rows in grouped.items()})
