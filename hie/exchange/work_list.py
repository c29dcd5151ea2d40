"""The work list of an institution: decisions that were reopened, and how each comes to an end.

An item ends when the decision is made anew, on a check that asks again about the same order, or
when somebody says in words why no new decision is needed; then the old one stays reopened.
"""

import time
from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.access.policy import restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.order_desk import named
from hie.exchange.prior_results import patient_shown
from hie.exchange.still_seen import permitted_events
from hie.store import checks, decisions, ledger, users, work_items
from hie.store.checks import Check
from hie.store.instants import written
from hie.store.versions import read_many
from hie.store.work_items import WorkItem

LONGEST_NOTE = 2000
PAGE = 50  # items of one page


async def waiting(hub: Hub, institution: str) -> int:
    """How many items wait at an institution: what a page's head shows."""
    async with hub.db.reading() as reader:
        return await work_items.count_open(reader, institution)


async def item_of(hub: Hub, actor: Actor, key: str) -> WorkItem:
    """One item of the actor's institution. Raises ResourceNotFound."""
    async with hub.db.reading() as reader:
        return await work_items.get(reader, key, _institution(actor))


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


async def desk(
    hub: Hub, actor: Actor, before: str | None = None, state: str = "open"
) -> dict[str, Any]:
    """The list as a clinician of the institution reads it, newest first, with whom it concerns.

    `before` is `next` of the page before. Looking at it is recorded.
    """
    async with hub.db.reading() as reader:
        found = await work_items.find(
            reader, actor.institution, state, before=_place(before), limit=PAGE + 1
        )
        shown = found[:PAGE]
        asked = await checks.get_many(reader, {one.check for one in shown})
        made = {
            one.decision: await decisions.find(reader, one.decision, actor.institution)
            for one in shown
        }
        practitioners = {one.practitioner for one in made.values() if one is not None}
        practitioners |= {one.done_by for one in shown if one.done_by}
        names = await users.names_of(reader, practitioners)
        homes = {home for one in asked.values() for home in _homes(one)}
        sight = restriction(actor, Interaction.READ)
        patients = await read_many(reader, "Patient", sorted(homes), sight)
        told = {one.id: await permitted_events(reader, actor, one.events) for one in shown}
    events = [_seen(one) for one in shown]
    await hub.ledger.record(
        Event(
            EventType.PAGE,
            Action.READ,
            actor,
            subjects=tuple(one for one in events if one is not None),
            detail=f"work list: {len(shown)} items",
        )
    )
    return {
        "items": [
            {
                **_listed(one),
                "events": told[one.id],
                "order": _order(asked[one.check], one.ref),
                "decided_at": written(decision.at_us) if decision else None,
                "decided_by": _name(names, decision.practitioner) if decision else "",
                "patient": next(
                    (
                        patient_shown([patients[home].resource()], home)
                        for home in _homes(asked[one.check])
                        if home in patients
                    ),
                    None,
                ),
                "again": one.again,
                "done_at": None if one.done_us is None else written(one.done_us),
                "done_by": _name(names, one.done_by) if one.done_by else "",
                "closed_with": one.closed_with,
                "note": one.note or "",
            }
            for one in shown
            for decision in (made[one.decision],)
        ],
        "next": f"{shown[-1].updated_us}.{shown[-1].id}" if len(found) > PAGE else None,
        "names": named(hub),
    }


def _place(before: str | None) -> tuple[int, str] | None:
    """Where a page ended; anything else starts at the newest."""
    at_us, _, key = (before or "").partition(".")
    if at_us.isascii() and at_us.isdecimal() and len(at_us) < 19 and key.isalnum():
        return int(at_us), key
    return None


def _homes(check: Check) -> list[str]:
    return sorted(check.body["facts"]["identity"]["homes"])


def _order(check: Check, ref: str) -> dict[str, Any]:
    return next(one for one in check.body["answer"]["orders"] if one["ref"] == ref)


def _name(names: dict[str, str], practitioner: str) -> str:
    return names.get(practitioner, practitioner)


def _seen(one: WorkItem) -> Subject | None:
    if one.person is None:
        return None
    shown = [event["now"]["resource"] for event in one.events if event.get("now")]
    return Subject(None, one.person, tuple(dict.fromkeys(shown)))


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
