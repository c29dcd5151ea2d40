"""The registers as the files of an import: what was imported can be edited and imported again.

CSV with the columns in their documented order, UTF-8 with a byte order mark (so that Excel opens
it), lines sorted; policies as YAML.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from hie.recognition.policy_entries import counting
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PolicyEntry,
    PrecisionRow,
    QualificationRow,
    RegisterRows,
    SuccessorRow,
)
from hie.recognition.register_csv import COLUMNS, Row

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Written:
    """One file of a register: its name, its text and how many rows it has."""

    name: str
    text: str
    rows: int


def written_files(rows: RegisterRows) -> list[Written]:
    """A file for each register that has rows; an import of them all changes nothing."""
    files = [
        _csv("institutions", rows.institutions),
        _csv("successors", [row for row in rows.successors if row.successor]),
        _csv("qualifications", rows.qualifications),
        _csv("precision", rows.precision),
        _csv("marks", rows.marks),
        _policies(rows.policies),
    ]
    return [one for one in files if one.rows]


def _csv(kind: str, rows: Sequence[Row]) -> Written:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS[kind])
    writer.writerows(sorted(map(_cells, rows)))
    return Written(f"{kind}.csv", _BOM + text.getvalue(), len(rows))


def _cells(row: Row) -> tuple[str, ...]:
    """A row's cells in the order of its file's columns."""
    match row:
        case InstitutionRow():
            said = (row.code, row.name, row.region, row.level, row.kind, row.consortium)
            return (*said, row.status, row.start.isoformat(), _end(row.end))
        case SuccessorRow():
            return row.code, row.successor, row.start.isoformat()
        case QualificationRow():
            named = (row.institution, row.item, row.scheme, row.round)
            acceptable = "true" if row.acceptable else "false"
            return (*named, row.start.isoformat(), _end(row.end), row.score, acceptable)
        case PrecisionRow():
            return row.institution, row.item, row.month, format(row.cv_percent, "f")
        case MarkRow():
            start = row.start.isoformat()
            return row.institution, row.item, row.mark, start, _end(row.end)


def _end(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _policies(entries: Iterable[PolicyEntry]) -> Written:
    """Policies as what counts of them; JSON is YAML, so that no text is read as anything else."""
    lines = ["policies:"]
    for (scope, start, end), values in counting(entries).items():
        frame = {"scope": scope, "from": start.isoformat()}
        if end is not None:
            frame["to"] = end.isoformat()
        lines.append(f"  - {json.dumps({**frame, **values}, ensure_ascii=False, default=str)}")
    return Written("policies.yaml", "\n".join(lines) + "\n", len(lines) - 1)
