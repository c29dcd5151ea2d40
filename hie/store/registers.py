"""The registers as imported: rows are added and superseded, never overwritten.

A row takes the place of the known row with the same key (`recognition.register_check.row_key`);
what was known at an earlier instant can still be asked for. Policies are all kept: of one scope
and day the later import counts.
"""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from hie.recognition.parsed import Parsed, RegisterRow
from hie.recognition.policy_entries import new_entries
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PolicyEntry,
    PrecisionRow,
    QualificationRow,
    RegisterRows,
    SuccessorRow,
)
from hie.recognition.register_check import place_key, row_key
from hie.store.locks import hold
from hie.store.session import Reader, Row, Unit

_LOCK = "register-import"
_KNOWN = ("import_id", "n", "known_from_us", "known_to_us")
_TABLES: dict[type[RegisterRow], tuple[str, tuple[str, ...]]] = {
    InstitutionRow: (
        "institution",
        ("code", "name", "region", "level", "kind", "consortium", "status", "start", "end_day"),
    ),
    SuccessorRow: ("successor", ("code", "successor", "start")),
    QualificationRow: (
        "qualification",
        ("institution", "item", "scheme", "round", "start", "end_day", "score", "acceptable"),
    ),
    PrecisionRow: ("precision_month", ("institution", "item", "month", "cv_percent")),
    MarkRow: ("mark", ("institution", "item", "mark", "start", "end_day")),
    PolicyEntry: ("policy_entry", ("scope", "start", "end_day", "content")),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: its number, and rows new, changed and already known, by register."""

    version: int
    new: Mapping[str, int]
    changed: Mapping[str, int]
    unchanged: Mapping[str, int]


async def version(reader: Reader, known_at_us: int | None = None) -> int:
    """The number of the last import (known at an instant); 0 before the first."""
    found: int = await reader.fetchval(
        "SELECT coalesce(max(id), 0) FROM register_import WHERE at_us <= $1",
        2**62 if known_at_us is None else known_at_us,
    )
    return found


async def load(reader: Reader, known_at_us: int | None = None) -> RegisterRows:
    """Every row known now, or known at an instant."""
    at_us = 2**62 if known_at_us is None else known_at_us
    number = await version(reader, at_us)
    found: dict[type[RegisterRow], tuple[Any, ...]] = {}
    for kind in _TABLES:
        rows = await _rows(reader, kind, at_us)
        found[kind] = tuple(_read(kind, row) for row in rows)
    return RegisterRows(
        version=number,
        institutions=found[InstitutionRow],
        qualifications=found[QualificationRow],
        precision=found[PrecisionRow],
        marks=found[MarkRow],
        policies=found[PolicyEntry],
        successors=found[SuccessorRow],
    )


async def since(reader: Reader) -> dict[tuple[Hashable, ...], int]:
    """The import that each known institution and successor row came with, by `place_key`."""
    found = {}
    for kind in (InstitutionRow, SuccessorRow):
        for row in await _rows(reader, kind, 2**62):
            found[place_key(_read(kind, row))] = row[-2]
    return found


async def lock(unit: Unit) -> None:
    """Let no other import in until this unit ends: what was checked is what is added to."""
    await hold(unit, [_LOCK])


async def import_rows(unit: Unit, parsed: Iterable[Parsed], at_us: int, actor: str) -> Imported:
    """Add the rows of checked files as one import. `actor` is a user id or account, no name.

    A row that says what is already known changes nothing; an import of only such rows still counts.
    """
    files = list(parsed)
    await lock(unit)
    number = await version(unit) + 1
    # The clock may stand still or go back: an import is never known before the one it follows.
    last = await unit.fetchval("SELECT coalesce(max(at_us), 0) FROM register_import")
    at_us = max(at_us, last + 1)
    new: dict[str, int] = {}
    changed: dict[str, int] = {}
    unchanged: dict[str, int] = {}
    for kind, (table, columns) in _TABLES.items():
        given = {row_key(row): row for file in files for row in file.rows if type(row) is kind}
        if not given:
            continue
        fresh, replaced = await _fresh(unit, kind, given)
        await _end(unit, table, replaced, at_us)
        await unit.insert(
            table,
            (*_KNOWN, *columns),
            [(number, n, at_us, None, *_written(row)) for n, row in enumerate(fresh)],
        )
        new[table] = len(fresh) - len(replaced)
        changed[table] = len(replaced)
        unchanged[table] = len(given) - len(fresh)
    await unit.execute(
        "INSERT INTO register_import (id, at_us, actor, files, counts) VALUES ($1, $2, $3, $4, $5)",
        number,
        at_us,
        actor,
        json.dumps([file.filename for file in files], ensure_ascii=False),
        json.dumps({"new": new, "changed": changed, "unchanged": unchanged}),
    )
    return Imported(number, new, changed, unchanged)


async def imports(reader: Reader, limit: int = 50) -> list[dict[str, Any]]:
    """The last imports, newest first: version, at_us, actor, files, counts, looked_us."""
    rows = await reader.fetch(
        "SELECT id, at_us, actor, files, counts, looked_us FROM register_import"
        " ORDER BY id DESC LIMIT $1",
        limit,
    )
    return [
        {
            "version": row[0],
            "at_us": row[1],
            "actor": row[2],
            "files": json.loads(row[3]),
            "counts": json.loads(row[4]),
            "looked_us": row[5],
        }
        for row in rows
    ]


async def _rows(reader: Reader, kind: type[RegisterRow], at_us: int) -> Sequence[Row]:
    table, columns = _TABLES[kind]
    return await reader.fetch(
        f"SELECT {', '.join(columns)}, import_id, n FROM {table}"  # noqa: S608
        " WHERE known_from_us <= $1 AND (known_to_us IS NULL OR known_to_us > $1)"
        " ORDER BY import_id, n",
        at_us,
    )


async def _known(unit: Unit, kind: type[RegisterRow]) -> dict[Any, tuple[tuple[int, int], Any]]:
    rows = [(tuple(row[-2:]), _read(kind, row)) for row in await _rows(unit, kind, 2**62)]
    return {row_key(row): (place, row) for place, row in rows}


async def _fresh(
    unit: Unit, kind: type[RegisterRow], given: Mapping[Any, RegisterRow]
) -> tuple[list[RegisterRow], list[tuple[int, int]]]:
    """The rows that say something new, and the places of the known ones they replace."""
    if kind is PolicyEntry:  # all are kept: of one scope and day the later import counts
        entries = [_read(kind, row) for row in await _rows(unit, kind, 2**62)]
        known = [entry for entry in entries if isinstance(entry, PolicyEntry)]
        coming = [entry for entry in given.values() if isinstance(entry, PolicyEntry)]
        return list(new_entries(known, coming)), []
    rows = await _known(unit, kind)
    fresh = [row for key, row in given.items() if key not in rows or rows[key][1] != row]
    return fresh, [rows[key][0] for key in map(row_key, fresh) if key in rows]


async def _end(unit: Unit, table: str, places: list[tuple[int, int]], at_us: int) -> None:
    await unit.executemany(
        f"UPDATE {table} SET known_to_us = $3 WHERE import_id = $1 AND n = $2",  # noqa: S608
        [(*place, at_us) for place in places],
    )


def _written(row: RegisterRow) -> tuple[Any, ...]:
    match row:
        case InstitutionRow():
            texts = (row.code, row.name, row.region, row.level, row.kind, row.consortium)
            return (*texts, row.status, row.start.isoformat(), _day(row.end))
        case SuccessorRow():
            return row.code, row.successor, row.start.isoformat()
        case QualificationRow():
            words = (row.institution, row.item, row.scheme, row.round)
            return (*words, row.start.isoformat(), _day(row.end), row.score, row.acceptable)
        case PrecisionRow():
            return row.institution, row.item, row.month, str(row.cv_percent)
        case MarkRow():
            start = row.start.isoformat()
            return row.institution, row.item, row.mark, start, _day(row.end)
        case PolicyEntry():
            return (
                row.scope,
                row.start.isoformat(),
                _day(row.end),
                _JSON.encode(row.values).decode(),
            )


def _read(kind: type[RegisterRow], row: Row) -> RegisterRow:
    if kind is InstitutionRow:
        return InstitutionRow(*(*row[:7], date.fromisoformat(row[7]), _as_day(row[8])))
    if kind is SuccessorRow:
        return SuccessorRow(row[0], row[1], date.fromisoformat(row[2]))
    if kind is QualificationRow:
        start, end = date.fromisoformat(row[4]), _as_day(row[5])
        return QualificationRow(*(*row[:4], start, end, row[6], bool(row[7])))
    if kind is PrecisionRow:
        return PrecisionRow(row[0], row[1], row[2], Decimal(row[3]))
    if kind is MarkRow:
        return MarkRow(row[0], row[1], row[2], date.fromisoformat(row[3]), _as_day(row[4]))
    start, end = date.fromisoformat(row[1]), _as_day(row[2])
    return PolicyEntry(row[0], start, end, _PARSER.decode(row[3]), order=row[4])


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _as_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


_JSON = msgspec.json.Encoder(decimal_format="number")
_PARSER = msgspec.json.Decoder(float_hook=Decimal)

__all__ = ["Imported", "import_rows", "imports", "load", "lock", "since", "version"]
