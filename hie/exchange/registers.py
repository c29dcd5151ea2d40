"""Import register files: all or nothing, each bad row named; a dry run changes nothing."""

import base64
import binascii
import time
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import InvalidRequest, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.recognition.region import load_regions
from hie.recognition.register_files import check_import, parse_register
from hie.store import ledger
from hie.store import registers as store

# what a file is (`Parsed.kind`) -> the table `Imported` counts it under
_COUNTED = {
    "institutions": "institution",
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
    try:
        parsed = [
            parse_register(file["name"], base64.b64decode(file["content"], validate=True))
            for file in arguments["files"]
        ]
    except binascii.Error as problem:
        raise InvalidRequest("a file's content is not base64") from problem
    dry_run = bool(arguments.get("dry_run"))
    try:
        async with hub.db.unit() as unit:
            known = await store.load(unit)
            faults, warnings = check_import(parsed, known, hub.catalogue, load_regions())
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
    """{institution} -> every row the registers hold of it."""
    code = str(arguments["institution"])
    async with hub.db.reading() as reader:
        rows = await store.load(reader)

    def told(row: Any) -> dict[str, str]:
        return {name: str(getattr(row, name)) for name in row.__dataclass_fields__}

    return {
        "institution": code,
        "periods": [told(row) for row in rows.institutions if row.code == code],
        "qualifications": [told(row) for row in rows.qualifications if row.institution == code],
        "precision": [told(row) for row in rows.precision if row.institution == code],
        "marks": [told(row) for row in rows.marks if row.institution == code],
    }
