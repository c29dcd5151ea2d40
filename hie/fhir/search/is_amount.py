"""Whether a quantity is what a quantity search means: as numbers, in whatever unit of its kind.

FHIR R4 search.html#quantity, #number, #prefix. A number asked for without a prefix is an interval
by its last digit ("5.40" is 5.395 to 5.405), with one it is exact; a stored comparator and a Range
are intervals too. Decimal arithmetic only.
"""

from decimal import Decimal
from typing import Any

from hie.fhir.search.scale import scale_of
from hie.fhir.search.values import Amount

_INFINITE = Decimal("Infinity")
_UCUM = "http://unitsofmeasure.org"

# An end of a span: the number, and whether what is meant lies just below (-1), at (0) or above it.
End = tuple[Decimal, int]


def is_amount(datatype: str, element: Any, asked: Amount) -> bool:
    """Whether the element's span stands to the number asked for as the prefix says."""
    if isinstance(element, Decimal | int) and not isinstance(element, bool):
        here = (Decimal(element), 0)
        return asked.code is None and asked.system is None and _compare(here, here, asked)
    if not isinstance(element, dict):
        return False
    if datatype == "Range":
        return _range(element, asked)
    span = _span(element)
    factor = None if span is None else factor_of(element, asked)
    if span is None or factor is None:
        return False
    (low, below), (high, above) = span
    return _compare((low * factor, below), (high * factor, above), asked)


def factor_of(element: dict[str, Any], asked: Amount) -> Decimal | None:
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


def _range(element: dict[str, Any], asked: Amount) -> bool:
    ends = [element[end] for end in ("low", "high") if isinstance(element.get(end), dict)]
    factors = [factor_of(one, asked) for one in ends]
    if not ends or None in factors or any("value" not in one for one in ends):
        return False
    low, high = element.get("low"), element.get("high")
    return _compare(
        (_scaled(low, asked) if low else -_INFINITE, 0),
        (_scaled(high, asked) if high else _INFINITE, 0),
        asked,
    )


def _scaled(element: dict[str, Any], asked: Amount) -> Decimal:
    return Decimal(element["value"]) * (factor_of(element, asked) or Decimal(1))


def _span(element: dict[str, Any]) -> tuple[End, End] | None:
    """What the value may be: a number, or everything a comparator leaves open."""
    value = element.get("value")
    if value is None or isinstance(value, str | bool):
        return None
    number = Decimal(value)
    match element.get("comparator"):
        case "<":
            return (-_INFINITE, 0), (number, -1)
        case "<=":
            return (-_INFINITE, 0), (number, 0)
        case ">":
            return (number, 1), (_INFINITE, 0)
        case ">=":
            return (number, 0), (_INFINITE, 0)
        case _:
            return (number, 0), (number, 0)


def _compare(low: End, high: End, asked: Amount) -> bool:
    """The prefixes. Those that order take the number as exact (search.html#prefix)."""
    start, end = (asked.number - asked.margin, 0), (asked.number + asked.margin, 0)
    number = (asked.number, 0)
    match asked.prefix:
        case "eq":
            return low >= start and high < end
        case "ap":
            return low <= end and high >= start
        case "ne":
            return not (low >= start and high < end)
        case "gt":
            return high > number
        case "ge":
            return high >= number
        case "lt":
            return low < number
        case "le":
            return low <= number
        case "sa":
            return low > number
        case _:
            return high < number
