"""The work list of an institution: decisions that were reopened, and how each comes to an end.

An item ends when the decision is made anew, on a check that asks again about the same order, or
when somebody says in words why no new decision is needed; then the old one stays reopened.
"""

import time
from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.exchange.assess import checked
from hie.exchange.hub import Hub
from hie.fhir.wire import write
from hie.store import checks, ledger, work_items
from hie.store.instants import written
from hie.store.work_items import WorkItem

LONGEST_NOTE = 2000


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`work-list`: {institution?, state?} -> {items: [...]}; what changed, and no values.

    Who works at the hub's machine sees that somebody must look, not what a result says.
    """
    institution = arguments.get("institution")
    if actor.kind is not ActorKind.OPERATOR:
        institution = actor.institution
    state = "done" if arguments.get("state") == "done" else "open"
    async with hub.db.reading() as reader:
        found = await work_items.find(reader, institution, state)
    return {"items": [_listed(one) for one in found]}


async def close_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`work-close`: {item, note} -> {item}: closed without a new decision."""
    key = str(arguments["item"])
    await close(hub, actor, key, str(arguments["note"]))
    return {"item": key}


async def close(hub: Hub, actor: Actor, key: str, note: str) -> None:
    """Close an item without a new decision, saying why.

    Raises UnprocessableRequest without words, ResourceNotFound, Conflict when it is closed.
    """
    said = note.strip()
    if not said or len(said) > LONGEST_NOTE:
        fault = Fault("note", "required", f"why no new decision is needed, 1 to {LONGEST_NOTE}")
        raise UnprocessableRequest("the work item was not closed", (fault,))
    async with hub.db.unit() as unit:
        item = await work_items.get(unit, key, _institution(actor))
        now_us = time.time_ns() // 1000
        await work_items.close(unit, key, by=actor.subject, note=said, at_us=now_us)
        await ledger.append(unit, _event(actor, item, f"work item {key} closed"))


async def ask_again(hub: Hub, actor: Actor, key: str) -> tuple[str, str]:
    """Ask anew about the order of an item, as it was asked then, but now: the check and its ref.

    Raises ResourceNotFound, and what an order-check raises.
    """
    async with hub.db.reading() as reader:
        item = await work_items.get(reader, key, _institution(actor))
        check = await checks.get(reader, item.check, item.institution)
    asked = dict(check.body["request"])
    for moment in ("on", "as_known_at"):
        asked.pop(moment, None)
    asked["orders"] = [one for one in asked["orders"] if one.get("ref") == item.ref]
    asked["receiver"] = {**asked["receiver"], "practitioner": actor.subject}
    if not asked["orders"]:
        raise ResourceNotFound("no such order")
    answer = await checked(hub, actor, asked, write(asked))
    again: str = answer["check"]
    async with hub.db.unit() as unit:
        await work_items.asked_again(unit, key, again)
    return again, item.ref


def _listed(one: WorkItem) -> dict[str, Any]:
    changed = dict.fromkeys(c["what"] for event in one.events for c in event["changes"])
    return {
        "item": one.id,
        "institution": one.institution,
        "decision": one.decision,
        "check": one.check,
        "ref": one.ref,
        "cause": one.cause,
        "changed": list(changed),
        "since": written(one.created_us),
        "state": one.state,
    }


def _institution(actor: Actor) -> str | None:
    return None if actor.kind is ActorKind.OPERATOR else actor.institution


def _event(actor: Actor, item: WorkItem, detail: str) -> Event:
    subjects = (Subject(None, item.person),) if item.person else ()
    return Event(EventType.DECIDE, Action.UPDATE, actor, subjects=subjects, detail=detail)
