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
from hashlib import sha256
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.fhir.elements import instant
from hie.store import all_sealed, data_keys, ledger, progress, resealing
from hie.store.sealed_columns import COLUMNS

NAME = "reencrypt"
# What a run goes through; one of a version that goes through something else is not taken up.
OF = sha256(" ".join(f"{one.table}.{one.name}" for one in COLUMNS).encode()).hexdigest()[:16]
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
            "of": OF, "column": self.column, "after": self.after, "total": self.total,
            "looked": self.looked, "sealed": self.sealed,
        }  # fmt: skip


async def listed(hub: Hub, _actor: Actor, _arguments: dict[str, Any]) -> dict[str, Any]:
    """{} -> {provider, keys, sealed}: each key, whose it is, what for, since when, if it seals.

    `sealed`: everything was sealed once and bound to its label, so that nothing less is taken.
    """
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
    return {
        "provider": vault.provider.newest,
        "keys": keys,
        "sealed": vault.all_sealed and vault.all_bound,
    }


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
    """{start?, clear?, at?} -> {at, done, total, sealed, resumed}; `at` null: finished.

    The first call has no `at`: it takes up a run that was ended, unless `start`. Once a run ended,
    what lies in clear is refused; `clear`: an operator knows whose it is, and has it sealed.
    """
    resumed = False
    if arguments.get("at") is None:
        if arguments.get("clear"):
            await _let_clear(hub, actor)
        start = bool(arguments.get("start") or arguments.get("clear"))
        run, resumed = await _begun(hub, actor, start=start)
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


async def _let_clear(hub: Hub, actor: Actor) -> None:
    event = Event(
        EventType.KEY_CHANGE, Action.UPDATE, actor, detail="cells in clear taken as they are"
    )
    async with hub.db.unit() as unit:
        await all_sealed.forget(unit)
        await ledger.append(unit, event)
    hub.db.vault.all_sealed = False


async def _begun(hub: Hub, actor: Actor, *, start: bool) -> tuple[Progress, bool]:
    async with hub.db.reading() as reader:
        kept = None if start else await progress.find(reader, NAME)
        told = {} if kept is None else json.loads(kept)
        is_resumed = told.get("of") == OF
        run = _read(told) if is_resumed else Progress()
        if not is_resumed:
            run.total = sum([await resealing.count(reader, one) for one in COLUMNS])
    await _recorded(hub, actor, "cells sealed anew")
    return run, is_resumed


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
            await all_sealed.note(unit)
        else:
            await progress.note(unit, NAME, json.dumps(run.told()))
    hub.db.vault.all_sealed = hub.db.vault.all_sealed or is_over
    hub.db.vault.all_bound = hub.db.vault.all_bound or is_over


async def _recorded(hub: Hub, actor: Actor, words: str) -> None:
    async with hub.db.unit() as unit:
        await ledger.append(unit, Event(EventType.KEY_CHANGE, Action.UPDATE, actor, detail=words))


def _read(told: Mapping[str, Any]) -> Progress:
    """A run as it was told or kept. Raises InvalidRequest for what is none."""
    try:
        after = told["after"]
        sealed = {str(name): int(count) for name, count in told["sealed"].items()}
        run = Progress(int(told["column"]), after, int(told["total"]), int(told["looked"]), sealed)
        if told["of"] != OF or run.column < 0 or not (after is None or isinstance(after, list)):
            raise ValueError("no place")
        if after is not None and len(after) != len(COLUMNS[run.column].keys):
            raise ValueError("no place")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        fault = Fault("at", "invalid-value", "what the last answer had")
        raise InvalidRequest("this is no place in a run", (fault,)) from problem
    return run
