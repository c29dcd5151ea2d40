"""The CSV registers, cell by cell: text to rows, every wrong cell named by row and column.

UTF-8 or GB18030, with or without a byte order mark; `,` `;` or tab, as Chinese Excel writes; the
header names the columns, in any order. Days are ISO, `to` empty is open. Whether an item, region
or mark exists, and what the rows say together, is for `register_check`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from hie.errors import Fault
from hie.recognition.credit_code import is_credit_code
from hie.recognition.parsed import Named, Parsed, RegisterKind
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PrecisionRow,
    QualificationRow,
    SuccessorRow,
)

Row = InstitutionRow | SuccessorRow | QualificationRow | PrecisionRow | MarkRow

STATUSES: Final = ("active", "suspended", "withdrawn")
LEVELS: Final = ("3A", "3B", "3C", "3", "2A", "2B", "2C", "2", "1A", "1B", "1C", "1", "")
# Every column of each file; those marked False may be left out, and then are empty.
COLUMNS: Final[Mapping[str, Mapping[str, bool]]] = {
    "institutions": {
        "code": True, "name": True, "region": True, "level": False, "kind": False,
        "consortium": False, "status": True, "from": True, "to": False,
    },
    "successors": {"code": True, "successor": True, "from": True},
    "qualifications": {
        "institution": True, "item": True, "scheme": True, "round": True, "from": True,
        "to": False, "score": False, "acceptable": True,
    },
    "precision": {"institution": True, "item": True, "month": True, "cv_percent": True},
    "marks": {"institution": True, "item": True, "mark": True, "from": True, "to": False},
}  # fmt: skip
_MAX_CELL: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(slots=True)
class _Cells:
    """One row's cells by column; `faults` and `named` grow as they are read."""

    place: str
    cells: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)

    def fault(self, column: str, code: str, expected: str) -> None:
        self.faults.append(Fault(f"{self.place}:{column}", code, expected))

    def text(self, column: str) -> str:
        value = self.cells.get(column, "")
        if _CONTROL.search(value):
            self.fault(column, "control-character", "printable text")
        elif len(value) > _MAX_CELL:
            self.fault(column, "too-long", f"at most {_MAX_CELL} characters")
        return value

    def needed(self, column: str) -> str:
        value = self.text(column)
        if not value:
            self.fault(column, "missing", "a value")
        return value

    def institution(self, column: str, *, empty: bool = False) -> str:
        value = self.text(column) if empty else self.needed(column)
        if value and not is_credit_code(value):
            self.fault(column, "invalid-code", "a unified social credit code (GB 32100)")
        return value

    def one_of(self, column: str, allowed: tuple[str, ...]) -> Any:
        value = self.text(column)
        if value not in allowed:
            shown = ", ".join(word or "empty" for word in allowed)
            self.fault(column, f"unknown-{column}", f"one of {shown}")
        return value

    def region(self, column: str) -> str:
        value = self.needed(column)
        if value and not re.fullmatch(r"(?:[0-9]{2}){1,3}", value):
            self.fault(column, "unknown-region", "a code of GB/T 2260, e.g. 130102")
        elif value:
            self.named.append(Named("region", f"{self.place}:{column}", value))
        return value

    def item(self, column: str) -> str:
        value = self.needed(column)
        if value:
            self.named.append(Named("item", f"{self.place}:{column}", value))
        return value

    def day(self, column: str) -> date:
        value = self.needed(column)
        return (self._day(column, value) if value else None) or date.min

    def open_day(self, column: str, start: date) -> date | None:
        value = self.text(column)
        end = self._day(column, value) if value else None
        if end is not None and end < start:
            self.fault(column, "from-after-to", "a day not before `from`, or empty")
        return end

    def _day(self, column: str, value: str) -> date | None:
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.fault(column, "not-a-day", "a day as 2026-06-15")
        return None

    def month(self, column: str) -> str:
        value = self.needed(column)
        if value and not re.fullmatch(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])", value):
            self.fault(column, "not-a-month", "a month as 2026-05")
        return value

    def percent(self, column: str) -> Decimal:
        value = self.needed(column)
        if re.fullmatch(r"-[0-9]+(?:\.[0-9]+)?", value) and Decimal(value) < 0:
            self.fault(column, "negative", "a number of at least 0")
        elif value and not re.fullmatch(r"-?[0-9]{1,6}(?:\.[0-9]{1,9})?", value):
            self.fault(column, "not-a-number", "a number as 2.5")
        else:
            return Decimal(value or 0)
        return Decimal(0)

    def truth(self, column: str) -> bool:
        value = self.needed(column)
        if value and value.lower() not in ("true", "false"):
            self.fault(column, "not-a-boolean", "true or false")
        return value.lower() == "true"


