"""Resource versions: claim an id by its business key, write a version, keep the one before.

A claim is inserted first, in the transaction that makes the resource; whoever loses a race reads
the winner's id. Nothing here decides which version stands: callers do, by status and time.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from hie.access.labels import with_label
from hie.access.labels.tags import tags_text
from hie.errors import HubError
from hie.fhir import Resource
from hie.fhir.wire import write
from hie.store import consents, index, resource_identifiers
from hie.store.cells import owner_of, pack_body
from hie.store.identifiers import blind
from hie.store.instants import written
from hie.store.labelling import label_for, label_versions, next_label
from hie.store.masks import mask
from hie.store.served import STORED, Stored, stored
from hie.store.session import Row, Rows, Unit
from hie.store.tables import TABLES

Ref = tuple[str, str]  # resource type, id
Version = tuple[str, str, int]  # resource type, id, version
Known = tuple[int, int, int | None]  # version, when it was written in microseconds, its label

_HERE = "urn:hie:message:"
_COMMON = ("home", "id", "version", "updated_us", "message", "status", "dict", "body", "label")
HISTORY = (
    "home", "type", "id", "version", "updated_us", "message", "deleted", "dict", "body", "label",
)  # fmt: skip


class Put(msgspec.Struct, frozen=True):
    """One version to write; `resource` has no versionId and lastUpdated yet.

    `message` is the id of the message that brought it, or "institution:<code>" that wrote it.
    `home` is the Patient's id, "" for what is nobody's; `report` is an Observation's report.
    `owner` is the institution whose key seals it (None: the one that wrote it). `label` is what it
    says and inherits, when the caller knows (None: what it says alone, and what it had).
    """

    type: str
    home: str
    id: str
    resource: Resource
    message: str | None = None
    report: str | None = None
    owner: str | None = None
    label: int | None = None


class First(msgspec.Struct, frozen=True):
    """A first version as it will be stored: its tree need not wait for the rest of the batch.

    `hashes`: by which identifiers it is found (`resource_identifiers`).
    """

    type: str
    id: str
    row: Row
    hashes: tuple[str, ...] = ()


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
    return First(put.type, put.id, row, _hashes(unit, put))


def first_as_served(unit: Unit, put: Put, now_us: int) -> tuple[First, Stored]:
    """`first`, and the same as a reader will get it."""
    label = label_for(unit, put)
    body = _body(put, 1, written(now_us), label)
    row = row_of(unit, put, 1, now_us, "", label, body)
    one = Stored(put.type, put.home, put.id, 1, now_us, put.message, body)
    return First(put.type, put.id, row, _hashes(unit, put)), one


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
    at_us = time.time_ns() // 1000 if now_us is None else now_us
    rows: dict[str, list[Row]] = defaultdict(list)
    found_by: list[resource_identifiers.Row] = []
    for one in puts:
        made = one if isinstance(one, First) else first(unit, one, at_us)
        rows[made.type].append(made.row)
        found_by += [(hashed, made.row[0], made.id) for hashed in made.hashes]
    for kind in sorted(rows):
        # Rows of one home side by side touch fewer index pages.
        rows[kind].sort(key=_home)
    inserts = [Rows(TABLES[kind], _columns(kind), rows[kind]) for kind in sorted(rows)]
    await unit.insert_all([*inserts, resource_identifiers.fresh(found_by)])
    await consents.look_again(unit, (row[0] for kind in rows for row in rows[kind]))
    return [(one.type, one.id, 1) for one in puts]


async def put(
    unit: Unit, puts: Sequence[Put | First], *, now_us: int | None = None
) -> list[Version]:
    """Write each as the next version; the one before goes to history.

    Several of one id follow one another in the order given. No version is older than the one before
    it, whichever unit began first. Returns (type, id, version) of each.
    """
    at_us = time.time_ns() // 1000 if now_us is None else now_us
    nearest: dict[Ref, Put | First] = {}
    later: list[Put | First] = []
    for one in puts:
        if nearest.setdefault((one.type, one.id), one) is not one:
            later.append(one)
    known = {ref: one for ref, one in nearest.items() if isinstance(one, Put)}
    versions = await _versions(unit, known)
    gone = await _deleted(unit, (ref for ref in known if ref not in versions))
    fresh = [one for ref, one in nearest.items() if ref not in versions and ref not in gone]
    made = await insert(unit, fresh, now_us=at_us)
    relabelled = []
    for (kind, key), (last, was_us, label) in gone.items():
        then_us = max(at_us, was_us)
        again = known[kind, key]
        new = await next_label(unit, again, label)
        row = row_of(unit, again, last + 1, then_us, written(then_us), new)
        await unit.insert(TABLES[kind], _columns(kind), [row])
        made.append((kind, key, last + 1))
        if new != label:
            relabelled.append((kind, key, new))
    await label_versions(unit, relabelled)
    met = [one for ref, one in known.items() if ref in versions or ref in gone]
    await resource_identifiers.keep(
        unit, ((hashed, one.home, one.id) for one in met for hashed in _hashes(unit, one))
    )
    changed = [one for ref, one in known.items() if ref in versions]
    if changed:
        await _archive(unit, [(one.type, one.id) for one in changed])
        nexts = []
        for one in changed:
            last, was_us, label = versions[one.type, one.id]
            new = await next_label(unit, one, label)
            nexts.append(Next(one, last + 1, max(at_us, was_us), new, new != label))
        await _replace(unit, nexts)
        made += [(one.put.type, one.put.id, one.version) for one in nexts]
    if met:
        await consents.look_again(unit, (one.home for one in met))
    if later:
        made += await put(unit, later, now_us=at_us)
    return made


async def reinstate(unit: Unit, late: Put, standing: Stored, *, now_us: int | None = None) -> int:
    """Keep a version that came too late: it becomes n+1 in history, the standing one n+2 again.

    Returns n+1, the version the late content got. `standing` comes from `current` of this unit.
    """
    at_us = max(time.time_ns() // 1000 if now_us is None else now_us, standing.updated_us)
    number = standing.version + 1
    await _archive(unit, [(late.type, late.id)])
    had = (await _versions(unit, [(late.type, late.id)]))[late.type, late.id][2]
    label = label_for(unit, late, had)
    body = _packed(unit, late, number, _body(late, number, written(at_us), label))
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


async def _archive(unit: Unit, refs: Iterable[Ref]) -> None:
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
        names = _columns(kind)
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


def _hashes(unit: Unit, put: Put) -> tuple[str, ...]:
    return resource_identifiers.hashes(unit, put.type, put.resource, put.message)


def row_of(
    unit: Unit,
    put: Put,
    version: int,
    at_us: int,
    stamp: str,
    label: int | None,
    body: bytes | None = None,
) -> tuple[Any, ...]:
    """The row of a current version, in the order of its table's columns."""
    text = _body(put, version, stamp, label) if body is None else body
    item = index.item_of(put.type, put.resource, put.message, unit.db.loinc)
    hashed = partial(blind, unit) if put.type == "ImagingStudy" else None
    values = index.values(put.type, put.resource, put.report, hashed, item)
    return (
        put.home,
        put.id,
        version,
        at_us,
        put.message,
        index.status(put.resource),
        unit.db.bodies.number,
        _packed(unit, put, version, text),
        label,
        *mask(unit, put.type, put.home, label, values),
    )


