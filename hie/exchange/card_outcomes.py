"""Cards nobody spoke of: once their days are over, what was done all the same says what became.

A client does not tell of a card that was ignored (CDS Hooks 2.0, "Card ignored"). The same test
done for the same person at the institution within the days of a repeat was silently repeated, else
it was silently avoided. It is looked a few days later still, for results that arrive late.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import structlog

from hie import metrics
from hie.errors import HubError, Unavailable
from hie.exchange.hub import Hub
from hie.exchange.indicator_question import DAY_US, midnight
from hie.exchange.order_facts import AsOf, lines_of, performed_after
from hie.exchange.order_lines import Prices, read_check
from hie.fhir.elements import instant
from hie.recognition.indicator_facts import Order, Performed, done_again, orders_of
from hie.recognition.indicator_tally import REPEAT_DAYS
from hie.store import cds_cards, cds_feedback, indicator_rows
from hie.store.cds_cards import Card, Fate
from hie.store.indicator_rows import Span
from hie.store.session import Reader

_BATCH = 50  # cards of one unit: what a stop may leave undone, and is done again
_EVERY = 3600.0  # seconds between two looks
_log = structlog.get_logger(__name__)


async def keep_settling(hub: Hub) -> None:
    """Settle what is due, for ever; a database that is away is waited for.

    What cannot be read (a cell that was altered) is told and left for the next look.
    """
    while True:
        try:
            while await settle_cards(hub, time.time_ns() // 1000):
                await asyncio.sleep(0)  # the doors of this process go on meanwhile
        except Unavailable as away:
            _log.warning("cards.postponed", reason=away.text)
        except HubError as fault:
            _log.error("cards.failed", kind=type(fault).__name__)
        await asyncio.sleep(_EVERY)


async def settle_cards(hub: Hub, now_us: int, limit: int = _BATCH) -> int:
    """Settle the next cards that are due; how many were looked at, 0 when none is left.

    Each batch is a unit of its own. Of two processes that look at one card, one writes.
    """
    async with hub.db.reading() as reader:
        cards = await cds_cards.due(reader, now_us, limit)
        fates = await _fates(hub, reader, cards, now_us)
    if not cards:
        return 0
    async with hub.db.unit() as unit:
        new = await cds_cards.settle(unit, fates, now_us)
    for fate in new:
        if fate in (Fate.REPEATED, Fate.AVOIDED):
            metrics.CARDS.labels(fate.value).inc()
    return len(cards)


async def _fates(hub: Hub, reader: Reader, cards: Sequence[Card], now_us: int) -> dict[str, Fate]:
    said = await cds_feedback.spoken_of(reader, [card.uuid for card in cards])
    orders, performed = await _orders(hub, reader, cards, now_us)
    found = {}
    for card in cards:
        order = orders.get((card.check, card.ref or ""))
        if card.uuid in said:
            found[card.uuid] = Fate.SAID
        elif order is None:
            found[card.uuid] = Fate.NONE
        else:
            found[card.uuid] = fate_of(order, performed.get(card.person or "", ()))
    return found


def fate_of(order: Order, performed: Sequence[Performed]) -> Fate:
    """What became of an order whose days are over, and of a card about it nobody spoke of."""
    if order.decided is not None:
        return Fate.DECIDED
    if order.card is True:
        return Fate.SAID  # of another card about it
    return Fate.REPEATED if done_again(order, performed, REPEAT_DAYS) else Fate.AVOIDED


async def _orders(
    hub: Hub, reader: Reader, cards: Sequence[Card], now_us: int
) -> tuple[Mapping[tuple[str, str], Order], Mapping[str, Sequence[Performed]]]:
    """The orders cards are about, by check and ref, with what was done for whom afterwards."""
    of = sorted({card.person for card in cards if card.person is not None and card.ref})
    if not of:
        return {}, {}
    days = [instant(card.at_us).date() for card in cards]
    span = Span(midnight(min(days)), midnight(max(days)) + DAY_US, now_us)
    rows = await indicator_rows.checks_of(reader, span, of)
    checks = [read_check(reader, row) for row in rows]
    registers, policy = await hub.registers.current()
    prices = Prices(hub.catalogue, registers, policy, hub.rulebook)
    as_of = AsOf(now_us, dated=False, days=REPEAT_DAYS)
    lines = await lines_of(reader, as_of, checks, prices)
    performed = await performed_after(hub, reader, as_of, checks, lines)
    refs = {
        (check.row.id, place): order.ref
        for check in checks
        for place, order in enumerate(check.body.answer.orders)
    }
    orders = {
        (line.check, refs[line.check, line.place]): order
        for order in orders_of(lines)
        for line in order.lines
    }
    return orders, performed
