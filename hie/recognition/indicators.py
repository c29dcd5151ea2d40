"""Indicators by published definitions: what a tally says, with numerator, denominator and period.

Pure: `indicator_tally` counts, this module divides. Nothing is rounded before it is divided, and
what nobody was counted for has no rate: null, never 0 %.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from hie.recognition.indicator_definitions import Definition, IndicatorKind, load_definitions
from hie.recognition.indicator_tally import Count, Tally

CURRENCY = "CNY"
_YEAR = Decimal("365.25")  # days
_PLACES = Decimal("0.0001")
_CENT = Decimal("0.01")
# counted only where it was recorded: without a record of it, it is not 0 but unknown
_NEEDS = {Count.VIEWED.value: Count.VIEW_KNOWN.value}


@dataclass(frozen=True, slots=True)
class Period:
    """Days of Asia/Shanghai; both ends belong to it."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Measured:
    """One indicator of one group. `value` None: nothing was counted, or it is not shown.

    `n` is how many orders, patients, results or billables it was counted over. `hidden`: the
    numbers are there but few; see `small_cells`.
    """

    definition: Definition
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    n: int | None = None
    hidden: bool = False


def measure(
    tally: Tally,
    period: Period,
    hidden: Collection[str] = (),
    definitions: Sequence[Definition] | None = None,
) -> tuple[Measured, ...]:
    """Every indicator of a tally, in the order of the definitions; `hidden` counts are not told."""
    wanted = load_definitions() if definitions is None else definitions
    return tuple(_measured(one, tally, period, hidden) for one in wanted)


def patient_years(patients: int, period: Period) -> Decimal:
    """How long these patients were looked at, in years of 365.25 days."""
    return Decimal(patients) * period.days / _YEAR


def _measured(one: Definition, tally: Tally, period: Period, hidden: Collection[str]) -> Measured:
    asks = {one.numerator, one.denominator, one.less, _NEEDS.get(one.numerator)}
    if one.kind is IndicatorKind.PER_PATIENT_YEAR:
        asks.add(Count.PATIENTS.value)
    if one.kind is IndicatorKind.AMOUNT:
        asks |= {Count.USED.value, Count.AVOIDED.value, Count.SAVINGS.value}
    if not asks.isdisjoint(hidden):
        return Measured(one, None, hidden=True)
    numerator = _number(tally, one.numerator) - (_number(tally, one.less) if one.less else 0)
    needs = _NEEDS.get(one.numerator)
    match one.kind:
        case IndicatorKind.AMOUNT:
            amount = numerator.quantize(_CENT, ROUND_HALF_UP)
            return Measured(one, amount, amount, n=tally.count(Count.SAVINGS))
        case IndicatorKind.COUNT:
            n = int(numerator if needs is None else _number(tally, needs))
            if needs is not None and not n and tally.count(Count.OFFERED):
                return Measured(one, None, n=0)
            return Measured(one, numerator, numerator, n=n)
        case IndicatorKind.SHARE:
            below = _number(tally, one.denominator or "")
            n = int(below)
        case IndicatorKind.PER_PATIENT_YEAR:
            n = tally.count(Count.PATIENTS)
            below = patient_years(n, period)
    value = (numerator / below).quantize(_PLACES, ROUND_HALF_UP) if below else None
    return Measured(one, value, numerator, below.quantize(_PLACES).normalize() + 0, n)


def _number(tally: Tally, what: str) -> Decimal:
    found = tally.amounts.get(what)
    return Decimal(tally.counts.get(what, 0)) if found is None else found