def read_rows(kind: RegisterKind, text: str, name: str) -> Parsed:
    """The rows of one CSV register; a row with a fault is not among them."""
    rows: list[tuple[str, Row]] = []
    named: list[Named] = []
    faults: list[Fault] = []
    columns: list[str] | None = None
    records = _Records(text, _delimiter(text, COLUMNS[kind]))
    try:
        for line, cells in records:
            place = f"{name}:{line}"
            if columns is None:
                columns = [cell.lower() for cell in cells]
                faults = _header_faults(kind, columns, place)
                if faults:
                    return Parsed(name, kind, faults=tuple(faults))
                continue
            if len(cells) > len(columns) and any(cells[len(columns) :]):
                stray = f"{place}:{len(columns) + 1}"
                faults.append(Fault(stray, "too-many-cells", f"{len(columns)} cells"))
                continue
            row = _Cells(place, dict(zip(columns, cells, strict=False)))
            built = _BUILD[kind](row)
            faults.extend(row.faults)
            named.extend(row.named)
            if not row.faults:
                rows.append((place, built))
    except csv.Error as error:
        place = f"{name}:{records.line}"
        faults.append(Fault(place, "malformed-csv", f"CSV with its quotes closed ({error})"))
    if columns is None and not faults:
        faults.append(Fault(name, "missing-column", "a header row"))
    return Parsed(
        name,
        kind,
        tuple(row for _, row in rows),
        tuple(place for place, _ in rows),
        tuple(faults),
        tuple(named),
    )


class _Records:
    """The rows that are not empty: number of the line each begins on, and its trimmed cells."""

    def __init__(self, text: str, delimiter: str) -> None:
        self.reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        self.line = 1

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        for cells in self.reader:
            trimmed = [cell.strip() for cell in cells]
            if any(trimmed):
                yield self.line, trimmed
            self.line = self.reader.line_num + 1


def _delimiter(text: str, columns: Mapping[str, bool]) -> str:
    """The one of `,` `;` tab that cuts the most known columns out of the first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def known(delimiter: str) -> int:
        cells = (cell.strip().strip('"').lower() for cell in first.split(delimiter))
        return sum(cell in columns for cell in cells)

    return max((",", ";", "\t"), key=known)


def _header_faults(kind: str, columns: list[str], place: str) -> list[Fault]:
    known = COLUMNS[kind]
    listed = ", ".join(known)
    faults = []
    for number, column in enumerate(columns, 1):
        if column not in known:
            faults.append(
                Fault(f"{place}:{column or number}", "unknown-column", f"one of {listed}")
            )
        elif columns.index(column) != number - 1:
            faults.append(Fault(f"{place}:{column}", "duplicate-column", "each column once"))
    missing = [column for column, needed in known.items() if needed and column not in columns]
    faults += [Fault(f"{place}:{c}", "missing-column", f"the column {c}") for c in missing]
    return faults


def _institution(row: _Cells) -> InstitutionRow:
    start = row.day("from")
    return InstitutionRow(
        code=row.institution("code"),
        name=row.needed("name"),
        region=row.region("region"),
        level=row.one_of("level", LEVELS),
        kind=row.text("kind"),
        consortium=row.text("consortium"),
        status=row.one_of("status", STATUSES),
        start=start,
        end=row.open_day("to", start),
    )


def _successor(row: _Cells) -> SuccessorRow:
    return SuccessorRow(
        code=row.institution("code"),
        successor=row.institution("successor", empty=True),
        start=row.day("from"),
    )


def _qualification(row: _Cells) -> QualificationRow:
    start = row.day("from")
    return QualificationRow(
        institution=row.institution("institution"),
        item=row.item("item"),
        scheme=row.needed("scheme"),
        round=row.needed("round"),
        start=start,
        end=row.open_day("to", start),
        score=row.text("score"),
        acceptable=row.truth("acceptable"),
    )


def _precision(row: _Cells) -> PrecisionRow:
    return PrecisionRow(
        institution=row.institution("institution"),
        item=row.item("item"),
        month=row.month("month"),
        cv_percent=row.percent("cv_percent"),
    )


def _mark(row: _Cells) -> MarkRow:
    start = row.day("from")
    return MarkRow(
        institution=row.institution("institution"),
        item=row.item("item"),
        mark=row.needed("mark"),
        start=start,
        end=row.open_day("to", start),
    )


_BUILD: Final[Mapping[str, Callable[[_Cells], Row]]] = {
    "institutions": _institution,
    "successors": _successor,
    "qualifications": _qualification,
    "precision": _precision,
    "marks": _mark,
}
