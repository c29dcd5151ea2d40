"""Dual control: what permits more is proposed by one operator and approved by another.

Where the deployment demands it, a change that makes a client or an agreement wider waits, for a
week at most (`approving`); one that narrows is made at once, and so is every change elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.operators import check_known
from hie.access.reason import Reason
from hie.access.widening import State, is_wider
from hie.audit.event import Action, Event, EventType
from hie.errors import NotPermitted
from hie.oauth.client_keys import KeyOffer
from hie.oauth.entrance import Entrance
from hie.oauth.registered import READ, Kind, write_agreement, write_client
from hie.store import ledger, progress, proposals
from hie.store.locks import hold
from hie.store.proposals import Proposal
from hie.store.session import Reader, Unit

LIFE_US = 7 * 24 * 3600 * 1_000_000
DEMANDED = "dual-control"  # noted in the database by the hub that serves: it binds every process
LOCK = ("registration",)
NO_OFFER = KeyOffer(())


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator wants of a client or an agreement; `what` and `action` are for the log.

    `then` makes of the state that is there the one to be, and raises where that cannot be.
    """

    kind: Kind
    subject: str
    what: str
    action: Action
    then: Callable[[State | None], State]
    offer: KeyOffer = NO_OFFER


async def settle(entrance: Entrance, actor: Actor, change: Change) -> str | None:
    """Make a change, or let it wait where it permits more: then the id of the proposal.

    Raises NotPermitted when it must wait and nobody can tell who proposed it, and what `then` does.
    """
    try:
        async with entrance.db.unit() as unit:
            await hold(unit, LOCK)
            before = await READ[change.kind](unit, change.subject)
            after = change.then(before)
            if is_wider(before, after) and await is_demanded(entrance, unit):
                return await _propose(entrance, unit, actor, change, before, after)
            subject = change.kind, change.subject
            await make(entrance, unit, subject, before, after, change.offer)
            event = Event(EventType.CLIENT_CHANGE, change.action, actor, detail=change.what)
            await ledger.append(unit, event)
    except NotPermitted:
        await entrance.refusals.record(actor, Reason.OPERATOR, detail=change.what)
        raise
    forget(entrance, change.kind, change.subject)
    return None


async def is_demanded(entrance: Entrance, reader: Reader) -> bool:
    """Whether wider changes wait: by the settings here, or by those of the hub that serves."""
    return entrance.dual_control or await progress.find(reader, DEMANDED) is not None


async def keep_demand(entrance: Entrance, actor: Actor) -> None:
    """Note in the database what the hub that serves demands; a change of it is recorded."""
    wanted = entrance.dual_control
    async with entrance.db.unit() as unit:
        await hold(unit, LOCK)
        if (await progress.find(unit, DEMANDED) is not None) == wanted:
            return
        if wanted:
            await progress.note(unit, DEMANDED, "on")
        else:
            await progress.forget(unit, DEMANDED)
        detail = f"dual control {'on' if wanted else 'off'}"
        event = Event(EventType.CLIENT_CHANGE, Action.UPDATE, actor, detail=detail)
        await ledger.append(unit, event)


async def _propose(
    entrance: Entrance,
    unit: Unit,
    actor: Actor,
    change: Change,
    before: State | None,
    after: State,
) -> str:
    check_known(actor)
    at_us = now_us(entrance)
    proposal = Proposal(
        id=proposals.new_id(),
        kind=change.kind,
        subject=change.subject,
        what=change.what,
        action=change.action,
        base=before,
        wanted=after,
        proposed_by=actor.subject,
        names=actor.names,
        proposed_us=at_us,
        expires_us=at_us + LIFE_US,
    )
    await proposals.add(unit, proposal)
    event = told(actor, Action.CREATE, "proposed", proposal.id, proposal.what)
    await ledger.append(unit, event)
    return proposal.id


async def make(
    entrance: Entrance,
    unit: Unit,
    subject: tuple[Kind, str],
    before: State | None,
    after: State,
    offer: KeyOffer,
) -> None:
    """Make a client or an agreement what it is to be, in this unit of work. Raises Conflict."""
    kind, name = subject
    at_us = now_us(entrance)
    if kind is Kind.AGREEMENT:
        await write_agreement(unit, name, after, at_us)
    else:
        await write_client(unit, name, before, after, offer, at_us)


def told(actor: Actor, action: Action, state: str, proposal: str, what: str) -> Event:
    """What became of a proposal, for the log."""
    return Event(EventType.PROPOSAL, action, actor, detail=f"{state} {proposal}: {what}")


def forget(entrance: Entrance, kind: Kind, subject: str) -> None:
    """Look anew in this process; others do within two seconds."""
    if kind is Kind.AGREEMENT:
        entrance.agreements.forget()
        return
    entrance.clients.forget(subject)
    entrance.networks.forget()


def now_us(entrance: Entrance) -> int:
    """Microseconds since 1970."""
    return int(entrance.clock() * 1_000_000)
