"""The identity work list: what waits for a person, joins by a person's decision, and their undo."""

import time
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.parted import parted
from hie.exchange.protecting import protect
from hie.store import identity_tasks, ledger, persons
from hie.store.families import hold_families
from hie.store.instants import written


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{} -> {tasks: [{task, kind, patients, reason, at}]}; no personal data."""
    async with hub.db.reading() as reader:
        found = await identity_tasks.find(reader)
    return {
        "tasks": [
            {
                "task": one.id,
                "kind": one.kind,
                "patients": list(one.homes),
                "reason": one.reason,
                "at": written(one.at_us),
            }
            for one in found
        ]
    }


async def join_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{patients, reason} -> {link, links}: these Patients are one person; no clinical row moves.

    Each Patient that was another person is a link of its own, so that it can be undone; `link` is
    the last. Raises UnprocessableRequest when they are one person already.
    """
    patients = [str(one) for one in arguments["patients"]]
    if len(set(patients)) < 2:
        fault = Fault("patients", "too-few", "two or more Patient ids")
        raise UnprocessableRequest("nothing was joined", (fault,))
    now_us = time.time_ns() // 1000
    links: list[str] = []
    async with hub.db.unit() as unit:
        await hold_families(unit, patients)  # all at once, though they are joined one by one
        for other in patients[1:]:
            made = await persons.join(
                unit,
                patients[0],
                other,
                reason=str(arguments["reason"]),
                score=None,
                author=actor.subject,
                at_us=now_us,
            )
            if made is not None:
                links.append(made)
        if not links:
            fault = Fault("patients", "one-person", "Patients of several persons")
            raise UnprocessableRequest("nothing was joined", (fault,))
        await protect(unit, (await persons.persons_of(unit, patients)).values())
        await ledger.append(unit, _event(actor, patients, f"link {' '.join(links)}"))
    return {"link": links[-1], "links": links}


async def undo_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{link} -> {link}: taken back; decisions that rested on it are reopened (R-908)."""
    key, now_us = str(arguments["link"]), time.time_ns() // 1000
    async with hub.db.unit() as unit:
        done = await persons.undo(unit, key, author=actor.subject, at_us=now_us)
        moved = sorted({*done.link.homes, *(done.link.parted or ())})
        await ledger.append(unit, _event(actor, moved, f"link {key} undone"))
        await parted(unit, done.homes, actor, now_us)
    return {"link": key}


async def close_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{task, reason} -> {task}: closed without a join."""
    key = str(arguments["task"])
    async with hub.db.unit() as unit:
        await identity_tasks.close(
            unit,
            key,
            outcome=str(arguments["reason"]),
            author=actor.subject,
            at_us=time.time_ns() // 1000,
        )
        await ledger.append(unit, _event(actor, [], f"task {key} closed"))
    return {"task": key}


def _event(actor: Actor, homes: list[str], detail: str) -> Event:
    subjects = tuple(Subject(home) for home in homes)
    return Event(EventType.IDENTITY_CHANGE, Action.UPDATE, actor, subjects=subjects, detail=detail)
