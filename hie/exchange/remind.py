"""Which lines of a check are put before a clinician (R-907), and who saw what (R-905).

The check is answered in any case; cards and pages ask here before they speak up, and say here what
they showed. One encounter is one person at one institution on one day, Asia/Shanghai: a request
names no encounter.
"""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.decide import ordered_of
from hie.exchange.decided import sight_of
from hie.exchange.hub import Hub
from hie.exchange.still_seen import still_seen
from hie.fhir.elements import instant, microseconds
from hie.fhir.wire import read_object
from hie.recognition.reminders import Reminder, reminders
from hie.store import checks, decisions, ledger, order_views
from hie.store.checks import Check
from hie.store.decisions import Decision
from hie.store.session import Reader, Unit

_VIEW = {"practitioner", "refs"}


async def reminders_of(hub: Hub, actor: Actor, key: str) -> dict[str, Any]:
    """GET /v1/checks/{id}/reminders: for each line whether to speak up, else why not.

    `decision` and `decided` are the decision that stands for the line, wherever it was made: on a
    page, by a system, on a later check. Nothing is noted: whoever shows a line says so (`saw`).
    Raises ResourceNotFound.
    """
    async with hub.db.reading() as reader:
        check = await checks.get(reader, key, _institution(actor))
        check = await still_seen(reader, check, sight_of(actor, check))
        found = await lines_of(reader, check)
        stands = {one.ref: await decisions.standing_of(reader, check.id, one.ref) for one in found}
    await hub.ledger.record(
        Event(
            EventType.ORDER_CHECK,
            Action.READ,
            actor,
            subjects=_subjects(check),
            detail=f"reminders of check {check.id}",
        )
    )
    return {"check": check.id, "orders": [_line(one, stands[one.ref]) for one in found]}


def _line(one: Reminder, standing: Decision | None) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "item": one.item,
        "outcome": one.outcome,
        "remind": one.silent is None,
        "silent": None if one.silent is None else one.silent.value,
        "decision": None if standing is None else standing.id,
        "decided": None if standing is None else standing.decision,
    }


async def saw(hub: Hub, actor: Actor, key: str, data: bytes) -> dict[str, Any]:
    """POST /v1/checks/{id}/views: {practitioner, refs} were put before a clinician.

    The first time of each line and person counts: `views` says of how many it was the first.
    Raises UnprocessableRequest naming each field, ResourceNotFound.
    """
    body = read_object(data, nulls=True)
    async with hub.db.reading() as reader:
        check = await checks.get(reader, key, _institution(actor))
        check = await still_seen(reader, check, sight_of(actor, check))
    known = [order["ref"] for order in check.body["answer"]["orders"]]
    faults = [
        Fault(name, "unknown-key", ", ".join(sorted(_VIEW))) for name in sorted(body.keys() - _VIEW)
    ]
    practitioner, refs = body.get("practitioner"), body.get("refs")
    if not isinstance(practitioner, str) or not 1 <= len(practitioner) <= 200:
        faults.append(Fault("practitioner", "required", "a text of 1 to 200 characters"))
    if not isinstance(refs, list) or not 1 <= len(refs) <= 100:
        faults.append(Fault("refs", "wrong-type", "a list of 1 to 100"))
    else:
        faults += [
            Fault(f"refs[{place}]", "unknown-ref", "an order of this check")
            for place, ref in enumerate(refs)
            if ref not in known
        ]
    if faults:
        raise UnprocessableRequest("the views were not recorded", tuple(faults))
    async with hub.db.unit() as unit:
        count = await note_views(
            unit, check, list(refs or ()), str(practitioner), actor, reminded=True
        )
    return {"check": check.id, "views": count}


async def note_views(
    unit: Unit,
    check: Check,
    refs: Iterable[str],
    practitioner: str,
    actor: Actor,
    *,
    reminded: bool,
) -> int:
    """Note in this unit who saw which lines, with its audit record; how many for the first time."""
    shown = list(dict.fromkeys(refs))
    count = await order_views.add(
        unit,
        check.id,
        shown,
        practitioner=practitioner,
        institution=check.institution,
        at_us=time.time_ns() // 1000,
        reminded=reminded,
    )
    if count:
        await ledger.append(
            unit,
            Event(
                EventType.ORDER_CHECK,
                Action.READ,
                actor,
                subjects=_subjects(check),
                detail=f"check {check.id} shown: {len(shown)} orders",
            ),
        )
    return count


async def lines_of(reader: Reader, check: Check) -> tuple[Reminder, ...]:
    """The lines of a check with whether to speak up about each."""
    answer, request = check.body["answer"], check.body["request"]
    decided: set[str] = set()
    if check.person is not None:
        day = instant(check.at_us).replace(hour=0, minute=0, second=0, microsecond=0)
        since, until = microseconds(day), microseconds(day + timedelta(days=1))
        decided = await order_views.decided_in(
            reader, check.person, check.institution, since, until
        )
    return reminders(
        answer["orders"],
        {order["ref"]: ordered_of(check, order) for order in answer["orders"]},
        (request.get("encounter") or {}).get("class"),
        decided=decided,
        reminded=await order_views.reminded_of(reader, check.id),
    )


def _institution(actor: Actor) -> str | None:
    return None if actor.kind is ActorKind.OPERATOR else actor.institution


def _subjects(check: Check) -> tuple[Subject, ...]:
    return (Subject(None, check.person),) if check.person else ()
