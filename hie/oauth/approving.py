"""What waits for another operator: approved, rejected, or over after a week.

A proposal is approved as it was proposed: when what it would change is not what it was any more, it
must be proposed anew. Whoever looks first closes what is over, in whatever process.
"""

from dataclasses import dataclass, replace
from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.access.operators import check_another
from hie.access.reason import Reason
from hie.access.widening import difference
from hie.audit.event import Action, Event, EventType
from hie.errors import Conflict, NotPermitted, ResourceNotFound
from hie.oauth.client_keys import KeyOffer, read_offer
from hie.oauth.dual_control import LOCK, NO_OFFER, forget, make, now_us, told
from hie.oauth.entrance import Entrance
from hie.oauth.refusals import stranger
from hie.oauth.registered import READ, Kind
from hie.store import ledger, proposals
from hie.store.locks import hold
from hie.store.proposals import Proposal
from hie.store.proposals import State as Outcome
from hie.store.session import Reader, Unit


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal that waits, what it would change, and whether that is still what it was."""

    proposal: Proposal
    changes: list[dict[str, Any]]
    is_current: bool


async def approve(entrance: Entrance, actor: Actor, proposal: str) -> Proposal:
    """Make a proposed change, as another operator than who proposed it.

    Raises ResourceNotFound, NotPermitted (the same person, or nobody can tell), Conflict (it waits
    no more, or what it would change is not what it was), UnprocessableRequest (its address of keys
    cannot be read).
    """
    await expire(entrance)
    try:
        offer = await _offer(entrance, actor, proposal)
        async with entrance.db.unit() as unit:
            await hold(unit, LOCK)
            found = await _find(entrance, unit, proposal)
            check_another(actor, found.names)
            before = await READ[found.kind](unit, found.subject)
            if before != found.base or found.wanted is None:
                raise Conflict(f"{found.subject!r} was changed since: propose it anew")
            await _close(entrance, unit, actor, found, Outcome.APPROVED)
            subject = Kind(found.kind), found.subject
            await make(entrance, unit, subject, before, found.wanted, offer)
            detail = f"{found.what}, proposal {found.id} of {found.proposed_by}"
            done = Event(EventType.CLIENT_CHANGE, Action(found.action), actor, detail=detail)
            await ledger.append(unit, done)
    except NotPermitted:
        await entrance.refusals.record(actor, Reason.OPERATOR, detail=f"approve {proposal}")
        raise
    forget(entrance, Kind(found.kind), found.subject)
    return found


async def reject(entrance: Entrance, actor: Actor, proposal: str) -> Proposal:
    """Let a proposal come to nothing; whoever proposed it may.

    Raises ResourceNotFound, Conflict.
    """
    await expire(entrance)
    async with entrance.db.unit() as unit:
        found = await _find(entrance, unit, proposal)
        await _close(entrance, unit, actor, found, Outcome.REJECTED)
    return found


async def waiting(entrance: Entrance) -> list[Waiting]:
    """What waits, the oldest first."""
    await expire(entrance)
    async with entrance.db.reading() as reader:
        found = await proposals.waiting(reader, now_us(entrance))
        now = [await READ[one.kind](reader, one.subject) for one in found]
    return [
        Waiting(one, difference(one.base, one.wanted), base == one.base)
        for one, base in zip(found, now, strict=True)
    ]


async def expire(entrance: Entrance) -> None:
    """Close what nobody approved in time; each is recorded once, whoever looks first."""
    actor = replace(stranger(None, None, "upkeep"), kind=ActorKind.OPERATOR)
    async with entrance.db.unit() as unit:
        over = await proposals.expire(unit, now_us(entrance))
        events = [told(actor, Action.DELETE, "expired", *one) for one in over]
        if events:
            await ledger.append_all(unit, events)


async def _find(entrance: Entrance, reader: Reader, proposal: str) -> Proposal:
    """A proposal that waits; raises ResourceNotFound, Conflict."""
    found = await proposals.find(reader, proposal)
    if found is None:
        raise ResourceNotFound(f"no proposal {proposal!r}")
    if found.state is not Outcome.WAITING:
        raise Conflict(f"proposal {found.id} is {found.state}")
    if found.expires_us <= now_us(entrance):
        raise Conflict(f"proposal {found.id} is {Outcome.EXPIRED}")
    return found


async def _close(
    entrance: Entrance, unit: Unit, actor: Actor, found: Proposal, state: Outcome
) -> None:
    if not await proposals.close(unit, found.id, state, actor.subject, now_us(entrance)):
        raise Conflict(f"proposal {found.id} waits no more")
    action = Action.UPDATE if state is Outcome.APPROVED else Action.DELETE
    await ledger.append(unit, told(actor, action, state, found.id, found.what))


async def _offer(entrance: Entrance, actor: Actor, proposal: str) -> KeyOffer:
    """What lies at the address of the keys now, where a proposal would change it."""
    async with entrance.db.reading() as reader:
        found = await _find(entrance, reader, proposal)
    check_another(actor, found.names)
    wanted, base = found.wanted or {}, found.base or {}
    address = wanted.get("jwks_uri")
    if address is None or address == base.get("jwks_uri"):
        return NO_OFFER
    return await read_offer(entrance, actor, {"jwks_uri": address})
