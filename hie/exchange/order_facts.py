"""Stored checks with all that is counted of them: their order lines, and what was done afterwards.

One reading for whoever counts: the indicators of a period, and what became of cards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hie.exchange.hub import Hub
from hie.exchange.indicator_question import DAY_US, midnight
from hie.exchange.order_lines import Prices, Read, order_lines
from hie.exchange.performed import homes_now, performed_for
from hie.recognition.catalogue import ImagingClass, Item
from hie.recognition.indicator_facts import Line, Performed
from hie.store import indicator_rows
from hie.store.session import Reader


@dataclass(frozen=True, slots=True)
class AsOf:
    """The instant facts are as of; `dated`: links between persons too. `days` make a repeat."""

    known_us: int
    dated: bool
    days: int


async def lines_of(
    reader: Reader, as_of: AsOf, checks: Sequence[Read], prices: Prices
) -> list[Line]:
    """The order lines of these checks, with decisions, views and cards."""
    keys, known_us = [check.row.id for check in checks], as_of.known_us
    decisions = await indicator_rows.decisions_of(reader, keys, known_us)
    views = await indicator_rows.views_of(reader, keys, known_us)
    asking = sorted({check.row.institution for check in checks})
    since = await indicator_rows.views_since(reader, asking, known_us)
    cards = await indicator_rows.cards_of(reader, keys, known_us)
    return order_lines(checks, decisions, views, since, cards, prices, known_us)


async def performed_after(
    hub: Hub, reader: Reader, as_of: AsOf, checks: Sequence[Read], lines: Sequence[Line]
) -> Mapping[str, Sequence[Performed]]:
    """What was done for those of whom something was offered, as long as it can matter."""
    offered = [line for line in lines if line.may_stand_in and line.person is not None]
    if not offered:
        return {}
    mattering = {line.person for line in offered}
    held: dict[str, set[str]] = {}
    for check in checks:
        if check.row.person in mattering:
            held.setdefault(str(check.row.person), set()).update(check.homes)
    homes = await homes_now(reader, held, as_of.known_us if as_of.dated else None)
    until = max(
        max(line.day + timedelta(days=as_of.days), (made and made.valid_until) or line.day)
        for line in offered
        for made in [line.decided]
    )
    span = (min(line.at_us for line in offered), midnight(until) + DAY_US)
    billed = {line.tariff.billable for line in offered if line.tariff is not None}
    priced: list[Item | ImagingClass] = [
        *hub.catalogue.items.values(),
        *hub.catalogue.classes.values(),
    ]
    items = {line.item for line in offered} | {
        entry.key for entry in priced if entry.price and entry.price.code in billed
    }
    return await performed_for(reader, homes, items, span, as_of.known_us, hub.catalogue)
