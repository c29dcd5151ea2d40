"""Whose patients an actor reaches, and how restricted their records may be: by the agreement.

A system reaches its institution's own records and the patients it treats; a person only the
patients under treatment. Records of others are seen up to the agreed label; of the own house's a
system sees all, a person all but the very restricted.
"""

import time
from collections.abc import Iterable
from dataclasses import replace

from hie.access.actor import Actor, ActorKind
from hie.access.asking import asking
from hie.access.restriction import RESTRICTED, VERY_RESTRICTED, Reach, Restriction
from hie.access.windows import Kind

TREATING = frozenset({Kind.VISIT, Kind.ORDER, Kind.REFERRAL, Kind.PATIENT})
HUB, DECLARED = "hub", "declared"  # how a relation is known: `Actor.relation`


def reach_of(actor: Actor) -> Reach | None:
    """Whom the actor reaches at this instant; None: everybody, for the hub's own operator."""
    if actor.kind is ActorKind.OPERATOR:
        return None
    return _reach(actor, time.time_ns() // 1000)


def within_reach(actor: Actor, found: Restriction, *, writing: bool = False) -> Restriction:
    """What scopes permit, narrowed to whom the actor reaches now, their labels and Consents.

    To the one patient a token is for, if it is for one. Restricted rows of homes the glass is
    broken for are open. `writing`: what the institution wrote itself, it may write again.
    """
    asks = asking(actor, writing=writing)
    if asks is None:
        return found
    is_person = actor.kind is ActorKind.USER
    return Restriction(
        types=found.types,
        homes=found.homes,
        sites=found.sites,
        filters=found.filters,
        patient=actor.patient,
        reach=_reach(actor, asks.at_us),
        clearance=actor.agreement.clearance,
        own_clearance=RESTRICTED if is_person else VERY_RESTRICTED,
        opened=actor.glass,
        declared=found.declared,
        asks=asks,
    )


def _reach(actor: Actor, at_us: int) -> Reach:
    kinds = actor.agreement.kinds(is_person=actor.kind is ActorKind.USER)
    return Reach(actor.institution, at_us, kinds)


def may_declare(actor: Actor) -> bool:
    """Whether the actor, a registered system, may say that its institution treats somebody."""
    agreed = actor.agreement
    return actor.kind is ActorKind.CLIENT and agreed.declares and not agreed.encounter


def sight_of_call(actor: Actor, homes: Iterable[str] = ()) -> Restriction:
    """What a system's order-check may look at: all types of whom it reaches, or declares.

    The scope that opens the door permits the use of results for this answer, not reading them.
    `homes` are those of the patient the call is about.
    """
    seen = within_reach(actor, Restriction())
    return replace(seen, declared=frozenset(homes)) if may_declare(actor) else seen
