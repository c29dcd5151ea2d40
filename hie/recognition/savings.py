"""What is saved when an earlier result stands in: once for each billable item, at the tariff.

The blood counts are one billable item; whoever must run one of them anyway saves nothing by the
others. Images stand alone: each order is billed by itself. Amounts are the receiver's own tariff
where its policy names one, else the catalogue's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from hie.recognition.assessment import Outcome
from hie.recognition.catalogue import ImagingClass, Item
from hie.recognition.item import Price
from hie.recognition.policy import PolicyBook
from hie.recognition.question import Question
from hie.recognition.register import InstitutionRow

CURRENCY = "CNY"
_CENT = Decimal("0.01")
_SAVING = frozenset({Outcome.RECOGNISE, Outcome.REVIEW})
_TARIFF = "the receiver's tariff"


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a billable costs, two decimals, and by whose price list."""

    billable: str
    amount: Decimal
    basis: str


@dataclass(frozen=True, slots=True)
class Saving:
    """What one order line saves; `amount` has two decimals, `basis` says whose price it is."""

    amount: Decimal
    billable: str
    basis: str


def savings(
    orders: Sequence[tuple[Item | ImagingClass | None, Outcome]], question: Question
) -> tuple[Saving | None, ...]:
    """What each order of one request saves, in their order.

    None unless its outcome is recognise or clinician_review, and for an item without a price. Of
    laboratory orders that share a billable the first carries the amount, the others 0.00; all of
    them 0.00 if one must be run anyway.
    """
    must_run = {
        item.price.code
        for item, outcome in orders
        if isinstance(item, Item) and item.price and outcome not in _SAVING
    }
    prices = question.policy.value(question.receiver, question.day, "prices")
    counted: set[str] = set()
    found: list[Saving | None] = []
    for item, outcome in orders:
        if item is None or item.price is None or outcome not in _SAVING:
            found.append(None)
            continue
        price = _tariff(item.price, prices)
        amount = price.amount
        if isinstance(item, Item):
            if price.billable in must_run or price.billable in counted:
                amount = Decimal("0.00")
            counted.add(price.billable)
        found.append(Saving(amount, price.billable, price.basis))
    return tuple(found)


def tariff(
    item: Item | ImagingClass | None,
    receiver: InstitutionRow | None,
    day: date,
    policy: PolicyBook,
) -> Tariff | None:
    """What the item costs at a receiver on a day; None for what has no price."""
    if item is None or item.price is None:
        return None
    return _tariff(item.price, policy.value(receiver, day, "prices"))


def _tariff(price: Price, prices: Mapping[str, Decimal]) -> Tariff:
    own = prices.get(price.code)
    amount = price.amount if own is None else own
    basis = price.basis if own is None else _TARIFF
    return Tariff(price.code, amount.quantize(_CENT, ROUND_HALF_UP), basis)
