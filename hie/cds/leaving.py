"""A card as the hub keeps it when it leaves, so that what is said of it later finds its order."""

import time

from hie.access.actor import Actor
from hie.cds.call import Call
from hie.cds.cards import Made
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
        practitioner=call.user,
        home=homes[0] if homes else None,
        person=check.person,
        at_us=time.time_ns() // 1000,
        suggestions=made.suggestions,
    )
