"""What becomes of what a client says of its cards (CDS Hooks 2.0, "Feedback").

A suggestion to use the earlier result that was accepted is a decision to use it; a reason with
which a card was overridden is a decision to repeat, once all is known that such a decision must say
(R-901, R-902). Everything else is noted, and the order stays undecided.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hie import metrics
from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange.card_decision import ACCEPTED, Became, Feedback, apply, suggested
from hie.exchange.hub import Hub
from hie.store import cds_cards, cds_feedback, ledger
from hie.store.cds_cards import Card
from hie.store.cds_feedback import Said
from hie.store.session import Reader


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry became; `again`: the very same was said before, and nothing is new.

    `check` is where the order can be decided on; `decision` the one that stands.
    """

    card: str
    became: Became
    again: bool = False
    decision: str | None = None
    check: str | None = None


async def take(
    hub: Hub, actor: Actor, service: str, entries: Sequence[Feedback], data: bytes
) -> list[Told]:
    """Take what a client says of cards of one service, in the order it says it.

    `data` is the request as received, for the audit log. What is unknown is told and not kept, the
    rest is. Whoever sends all of it again, because no answer came, changes nothing.
    """
    async with hub.db.reading() as reader:
        found = await cds_cards.find(reader, {one.card for one in entries}, actor.client)
        cards = {
            key: card
            for key, card in found.items()
            if card.service == service and card.institution == actor.institution
        }
        known = await cds_feedback.of_cards(reader, cards)
        marks = [mark_of(reader, one) for one in entries]
    told, said = [], []
    for one, mark in zip(entries, marks, strict=True):
        card = cards.get(one.card)
        wrong = Became.UNKNOWN_CARD if card is None else _suggestions_wrong(card, one)
        if card is None or wrong is not None:
            told.append(Told(one.card, wrong or Became.UNKNOWN_CARD))
            continue
        before = known.setdefault(card.uuid, {})
        if mark in before:
            same = before[mark]
            told.append(Told(one.card, Became(same.became), True, same.decision, card.check))
            continue
        # A clock that runs ahead does not outdo what is said after it.
        heard = replace(one, outcome_us=min(one.outcome_us, time.time_ns() // 1000))
        became, decision = await apply(hub, actor, card, heard, mark, before)
        before[mark] = _said(card, heard, mark, became, decision)
        said.append(before[mark])
        told.append(Told(one.card, became, False, decision, card.check))
    await _keep(hub, actor, [cards[one.card] for one in said], said, data)
    return told


def mark_of(reader: Reader, one: Feedback) -> str:
    """What an entry is known by: the same for the same words, whenever they are sent."""
    chosen = " ".join(sorted(one.suggestions))
    said = one.reason or "", one.comment or "", str(one.explained)
    return cds_feedback.mark(reader, one.card, one.outcome, str(one.outcome_us), chosen, *said)


def _suggestions_wrong(card: Card, one: Feedback) -> Became | None:
    if one.outcome != ACCEPTED:
        return None
    kinds = dict(card.suggestions)
    if not kinds.keys() >= set(one.suggestions):
        return Became.UNKNOWN_SUGGESTION
    return Became.CONTRADICTION if len({kinds[key] for key in one.suggestions}) > 1 else None


def _said(card: Card, one: Feedback, mark: str, became: Became, decision: str | None) -> Said:
    return Said(
        card=card.uuid,
        hash=mark,
        institution=card.institution,
        outcome=one.outcome,
        suggestion=suggested(card, one),
        reason=one.reason,
        comment=one.comment,
        outcome_us=one.outcome_us,
        at_us=time.time_ns() // 1000,
        became=became.value,
        decision=decision,
    )


async def _keep(
    hub: Hub, actor: Actor, cards: Sequence[Card], said: Sequence[Said], data: bytes
) -> None:
    """Keep what was said, with its audit record; counted is what nobody else kept meanwhile."""
    persons = {card.person: card.home for card in cards if card.person is not None}
    event = Event(
        EventType.CARD_FEEDBACK,
        Action.CREATE,
        actor,
        subjects=tuple(Subject(home, person) for person, home in persons.items()),
        query=data,
        detail=f"{len(said)} cards",
    )
    async with hub.db.unit() as unit:
        fresh = await cds_feedback.add(unit, said)
        await ledger.append(unit, event)
    for one in fresh:
        metrics.CARDS.labels(one.became).inc()
