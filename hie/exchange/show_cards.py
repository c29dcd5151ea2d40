"""Which lines of a check become cards, and that they are kept when they leave (R-907).

A card is put before somebody who did not ask: about a line that reminders are silent of there is
none, and none about a draft order this client was given one of before, in the same encounter (one
person at one institution on one day). What leaves is noted as seen and kept in one unit of work.
"""

from collections.abc import Sequence
from datetime import timedelta

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange.decide import ordered_of
from hie.exchange.hub import Hub
from hie.exchange.remind import lines_of, note_views
from hie.fhir.elements import instant, microseconds
from hie.store import cds_cards, checks, ledger
from hie.store.cds_cards import Card
from hie.store.checks import Check
from hie.store.session import Reader


async def lines_to_show(hub: Hub, actor: Actor, key: str) -> tuple[Check, list[str]]:
    """A check of the caller's, and the refs of its lines that a card is to speak of."""
    async with hub.db.reading() as reader:
        check = await checks.get(reader, key, actor.institution)
        told = [one.ref for one in await lines_of(reader, check) if one.silent is None]
        before = await _shown_before(reader, actor, check) if told else set()
    lines = {order["ref"]: ordered_of(check, order) for order in check.body["answer"]["orders"]}
    return check, [ref for ref in told if (ref, lines[ref]) not in before]


async def check_of(hub: Hub, actor: Actor, key: str) -> Check:
    """A check of the caller's."""
    async with hub.db.reading() as reader:
        return await checks.get(reader, key, actor.institution)


async def keep_cards(hub: Hub, actor: Actor, check: Check, cards: Sequence[Card]) -> None:
    """Keep cards that leave, and note which lines somebody sees by them, with the audit record."""
    refs = [card.ref for card in cards if card.ref is not None]
    async with hub.db.unit() as unit:
        if refs:
            seer = cards[0].practitioner or actor.client
            await note_views(unit, check, refs, seer, actor, reminded=True)
        else:
            await ledger.append(unit, _summed_up(check, actor))
        await cds_cards.add(unit, cards)


def _summed_up(check: Check, actor: Actor) -> Event:
    """That somebody was shown what may stand in, of no order in particular."""
    subjects = (Subject(None, check.person),) if check.person else ()
    detail = f"check {check.id} summed up"
    return Event(EventType.ORDER_CHECK, Action.READ, actor, subjects=subjects, detail=detail)


async def _shown_before(reader: Reader, actor: Actor, check: Check) -> set[tuple[str, str]]:
    """The lines (ref and what they order) this client was given cards of in this encounter."""
    if check.person is None:
        return set()
    day = instant(check.at_us).replace(hour=0, minute=0, second=0, microsecond=0)
    since, until = microseconds(day), microseconds(day + timedelta(days=1))
    found = await cds_cards.shown(reader, check.person, actor.institution, since, until)
    return {
        (card.ref, card.ordered)
        for card in found
        if card.client == actor.client and card.ref is not None and card.ordered is not None
    }
