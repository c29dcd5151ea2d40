"""Instances: each content of each SOP instance a site sent, and where it stands.

Keeping one writes its message and its row together; the row names the file. What a caller may see
of instances follows from what they may see of the ImagingStudy: `of_study` is asked only for a
study that came through `visible`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hie.store import arrivals
from hie.store.cells import seal_words
from hie.store.locate import claim_all, find_keys
from hie.store.messages import Kept, State
from hie.store.session import Reader, Row, Unit
from hie.store.vault import DataClass

if TYPE_CHECKING:
    from hie.store.database import Database

MEDIA = "application/dicom"
CHANNEL = "dicom"


class InstanceState(StrEnum):
    """Where one content of an instance stands."""

    WAITING = "waiting"  # kept, not yet looked at
    CURRENT = "current"  # this is the instance
    REPLACED = "replaced"  # another content of the same instance stands
    REJECTED = "rejected"  # a key object note took it back (IHE IOCM)
    HELD = "held"  # its message waits for a person


@dataclass(frozen=True, slots=True)
class Arrived:
    """An instance whose file is written and read through, not yet kept.

    `header` is the file up to its pixels; `problem` an issue code when the file is broken;
    `arrival` the association that brought it. UIDs are "" where the file has none.
    """

    site: str
    study: str
    series: str
    sop: str
    sop_class: str
    transfer_syntax: str
    number: int | None
    sha256: str
    data_hash: str
    size: int
    header: bytes
    received_us: int
    meta: Mapping[str, Any]
    arrival: str | None = None
    problem: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same as one that came before, through whichever door."""
        return ("Message", CHANNEL, f"{self.sop}|{self.transfer_syntax}|{self.data_hash}")


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """A row of `instance`; `facts` are the packed InstanceRecord, None until decoded."""

    site: str
    study: str
    series: str
    sop: str
    sha256: str
    number: int | None
    data_hash: str
    size: int
    at_hub: bool
    transfer_syntax: str
    sop_class: str
    state: InstanceState
    message: str
    received_us: int
    facts: bytes | None


_COLUMNS = (
    "site, study, series, sop, sha256, number, data_hash, size, at_hub, transfer_syntax, sop_class,"
    " state, message, received_us, facts"
)
_ROW = tuple(_COLUMNS.split(", "))
_MESSAGE = (
    "id, site, channel, native_id, content_hash, media, size, received_us, state, stage, attempts,"
    " meta, updated_us, body"
)


async def known(reader: Reader, arrived: Sequence[Arrived]) -> dict[tuple[str, str, str], str]:
    """The messages that already brought these contents, by the arrived instance's key."""
    found: dict[tuple[str, str, str], str] = {}
    for site in {one.site for one in arrived}:
        keys = [one.key for one in arrived if one.site == site]
        found.update(await find_keys(reader, site, keys))
    return found


async def keep(db: "Database", arrived: Sequence[Arrived]) -> list[Kept]:
    """Keep instances whose files are durable, in one commit; of the same content the first stands.

    Raises Unavailable: then none of them is kept.
    """
    async with db.unit() as unit:
        claimed = await claim_all(unit, {(one.site, *one.key) for one in arrived})
        kept: list[Kept] = []
        rows: list[Row] = []
        bodies: list[Row] = []
        met: set[str] = set()
        for one in arrived:
            message, made = claimed[(one.site, *one.key)]
            if made and message not in met:
                met.add(message)
                rows.append(_row(one, message))
                bodies.append(_message(unit, one, message))
                kept.append(Kept(message, None, State.KEPT))
            else:
                kept.append(Kept(message, message, State.KEPT))
        await unit.insert("message", _MESSAGE.split(", "), bodies)
        await unit.insert("instance", _ROW, rows)
        await arrivals.seen(unit, arrived)
    return kept


def _row(one: Arrived, message: str) -> Row:
    return (
        one.site,
        one.study,
        one.series,
        one.sop,
        one.sha256,
        one.number,
        one.data_hash,
        one.size,
        True,
        one.transfer_syntax,
        one.sop_class,
        str(InstanceState.WAITING),
        message,
        one.received_us,
        None,
    )


def _message(unit: Unit, one: Arrived, message: str) -> Row:
    db = unit.db
    meta = {**one.meta, "instance": one.sha256, "size": one.size}
    if one.problem is not None:
        meta["problem"] = one.problem
    return (
        message,
        one.site,
        CHANNEL,
        _words(unit, one, one.sop or None, "native_id", message),
        one.sha256,
        MEDIA,
        min(one.size, 2**31 - 1),
        one.received_us,
        str(State.KEPT),
        "kept",
        0,
        _words(unit, one, json.dumps(meta, ensure_ascii=False), "meta", message),
        one.received_us,
        db.vault.seal(
            DataClass.MESSAGE, one.site, db.bodies.pack(one.header), "message", "body", message
        ),
    )


def _words(unit: Unit, one: Arrived, words: str | None, column: str, key: str) -> str | None:
    return seal_words(unit.db, DataClass.MESSAGE, one.site, words, "message", column, key)


async def message_states(reader: Reader, messages: Iterable[str]) -> dict[str, State]:
    """Where the messages of instances stand."""
    rows = await reader.fetch(
        f"SELECT id, state FROM message WHERE {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(messages),
    )
    return {row[0]: State(row[1]) for row in rows}


