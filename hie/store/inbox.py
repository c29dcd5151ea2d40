"""Received bytes become durable here, many waiting ones in one COMMIT, in the order they came.

A door that commits each message alone waits for the disk as often as there are messages. Here
whoever waits at the same moment shares a unit of work, on both databases, and is told only after
its COMMIT. When the shared unit fails for the sake of one message, each is tried alone.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hie.errors import Conflict, HubError, Unavailable
from hie.store.cells import seal_words
from hie.store.ids import new_id
from hie.store.locate import insert_keys
from hie.store.session import Row, Unit
from hie.store.vault import DataClass

if TYPE_CHECKING:
    from hie.store.database import Database

_TOGETHER = 256  # messages one COMMIT carries at most
_TOGETHER_BYTES = 16 * 1024 * 1024
_TRIED_AWAY = 2  # messages tried alone, one after the other, before the rest is refused
_GATHER = 0.002  # seconds to wait for as many messages as the last COMMIT carried
_QUIET = 0.05  # seconds without a message after which nobody is waiting any more
_COLUMNS = (
    "id", "site", "channel", "native_id", "content_hash", "media", "size", "received_us", "state",
    "stage", "attempts", "meta", "updated_us", "body",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a door received; `meta` is what the door noted of it."""

    site: str
    channel: str
    native_id: str | None
    content: bytes
    media: str
    received_us: int
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The row that holds these bytes: made now, or by an earlier sending.

    `number_of`: the first message with the same number and other bytes.
    """

    id: str
    is_new: bool
    state: str
    received_us: int
    number_of: str | None = None


_Waiting = tuple[Incoming, "asyncio.Future[Outcome]"]


class Inbox:
    """Keeps messages for one database; `busy` tells a worker in this process to step back."""

    def __init__(self, db: "Database") -> None:
        self._db = db
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._last = float("-inf")

    @property
    def busy(self) -> bool:
        """Whether somebody waits for a COMMIT, or did so a moment ago."""
        return bool(self._waiting) or time.monotonic() - self._last < _QUIET

    def submit(self, incoming: Incoming) -> "asyncio.Future[Outcome]":
        """Queue one message; calls in order are kept in order.

        The future is done once the bytes are durable; it raises Unavailable when they are not.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()
        done.add_done_callback(_seen)
        self._waiting.append((incoming, done))
        self._last = time.monotonic()
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._commit())
        return done

    async def close(self) -> None:
        """Wait until everything submitted so far is durable or refused."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _commit(self) -> None:
        size = 0
        while self._waiting:
            if size > 1 and len(self._waiting) < size:
                await asyncio.sleep(_GATHER)  # whoever was just told sends the next one
            group = self._next()
            await self._keep_group(group)
            size = len(group)
            self._last = time.monotonic()

    def _next(self) -> "list[_Waiting]":
        size = count = 0
        for incoming, _ in self._waiting[:_TOGETHER]:
            size += len(incoming.content)
            if count and size > _TOGETHER_BYTES:
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _keep_group(self, group: "Sequence[_Waiting]") -> None:
        try:
            async with self._db.unit() as unit:
                outcomes = await keep_all(unit, [incoming for incoming, _ in group])
        except HubError as fault:
            if len(group) == 1:
                _fail(group, fault)
                return
            await self._keep_each(group, fault)
        except BaseException as fault:
            _fail(group, fault)
            if not isinstance(fault, Exception):
                _fail(self._waiting, fault)
                raise
        else:
            for (_, done), outcome in zip(group, outcomes, strict=True):
                if not done.done():
                    done.set_result(outcome)

    async def _keep_each(self, group: "Sequence[_Waiting]", fault: HubError) -> None:
        """One of them does not fit, or the database is away: then the rest need not wait for it."""
        away = 0
        for one in group:
            if away >= _TRIED_AWAY:
                _fail([one], fault)
                continue
            await self._keep_group([one])
            failed = one[1].done() and not one[1].cancelled() and one[1].exception()
            away = away + 1 if isinstance(failed, Unavailable) else 0


def _seen(done: "asyncio.Future[Outcome]") -> None:
    """Whoever asked may be gone by now: a fault nobody waits for is no fault of the loop's."""
    if not done.cancelled():
        done.exception()


