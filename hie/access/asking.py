"""Who asks a patient's consent, made of the actor: what `store.visible` puts to the rules."""

import time
from functools import lru_cache

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
    person = actor.subject if actor.kind is ActorKind.USER else None
    return Asking(
        actor.institution,
        asked,
        time.time_ns() // 1000,
        permits(policy, asked),
        permits(policy, Purpose.BREAK_GLASS),
        _parties(actor.client, person),
        writing,
    )


@lru_cache(maxsize=4096)
def _parties(client: str, person: str | None) -> frozenset[str]:
    """The system that asks, and the person."""
    system = f"client/{client}"
    return frozenset({system} if person is None else {system, f"user/{person}"})
