"""`hie datakey`: the keys that what lies in the database is sealed with.

Listing them, following them by new ones, wrapping them by a new key of the provider, and sealing
anew what older keys sealed: a few rows at a time, noted in the table `hub`, so that a run that was
killed is taken up where it ended.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.fhir.elements import instant
from hie.store import data_keys, ledger, progress, resealing
from hie.store.sealed_columns import COLUMNS

NAME = "reencrypt"
_ROWS = 200  # of one unit of work
_SECONDS = 0.5  # one answer; then the caller is told how far it is


@dataclass(slots=True)
class Progress:
    """Where a run is: the column, the key it stands at, what was looked at and sealed so far."""

    column: int = 0
    after: list[Any] | None = None
    total: int = 0
    looked: int = 0
    sealed: dict[str, int] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As JSON: what is kept, and what the caller hands back."""
        return {
            "column": self.column, "after": self.after, "total": self.total,
            "looked": self.looked, "sealed": self.sealed,
        }  # fmt: skip


async def listed(hub: Hub, _actor: Actor, _arguments: dict[str, Any]) -> dict[str, Any]:
    """{} -> {provider, keys}: each key, whose it is, what for, since when, and whether it seals."""
    await data_keys.reread(hub.db)
    vault = hub.db.vault
    keys = [
        {
            "id": one.id,
            "owner": one.owner or "hub",
            "class": one.klass,
            "epoch": one.epoch,
            "suite": one.suite.name.lower(),
            "provider": one.provider,
            "created": instant(one.created_us).isoformat(timespec="seconds"),
            "used": one.used + one.sealed,
            "seals": vault.newest(one.owner, one.klass) is one,
        }
        for one in sorted(vault.every(), key=lambda key: (key.owner, key.klass, key.epoch))
    ]
    return {"provider": vault.provider.newest, "keys": keys}


async def rotate(hub: Hub, actor: Actor, _arguments: dict[str, Any]) -> dict[str, Any]:
    """{} -> {made}: every owner and class has a new key that seals from now on."""
    await _recorded(hub, actor, "data keys followed by new ones")
    return {"made": await data_keys.rotate(hub.db)}


async def rewrap(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{new?} -> {provider, wrapped}: all data keys wrapped by the provider's newest key.

    `new`: the provider makes that key first.
    """
    provider = hub.db.vault.provider
    await _recorded(hub, actor, "data keys wrapped anew")
    if arguments.get("new"):
        provider.rotate()
    return {"provider": provider.newest, "wrapped": await data_keys.rewrap(hub.db)}


async def reencrypt(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{start?, at?} -> {at, done, total, sealed, resumed}; `at` null: finished.

    The first call has no `at`: it takes up a run that was ended, unless `start`.
    """
    resumed = False
    if arguments.get("at") is None:
        run, resumed = await _begun(hub, actor, start=bool(arguments.get("start")))
    else:
        run = _read(arguments["at"])
    until = time.monotonic() + _SECONDS
    while run.column < len(COLUMNS):
        await _page(hub, run)
        await asyncio.sleep(0)
        if time.monotonic() >= until:
            break
    return {
        "at": run.told() if run.column < len(COLUMNS) else None,
        "done": run.looked,
        "total": max(run.total, run.looked),
        "sealed": run.sealed,
        "resumed": resumed,
    }


async def _begun(hub: Hub, actor: Actor, *, start: bool) -> tuple[Progress, bool]:
    async with hub.db.reading() as reader:
        kept = None if start else await progress.find(reader, NAME)
        run = Progress() if kept is None else _read(json.loads(kept))
        if kept is None:
            run.total = sum([await resealing.count(reader, one) for one in COLUMNS])
    await _recorded(hub, actor, "cells sealed anew")
    return run, kept is not None


async def _page(hub: Hub, run: Progress) -> None:
    """Seal the next rows anew, in one unit with how far it is."""
    column = COLUMNS[run.column]
    async with hub.db.reading() as reader:
        found = await resealing.page(reader, column, run.after, _ROWS)
    if hub.db.vault.wanted:
        await data_keys.make(hub.db)  # of owners that had none: their cells are sealed by theirs
        async with hub.db.reading() as reader:
            found = await resealing.page(reader, column, run.after, _ROWS)
    run.looked += found.looked
    run.after = None if found.after is None else list(found.after)
    run.column += run.after is None
    if found.changes:
        name = f"{column.table}.{column.name}"
        run.sealed[name] = run.sealed.get(name, 0) + len(found.changes)
    is_over = run.column == len(COLUMNS)
    if not (found.changes or is_over or run.after is None):
        return
    async with hub.db.unit() as unit:
        await resealing.change(unit, column, found.changes)
        if is_over:
            await progress.forget(unit, NAME)
        else:
            await progress.note(unit, NAME, json.dumps(run.told()))


async def _recorded(hub: Hub, actor: Actor, words: str) -> None:
    async with hub.db.unit() as unit:
        await ledger.append(unit, Event(EventType.KEY_CHANGE, Action.UPDATE, actor, detail=words))


def _read(told: Mapping[str, Any]) -> Progress:
    """A run as it was told or kept. Raises InvalidRequest for what is none."""
    try:
        after = told["after"]
        sealed = {str(name): int(count) for name, count in told["sealed"].items()}
        run = Progress(int(told["column"]), after, int(told["total"]), int(told["looked"]), sealed)
        if run.column < 0 or not (after is None or isinstance(after, list)):
            raise ValueError("no place")
        if after is not None and len(after) != len(COLUMNS[run.column].keys):
            raise ValueError("no place")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        fault = Fault("at", "invalid-value", "what the last answer had")
        raise InvalidRequest("this is no place in a run", (fault,)) from problem
    return run
