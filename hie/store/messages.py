"""Every message as it was received: kept before it is acknowledged, once however often it comes.

The idempotency key is site, channel, native id and content together. The bytes are compressed and
sealed: they lie in the database as unreadable as the values found in them (`message_issues`).
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hie import metrics
from hie.adapter import Issue
from hie.errors import Conflict, ResourceNotFound
from hie.store import message_issues, message_records
from hie.store.cells import open_words, seal_words
from hie.store.inbox import Incoming, Outcome
from hie.store.session import Reader, Row, Unit
from hie.store.vault import HUB, DataClass

if TYPE_CHECKING:
    from hie.store.database import Database


class State(StrEnum):
    """Where a message stands."""

    KEPT = "kept"  # waits to be processed
    STORED = "stored"  # its resources are there
    HELD = "held"  # waits for a person: its issues say why
    DROPPED = "dropped"  # given up, with a reason


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of received bytes: a new message, or the first one with the same key."""

    id: str
    duplicate_of: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Message:
    """One message without its bytes. Times are microseconds; `meta` is what the door noted."""

    id: str
    site: str
    channel: str
    native_id: str | None
    media: str
    size: int
    received_us: int
    state: State
    stage: str
    attempts: int
    sent_us: int | None
    kind: str | None
    meta: Mapping[str, Any]
    replay_of: str | None
    dropped_reason: str | None
    updated_us: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What processing made of one message; `records` are (type, id, version) it produced.

    `is_first`: it was never settled before, so nothing is kept of an earlier attempt.
    """

    id: str
    state: State
    stage: str
    kind: str | None = None
    sent_us: int | None = None
    issues: Sequence[Issue] = ()
    records: Sequence[tuple[str, str, int]] = field(default=())
    is_first: bool = False


COLUMNS = (
    "id, site, channel, native_id, media, size, received_us, state, stage, attempts, sent_us, kind,"
    " meta, replay_of, dropped_reason, updated_us"
)


async def keep(
    db: "Database",
    *,
    site: str,
    channel: str,
    native_id: str | None,
    content: bytes,
    media: str,
    received_us: int,
    meta: Mapping[str, Any] | None = None,
) -> Kept:
    """Keep the bytes durably, or find that they are kept. Raises Unavailable: then nothing is.

    Of the same message from many connections at once one makes the row; the others wait for its
    COMMIT and are told its id. Messages that wait at the same moment share a COMMIT (`inbox`).
    """
    incoming = Incoming(site, channel, native_id, content, media, received_us, meta or {})
    told = kept(await db.inbox.submit(incoming))
    metrics.RECEIVED.labels(site, channel, "no" if told.duplicate_of is None else "yes").inc()
    return told


def kept(outcome: Outcome) -> Kept:
    """What the sender may be told of an outcome of the inbox."""
    return Kept(outcome.id, None if outcome.is_new else outcome.id, State(outcome.state))


async def take(unit: Unit, limit: int = 50) -> list[Message]:
    """The oldest messages that wait, locked until the unit ends; other workers skip them."""
    rows = await unit.fetch(
        f"SELECT {COLUMNS} FROM message WHERE state = 'kept'"  # noqa: S608
        f" ORDER BY received_us, id LIMIT $1{unit.db.locking('FOR UPDATE SKIP LOCKED')}",
        limit,
    )
    return [message_of(unit, row) for row in rows]


async def take_one(unit: Unit, message: str) -> Message | None:
    """One message, locked, if it still waits; None when another worker has it or had it."""
    row = await unit.fetchrow(
        f"SELECT {COLUMNS} FROM message WHERE id = $1 AND state = 'kept'"  # noqa: S608
        + unit.db.locking("FOR UPDATE SKIP LOCKED"),
        message,
    )
    return None if row is None else message_of(unit, row)


async def contents(reader: Reader, messages: Iterable[str]) -> dict[str, bytes]:
    """The bytes as received, by message id; unknown ids are left out."""
    rows = await reader.fetch(
        f"SELECT id, body FROM message WHERE {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(messages),
    )
    vault, bodies = reader.db.vault, reader.db.bodies
    return {row[0]: bodies.unpack(vault.unseal(row[1], "message", "body", row[0])) for row in rows}


async def content(reader: Reader, message: str) -> bytes:
    """One message's bytes as received. Raises ResourceNotFound."""
    found = await contents(reader, [message])
    if message not in found:
        raise ResourceNotFound(f"no message {message!r}")
    return found[message]


