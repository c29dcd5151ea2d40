"""A card as the hub keeps it when it leaves, so that what is said of it later finds its order.

Where nothing is asked of the engine, and no card leaves, the log says why.
"""

import time

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.cds.call import Call
from hie.cds.cards import Made
from hie.exchange.hub import Hub
from hie.store.cds_cards import Card
from hie.store.checks import Check


def kept_card(
    actor: Actor,
    call: Call,
    check: Check,
    made: Made,
    ref: str | None = None,
    ordered: str | None = None,
) -> Card:
    """What is kept of one card; without a `ref` it is about the patient, not about an order."""
    homes = sorted(check.body["facts"]["identity"]["homes"])
    return Card(
        uuid=made.card["uuid"],
        check=check.id,
        ref=ref,
        ordered=ordered,
        service=call.service.id,
        hook_instance=call.hook_instance,
        client=actor.client,
        institution=actor.institution,
        practitioner=call.user or None,
        home=homes[0] if homes else None,
        person=check.person,
        at_us=time.time_ns() // 1000,
        suggestions=made.suggestions,
    )


async def note_silence(hub: Hub, actor: Actor, call: Call, why: str) -> None:
    """Record a call that was answered without asking about anybody."""
    detail = f"{call.service.id}: {why}"
    event = Event(EventType.ORDER_CHECK, Action.EXECUTE, actor, query=call.kept, detail=detail)
    await hub.ledger.record(event)