async def of_messages(unit: Unit, messages: Iterable[str]) -> dict[str, StoredInstance]:
    """The instance each of these messages brought, by message id."""
    rows = await unit.fetch(
        f"SELECT {_COLUMNS} FROM instance WHERE {unit.db.among('message', 1)}",  # noqa: S608
        unit.db.array(messages),
    )
    return {one.message: one for one in (_stored(unit, row) for row in rows)}


async def same_sop(unit: Unit, site: str, sops: Iterable[str]) -> list[StoredInstance]:
    """Every content of these SOP instances of one site, oldest first."""
    rows = await unit.fetch(
        f"SELECT {_COLUMNS} FROM instance WHERE site = $1 AND {unit.db.among('sop', 2)}"  # noqa: S608
        " ORDER BY received_us, message",
        site,
        unit.db.array(sops),
    )
    return [_stored(unit, row) for row in rows]


async def of_study(
    reader: Reader, site: str, uid: str, states: Iterable[InstanceState] = (InstanceState.CURRENT,)
) -> list[StoredInstance]:
    """A study's instances in these states, by series, number and UID."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM instance WHERE site = $1 AND study = $2"  # noqa: S608
        f" AND {reader.db.among('state', 3)} ORDER BY series, coalesce(number, 2147483647), sop",
        site,
        uid,
        reader.db.array([str(state) for state in states]),
    )
    return [_stored(reader, row) for row in rows]


async def listed(
    reader: Reader, site: str, uid: str, series: str | None = None, sop: str | None = None
) -> list[StoredInstance]:
    """A study's current instances, or one series' or one instance, without their facts."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS.replace('facts', 'NULL')} FROM instance"  # noqa: S608
        " WHERE site = $1 AND study = $2 AND state = 'current'"
        " AND (series = $3 OR CAST($3 AS TEXT) IS NULL) AND (sop = $4 OR CAST($4 AS TEXT) IS NULL)"
        " ORDER BY series, coalesce(number, 2147483647), sop",
        site,
        uid,
        series,
        sop,
    )
    return [_stored(reader, row) for row in rows]


async def smallest_at_source(reader: Reader, site: str, uid: str) -> StoredInstance | None:
    """The smallest instance of a study that is left at the source."""
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS.replace('facts', 'NULL')} FROM instance"  # noqa: S608
        " WHERE site = $1 AND study = $2 AND state = 'current' AND NOT at_hub"
        " ORDER BY size, sop LIMIT 1",
        site,
        uid,
    )
    return None if row is None else _stored(reader, row)


async def counts(reader: Reader, site: str, uid: str) -> tuple[int, int]:
    """How many series and instances a study has now."""
    row = await reader.fetchrow(
        "SELECT count(DISTINCT series), count(*) FROM instance"
        " WHERE site = $1 AND study = $2 AND state = 'current'",
        site,
        uid,
    )
    return (row[0], row[1]) if row else (0, 0)


async def states_of(reader: Reader, site: str, uid: str) -> dict[InstanceState, int]:
    """How many contents of a study stand where."""
    rows = await reader.fetch(
        "SELECT state, count(*) FROM instance WHERE site = $1 AND study = $2 GROUP BY state",
        site,
        uid,
    )
    return {InstanceState(row[0]): row[1] for row in rows}


async def held_count(reader: Reader, site: str, uid: str) -> int:
    """How many instances of a study wait for a person; those that were dropped count no more."""
    found: int = await reader.fetchval(
        "SELECT count(*) FROM instance AS i JOIN message AS m ON m.id = i.message"
        " WHERE i.site = $1 AND i.study = $2 AND i.state = 'held' AND m.state = 'held'",
        site,
        uid,
    )
    return found


async def settle(
    unit: Unit, changes: Sequence[tuple[StoredInstance, InstanceState, bytes | None]]
) -> None:
    """Give instances their state, and the facts read from them (None: as they were)."""
    await unit.executemany(
        "UPDATE instance SET state = $4, facts = coalesce($5, facts)"
        " WHERE site = $1 AND sop = $2 AND sha256 = $3",
        [
            (one.site, one.sop, one.sha256, str(state), _sealed(unit, one, facts))
            for one, state, facts in changes
        ],
    )


async def left_at_source(unit: Unit, instances: Sequence[StoredInstance]) -> None:
    """These files are not kept at the hub any more; their facts are."""
    await unit.executemany(
        "UPDATE instance SET at_hub = false WHERE site = $1 AND sop = $2 AND sha256 = $3",
        [(one.site, one.sop, one.sha256) for one in instances],
    )


async def named(reader: Reader, hashes: Iterable[str]) -> set[str]:
    """Which of these files a row names as kept at the hub."""
    rows = await reader.fetch(
        f"SELECT DISTINCT sha256 FROM instance WHERE {reader.db.among('sha256', 1)} AND at_hub",  # noqa: S608
        reader.db.array(hashes),
    )
    return {row[0] for row in rows}


def _sealed(unit: Unit, one: StoredInstance, facts: bytes | None) -> bytes | None:
    if facts is None:
        return None
    packed = unit.db.bodies.pack(facts)
    place = ("instance", one.site, one.sop, one.sha256)
    return unit.db.vault.seal(DataClass.MESSAGE, one.site, packed, *place)


def _stored(reader: Reader, row: Row) -> StoredInstance:
    values = list(row)
    values[8] = bool(values[8])
    values[11] = InstanceState(values[11])
    if values[14] is not None:
        vault, bodies = reader.db.vault, reader.db.bodies
        opened = vault.unseal(values[14], "instance", values[0], values[3], values[4])
        values[14] = bodies.unpack(opened)
    return StoredInstance(*values)
