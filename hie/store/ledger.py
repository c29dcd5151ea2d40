"""The audit log's rows: what happened is written before its answer leaves the hub.

A write appends in its own unit of work: both happen or neither. A read records through `Ledger`,
which commits many waiting events together and returns once they are durable. Rows of one process
are numbered (`boot`, `n`) without a gap; the number of a unit that failed is used again.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from hie import metrics
from hie.audit.event import Event, EventType, Outcome
from hie.errors import Conflict
from hie.store.consent_decisions import decided, may_be_decided
from hie.store.ids import timed_ids
from hie.store.lending import find_events
from hie.store.session import Reader, Row, Rows, Unit
from hie.store.vault import HUB, DataClass

if TYPE_CHECKING:
    from hie.store.database import Database

_ACCESS = (
    "id", "at_us", "boot", "n", "type", "action", "outcome", "kind", "client", "subject", "role",
    "institution", "purpose", "token", "network", "request", "reason", "policy", "detail", "query",
    "salt",
)  # fmt: skip
_SUBJECT = ("access", "n", "home", "person", "resources", "salt", "at_us")
_TOGETHER = 256  # events one COMMIT carries at most
_SALT = 16  # bytes: a commitment to a row tells nothing about what is in it


async def append(unit: Unit, event: Event) -> str:
    """Write one event in this unit of work; its id (`Hub-Audit-Id`)."""
    return (await append_all(unit, [event]))[0]


async def append_all(unit: Unit, events: Sequence[Event]) -> list[str]:
    """Write several events in this unit of work, with what Consents decided; their ids."""
    count_of = len(events)
    events = [*events, *await decided(unit, events)]
    ids, inserts = rows_of(unit.db, events, unit.numbers(len(events)))
    await unit.insert_all(inserts)
    count(events)
    return ids[:count_of]


def rows_of(
    db: "Database", events: Sequence[Event], numbers: Sequence[int]
) -> tuple[list[str], list[Rows]]:
    """The ids of these events and their rows, for whoever adds them together with others."""
    at_us = time.time_ns() // 1000
    ids = timed_ids(at_us, len(events))
    access: list[Row] = []
    subjects: list[Row] = []
    for key, n, event in zip(ids, numbers, events, strict=True):
        access.append(_access(db, key, n, at_us, event))
        subjects.extend(
            (key, place, s.home, s.person, "\n".join(s.resources), os.urandom(_SALT), at_us)
            for place, s in enumerate(event.subjects)
        )
    inserts = [Rows("audit_access", _ACCESS, access), Rows("audit_subject", _SUBJECT, subjects)]
    return ids, [one for one in inserts if one.rows]


def count(events: Sequence[Event]) -> None:
    """Count events that were written."""
    for event in events:
        _counter(event.type, event.outcome).inc()


@cache
def _counter(kind: EventType, outcome: Outcome) -> Any:
    return metrics.AUDIT_EVENTS.labels(kind, outcome)


async def query_of(reader: Reader, access: str) -> bytes | None:
    """The raw request of one event, unsealed; for auditors."""
    sealed = await reader.fetchval("SELECT query FROM audit_access WHERE id = $1", access)
    if sealed is None:
        return None
    return reader.db.vault.unseal(sealed, "audit_access", "query", access)


class Ledger:
    """Records events that have no unit of work of their own, many in one COMMIT.

    Whoever waits inside a unit of work must use `append`: the committer needs a unit itself.
    """

    def __init__(self, db: "Database") -> None:
        self._db = db
        self._waiting: list[tuple[Event, asyncio.Future[str]]] = []
        self._task: asyncio.Task[None] | None = None

    async def record(self, event: Event) -> str:
        """Write one event; its id, once it is durable. Raises Unavailable: then show nothing.

        Of what is read through a lent unit the event is kept for the lender, without an id yet.
        """
        kept = find_events(self._db)
        if kept is not None:
            kept.append(event)
            return ""
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, done))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._commit())
        return await done

    async def close(self) -> None:
        """Wait until everything recorded so far is durable."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            events = [event for event, _ in group]
            numbers: list[int] = []
            try:
                if may_be_decided(events):
                    async with self._db.reading() as reader:
                        events += await decided(reader, events)
                numbers = [self._db.numbers.draw() for _ in events]
                ids, inserts = rows_of(self._db, events, numbers)
                await self._db.insert_alone(inserts)
            except BaseException as fault:
                # A number that is taken after all (the answer to COMMIT was lost) is used up.
                if not isinstance(fault, Conflict):
                    self._db.numbers.give_back(numbers)
                for _, done in group:
                    if not done.done():
                        done.set_exception(fault)
                if not isinstance(fault, Exception):
                    raise
                continue
            count(events)
            for (_, done), key in zip(group, ids, strict=False):
                if not done.done():
                    done.set_result(key)


def _access(db: "Database", key: str, n: int, at_us: int, event: Event) -> Row:
    actor = event.actor
    query = event.query
    return (
        key,
        at_us,
        db.boot,
        n,
        str(event.type),
        str(event.action),
        str(event.outcome),
        str(actor.kind),
        actor.client,
        actor.subject,
        actor.role,
        actor.institution,
        str(event.purpose),
        actor.token,
        actor.network,
        actor.request,
        event.reason,
        event.policy,
        event.detail,
        None if query is None else _sealed(db, actor.institution, query, key),
        os.urandom(_SALT),
    )


def _sealed(db: "Database", institution: str | None, query: bytes, key: str) -> bytes:
    owner = institution or HUB
    return db.vault.seal(DataClass.AUDIT, owner, query, "audit_access", "query", key)
