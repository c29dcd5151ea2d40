"""Resource versions: claim an id by its business key, write a version, keep the one before.

A claim is inserted first, in the transaction that makes the resource; whoever loses a race reads
the winner's id. Nothing here decides which version stands: callers do, by status and time.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hie.errors import HubError
from hie.store import consents, resource_identifiers
from hie.store.instants import written
from hie.store.labelling import label_for, label_versions, next_label
from hie.store.served import STORED, Stored, stored
from hie.store.session import Row, Rows, Unit
from hie.store.tables import TABLES
from hie.store.version_rows import (
    HISTORY,
    First,
    Put,
    body_of,
    columns_of,
    hashes_of,
    packed,
    row_of,
)

__all__ = [
    "First", "Put", "Ref", "Version", "archive", "current", "first", "first_as_served", "insert",
    "put", "reinstate", "report_of", "set_rows",
]  # fmt: skip

Ref = tuple[str, str]  # resource type, id
Version = tuple[str, str, int]  # resource type, id, version
Known = tuple[int, int, int | None]  # version, when it was written in microseconds, its label


class Next(msgspec.Struct, frozen=True):
    """A version to stand: its number, when it is written, its label, and whether that is new."""

    put: Put
    version: int
    at_us: int
    label: int | None
    is_relabelled: bool


def first(unit: Unit, put: Put, now_us: int) -> First:
    """The first version of a resource whose id this unit claimed: nobody has another of it."""
    label = label_for(unit, put)
    row = row_of(unit, put, 1, now_us, written(now_us), label)
    return First(put.type, put.id, row, hashes_of(unit, put))


def first_as_served(unit: Unit, put: Put, now_us: int) -> tuple[First, Stored]:
    """`first`, and the same as a reader will get it."""
    label = label_for(unit, put)
    body = body_of(put, 1, written(now_us), label)
    row = row_of(unit, put, 1, now_us, "", label, body)
    one = Stored(put.type, put.home, put.id, 1, now_us, put.message, body)
    return First(put.type, put.id, row, hashes_of(unit, put)), one


async def current(
    unit: Unit, refs: Iterable[Ref], *, shared: Collection[str] = ()
) -> dict[Ref, Stored]:
    """The current versions, locked until the unit ends; what is not there is left out.

    Patients first, then what is theirs (`families`). For writers only: it looks past any
    restriction. Types in `shared` may be locked by several at once: they stay, and nobody deletes
    them meanwhile.
    """
    found: dict[Ref, Stored] = {}
    for kind, ids in sorted(_by_type(refs).items(), key=_patients_first):
        lock = "FOR KEY SHARE" if kind in shared else "FOR UPDATE"
        rows = await unit.fetch(
            f"SELECT {STORED} FROM {TABLES[kind]} WHERE {unit.db.among('id', 1)} ORDER BY id"  # noqa: S608
            + unit.db.locking(lock),
            unit.db.array(ids),
        )
        for row in rows:
            one = stored(unit.db, kind, row)
            found[kind, one.id] = one
    return found


async def insert(
    unit: Unit, puts: Sequence[Put | First], *, now_us: int | None = None
) -> list[Version]:
    """Write first versions of resources whose ids were just claimed; the fast path of `put`."""
    made = await _insert(unit, puts, time.time_ns() // 1000 if now_us is None else now_us)
    await consents.look_again(unit, (one.home for one in puts))
    return made


async def _insert(unit: Unit, puts: Sequence[Put | First], at_us: int) -> list[Version]:
    rows: dict[str, list[Row]] = defaultdict(list)
    found_by: list[resource_identifiers.Row] = []
    for one in puts:
        made = one if isinstance(one, First) else first(unit, one, at_us)
        rows[made.type].append(made.row)
        found_by += [(hashed, made.row[0], made.id) for hashed in made.hashes]
    for kind in sorted(rows):
        # Rows of one home side by side touch fewer index pages.
        rows[kind].sort(key=_home)
    inserts = [Rows(TABLES[kind], columns_of(kind), rows[kind]) for kind in sorted(rows)]
    await unit.insert_all([*inserts, resource_identifiers.fresh(found_by)])
    return [(one.type, one.id, 1) for one in puts]


async def put(
    unit: Unit, puts: Sequence[Put | First], *, now_us: int | None = None
) -> list[Version]:
    """Write each as the next version; the one before goes to history.

    Several of one id follow one another in the order given. No version is older than the one before
    it, whichever unit began first. Returns (type, id, version) of each.
    """
    made = await _put(unit, puts, time.time_ns() // 1000 if now_us is None else now_us)
    await consents.look_again(unit, (one.home for one in puts))
    return made


async def _put(unit: Unit, puts: Sequence[Put | First], at_us: int) -> list[Version]:
    nearest: dict[Ref, Put | First] = {}
    later: list[Put | First] = []
    for one in puts:
        if nearest.setdefault((one.type, one.id), one) is not one:
            later.append(one)
    known = {ref: one for ref, one in nearest.items() if isinstance(one, Put)}
    versions = await _versions(unit, known)
    gone = await _deleted(unit, (ref for ref in known if ref not in versions))
    fresh = [one for ref, one in nearest.items() if ref not in versions and ref not in gone]
    made = await _insert(unit, fresh, at_us)
    relabelled = []
    for (kind, key), (last, was_us, label) in gone.items():
        then_us = max(at_us, was_us)
        again = known[kind, key]
        new = await next_label(unit, again, label)
        row = row_of(unit, again, last + 1, then_us, written(then_us), new)
        await unit.insert(TABLES[kind], columns_of(kind), [row])
        made.append((kind, key, last + 1))
        if new != label:
            relabelled.append((kind, key, new))
    await label_versions(unit, relabelled)
    met = [one for ref, one in known.items() if ref in versions or ref in gone]
    await resource_identifiers.keep(
        unit, ((hashed, one.home, one.id) for one in met for hashed in hashes_of(unit, one))
    )
    changed = [one for ref, one in known.items() if ref in versions]
    if changed:
        await archive(unit, [(one.type, one.id) for one in changed])
        nexts = []
        for one in changed:
            last, was_us, label = versions[one.type, one.id]
            new = await next_label(unit, one, label)
            nexts.append(Next(one, last + 1, max(at_us, was_us), new, new != label))
        await _replace(unit, nexts)
        made += [(one.put.type, one.put.id, one.version) for one in nexts]
    if later:
        made += await _put(unit, later, at_us)
    return made


async def reinstate(unit: Unit, late: Put, standing: Stored, *, now_us: int | None = None) -> int:
    """Keep a version that came too late: it becomes n+1 in history, the standing one n+2 again.

    Returns n+1, the version the late content got. `standing` comes from `current` of this unit.
    """
    at_us = max(time.time_ns() // 1000 if now_us is None else now_us, standing.updated_us)
    number = standing.version + 1
    await archive(unit, [(late.type, late.id)])
    had = (await _versions(unit, [(late.type, late.id)]))[late.type, late.id][2]
    label = label_for(unit, late, had)
    body = packed(unit, late, number, label, body_of(late, number, written(at_us), label))
    row = (
        late.home,
        late.type,
        late.id,
        number,
        at_us,
        late.message,
        False,
        unit.db.bodies.number,
        body,
        label,
    )
    await unit.insert("resource_history", HISTORY, [row])
    again = Put(
        standing.type,
        standing.home,
        standing.id,
        standing.resource(),
        standing.message,
        await report_of(unit, standing),
        standing.owner,
    )
    await _replace(unit, [Next(again, number + 1, at_us, label, label != had)])
    return number


async def _versions(unit: Unit, refs: Iterable[Ref]) -> dict[Ref, Known]:
    """The version of each, held, when it was written, and its label."""
    found: dict[Ref, Known] = {}
    for kind, ids in sorted(_by_type(refs).items()):
        rows = await unit.fetch(
            f"SELECT id, version, updated_us, label FROM {TABLES[kind]}"  # noqa: S608
            f" WHERE {unit.db.among('id', 1)} ORDER BY id" + unit.db.locking("FOR UPDATE"),
            unit.db.array(ids),
        )
        found.update(((kind, row[0]), (row[1], row[2], row[3])) for row in rows)
    return found


async def _deleted(unit: Unit, refs: Iterable[Ref]) -> dict[Ref, Known]:
    """The last version of those that were there once, its time and label: one follows it."""
    found: dict[Ref, Known] = {}
    for kind, ids in sorted(_by_type(refs).items()):
        rows = await unit.fetch(
            "SELECT id, max(version), max(updated_us), max(label) FROM resource_history"  # noqa: S608
            f" WHERE type = $1 AND {unit.db.among('id', 2)} GROUP BY id",
            kind,
            unit.db.array(ids),
        )
        found.update(((kind, row[0]), (row[1], row[2], row[3])) for row in rows)
    return found


async def report_of(unit: Unit, standing: Stored) -> str | None:
    """The report an Observation belongs to; None for what is none."""
    if standing.type != "Observation":
        return None
    report: str | None = await unit.fetchval(
        "SELECT report FROM observation WHERE home = $1 AND id = $2", standing.home, standing.id
    )
    return report


async def archive(unit: Unit, refs: Iterable[Ref]) -> None:
    """Copy the current versions to history, where the next ones or a deletion follow them."""
    for kind, ids in sorted(_by_type(refs).items()):
        await unit.execute(
            f"INSERT INTO resource_history ({', '.join(HISTORY)}) SELECT"  # noqa: S608
            " home, CAST($2 AS TEXT), id, version, updated_us, message, false, dict, body, label"
            f" FROM {TABLES[kind]} WHERE {unit.db.among('id', 1)}",
            unit.db.array(ids),
            kind,
        )


async def _replace(unit: Unit, nexts: Sequence[Next]) -> None:
    """Write these as the current versions; those before them get their label."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for one in nexts:
        stamp = written(one.at_us)
        row = row_of(unit, one.put, one.version, one.at_us, stamp, one.label)
        rows[one.put.type].append(row)
    await label_versions(
        unit, [(one.put.type, one.put.id, one.label) for one in nexts if one.is_relabelled]
    )
    await set_rows(unit, rows)


async def set_rows(unit: Unit, rows: Mapping[str, Sequence[Row]]) -> None:
    """Set current rows, by type. Raises HubError for one that is not there in that home."""
    for kind, changed in sorted(rows.items()):
        names = columns_of(kind)
        sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, 1) if n > 2)
        await unit.executemany(
            f"UPDATE {TABLES[kind]} SET {sets} WHERE home = $1 AND id = $2",  # noqa: S608
            changed,
        )
        count = await unit.fetchval(
            f"SELECT count(*) FROM {TABLES[kind]}"  # noqa: S608
            f" WHERE {unit.db.among('home', 1)} AND {unit.db.among('id', 2)}",
            unit.db.array({row[0] for row in changed}),
            unit.db.array([row[1] for row in changed]),
        )
        if count != len(changed):
            raise HubError(f"{kind}: a resource has another home than this version says")


def _patients_first(one: tuple[str, list[str]]) -> tuple[bool, str]:
    return one[0] != "Patient", one[0]


def _home(row: Row) -> Any:
    return row[0]


def _by_type(refs: Iterable[Ref]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for kind, key in refs:
        grouped[kind].append(key)
    return grouped
