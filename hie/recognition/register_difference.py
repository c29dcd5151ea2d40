"""What two states of the registers say otherwise: of which institutions, and from which days on.

Whoever wants to know what an import turns need only look at checks these institutions have a part
in. A policy, or a consortium whose name a mark uses, may concern everybody.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from hie.recognition.marks import normalise
from hie.recognition.parsed import RegisterRow
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PolicyEntry,
    PrecisionRow,
    QualificationRow,
    RegisterRows,
    SuccessorRow,
)

EVERYBODY = ""  # in `days`: what concerns no institution in particular


@dataclass(frozen=True, slots=True)
class Difference:
    """Whom a change of the registers concerns; `days` are those on which it says something anew.

    `days` is by institution (`EVERYBODY` for policies): first days, and days after last ones.
    """

    codes: frozenset[str]
    everybody: bool
    days: Mapping[str, frozenset[date]]

    def __bool__(self) -> bool:
        """Anything is said otherwise."""
        return self.everybody or bool(self.codes)

    def concerns(self, codes: Iterable[str]) -> bool:
        """One of these institutions is concerned."""
        return self.everybody or not self.codes.isdisjoint(codes)

    def days_of(self, code: str) -> frozenset[date]:
        """The days on which something begins or ends to be said of an institution, or of all."""
        return self.days.get(code, frozenset()) | self.days.get(EVERYBODY, frozenset())


def difference(before: RegisterRows, after: RegisterRows) -> Difference:
    """What `after` says otherwise than `before`."""
    gone, new = set(_rows(before)) - set(_rows(after)), set(_rows(after)) - set(_rows(before))
    days: dict[str, set[date]] = {}
    for row in new:
        for code in _codes(row):
            days.setdefault(code, set()).update(_days(row))
    for row in gone:
        for code in _codes(row):
            days.setdefault(code, set())
    policies = [entry for entry in after.policies if entry not in before.policies]
    everybody = bool(policies) or len(before.policies) != len(after.policies)
    renamed = {r.consortium for r in gone | new if isinstance(r, InstitutionRow) and r.consortium}
    if renamed and _named_by_marks(renamed, (*before.marks, *after.marks)):
        everybody = True
    for entry in policies:
        days.setdefault(EVERYBODY, set()).update(_days(entry))
    kin = _kin((*before.successors, *after.successors))
    said = {code: frozenset(found) for code, found in days.items()}
    for code in [one for one in said if one != EVERYBODY]:
        for other in kin.get(code, ()):
            said[other] = said.get(other, frozenset()) | said[code]
    codes = frozenset(said) - {EVERYBODY}
    return Difference(codes, everybody, MappingProxyType(said))


def _rows(rows: RegisterRows) -> Iterator[RegisterRow]:
    yield from rows.institutions
    yield from rows.successors
    yield from rows.qualifications
    yield from rows.precision
    yield from rows.marks


def _codes(row: RegisterRow) -> tuple[str, ...]:
    match row:
        case InstitutionRow():
            return (row.code,)
        case SuccessorRow():
            return (row.code, row.successor) if row.successor else (row.code,)
        case QualificationRow() | PrecisionRow() | MarkRow():
            return (row.institution,)
        case PolicyEntry():
            return ()


def _days(row: RegisterRow) -> Iterator[date]:
    """When a row begins to speak, and the day after it ends."""
    if isinstance(row, PrecisionRow):
        yield date.fromisoformat(f"{row.month}-01")
        return
    yield row.start
    end = None if isinstance(row, SuccessorRow) else row.end
    if end is not None and end < date.max:
        yield end + timedelta(days=1)


def _named_by_marks(names: Set[str], marks: Iterable[MarkRow]) -> bool:
    wanted = {normalise(f"{name}HR") for name in names}
    return any(normalise(mark.mark) in wanted for mark in marks)


def _kin(links: Iterable[SuccessorRow]) -> dict[str, set[str]]:
    """The codes that are linked with each other, however far, by any of them."""
    kin: dict[str, set[str]] = {}
    for link in links:
        if link.successor:
            joined = kin.get(link.code, {link.code}) | kin.get(link.successor, {link.successor})
            for code in joined:
                kin[code] = joined
    return kin
