"""What an institution is told, of its decisions and of broken glass: page by page, as committed.

An institution keeps the last number it has read and asks for what came after; nothing is taken
off, so that two of its systems may read the same, and one that was away reads on.
"""

from collections.abc import Mapping
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.exchange.still_seen import permitted_events
from hie.store import notifications
from hie.store.instants import written
from hie.store.notifications import Notification

MOST = 100
_PARAMETERS = {"after", "limit"}


async def notifications_after(hub: Hub, actor: Actor, asked: Mapping[str, str]) -> dict[str, Any]:
    """GET /v1/notifications?after=&limit=: {notifications, next}; `next` is what to ask for then.

    Only the caller's own institution. Raises InvalidRequest naming each parameter.
    """
    after, limit = _asked(asked)
    async with hub.db.reading() as reader:
        found = await notifications.after(reader, actor.institution, after, limit)
        said = await permitted_events(reader, actor, (one.said for one in found))
    if found:
        persons = sorted({one.person for one in found if one.person})
        await hub.ledger.record(
            Event(
                EventType.DECIDE,
                Action.READ,
                actor,
                subjects=tuple(Subject(None, person) for person in persons),
                detail=f"notifications {found[0].seq} to {found[-1].seq}",
            )
        )
    return {
        "notifications": [_told(one, words) for one, words in zip(found, said, strict=True)],
        "next": str(found[-1].seq if found else after),
    }


def _asked(asked: Mapping[str, str]) -> tuple[int, int]:
    faults = [
        Fault(key, "unknown-parameter", ", ".join(sorted(_PARAMETERS)))
        for key in sorted(asked.keys() - _PARAMETERS)
    ]
    after, limit = asked.get("after", "0"), asked.get("limit", "50")
    if not (after.isascii() and after.isdecimal() and len(after) <= 15):
        faults.append(Fault("after", "invalid-value", "`next` of an earlier answer"))
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= MOST):
        faults.append(Fault("limit", "invalid-value", f"1 to {MOST}"))
    if faults:
        raise InvalidRequest("the notifications were not read", tuple(faults))
    return int(after), int(limit)


def _told(one: Notification, said: dict[str, Any]) -> dict[str, Any]:
    said.pop("at", None)
    of_decision = {"decision": one.decision, "work_item": one.work_item} if one.decision else {}
    return {
        "notification": one.id,
        "kind": one.kind,
        "at": written(one.at_us),
        **of_decision,
        **said,
    }
