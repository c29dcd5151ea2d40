"""What is saved when an earlier result stands in: once for each billable item, at the tariff.

The blood counts are one billable item; whoever must run one of them anyway saves nothing by the
others. Images stand alone: each order is billed by itself. Amounts are the receiver's own tariff
where its policy names one, else the catalogue's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hie.recognition.assessment import Outcome
from hie.recognition.catalogue import ImagingClass, Item
from hie.recognition.question import Question

CURRENCY = "CNY"
_CENT = Decimal("0.01")
_SAVING = frozenset({Outcome.RECOGNISE, Outcome.REVIEW})
_TARIFF = "the receiver's tariff"


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
        price = item.price
        tariff = prices.get(price.code)
        amount = price.amount if tariff is None else tariff
        if isinstance(item, Item):
            if price.code in must_run or price.code in counted:
                amount = Decimal(0)
            counted.add(price.code)
        basis = price.basis if tariff is None else _TARIFF
        found.append(Saving(amount.quantize(_CENT, ROUND_HALF_UP), price.code, basis))
    return tuple(found)
