"""Who asks a patient's consent, made of the actor: what `store.visible` puts to the rules."""

import time

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.implicit import permits, policy_in_force
from hie.access.restriction import Asking


def asking(actor: Actor, *, writing: bool = False, purpose: Purpose | None = None) -> Asking | None:
    """The question to a patient's Consents at this instant; None for the hub's own operator.

    `purpose`: another than the actor's. Who has broken the glass asks for treatment, but for the
    homes it is broken for.
    """
    if actor.kind is ActorKind.OPERATOR:
        return None
    asked = purpose or actor.purpose
    if asked is Purpose.BREAK_GLASS:
        asked = Purpose.TREATMENT
    policy = policy_in_force()
    parties = {f"client/{actor.client}"}
    if actor.kind is ActorKind.USER:
        parties.add(f"user/{actor.subject}")
    return Asking(
        actor.institution,
        asked,
        time.time_ns() // 1000,
        permits(policy, asked),
        permits(policy, Purpose.BREAK_GLASS),
        frozenset(parties),
        writing,
    )
