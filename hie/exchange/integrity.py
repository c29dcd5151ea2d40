"""`hie integrity`: look through the whole database for what the hub did not put there.

Every sealed cell is opened in its row; the rules of Consents are made anew from the sealed Consents
and compared; who reaches a patient is compared with what is known of relations. Each finding is an
event of the log. Nothing is changed.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Subject
from hie.audit.event import integrity as audited
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.store import integrity, ledger, resealing
from hie.store.integrity import Finding, Piece
from hie.store.sealed_columns import COLUMNS
from hie.store.session import Reader

_ROWS, _HOMES = 500, 50
_SECONDS = 0.5  # one answer; then the caller is told how far it is
_SHOWN = 200  # findings that are listed; all are counted, and in the log
_STAGES = len(COLUMNS) + 2


@dataclass(slots=True)
class Run:
    """Where a look is: the stage (a column, the rules, the reach), the key it stands at."""

    stage: int = 0
    after: list[Any] | None = None
    total: int = 0
    looked: int = 0
    count: int = 0
    found: list[dict[str, str]] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As JSON: what the caller hands back."""
        return {
            "stage": self.stage, "after": self.after, "total": self.total,
            "looked": self.looked, "count": self.count, "found": self.found,
        }  # fmt: skip


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{at?} -> {at, done, total, count, found: [{what, where}]}; `at` null: finished."""
    run = await _begun(hub) if arguments.get("at") is None else _read(arguments["at"])
    until = time.monotonic() + _SECONDS
    while run.stage < _STAGES:
        async with hub.db.reading() as reader:
            piece = await _piece(reader, run)
        sure = [one for one in piece.found if await _is_so(hub, one)]
        await _recorded(hub, actor, sure)
        run.looked += piece.looked
        run.count += len(sure)
        run.found = [*run.found, *(_shown(one) for one in sure)][:_SHOWN]
        run.after = None if piece.after is None else list(piece.after)
        run.stage += run.after is None
        await asyncio.sleep(0)
        if time.monotonic() >= until:
            break
    return {
        "at": run.told() if run.stage < _STAGES else None,
        "done": run.looked,
        "total": max(run.total, run.looked),
        "count": run.count,
        "found": run.found,
    }


async def _begun(hub: Hub) -> Run:
    async with hub.db.reading() as reader:
        return Run(total=sum([await resealing.count(reader, one) for one in COLUMNS]))


async def _piece(reader: Reader, run: Run) -> Piece:
    if run.stage < len(COLUMNS):
        return await integrity.cells(reader, COLUMNS[run.stage], run.after, _ROWS)
    if run.stage == len(COLUMNS):
        return await integrity.rules(reader, run.after, _HOMES)
    return await integrity.reach(reader, run.after, _ROWS)


def _shown(one: Finding) -> dict[str, str]:
    return {"what": one.what, "where": f"{one.home or ''} {one.where}".strip()}


async def _is_so(hub: Hub, one: Finding) -> bool:
    """Whether it is found again with the patient held: the hub itself may have been writing."""
    if one.home is None:
        return True
    async with hub.db.unit() as unit:
        return await integrity.is_still(unit, one)


async def _recorded(hub: Hub, actor: Actor, found: list[Finding]) -> None:
    if not found:
        return
    async with hub.db.unit() as unit:
        for one in found:
            subjects = () if one.home is None else (Subject(one.home),)
            event = audited(actor, f"{one.what} {one.where}".strip(), subjects)
            await ledger.append(unit, event)


def _read(told: Mapping[str, Any]) -> Run:
    """A run as it was told. Raises InvalidRequest for what is none."""
    try:
        found = [{"what": str(one["what"]), "where": str(one["where"])} for one in told["found"]]
        after = told["after"]
        run = Run(
            int(told["stage"]), after, int(told["total"]), int(told["looked"]),
            int(told["count"]), found[:_SHOWN],
        )  # fmt: skip
        keys = len(COLUMNS[run.stage].keys) if run.stage < len(COLUMNS) else 1
        if not 0 <= run.stage < _STAGES or (after is not None and len(after) != keys):
            raise ValueError("no place")
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        fault = Fault("at", "invalid-value", "what the last answer had")
        raise InvalidRequest("this is no place in a look", (fault,)) from problem
    return run
