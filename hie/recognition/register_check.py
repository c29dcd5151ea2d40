"""What the files of one import say together, and with the registers as they are known.

Refused: an item, region or method that does not exist, a key twice in one import, two periods of
one institution that overlap in the register as it would be afterwards. Only warned of: a mark that
cannot be read (it is imported, or R-108 could never fire), an institution without a row.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date
from typing import TypeVar

from hie.errors import Fault
from hie.recognition.catalogue import Catalogue
from hie.recognition.marks import MarkState, read_marks
from hie.recognition.parsed import Named, Parsed, RegisterRow
from hie.recognition.policy_check import policy_faults
from hie.recognition.region import Regions
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PolicyEntry,
    PrecisionRow,
    QualificationRow,
    RegisterRows,
)

R = TypeVar("R", InstitutionRow, QualificationRow, PrecisionRow, MarkRow)
Placed = list[tuple[str, RegisterRow]]


def check_import(
    parsed_files: Sequence[Parsed], known: RegisterRows, catalogue: Catalogue, regions: Regions
) -> tuple[list[Fault], list[Fault]]:
    """Everything that refuses the import, and what it should be warned of.

    Faults of the files themselves are among them. An import without faults may be applied whole;
    with one it is not applied at all.
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
    faults += _overlaps(placed, known)
    return faults, list(_warnings(placed, apply_import(known, parsed_files), catalogue, regions))


def apply_import(known: RegisterRows, parsed_files: Iterable[Parsed]) -> RegisterRows:
    """The registers as they would be afterwards: a row replaces the known one with its key."""
    rows = [row for parsed in parsed_files for row in parsed.rows]
    last = max((entry.order for entry in known.policies), default=-1)
    added = (row for row in rows if isinstance(row, PolicyEntry))
    return RegisterRows(
        version=known.version + 1,
        institutions=_merged(known.institutions, rows, InstitutionRow),
        qualifications=_merged(known.qualifications, rows, QualificationRow),
        precision=_merged(known.precision, rows, PrecisionRow),
        marks=_merged(known.marks, rows, MarkRow),
        policies=(
            *known.policies,
            *(PolicyEntry(r.scope, r.start, r.end, r.values, last + 1) for r in added),
        ),
    )


def row_key(row: RegisterRow) -> tuple[Hashable, ...]:
    """What makes two rows of one register the same row."""
    match row:
        case InstitutionRow():
            return row.code, row.start
        case QualificationRow():
            return row.institution, row.item, row.scheme, row.round
        case PrecisionRow():
            return row.institution, row.item, row.month
        case MarkRow():
            return row.institution, row.item, row.mark, row.start
        case PolicyEntry():
            return row.scope, row.start


def _merged(known: Iterable[R], rows: Iterable[RegisterRow], kind: type[R]) -> tuple[R, ...]:
    by_key = {row_key(row): row for row in known}
    by_key |= {row_key(row): row for row in rows if isinstance(row, kind)}
    return tuple(by_key.values())


def _repeated(placed: Placed) -> list[Fault]:
    first: dict[tuple[Hashable, ...], str] = {}
    faults = []
    for place, row in placed:
        key = (type(row).__name__, *row_key(row))
        if key in first:
            faults.append(Fault(place, "duplicate-key", f"no second row like {first[key]}"))
        first.setdefault(key, place)
    return faults


def _missing(named: Iterable[Named], catalogue: Catalogue, regions: Regions) -> Iterator[Fault]:
    for what, place, value in named:
        if what == "item" and value not in catalogue.keys:
            yield Fault(place, "unknown-item", "an item or class of the catalogue")
        elif what == "region" and not regions.knows_province(value):
            expected = "a code of GB/T 2260, its first two digits a province"
            yield Fault(place, "unknown-region", expected)


def _overlaps(placed: Placed, known: RegisterRows) -> Iterator[Fault]:
    """Two periods of one institution that share a day; both rows are named."""
    after: dict[tuple[Hashable, ...], tuple[str, InstitutionRow]] = {
        row_key(row): (f"register row {row.code} from {row.start}", row)
        for row in known.institutions
    }
    coming = {}
    for place, row in placed:
        if isinstance(row, InstitutionRow):
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
        elif not isinstance(row, PolicyEntry):
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
