"""What uses saved in the end: once for each billable, less what was billed again all the same.

The blood counts are one billable: whoever must run one of them saves nothing by the others. Images
stand alone. A use saves the receiver's tariff; the same billable done again at the receiver within
the window of repeats, or while the used result is still within its limit, takes that back, once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hie.recognition.indicator_facts import Order, Performed, follows, is_same
from hie.recognition.savings import Tariff


@dataclass(frozen=True, slots=True)
class Saved:
    """One billable not charged; `taken_back`: it was charged later all the same."""

    order: Order
    tariff: Tariff
    until: date
    taken_back: bool = False


def saved(orders: Sequence[Order], performed: Iterable[Performed], days: int) -> tuple[Saved, ...]:
    """What one person's orders saved, oldest first; `days` is the window of repeats."""
    billed: dict[tuple[object, ...], list[Order]] = {}
    for order in orders:
        line, tariff = order.first, order.tariff
        if tariff is not None:
            alone = (line.department, line.item, line.said) if line.imaging else ()
            key = (line.receiver, line.person, line.day, tariff.billable, *alone)
            billed.setdefault(key, []).append(order)
    found = [one for same in billed.values() if (one := _once(same, days)) is not None]
    found.sort(key=lambda one: (one.order.first.at_us, one.order.first.check, one.tariff.billable))
    taken = _taken_back(found, _charges(performed))
    return tuple(Saved(one.order, one.tariff, one.until, n in taken) for n, one in enumerate(found))


def _once(same: Sequence[Order], days: int) -> Saved | None:
    """One saving for the orders of one billable, by the first that was used; none if one is run."""
    if any(not order.may_stand_in or order.repeated is not None for order in same):
        return None
    for order in same:
        use, tariff = order.used, order.tariff
        if use is not None and tariff is not None:
            window = order.first.day + timedelta(days=days)
            until = max(window, use.valid_until or window)
            return Saved(order, tariff, until)
    return None


def _charges(performed: Iterable[Performed]) -> list[list[Performed]]:
    """What was billed: one billable is billed once a day at an institution, of images each part."""
    found: dict[tuple[object, ...], list[Performed]] = {}
    for one in sorted(performed, key=lambda p: (p.at_us, p.until_us, p.item, sorted(p.parts))):
        if one.billable is not None:
            key = (one.institution, one.billable, one.day, one.parts)
            found.setdefault(key, []).append(one)
    return list(found.values())


def _taken_back(found: Sequence[Saved], charged: Iterable[Sequence[Performed]]) -> set[int]:
    """Which savings were charged again: each charge takes back the last one before it, once."""
    taken: set[int] = set()
    for charge in charged:
        for n in range(len(found) - 1, -1, -1):
            if n not in taken and any(_bills(found[n], one) for one in charge):
                taken.add(n)
                break
    return taken


def _bills(one: Saved, done: Performed) -> bool:
    line = one.order.first
    same = is_same(line, done) if line.imaging else done.institution == line.receiver
    return (
        same
        and done.billable == one.tariff.billable
        and follows(one.order, done, (one.until - line.day).days)
    )
