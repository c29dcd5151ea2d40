"""Import register files: all or nothing, each bad row named; a dry run changes nothing."""

import time
from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.register_parsing import parsed_files
from hie.fhir.elements import instant
from hie.recognition.eligibility import Registers, in_force
from hie.recognition.region import load_regions
from hie.recognition.register import PrecisionRow, RegisterRows, SuccessorRow
from hie.recognition.register_files import check_import
from hie.recognition.register_write import written_files
from hie.store import ledger
from hie.store import register_looks as looks
from hie.store import registers as store

# what a file is (`Parsed.kind`) -> the table `Imported` counts it under
_COUNTED = {
    "institutions": "institution",
    "successors": "successor",
    "qualifications": "qualification",
    "precision": "precision_month",
    "marks": "mark",
    "policies": "policy_entry",
}


class _Undone(Exception):
    """Takes a dry run back."""


async def import_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{files: [{name, content (base64)}], dry_run} -> {version, files: [...], warnings: [...]}.

    A dry run is the import itself, taken back: it counts what would be new and changed, and its
    version is the one in force. Raises UnprocessableRequest with every fault ("marks.csv:12:item").
    """
    parsed = parsed_files(arguments)
    dry_run = bool(arguments.get("dry_run"))
    try:
        async with hub.db.unit() as unit:
            await store.lock(unit)
            known = await store.load(unit)
            faults, warnings = check_import(
                parsed, known, hub.catalogue, load_regions(), await store.since(unit)
            )
            if faults:
                raise UnprocessableRequest("nothing was imported", tuple(faults))
            done = await store.import_rows(unit, parsed, time.time_ns() // 1000, actor.subject)
            if dry_run:
                raise _Undone
            detail = f"import {done.version}"
            await ledger.append(
                unit, Event(EventType.REGISTER_IMPORT, Action.CREATE, actor, detail=detail)
            )
    except _Undone:
        version = known.version
    else:
        version = done.version
        hub.registers.renew()
    return {
        "version": version,
        "files": [
            {"file": one.filename, "rows": len(one.rows), **_counts(done, str(one.kind))}
            for one in parsed
        ],
        "warnings": [
            {"path": one.path, "code": one.code, "expected": one.expected} for one in warnings
        ],
    }


def _counts(done: store.Imported, kind: str) -> dict[str, int]:
    table = _COUNTED[kind]
    return {
        "new": done.new.get(table, 0),
        "changed": done.changed.get(table, 0),
        "same": done.unchanged.get(table, 0),
    }


async def show_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{institution, on?} -> every row the registers hold of it; with `on` those of that day."""
    code, on = str(arguments["institution"]), _day(arguments.get("on"))
    async with hub.db.reading() as reader:
        rows = await store.load(reader)

    def told(found: Iterable[Any]) -> list[dict[str, str]]:
        return [
            {one.name: str(getattr(row, one.name)) for one in fields(row)}
            for row in found
            if code in (getattr(row, "code", ""), getattr(row, "institution", ""))
            and (on is None or _of_day(row, on))
        ]

    answer: dict[str, Any] = {"institution": code}
    if on is not None:
        answer["on"] = on.isoformat()
        answer["answering"] = Registers(rows).succession.answering(code, on)
    return {
        **answer,
        "periods": told(rows.institutions),
        "successors": told(rows.successors),
        "predecessors": [
            {"code": row.code, "start": str(row.start)}
            for row in rows.successors
            if row.successor == code and (on is None or _of_day(row, on))
        ],
        "qualifications": told(rows.qualifications),
        "precision": told(rows.precision),
        "marks": told(rows.marks),
    }


def _day(text: Any) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError as problem:
        fault = Fault("on", "not-a-day", "a day as 2026-06-15")
        raise InvalidRequest("the day is not understood", (fault,)) from problem


def _of_day(row: Any, on: date) -> bool:
    """The row speaks of that day, a month of that month; a link from its day on."""
    if isinstance(row, PrecisionRow):
        return row.month == on.strftime("%Y-%m")
    if isinstance(row, SuccessorRow):
        return bool(row.successor) and row.start <= on
    return in_force(row, on)


async def export_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{on?} -> {version, files: [{name, content, rows}]}: the rows known now, as files.

    With `on` only rows that speak of that day. Content is text; imported again it changes nothing.
    """
    on = _day(arguments.get("on"))
    async with hub.db.reading() as reader:
        rows = await store.load(reader)
    if on is not None:
        rows = RegisterRows(
            rows.version,
            tuple(row for row in rows.institutions if _of_day(row, on)),
            tuple(row for row in rows.qualifications if _of_day(row, on)),
            tuple(row for row in rows.precision if _of_day(row, on)),
            tuple(row for row in rows.marks if _of_day(row, on)),
            tuple(row for row in rows.policies if in_force(row, on)),
            tuple(row for row in rows.successors if _of_day(row, on)),
        )
    files = [
        {"name": one.name, "content": one.text, "rows": one.rows} for one in written_files(rows)
    ]
    return {"version": rows.version, "files": files}


async def log_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{limit?} -> {imports: [...]}: newest first, what each brought and how much it touches."""
    async with hub.db.reading() as reader:
        found = await store.imports(reader, min(int(arguments.get("limit") or 50), 1000))
        touched = await looks.counts(reader)
    return {
        "imports": [
            {
                "import": one["version"],
                "at": instant(one["at_us"]).isoformat(timespec="seconds"),
                "by": one["actor"],
                "files": one["files"],
                **{what: sum(n.values()) for what, n in one["counts"].items()},
                "looked": one["looked_us"] is not None,
                "before": touched.get((one["version"], "before"), 0),
                "after": touched.get((one["version"], "after"), 0),
            }
            for one in found
        ]
    }
