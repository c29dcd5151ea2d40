"""Cards a client was given, as a service keeps them, and the client that speaks of them."""

import time
import uuid
from dataclasses import replace
from typing import Any

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.scopes import Door
from hie.exchange.card_decision import ACCEPTED, OVERRIDDEN, Feedback
from hie.exchange.card_feedback import Told, take
from hie.exchange.decide import ordered_of
from hie.exchange.hub import Hub
from hie.store import cds_cards, checks
from hie.store.cds_cards import Card

SERVICE = "hie-order-sign"
AT_US = 1_700_000_000_000_000  # when somebody acted, by the client's clock


async def a_card(hub: Hub, answer: dict[str, Any], ref: str | None = "1", **other: Any) -> Card:
    """The card about one order line of an answer, with its two suggestions."""
    async with hub.db.reading() as reader:
        check = await checks.get(reader, answer["check"])
    order = next((one for one in answer["orders"] if one["ref"] == ref), None)
    kinds = () if order is None else ("use", "keep")
    card = Card(
        uuid=str(uuid.uuid4()),
        check=check.id,
        ref=ref,
        ordered=None if order is None else ordered_of(check, order),
        service=SERVICE,
        hook_instance=str(uuid.uuid4()),
        client="his-cds",
        institution=check.institution,
        practitioner="D0117",
        home=next(iter(check.body["facts"]["identity"]["homes"]), None),
        person=check.person,
        at_us=time.time_ns() // 1000,
        suggestions=tuple((str(uuid.uuid4()), kind) for kind in kinds),  # type: ignore[misc]
    )
    card = replace(card, **other)
    async with hub.db.unit() as unit:
        await cds_cards.add(unit, [card])
    return card


def client_of(card: Card, **other: Any) -> Actor:
    """The system the card was given to."""
    system = Actor(
        ActorKind.CLIENT, card.client, card.client, card.institution, Purpose.TREATMENT,
        frozenset({Door.DECIDE.value}),
    )  # fmt: skip
    return replace(system, **other)


def accepted(card: Card, kind: str = "use", later: int = 0) -> Feedback:
    """One of its suggestions was accepted, so many seconds after AT_US."""
    chosen = tuple(key for key, suggests in card.suggestions if suggests == kind)
    return Feedback(card.uuid, ACCEPTED, AT_US + later * 1_000_000, chosen)


def overridden(card: Card, reason: str | None = None, later: int = 0, **other: Any) -> Feedback:
    """It was overridden, for a reason or for none."""
    return Feedback(card.uuid, OVERRIDDEN, AT_US + later * 1_000_000, reason=reason, **other)


async def told(hub: Hub, card: Card, *entries: Feedback, **actor: Any) -> list[Told]:
    """What the card's client is told of what it says."""
    return await take(hub, client_of(card, **actor), card.service, entries, b"{}")