def _packed(unit: Unit, put: Put, version: int, body: bytes) -> bytes:
    owner = owner_of(put.message) if put.owner is None else put.owner
    return pack_body(unit.db, put.type, put.home, put.id, version, owner, body)


def _body(put: Put, version: int, stamp: str, label: int | None) -> bytes:
    """The resource exactly as it will be served: type, id and meta first."""
    resource, message = put.resource, put.message
    if message and message.isalnum() and "id" not in resource and "meta" not in resource:
        text = write(resource)
        start = f'{{"resourceType":"{put.type}"'
        if text.startswith(start.encode()):
            return _headed(put, version, stamp, start, label).encode() + text[len(start) :]
    meta: dict[str, Any] = {"versionId": str(version), "lastUpdated": stamp}
    given = resource.get("meta")
    if given:
        meta = {**given, **meta}
    if message is not None and "source" not in meta:
        meta["source"] = source_of(message)
    if label is not None:
        meta = with_label(meta, label)
    head = {"resourceType": put.type, "id": put.id, "meta": meta}
    return write({**head, **resource, "id": put.id, "meta": meta})


def _headed(put: Put, version: int, stamp: str, start: str, label: int | None) -> str:
    """The head of what the hub's own mapping made: nothing in it need be escaped."""
    tags = "" if label is None else f',"security":{tags_text(label)}'
    return (
        f'{start},"id":"{put.id}","meta":{{"versionId":"{version}",'
        f'"lastUpdated":"{stamp}","source":"{_HERE}{put.message}"{tags}}}'
    )


def source_of(message: str) -> str:
    """`meta.source`: the message that brought a version, or the institution that wrote it."""
    kind, colon, key = message.partition(":")
    return f"urn:hie:{kind}:{key}" if colon else f"{_HERE}{message}"


def _columns(kind: str) -> tuple[str, ...]:
    return _COMMON + index.columns(kind)


def _patients_first(one: tuple[str, list[str]]) -> tuple[bool, str]:
    return one[0] != "Patient", one[0]


def _home(row: Row) -> Any:
    return row[0]


def _by_type(refs: Iterable[Ref]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for kind, key in refs:
        grouped[kind].append(key)
    return grouped
