"""Counts that add up: one person's facts become a tally for each group, and tallies are added.

Streaming rests on it: whoever counts a region keeps one tally a group and one page of persons, and
the order in which persons come changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from hie.recognition.indicator_facts import Line, Order, Performed, done_again, orders_of
from hie.recognition.indicator_savings import saved

REPEAT_DAYS = 7  # within so many days the same test is a repeat, unless it is asked otherwise


class Dimension(StrEnum):
    """What indicators may be told apart by."""

    INSTITUTION = "institution"
    DEPARTMENT = "department"
    ITEM = "item"
    MONTH = "month"


class Count(StrEnum):
    """What is counted; `schemas/indicators` says in words what each is."""

    PATIENTS = "patients"
    ASKED = "asked"
    WITH_EARLIER = "with_earlier"
    ELIGIBLE = "eligible"
    OFFERED = "offered"
    VIEW_KNOWN = "view_known"
    VIEWED = "viewed"
    USED = "used"
    USED_ELSEWHERE = "used_elsewhere"
    REPEATED = "repeated"
    UNDECIDED = "undecided"
    REOPENED = "reopened"
    SILENT = "silently_repeated"
    SILENTLY_AVOIDED = "silently_avoided"
    CARDS = "cards"
    CARDS_IGNORED = "cards_ignored"
    IGNORED_REPEATED = "ignored_repeated"
    IGNORED_AVOIDED = "ignored_avoided"
    AVOIDED = "avoided"
    REPEATS = "repeats"
    RESULTS_HELD = "results_held"
    RESULTS_USED = "results_used"
    SAVINGS = "savings"  # billables not charged: what the amounts are counted over


class Amount(StrEnum):
    """Money, in the hub's currency."""

    GROSS = "saved_gross"
    TAKEN_BACK = "saved_taken_back"


class Tally(msgspec.Struct):
    """Sums of one group. `reasons` are those of repeats, `refused_by` the rules that refused.

    `price_bases` says how many savings were counted by which price list.
    """

    counts: dict[str, int] = msgspec.field(default_factory=dict)
    amounts: dict[str, Decimal] = msgspec.field(default_factory=dict)
    reasons: dict[str, int] = msgspec.field(default_factory=dict)
    refused_by: dict[str, int] = msgspec.field(default_factory=dict)
    price_bases: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Add another group's sums to these."""
        for mine, theirs in (
            (self.counts, other.counts),
            (self.reasons, other.reasons),
            (self.refused_by, other.refused_by),
            (self.price_bases, other.price_bases),
        ):
            for key, number in theirs.items():
                mine[key] = mine.get(key, 0) + number
        for key, amount in other.amounts.items():
            self.amounts[key] = self.amounts.get(key, Decimal(0)) + amount

    def count(self, what: Count) -> int:
        """One of its counts."""
        return self.counts.get(what.value, 0)


Tallies = dict[str | None, Tally]  # by group; None is everything
_Counted = tuple[Order, Counter[Count]]


def tally(
    lines: Iterable[Line],
    performed: Sequence[Performed] = (),
    *,
    by: Dimension | None = None,
    days: int = REPEAT_DAYS,
    today: date | None = None,
) -> Tallies:
    """The tallies of one person's order lines, or of lines that belong to nobody.

    `today` is the day they are as of: until an order's days are over, nobody knows whether it is
    silently avoided. None: they are over for every order.
    """
    orders = orders_of(lines)
    counted = [(order, _counted(order, performed, days, today)) for order in orders]
    groups: dict[str | None, list[_Counted]] = {None: counted} if counted else {}
    if by is not None:
        for pair in counted:
            groups.setdefault(group_of(pair[0].first, by), []).append(pair)
    found: Tallies = {group: _sum(theirs) for group, theirs in groups.items()}
    for one in saved(orders, performed, days):
        for group in {None, group_of(one.order.first, by) if by is not None else None}:
            into, amount = found[group], one.tariff.amount
            one_saving = Tally(
                counts={Count.SAVINGS.value: 1},
                amounts={Amount.GROSS.value: amount},
                price_bases={one.tariff.basis: 1},
            )
            if one.taken_back:
                one_saving.amounts[Amount.TAKEN_BACK.value] = amount
            into.add(one_saving)
    return found


def add_all(into: Tallies, more: Tallies) -> None:
    """Add the tallies of more persons, group by group."""
    for group, one in more.items():
        into.setdefault(group, Tally()).add(one)


def group_of(line: Line, by: Dimension) -> str:
    """The group a line belongs to; a month is "2026-06"."""
    match by:
        case Dimension.INSTITUTION:
            return line.receiver
        case Dimension.DEPARTMENT:
            return line.department
        case Dimension.ITEM:
            return line.item
        case Dimension.MONTH:
            return line.day.isoformat()[:7]


def _sum(counted: Sequence[_Counted]) -> Tally:
    counts: Counter[Count] = Counter()
    for _, one in counted:
        counts.update(one)
    orders = [order for order, _ in counted]
    counts[Count.PATIENTS] = len({o.first.person for o in orders if o.first.person is not None})
    held = {result for o in orders for line in o.lines for result in line.earlier}
    uses = [use for o in orders if (use := o.used) is not None]
    counts[Count.RESULTS_HELD] = len(held)
    counts[Count.RESULTS_USED] = len({use.result for use in uses if use.result in held})
    return Tally(
        counts={what.value: number for what, number in counts.items() if number},
        reasons=dict(Counter(made.reason or "" for o in orders if (made := o.repeated))),
        refused_by=dict(
            Counter(
                next((line.refused_by for line in order.lines if line.refused_by), "")
                for order in orders
                if not order.may_stand_in and order.candidates
            )
        ),
    )


def _counted(
    order: Order, performed: Iterable[Performed], days: int, today: date | None
) -> Counter[Count]:
    """What one order adds to each count."""
    found = Counter({Count.ASKED: 1})
    if order.candidates:
        found[Count.WITH_EARLIER] = 1
    if not order.may_stand_in:
        return found
    found[Count.ELIGIBLE] = 1
    if not order.offered:
        return found
    found[Count.OFFERED] = 1
    found[Count.VIEW_KNOWN] = int(order.viewed is not None)
    found[Count.VIEWED] = int(order.viewed is True)
    found[Count.CARDS] = int(order.card is not None)
    again = done_again(order, performed, days)
    use = order.used
    if use is not None:
        found[Count.USED] = 1
        found[Count.USED_ELSEWHERE] = int(use.source not in (None, order.first.receiver))
        found[Count.REPEATS if again else Count.AVOIDED] = 1
    elif order.repeated is not None:
        found[Count.REPEATED] = found[Count.REPEATS] = 1
    else:
        found[Count.UNDECIDED] = 1
        found[Count.REOPENED] = int(order.decided is not None)
        found[Count.REPEATS] = int(again)
        if order.decided is None:
            silent = _silent(order, again, days, today)
            found.update(silent)
            if order.card is False:
                found[Count.CARDS_IGNORED] = 1
                found[Count.IGNORED_REPEATED] = silent[Count.SILENT]
                found[Count.IGNORED_AVOIDED] = silent[Count.SILENTLY_AVOIDED]
    return found


def _silent(order: Order, again: bool, days: int, today: date | None) -> Counter[Count]:
    """What became of an order nobody decided about; nothing yet while its days are not over."""
    if again:
        return Counter({Count.SILENT: 1})
    over = today is None or (today - order.first.day).days > days
    return Counter({Count.SILENTLY_AVOIDED: int(over)})