def _fail(group: "Sequence[_Waiting]", fault: BaseException) -> None:
    told = fault if isinstance(fault, Exception) else Unavailable("the hub is stopping")
    for _, done in group:
        if not done.done():
            done.set_exception(told)


async def keep_all(unit: Unit, incoming: Sequence[Incoming]) -> list[Outcome]:
    """Keep several messages in this unit of work, each once.

    A message's number is claimed first; where an earlier message has that number with other
    bytes, number and bytes are claimed together.
    """
    hashes = [hashlib.sha256(one.content).hexdigest() for one in incoming]
    ids = [new_id() for _ in incoming]
    first: dict[str, int] = {}
    for place, (one, digest) in enumerate(zip(incoming, hashes, strict=True)):
        first.setdefault(_key(unit, one, "" if one.native_id else digest), place)
    made = await insert_keys(unit, [(key, "Message", ids[place]) for key, place in first.items()])
    fresh = sorted(first[key] for key in made)
    rows = [_row(unit, incoming[place], hashes[place], ids[place]) for place in fresh]
    if rows:
        await unit.insert("message", _COLUMNS, rows)
    outcomes = {
        place: Outcome(ids[place], True, "kept", incoming[place].received_us) for place in fresh
    }
    for place, one in enumerate(incoming):
        if place not in outcomes:
            outcomes[place] = await _again(unit, one, hashes[place], ids[place])
    return [outcomes[place] for place in range(len(incoming))]


async def _again(unit: Unit, one: Incoming, digest: str, key: str) -> Outcome:
    """A message whose number is taken: by the same bytes, or by others."""
    first = await _holder(unit, _key(unit, one, "" if one.native_id else digest))
    if first[1] == digest:
        return Outcome(first[0], False, first[2], first[3])
    second = _key(unit, one, digest)
    if await insert_keys(unit, [(second, "Message", key)]):
        await unit.insert("message", _COLUMNS, [_row(unit, one, digest, key, number_of=first[0])])
        return Outcome(key, True, "kept", one.received_us, first[0])
    held = await _holder(unit, second)
    return Outcome(held[0], False, held[2], held[3], first[0])


async def _holder(unit: Unit, key: str) -> Row:
    """Id, content hash, state and time of the message that holds a key."""
    row = await unit.fetchrow(
        "SELECT m.id, m.content_hash, m.state, m.received_us"
        " FROM business_key AS k JOIN message AS m ON m.id = k.id WHERE k.key = $1",
        key,
    )
    if row is None:
        raise Conflict("a message key without its message")
    return row


def _key(unit: Unit, one: Incoming, digest: str) -> str:
    return unit.db.keys.short(one.site, "Message", one.channel, one.native_id or "", digest)


def _row(
    unit: Unit, one: Incoming, digest: str, key: str, number_of: str | None = None
) -> tuple[Any, ...]:
    db = unit.db
    packed = db.bodies.pack(one.content)
    body = db.vault.seal(DataClass.MESSAGE, one.site, packed, "message", "body", key)
    meta = dict(one.meta) if number_of is None else {**one.meta, "number_of": number_of}
    native_id = None if one.native_id is None else one.native_id.replace("\0", "")
    said = json.dumps(meta, ensure_ascii=False)
    return (
        key, one.site, one.channel, _sealed(unit, one, native_id, "native_id", key), digest,
        one.media, len(one.content), one.received_us, "kept", "kept", 0,
        _sealed(unit, one, said, "meta", key), one.received_us, body,
    )  # fmt: skip


def _sealed(unit: Unit, one: Incoming, words: str | None, column: str, key: str) -> str | None:
    return seal_words(unit.db, DataClass.MESSAGE, one.site, words, "message", column, key)
