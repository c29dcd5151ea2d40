"""The typed columns of stored resources, read beside their bodies and set right where they differ.

For `hie reindex`, which answers nobody: it reads past any restriction. Rows are taken in the order
of their ids, which every table has an index by. A row is only changed while it is held, and while
it is the version whose body was read: whoever wrote another one meanwhile wrote its columns as
well. The label of a row is no such column: it was decided, and `hie label backfill` looks at it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.store import index
from hie.store.identifiers import PatientIdentifier, blind, normal
from hie.store.masks import mask
from hie.store.served import KEPT, LABEL, STORED, Stored, stored
from hie.store.session import Reader, Unit
from hie.store.tables import TABLES

Key = tuple[str, str]  # home, id
START: Key = ("", "")


@dataclass(frozen=True, slots=True)
class Row:
    """A current version, its tree, and what its columns say: {name: value}."""

    stored: Stored
    tree: Resource
    said: Mapping[str, Any]
    label: int | None = None

    @property
    def key(self) -> Key:
        """Where it lies."""
        return self.stored.home, self.stored.id


@dataclass(frozen=True, slots=True)
class Change:
    """What a row's columns must say instead."""

    row: Row
    now: Mapping[str, Any]


def names_of(kind: str) -> tuple[str, ...]:
    """The columns of a type that its bodies decide."""
    return ("status", *index.columns(kind))


async def count(reader: Reader, kind: str) -> int:
    """How many resources of a type there are."""
    found: int = await reader.fetchval(f"SELECT count(*) FROM {TABLES[kind]}")  # noqa: S608
    return found


async def page(reader: Reader, kind: str, after: Key, limit: int) -> list[Row]:
    """The rows after a key."""
    names = names_of(kind)
    rows = await reader.fetch(
        f"SELECT {STORED}, {', '.join(names)} FROM {TABLES[kind]}"  # noqa: S608
        " WHERE (id, home) > ($2, $1) ORDER BY id, home LIMIT $3",
        *after,
        limit,
    )
    found = []
    for row in rows:
        one = stored(reader.db, kind, row[:KEPT])
        said = dict(zip(names, row[KEPT:], strict=True))
        found.append(Row(one, one.resource(), said, row[LABEL]))
    return found


def differing(reader: Reader, rows: Iterable[Row], reports: Mapping[str, str]) -> list[Change]:
    """The rows whose columns say something else than their bodies do.

    `reports` are the reports of those Observations whose column names none that lists them.
    """
    found = []
    for row in rows:
        one = row.stored
        report = reports.get(one.id, row.said.get("report"))
        item = index.item_of(one.type, row.tree, one.message, reader.db.loinc)
        values = index.values(one.type, dict(row.tree), report, partial(blind, reader), item)
        values = mask(reader, one.type, one.home, row.label, values)
        said = zip(names_of(one.type), (index.status(dict(row.tree)), *values), strict=True)
        now = dict(said)
        if now != row.said:
            found.append(Change(row, now))
    return found


async def reports_of(reader: Reader, rows: Sequence[Row]) -> dict[str, str]:
    """The reports that list these Observations, of those whose column names none that does.

    What no report lists keeps what it says: a report may have been deleted since.
    """
    named = {one.said["report"] for one in rows if one.said.get("report")}
    lists = await _lists(reader, "id", named)
    odd = [one for one in rows if one.stored.id not in lists.get(str(one.said["report"]), ())]
    every = await _lists(reader, "home", {one.stored.home for one in odd})
    found: dict[str, str] = {}
    for report in sorted(every, reverse=True):
        found.update(dict.fromkeys(every[report], report))
    return {one.stored.id: found[one.stored.id] for one in odd if one.stored.id in found}


async def mend(unit: Unit, kind: str, changes: Sequence[Change]) -> int:
    """Set these columns; how many rows still were the version that was read."""
    standing = await _held(unit, kind, [one.row for one in changes])
    names = names_of(kind)
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, 4))
    rows = [
        (*one.row.key, one.row.stored.version, *(one.now[name] for name in names))
        for one in changes
        if standing.get(one.row.key) == (one.row.stored.version, one.row.said.get("report"))
    ]
    if rows:
        await unit.executemany(
            f"UPDATE {TABLES[kind]} SET {sets}"  # noqa: S608
            " WHERE home = $1 AND id = $2 AND version = $3",
            rows,
        )
    return len(rows)


async def odd_numbers(
    reader: Reader, wanted: Mapping[str, Iterable[PatientIdentifier]]
) -> dict[str, set[tuple[Any, ...]]]:
    """The Patients that are not found by just these identifiers: the rows each must have."""
    rows = await reader.fetch(
        "SELECT home, system, hash, type, usable FROM identifier"  # noqa: S608
        f" WHERE {reader.db.among('home', 1)} AND kind = 'Patient'",
        reader.db.array(sorted(wanted)),
    )
    have: dict[str, set[tuple[Any, ...]]] = {home: set() for home in wanted}
    for home, *rest in rows:
        have[home].add((*rest[:3], bool(rest[3])))
    found = {}
    for home, identifiers in wanted.items():
        by_key = {
            (one.system, blind(reader, one.value)): (one.type, one.usable)
            for one in identifiers
            if normal(one.value)
        }
        must = {(*key, *rest) for key, rest in by_key.items()}
        if must != have[home]:
            found[home] = must
    return found


async def mend_numbers(
    unit: Unit, rows: Sequence[Row], must: Mapping[str, set[tuple[Any, ...]]]
) -> int:
    """Make these the rows that Patients are found by; how many still were the version read.

    What was wrong was never a number of theirs, so nothing is kept of it.
    """
    standing = await _held(unit, "Patient", rows)
    homes = [one.stored.id for one in rows if standing.get(one.key) == (one.stored.version, None)]
    await unit.execute(
        f"DELETE FROM identifier WHERE {unit.db.among('home', 1)} AND kind = 'Patient'",  # noqa: S608
        unit.db.array(homes),
    )
    await unit.insert(
        "identifier",
        ("home", "kind", "system", "hash", "type", "usable"),
        [(home, "Patient", *row) for home in homes for row in sorted(must[home])],
    )
    return len(homes)


async def _held(unit: Unit, kind: str, rows: Sequence[Row]) -> dict[Key, tuple[int, Any]]:
    """The version of each row, and an Observation's report, held until the unit ends."""
    report = "report" if kind == "Observation" else "NULL"
    found = await unit.fetch(
        f"SELECT home, id, version, {report} FROM {TABLES[kind]}"  # noqa: S608
        f" WHERE {unit.db.among('home', 1)} AND {unit.db.among('id', 2)} ORDER BY id"
        + unit.db.locking("FOR UPDATE"),
        unit.db.array({one.stored.home for one in rows}),
        unit.db.array([one.stored.id for one in rows]),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in found}


async def _lists(reader: Reader, column: str, values: Iterable[str]) -> dict[str, set[str]]:
    """The Observations that reports list, by the report's id."""
    wanted = sorted(set(values))
    if not wanted:
        return {}
    rows = await reader.fetch(
        f"SELECT {STORED} FROM diagnostic_report WHERE {reader.db.among(column, 1)}",  # noqa: S608
        reader.db.array(wanted),
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        one = stored(reader.db, "DiagnosticReport", row)
        pointed = (referenced(each) for each in one.resource().get("result", ()))
        found[one.id] = {ref[1] for ref in pointed if ref is not None and ref[0] == "Observation"}
    return found
