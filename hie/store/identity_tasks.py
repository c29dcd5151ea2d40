"""The work list of identities: what only a person can decide. The same question is asked once.

A task that was closed is not opened again by the next message with the same two Patients.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from hie.errors import Conflict, ResourceNotFound
from hie.store.cells import open_words, seal_words
from hie.store.ids import new_id
from hie.store.session import Reader, Row, Unit
from hie.store.vault import HUB, DataClass

_COLUMNS = "id, kind, homes, reason, state, at_us, closed_us, closed_by, outcome"


@dataclass(frozen=True, slots=True)
class Task:
    """One open or closed question: kind e.g. "conflict", "shared-identifier", "possible-match"."""

    id: str
    kind: str
    homes: tuple[str, ...]
    reason: str
    state: str
    at_us: int
    closed_us: int | None
    closed_by: str | None
    outcome: str | None


async def task(unit: Unit, kind: str, homes: Iterable[str], reason: str, at_us: int) -> str:
    """Put a question on the list, or find it there; its id."""
    concerned = sorted(set(homes))
    key = unit.db.keys.short("task", kind, *concerned)
    made: str | None = await unit.fetchval(
        "INSERT INTO identity_task (id, key, kind, homes, reason, state, at_us)"
        " VALUES ($1, $2, $3, $4, $5, 'open', $6) ON CONFLICT DO NOTHING RETURNING id",
        new_id(),
        key,
        kind,
        json.dumps(concerned),
        reason,
        at_us,
    )
    if made is not None:
        return made
    known: str = await unit.fetchval("SELECT id FROM identity_task WHERE key = $1", key)
    return known


async def find(reader: Reader, state: str | None = "open", limit: int = 200) -> list[Task]:
    """Tasks, oldest first."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM identity_task"  # noqa: S608
        " WHERE CAST($1 AS TEXT) IS NULL OR state = $1 ORDER BY at_us, id LIMIT $2",
        state,
        limit,
    )
    return [_task(reader, row) for row in rows]


async def get(reader: Reader, key: str) -> Task:
    """One task. Raises ResourceNotFound."""
    row = await reader.fetchrow(f"SELECT {_COLUMNS} FROM identity_task WHERE id = $1", key)  # noqa: S608
    if row is None:
        raise ResourceNotFound(f"no task {key!r}")
    return _task(reader, row)


async def close(unit: Unit, key: str, *, outcome: str, author: str, at_us: int) -> None:
    """Close a task with what was found out. Raises ResourceNotFound, Conflict if it is closed."""
    touched = await unit.execute(
        "UPDATE identity_task SET state = 'closed', outcome = $2, closed_by = $3, closed_us = $4"
        " WHERE id = $1 AND state = 'open'",
        key,
        seal_words(unit.db, DataClass.ORDER, HUB, outcome, *_place(key)),
        author,
        at_us,
    )
    if not touched:
        await get(unit, key)
        raise Conflict(f"task {key} is closed already")


def _task(reader: Reader, row: Row) -> Task:
    outcome = open_words(reader.db, row[8], *_place(row[0]))
    return Task(*(row[0], row[1], tuple(json.loads(row[2])), *row[3:8], outcome))


def _place(key: str) -> tuple[str, str, str]:
    return "identity_task", "outcome", key
