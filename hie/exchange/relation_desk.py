"""Who treats a patient, as the hub knows it; and the declared relations a person looks at."""

import time
from typing import Any

from hie.access.actor import Actor
from hie.access.windows import EVER_US
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.store import ledger, relation_reviews, relations
from hie.store.instants import written

_OUTCOMES = frozenset({"justified", "unjustified"})


async def show_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{patient} -> {patient, relations: [{institution, kind, from, until, source, holds}]}."""
    patient, now_us = str(arguments["patient"]), time.time_ns() // 1000
    async with hub.db.reading() as reader:
        found = await relations.known(reader, patient)
    subjects = (Subject(patient),) if found else ()
    event = Event(EventType.PAGE, Action.READ, actor, subjects=subjects, detail="relations")
    await hub.ledger.record(event)
    return {
        "patient": patient,
        "relations": [
            {
                "institution": one.institution,
                "kind": str(one.kind),
                "from": written(one.from_us) if one.from_us else "",
                "until": written(one.until_us) if one.until_us < EVER_US else "",
                "source": one.source,
                "holds": one.from_us <= now_us < one.until_us,
            }
            for one in found
        ],
    }


async def reviews_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{state?} -> {reviews: [{review, check, institution, client, at, state, by, outcome}]}."""
    async with hub.db.reading() as reader:
        found = await relation_reviews.find(reader, str(arguments.get("state") or "open"))
    return {
        "reviews": [
            {
                "review": one.id,
                "check": one.check,
                "institution": one.institution,
                "client": one.client,
                "at": written(one.at_us),
                "state": one.state,
                "by": one.closed_by or "",
                "outcome": one.outcome or "",
            }
            for one in found
        ]
    }


async def close_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{review, outcome: justified | unjustified} -> {review, outcome}."""
    key, outcome = str(arguments["review"]), str(arguments.get("outcome"))
    if outcome not in _OUTCOMES:
        fault = Fault("outcome", "unknown-outcome", " or ".join(sorted(_OUTCOMES)))
        raise InvalidRequest("the review was not closed", (fault,))
    async with hub.db.unit() as unit:
        at_us = time.time_ns() // 1000
        await relation_reviews.close(unit, key, outcome, actor.subject, at_us)
        event = Event(
            EventType.CLIENT_CHANGE, Action.UPDATE, actor, detail=f"review {key} {outcome}"
        )
        await ledger.append(unit, event)
    return {"review": key, "outcome": outcome}
