"""Whether a quantity is what a quantity search means: as numbers, in whatever unit of its kind.

FHIR R4 search.html#quantity, #prefix. A number asked for is an interval by its last digit ("5.40"
is 5.395 to 5.405); a stored comparator and a Range are intervals too. Decimal arithmetic only.
"""

from decimal import Decimal
from typing import Any

from hie.fhir.search.asked import Amount
from hie.fhir.search.scale import scale_of

_INFINITE = Decimal("Infinity")
_UCUM = "http://unitsofmeasure.org"

Span = tuple[Decimal, Decimal]


def is_amount(datatype: str, element: Any, asked: Amount) -> bool:
    """Whether the element's span stands to the number asked for as the prefix says."""
    if not isinstance(element, dict):
        return False
    if datatype == "Range":
        return _range(element, asked)
    span = _span(element)
    if span is None:
        return False
    factor = _factor(element, asked)
    return factor is not None and _compare(span[0] * factor, span[1] * factor, asked)


def _range(element: dict[str, Any], asked: Amount) -> bool:
    ends = [element[end] for end in ("low", "high") if isinstance(element.get(end), dict)]
    factors = [_factor(one, asked) for one in ends]
    if not ends or None in factors or any("value" not in one for one in ends):
        return False
    low, high = element.get("low"), element.get("high")
    return _compare(
        _scaled(low, asked) if low else -_INFINITE,
        _scaled(high, asked) if high else _INFINITE,
        asked,
    )


def _scaled(element: dict[str, Any], asked: Amount) -> Decimal:
    return Decimal(element["value"]) * (_factor(element, asked) or Decimal(1))


def _span(element: dict[str, Any]) -> Span | None:
    """What the value may be: a number, or everything a comparator leaves open."""
    value = element.get("value")
    if value is None or isinstance(value, str | bool):
        return None
    number = Decimal(value)
    match element.get("comparator"):
        case "<" | "<=":
            return -_INFINITE, number
        case ">" | ">=":
            return number, _INFINITE
        case _:
            return number, number


def _factor(element: dict[str, Any], asked: Amount) -> Decimal | None:
    """What the stored number is times to be in the unit asked for; None: another kind of unit."""
    if asked.code is None:
        matched = asked.system in (None, element.get("system", ""))
        return Decimal(1) if matched else None
    code, unit = element.get("code"), element.get("unit")
    if asked.system is None:
        if asked.code in (code, unit):
            return Decimal(1)
    elif element.get("system", "") != asked.system:
        return None
    elif code == asked.code:
        return Decimal(1)
    if element.get("system") != _UCUM or asked.system not in (None, _UCUM) or code is None:
        return None
    stored, wanted = scale_of(code), scale_of(asked.code)
    if stored is None or wanted is None or stored[1] != wanted[1]:
        return None
    return stored[0] / wanted[0]


def _compare(low: Decimal, high: Decimal, asked: Amount) -> bool:
    start, end = asked.number - asked.margin, asked.number + asked.margin
    match asked.prefix:
        case "eq":
            return low >= start and high < end
        case "ap":
            return low <= end and high >= start
        case "ne":
            return not (low >= start and high < end)
        case "gt":
            return high > asked.number
        case "ge":
            return high >= asked.number or low >= start
        case "lt":
            return low < asked.number
        case "le":
            return low <= asked.number or high < end
        case "sa":
            return low > asked.number
        case _:
            return high < asked.number
