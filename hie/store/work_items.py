"""The work list of an institution: decisions that were reopened, until somebody decides anew.

Of one decision at most one item is open; what happens meanwhile is added to it. The body is the
JSON list of what happened, compressed and sealed: it holds values of patients.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hie.errors import Conflict, ResourceNotFound
from hie.fhir.wire import parse, write
from hie.store.cells import open_words, pack, seal_words, unpack
from hie.store.ids import new_id
from hie.store.session import Reader, Row, Unit
from hie.store.vault import HUB, DataClass

REOPENED = "reopened"
_NAMES = (
    "id", "kind", "institution", "decision", "check_id", "ref", "person", "cause", "created_us",
    "updated_us", "state", "done_us", "done_by", "closed_with", "note", "again", "dict", "body",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
MOST = 200  # items one page of the list holds


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One item; `events` is what happened, oldest first; `state` is open or done."""

    institution: str
    decision: str
    check: str
    ref: str
    person: str | None
    cause: str
    created_us: int
    updated_us: int
    events: tuple[Mapping[str, Any], ...]
    kind: str = REOPENED
    state: str = "open"
    done_us: int | None = None
    done_by: str | None = None
    closed_with: str | None = None
    note: str | None = None
    again: str | None = None
    id: str = ""


async def put(unit: Unit, items: Sequence[WorkItem]) -> list[WorkItem]:
    """Open these items, or add what happened to those that are open; as they stand then.

    The caller holds the rows of their decisions, so that nobody opens one beside it.
    """
    known = await open_of(unit, [one.decision for one in items])
    fresh = [replace(one, id=new_id()) for one in items if one.decision not in known]
    await unit.insert("work_item", _NAMES, [_row(unit, one) for one in fresh])
    grown = [
        replace(
            known[one.decision],
            cause=one.cause,
            updated_us=one.updated_us,
            events=(*known[one.decision].events, *one.events),
        )
        for one in items
        if one.decision in known
    ]
    await unit.executemany(
        "UPDATE work_item SET cause = $2, updated_us = $3, dict = $4, body = $5, again = NULL"
        " WHERE id = $1",
        [(one.id, one.cause, one.updated_us, *_body(unit, one)) for one in grown],
    )
    return [*fresh, *grown]


async def open_of(reader: Reader, decisions: Iterable[str]) -> dict[str, WorkItem]:
    """The open items of these decisions, by decision."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM work_item"  # noqa: S608
        f" WHERE state = 'open' AND {reader.db.among('decision', 1)}",
        reader.db.array(list(decisions)),
    )
    return {row[3]: _item(reader, row) for row in rows}


async def of_decisions(reader: Reader, decisions: Iterable[str]) -> list[WorkItem]:
    """All items of these decisions, oldest first."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM work_item"  # noqa: S608
        f" WHERE {reader.db.among('decision', 1)} ORDER BY created_us, id",
        reader.db.array(list(decisions)),
    )
    return [_item(reader, row) for row in rows]


async def count_open(reader: Reader, institution: str) -> int:
    """How many items wait at an institution."""
    found: int = await reader.fetchval(
        "SELECT count(*) FROM work_item WHERE institution = $1 AND state = 'open'", institution
    )
    return found


async def tally(reader: Reader) -> dict[str, int]:
    """How many open items there are, by cause."""
    rows = await reader.fetch(
        "SELECT cause, count(*) FROM work_item WHERE state = 'open' GROUP BY cause"
    )
    return {row[0]: row[1] for row in rows}


async def find(
    reader: Reader,
    institution: str | None,
    state: str = "open",
    *,
    before: tuple[int, str] | None = None,
    limit: int = MOST,
) -> list[WorkItem]:
    """Items of an institution (None: of all), newest first; `before` is where a page ended."""
    at_us, key = before if before is not None else (2**62, "")
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM work_item"  # noqa: S608
        " WHERE (CAST($1 AS TEXT) IS NULL OR institution = $1) AND state = $2"
        " AND (updated_us < $3 OR (updated_us = $3 AND id < $4))"
        " ORDER BY updated_us DESC, id DESC LIMIT $5",
        institution,
        state,
        at_us,
        key,
        limit,
    )
    return [_item(reader, row) for row in rows]


async def get(reader: Reader, key: str, institution: str | None = None) -> WorkItem:
    """One item; with `institution` only its own. Raises ResourceNotFound."""
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS} FROM work_item"  # noqa: S608
        " WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR institution = $2)",
        key,
        institution,
    )
    if row is None:
        raise ResourceNotFound("no such work item")
    return _item(reader, row)


async def asked_again(unit: Unit, key: str, check: str) -> None:
    """Note the check that asked anew about an item's order."""
    await unit.execute("UPDATE work_item SET again = $2 WHERE id = $1", key, check)


async def of_check(reader: Reader, check: str) -> WorkItem | None:
    """The open item that a check asked anew about, if any."""
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS} FROM work_item WHERE again = $1 AND state = 'open'",  # noqa: S608
        check,
    )
    return None if row is None else _item(reader, row)


async def close_of(unit: Unit, decision: str, *, by: str, closed_with: str, at_us: int) -> bool:
    """Close the open item of a decision that another replaces; whether there was one."""
    touched = await unit.execute(
        "UPDATE work_item SET state = 'done', done_us = $2, done_by = $3, closed_with = $4"
        " WHERE decision = $1 AND state = 'open'",
        decision,
        at_us,
        by,
        closed_with,
    )
    return bool(touched)


async def close(unit: Unit, key: str, *, by: str, note: str, at_us: int) -> None:
    """Close an item without a new decision. Raises Conflict when it is closed already."""
    touched = await unit.execute(
        "UPDATE work_item SET state = 'done', done_us = $2, done_by = $3, note = $4"
        " WHERE id = $1 AND state = 'open'",
        key,
        at_us,
        by,
        seal_words(unit.db, DataClass.ORDER, HUB, note, *_note(key)),
    )
    if not touched:
        raise Conflict(f"work item {key} is closed already")


def _row(unit: Unit, one: WorkItem) -> Row:
    note = seal_words(unit.db, DataClass.ORDER, one.institution, one.note, *_note(one.id))
    return (
        one.id, one.kind, one.institution, one.decision, one.check, one.ref, one.person, one.cause,
        one.created_us, one.updated_us, one.state, one.done_us, one.done_by, one.closed_with,
        note, one.again, *_body(unit, one),
    )  # fmt: skip


def _body(unit: Unit, one: WorkItem) -> tuple[int, bytes]:
    body = write({"events": list(one.events)})
    return pack(unit.db, DataClass.ORDER, one.institution, body, "work_item", "body", one.id)


def _item(reader: Reader, row: Row) -> WorkItem:
    body = parse(unpack(reader.db, row[16], row[17], "work_item", "body", row[0]))
    return WorkItem(
        id=row[0],
        kind=row[1],
        institution=row[2],
        decision=row[3],
        check=row[4],
        ref=row[5],
        person=row[6],
        cause=row[7],
        created_us=row[8],
        updated_us=row[9],
        events=tuple(body["events"]),
        state=row[10],
        done_us=row[11],
        done_by=row[12],
        closed_with=row[13],
        note=open_words(reader.db, row[14], *_note(row[0])),
        again=row[15],
    )


def _note(key: str) -> tuple[str, str, str]:
    return "work_item", "note", key
