"""Labels of everything of one patient, found anew: after an upgrade, or when the tables changed.

A patient at a time, in one unit each, while the hub goes on. What has no label yet waits in the
rows themselves, so a run that was killed is taken up by the next.
"""

import asyncio
import time
from typing import Any

from hie.access.actor import Actor
from hie.access.labels import again, joined, label_of, mask
from hie.access.labels.label import UNMAPPED
from hie.access.labels.tables import tables
from hie.access.labels.tags import asked
from hie.audit.event import Action, Event, EventType
from hie.errors import Contended, Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.exchange.label_flow import Node, take
from hie.store import relabelling
from hie.store.labelling import is_whole
from hie.store.relabelling import LABELLED, START
from hie.store.session import Unit

_PAGE, _TRIES, _SECONDS = 50, 5, 0.5


async def relabel_home(unit: Unit, home: str) -> int:
    """Find the labels of everything of a patient; how many rows got another one.

    None is lowered, but for UNMAPPED of what came as a message, when its code is known now.
    """
    rows = await relabelling.of_home(unit, home)
    nodes = {}
    for one in rows:
        tree = one.stored.resource()
        label = label_of(tree, unit.db.loinc)
        if one.label is None:
            label = joined(label, asked(tree.get("meta", {})))
        nodes[one.ref] = Node(home, tree, label)
    await take(unit, nodes)
    changes = {}
    for one in rows:
        says = nodes[one.ref].label
        is_message = (one.stored.message or "").isalnum()
        forgets = is_message and bool(mask(one.label) & UNMAPPED and not mask(says) & UNMAPPED)
        forgets = forgets and await is_whole(unit, one.ref, nodes[one.ref].tree, one.stored.message)
        changes[one.ref] = again(one.label, says, tables().levels, forgets=forgets)
    return await relabelling.set_labels(unit, changes, rows)


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{all?, at?} -> {at, done, total, labelled}; `at` null: finished, and hand it back else.

    `all`: what has a label too. Raises InvalidRequest for an `at` that no answer had.
    """
    whole, at = bool(arguments.get("all")), arguments.get("at")
    kinds = list(LABELLED)  # Patient first
    if at is None:
        async with hub.db.reading() as reader:
            total = sum([await relabelling.count(reader, kind, whole) for kind in kinds])
        words = "labels of everything" if whole else "labels of what has none"
        event = Event(EventType.LABEL_CHANGE, Action.UPDATE, actor, detail=words)
        await hub.ledger.record(event)
        at = {"kinds": kinds, "after": list(START), "done": 0, "total": total, "labelled": 0}
    at = _read(at)
    until = time.monotonic() + _SECONDS
    while at["kinds"] and time.monotonic() < until:
        await _page(hub, at, whole)
        await asyncio.sleep(0)
    told = {name: at[name] for name in ("done", "total", "labelled")}
    return {**told, "total": max(told["total"], told["done"]), "at": at if at["kinds"] else None}


async def _page(hub: Hub, at: dict[str, Any], whole: bool) -> None:
    kind, after = at["kinds"][0], tuple(at["after"])
    async with hub.db.reading() as reader:
        found = await relabelling.keys_after(reader, kind, after, _PAGE, whole)
    for home in sorted({one[1] for one in found}):
        at["labelled"] += await _one_home(hub, home)
    at["done"] += len(found)
    if len(found) < _PAGE:
        at["kinds"], at["after"] = at["kinds"][1:], list(START)
    else:
        at["after"] = list(found[-1])


async def _one_home(hub: Hub, home: str) -> int:
    tries = 0
    while True:
        tries += 1
        try:
            async with hub.db.unit() as unit:
                return await relabel_home(unit, home)
        except Contended:
            if tries == _TRIES:
                raise
        await asyncio.sleep(0.01 * 2**tries)


def _read(told: Any) -> dict[str, Any]:
    try:
        home, key = (str(one) for one in told["after"])
        kinds = [one for one in told["kinds"] if one in LABELLED]
        numbers = {name: int(told[name]) for name in ("done", "total", "labelled")}
    except (KeyError, TypeError, ValueError) as problem:
        fault = Fault("at", "invalid-value", "what the last answer had")
        raise InvalidRequest("this is no place in a run", (fault,)) from problem
    return {"kinds": kinds, "after": [home, key], **numbers}
