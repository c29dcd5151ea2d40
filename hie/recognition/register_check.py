"""What the files of one import say together, and with the registers as they are known.

Refused: an item, region or method that does not exist, a key twice in one import, two periods of
one institution that overlap in the register as it would be afterwards, successors that contradict
each other (`successor_check`). Only warned of: a mark that cannot be read (it is imported, or R-108
could never fire), an institution without a row.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeVar

from hie.errors import Fault
from hie.recognition.catalogue import Catalogue
from hie.recognition.marks import MarkState, read_marks
from hie.recognition.parsed import Named, Parsed, RegisterRow
from hie.recognition.policy_check import policy_faults
from hie.recognition.policy_entries import new_entries
from hie.recognition.region import Regions
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PolicyEntry,
    PrecisionRow,
    QualificationRow,
    RegisterRows,
    SuccessorRow,
)
from hie.recognition.successor_check import Links

R = TypeVar("R", InstitutionRow, SuccessorRow, QualificationRow, PrecisionRow, MarkRow)
Placed = list[tuple[str, RegisterRow]]
Since = Mapping[tuple[Hashable, ...], int]  # `place_key` of a known row -> the import it came with

_KEYS: Final[Mapping[type[RegisterRow], tuple[str, ...]]] = {
    InstitutionRow: ("code", "from"),
    SuccessorRow: ("code", "from"),
    QualificationRow: ("institution", "item", "scheme", "round"),
    PrecisionRow: ("institution", "item", "month"),
    MarkRow: ("institution", "item", "mark", "from"),
}


def check_import(
    parsed_files: Sequence[Parsed],
    known: RegisterRows,
    catalogue: Catalogue,
    regions: Regions,
    since: Since | None = None,
) -> tuple[list[Fault], list[Fault]]:
    """Everything that refuses the import, and what it should be warned of.

    Faults of the files themselves are among them. An import without faults may be applied whole;
    with one it is not applied at all. `since` tells by which import a known row came.
    """
    placed = [
        pair for parsed in parsed_files for pair in zip(parsed.places, parsed.rows, strict=True)
    ]
    faults = [fault for parsed in parsed_files for fault in parsed.faults]
    faults += _repeated(placed)
    for parsed in parsed_files:
        faults += _missing(parsed.named, catalogue, regions)
    for place, row in placed:
        if isinstance(row, PolicyEntry):
            faults += policy_faults(place, row, catalogue, regions)
    named = _Named(since or {})
    faults += _overlaps(placed, known, named)
    after = apply_import(known, parsed_files)
    periods = _periods(after)
    coming = [(place, row) for place, row in placed if isinstance(row, SuccessorRow)]
    links = Links.of(known.successors, coming, named)
    faults += links.faults(periods)
    warnings = [*_warnings(placed, after, catalogue, regions), *links.warnings(periods)]
    return faults, warnings


def apply_import(known: RegisterRows, parsed_files: Iterable[Parsed]) -> RegisterRows:
    """The registers as they would be afterwards: a row replaces the known one with its key."""
    rows = [row for parsed in parsed_files for row in parsed.rows]
    last = max((entry.order for entry in known.policies), default=-1)
    added = new_entries(known.policies, (row for row in rows if isinstance(row, PolicyEntry)))
    return RegisterRows(
        version=known.version + 1,
        institutions=_merged(known.institutions, rows, InstitutionRow),
        qualifications=_merged(known.qualifications, rows, QualificationRow),
        precision=_merged(known.precision, rows, PrecisionRow),
        marks=_merged(known.marks, rows, MarkRow),
        successors=_merged(known.successors, rows, SuccessorRow),
        policies=(
            *known.policies,
            *(PolicyEntry(r.scope, r.start, r.end, r.values, last + 1) for r in added),
        ),
    )


def place_key(row: RegisterRow) -> tuple[Hashable, ...]:
    """What tells a row from every other of all registers."""
    return (type(row).__name__, *row_key(row))


def row_key(row: RegisterRow) -> tuple[Hashable, ...]:
    """What makes two rows of one register the same row."""
    match row:
        case InstitutionRow() | SuccessorRow():
            return row.code, row.start
        case QualificationRow():
            return row.institution, row.item, row.scheme, row.round
        case PrecisionRow():
            return row.institution, row.item, row.month
        case MarkRow():
            return row.institution, row.item, row.mark, row.start
        case PolicyEntry():
            return row.scope, row.start, row.end


def _merged(known: Iterable[R], rows: Iterable[RegisterRow], kind: type[R]) -> tuple[R, ...]:
    by_key = {row_key(row): row for row in known}
    by_key |= {row_key(row): row for row in rows if isinstance(row, kind)}
    return tuple(by_key.values())


def _repeated(placed: Placed) -> list[Fault]:
    first: dict[tuple[Hashable, ...], str] = {}
    faults = []
    for place, row in placed:
        key = place_key(row)
        if key in first:
            columns = _KEYS.get(type(row))
            path = f"{place}:{columns[0]}" if columns else place
            same = f" (same {', '.join(columns)})" if columns else ""
            faults.append(Fault(path, "duplicate-key", f"no second row like {first[key]}{same}"))
        first.setdefault(key, place)
        if isinstance(row, PolicyEntry):
            for name in row.values:
                other = first.setdefault((row.scope, row.start, name), place)
                if other != place and place not in (f.path for f in faults):
                    expected = f"{name} once for one scope and `from`; {other} has it"
                    faults.append(Fault(f"{place}.{name}", "duplicate-key", expected))
    return faults


def _missing(named: Iterable[Named], catalogue: Catalogue, regions: Regions) -> Iterator[Fault]:
    for what, place, value in named:
        if what == "item" and value not in catalogue.keys:
            yield Fault(place, "unknown-item", "an item or class of the catalogue")
        elif what == "region" and not regions.knows_province(value):
            expected = "a code of GB/T 2260, its first two digits a province"
            yield Fault(place, "unknown-region", expected)


class _Named:
    """How a known row is named beside one of a file."""

    def __init__(self, since: Since) -> None:
        self._since = since

    def __call__(self, row: InstitutionRow | SuccessorRow) -> str:
        number = self._since.get(place_key(row))
        known = "known" if number is None else f"in force since import {number}"
        return f"the row of {row.code} from {row.start} ({known})"


def _periods(rows: RegisterRows) -> dict[str, list[InstitutionRow]]:
    periods: dict[str, list[InstitutionRow]] = {}
    for row in rows.institutions:
        periods.setdefault(row.code, []).append(row)
    return periods


def _overlaps(placed: Placed, known: RegisterRows, named: _Named) -> Iterator[Fault]:
    """Two periods of one institution that share a day; both rows are named."""
    after: dict[tuple[Hashable, ...], tuple[str, InstitutionRow]] = {
        row_key(row): (named(row), row) for row in known.institutions
    }
    coming: dict[str, InstitutionRow] = {}
    for place, row in placed:
        # of two rows with one key the second is at fault already
        if isinstance(row, InstitutionRow) and after.get(row_key(row), ("",))[0] not in coming:
            after[row_key(row)] = (place, row)
            coming[place] = row
    by_code: dict[str, list[tuple[str, InstitutionRow]]] = {}
    for entry in after.values():
        by_code.setdefault(entry[1].code, []).append(entry)
    for code in dict.fromkeys(row.code for row in coming.values()):
        rows = sorted(by_code[code], key=lambda entry: entry[1].start)
        for number, (place, row) in enumerate(rows):
            for other_place, other in rows[number + 1 :]:
                if other.start <= (row.end or date.max):
                    new, old = (
                        (other_place, place) if other_place in coming else (place, other_place)
                    )
                    expected = f"a period of {code} that shares no day with {old}"
                    yield Fault(f"{new}:from", "overlap", expected)


def _warnings(
    placed: Placed, after: RegisterRows, catalogue: Catalogue, regions: Regions
) -> Iterator[Fault]:
    codes = {row.code for row in after.institutions}
    consortia = {row.consortium for row in after.institutions if row.consortium}
    for place, row in placed:
        if isinstance(row, InstitutionRow):
            if len(row.region) == 6 and regions.find(row.region) is None:
                expected = "a region of the shipped GB/T 2260 table"
                yield Fault(f"{place}:region", "region-not-in-table", expected)
        elif not isinstance(row, PolicyEntry | SuccessorRow):
            if row.institution not in codes:
                expected = "an institution of the register"
                yield Fault(f"{place}:institution", "unknown-institution", expected)
            if isinstance(row, MarkRow):
                yield from _mark_warning(place, row, catalogue, consortia)


def _mark_warning(
    place: str, row: MarkRow, catalogue: Catalogue, consortia: set[str]
) -> Iterator[Fault]:
    kind = "laboratory" if row.item in catalogue.items else row.item
    readings = read_marks([row], kind, consortia, None)
    if not readings:
        expected = "★ for a laboratory item, -GX for XRAY, CT or MRI"
        yield Fault(f"{place}:mark", "mark-ignored", expected)
    elif readings[0].state is MarkState.UNPARSABLE:
        expected = "a mark of a known region or consortium, e.g. 京津冀HR"
        yield Fault(f"{place}:mark", "unparsable-mark", expected)
