"""`hie reindex`: what is found by what, computed again from the bodies, while the hub goes on.

The columns that searches read, the numbers Patients are found by, the identifiers of the others. A
few rows at a time; how far it is stands in the table `hub`, written with what was changed, so that
a run that was killed is taken up where it ended.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.exchange.identify import found_by
from hie.fhir import Resource
from hie.fhir.elements import instant
from hie.store import ledger, names, progress, reindexing, resource_identifiers
from hie.store.reindexing import START, Key, Row
from hie.store.session import Reader, Unit
from hie.store.tables import TABLES

NAME = "reindex"
_ROWS = 100  # of one unit of work
_TRIES = 5  # for a page that is written by others meanwhile
_SECONDS = 0.5  # one answer; then the caller is told how far it is


@dataclass(slots=True)
class Progress:
    """Where a run is: the types still to do, the key it stands at, what was found so far.

    `counts` has for each type what was looked at, and whose columns, numbers, and identifiers
    were (in a dry run: would be) set right.
    """

    types: list[str]
    after: Key = START
    total: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    dry: bool = False

    @property
    def done(self) -> int:
        """How many resources were looked at."""
        return sum(one["looked"] for one in self.counts.values())

    def told(self) -> dict[str, Any]:
        """As JSON: what is kept, and what the caller hands back."""
        return {
            "types": self.types,
            "after": list(self.after),
            "total": self.total,
            "counts": self.counts,
            "dry": self.dry,
        }


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{types?, dry_run?, start?, at?} -> {at, done, total, counts, resumed}; `at` null: finished.

    The first call has no `at`: it takes up a run that was ended, unless `start`. Raises
    InvalidRequest for a type the hub does not keep.
    """
    resumed = False
    if arguments.get("at") is None:
        run, resumed = await _begun(hub, actor, arguments)
    else:
        run = _read(arguments["at"])
    until = time.monotonic() + _SECONDS
    while run.types:
        await _page(hub, run)
        await asyncio.sleep(0)
        if time.monotonic() >= until:
            break
    return {
        "at": run.told() if run.types else None,
        "done": run.done,
        "total": max(run.total, run.done),
        "counts": run.counts,
        "resumed": resumed,
    }


async def _begun(hub: Hub, actor: Actor, arguments: Mapping[str, Any]) -> tuple[Progress, bool]:
    asked = list(arguments.get("types") or TABLES)
    dry = bool(arguments.get("dry_run"))
    unknown = [one for one in asked if one not in TABLES]
    if unknown:
        fault = Fault("type", "unknown-type", ", ".join(sorted(TABLES)))
        raise InvalidRequest(f"no type {unknown[0]!r} is kept here", (fault,))
    async with hub.db.reading() as reader:
        kept = await progress.find(reader, NAME)
        run = None if dry or arguments.get("start") or kept is None else _read(json.loads(kept))
        if run is not None and (not arguments.get("types") or set(run.types) <= set(asked)):
            resumed = True
        else:
            resumed = False
            run = Progress(asked, dry=dry)
            run.total = sum([await reindexing.count(reader, kind) for kind in asked])
    words = f"reindex {' '.join(run.types)}{' (dry run)' if dry else ''}"
    async with hub.db.unit() as unit:
        await ledger.append(unit, Event(EventType.REINDEX, Action.EXECUTE, actor, detail=words))
    return run, resumed


async def _page(hub: Hub, run: Progress) -> None:
    """Look at the next rows, set right what differs, and note how far it is.

    What somebody else wrote between being read and being held is read again.
    """
    kind, after = run.types[0], run.after
    counts = run.counts.setdefault(
        kind, {"looked": 0, "columns": 0, "numbers": 0, "identifiers": 0, "overtaken": 0}
    )
    for tries in range(_TRIES):
        async with hub.db.reading() as reader:
            rows = await reindexing.page(reader, kind, after, _ROWS)
            odd = await _odd(reader, kind, rows)
        if tries == 0:
            is_last = len(rows) < _ROWS
            run.after = START if is_last else rows[-1].key
            run.types = run.types[1:] if is_last else run.types
            counts["looked"] += len(rows)
        overtaken = await _mended(hub, run, counts, kind, odd)
        if not overtaken:
            break
        counts["overtaken"] += overtaken


@dataclass(frozen=True, slots=True)
class _Odd:
    """What of a page of rows is not as their bodies say."""

    rows: Sequence[Row]
    changes: Sequence[reindexing.Change]
    numbers: Mapping[str, set[tuple[Any, ...]]]
    missing: Sequence[resource_identifiers.Row]
    unnamed: Mapping[str, Resource]


async def _odd(reader: Reader, kind: str, rows: Sequence[Row]) -> _Odd:
    reports = await reindexing.reports_of(reader, rows) if kind == "Observation" else {}
    numbers: Mapping[str, set[tuple[Any, ...]]] = {}
    unnamed: Mapping[str, Resource] = {}
    if kind == "Patient":
        today = instant(time.time_ns() // 1000).date()
        wanted = {one.stored.id: list(found_by(one.tree, today)) for one in rows}
        numbers = await reindexing.odd_numbers(reader, wanted)
        unnamed = await names.missing(reader, {one.stored.id: one.tree for one in rows})
    wanted_rows = [
        (hashed, *one.key)
        for one in rows
        for hashed in resource_identifiers.hashes(reader, kind, one.tree, one.stored.message)
    ]
    missing = await resource_identifiers.missing(reader, wanted_rows) if wanted_rows else []
    return _Odd(rows, reindexing.differing(reader, rows, reports), numbers, missing, unnamed)


async def _mended(hub: Hub, run: Progress, counts: dict[str, int], kind: str, odd: _Odd) -> int:
    """Set right what differs, in one unit with how far it is; how many rows were overtaken."""
    if run.dry:
        counts["columns"] += len(odd.changes)
        counts["numbers"] += len(odd.numbers)
        counts["identifiers"] += len(odd.missing) + len(odd.unnamed)
        return 0
    columns = numbers = 0
    async with hub.db.unit() as unit:
        if odd.changes:
            columns = await reindexing.mend(unit, kind, odd.changes)
        if odd.numbers:
            wrong = [one for one in odd.rows if one.stored.id in odd.numbers]
            numbers = await reindexing.mend_numbers(unit, wrong, odd.numbers)
        await resource_identifiers.keep(unit, odd.missing)
        await names.keep(unit, odd.unnamed)
        counts["columns"] += columns
        counts["numbers"] += numbers
        counts["identifiers"] += len(odd.missing) + len(odd.unnamed)
        await _note(unit, run)
    return len(odd.changes) - columns + len(odd.numbers) - numbers


async def _note(unit: Unit, run: Progress) -> None:
    if run.types:
        await progress.note(unit, NAME, json.dumps(run.told()))
    else:
        await progress.forget(unit, NAME)


def _read(told: Mapping[str, Any]) -> Progress:
    """A run as it was told or kept. Raises InvalidRequest for what is none."""
    try:
        home, key = (str(one) for one in told["after"])
        types = [one for one in told["types"] if one in TABLES]
        counts = {str(kind): dict(found) for kind, found in told["counts"].items()}
        return Progress(types, (home, key), int(told["total"]), counts, bool(told["dry"]))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        fault = Fault("at", "invalid-value", "what the last answer had")
        raise InvalidRequest("this is no place in a run", (fault,)) from problem