async def settle(unit: Unit, settlements: Sequence[Settlement], now_us: int) -> None:
    """Write what processing made of messages: state, issues and what they produced.

    Issues are those of this attempt; produced versions are added to those of earlier attempts.
    """
    await unit.executemany(
        "UPDATE message SET state = $2, stage = $3, kind = coalesce($4, kind),"
        " sent_us = coalesce($5, sent_us), updated_us = $6,"
        " attempts = attempts + 1, dropped_reason = NULL WHERE id = $1",
        [(s.id, str(s.state), s.stage, s.kind, s.sent_us, now_us) for s in settlements],
    )
    first = {s.id for s in settlements if s.is_first}
    await message_issues.replace(unit, {s.id: s.issues for s in settlements}, first)
    await message_records.add(unit, {s.id: s.records for s in settlements if s.records}, first)


async def held(
    unit: Unit, message: str, stage: str, issues: Sequence[Issue], now_us: int | None = None
) -> None:
    """Hold one message with its issues."""
    at_us = time.time_ns() // 1000 if now_us is None else now_us
    await settle(unit, [Settlement(message, State.HELD, stage, issues=issues)], at_us)


async def drop(unit: Unit, message: str, reason: str, now_us: int) -> None:
    """Give a held message up. Raises Conflict when it is not held; its bytes stay."""
    touched = await unit.execute(
        "UPDATE message SET state = 'dropped', dropped_reason = $2, updated_us = $3"
        " WHERE id = $1 AND state = 'held'",
        message,
        seal_words(unit.db, DataClass.MESSAGE, HUB, reason, "message", "dropped_reason", message),
        now_us,
    )
    if not touched:
        await get(unit, message)
        raise Conflict(f"message {message} is not held")


async def again(unit: Unit, messages: Sequence[str], now_us: int) -> None:
    """Have messages processed once more, whatever their state."""
    await unit.execute(
        f"UPDATE message SET state = 'kept', updated_us = $2 WHERE {unit.db.among('id', 1)}",  # noqa: S608
        unit.db.array(messages),
        now_us,
    )


async def get(reader: Reader, message: str) -> Message:
    """One message without its bytes. Raises ResourceNotFound."""
    row = await reader.fetchrow(f"SELECT {COLUMNS} FROM message WHERE id = $1", message)  # noqa: S608
    if row is None:
        raise ResourceNotFound(f"no message {message!r}")
    return message_of(reader, row)


async def state(reader: Reader, message: str) -> tuple[State, list[Issue]]:
    """Where a message stands, and its issues without the values found. Raises ResourceNotFound."""
    found = await reader.fetchval("SELECT state FROM message WHERE id = $1", message)
    if found is None:
        raise ResourceNotFound(f"no message {message!r}")
    return State(found), await message_issues.of(reader, message)


def message_of(reader: Reader, row: Row) -> Message:
    """The row of COLUMNS."""
    values = list(row)
    key = values[0]
    values[3] = open_words(reader.db, values[3], "message", "native_id", key)
    values[7] = State(values[7])
    values[12] = json.loads(open_words(reader.db, values[12], "message", "meta", key) or "{}")
    values[14] = open_words(reader.db, values[14], "message", "dropped_reason", key)
    return Message(*values)


async def sent_times(reader: Reader, messages: Iterable[str]) -> dict[str, int | None]:
    """The senders' own times of these messages (microseconds), by id."""
    rows = await reader.fetch(
        f"SELECT id, sent_us FROM message WHERE {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(messages),
    )
    return {row[0]: row[1] for row in rows}
