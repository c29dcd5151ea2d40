"""Search values that are numbers: how precise each is, what its prefix is, where it is.

FHIR R4 search.html#number, #quantity, #prefix, location.html#positional. A number is an interval
by its last digit: "5.4" is 5.35 to 5.45, "100" is 99.5 to 100.5, "1e2", as R4 has it, 95 to 105.
"""

import re
from decimal import Decimal

from hie.fhir.search.refusal import bad, plain
from hie.fhir.search.separators import split
from hie.fhir.search.values import Amount, Near
from hie.fhir.strict import EXPONENT

PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z", re.ASCII)
_MOST_DIGITS = 60
_LEAST_FIGURES = 2  # significant figures of a number with an exponent: R4 reads 1e2 as 95 to 105
_METRES = {"km": 1000.0, "m": 1.0, "[mi_i]": 1609.344, "[mi_us]": 1609.347, "cm": 0.01}
_NEAR = 50.0  # kilometres, where no distance is named


def prefixed(text: str) -> tuple[str, str]:
    """A prefix and the rest; "eq" where none is written."""
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)


def amount(name: str, text: str, *, is_quantity: bool = True) -> Amount:
    """An optional prefix and a number; of a quantity `|system|code`, `||code`, `|system|`."""
    texts = [plain(name, part) for part in split(text, "|")]
    prefix, digits = prefixed(texts[0])
    lengths = (1, 3) if is_quantity else (1,)
    if len(texts) not in lengths or not _is_number(digits):
        expected = "number, number|system|code or number||code" if is_quantity else "a number"
        raise bad(name, "not-a-quantity" if is_quantity else "not-a-number", expected)
    number = Decimal(digits)
    margin = _margin(number, has_exponent="e" in digits.lower())
    if prefix == "ap":
        margin = max(margin, abs(number) / 10)
    if len(texts) == 1:
        return Amount(prefix, number, margin)
    return Amount(prefix, number, margin, texts[1] or None, texts[2] or None)


def near(name: str, text: str) -> Near:
    """`latitude|longitude`, then perhaps `|distance` and `|unit` (a UCUM length; km)."""
    texts = [plain(name, part) for part in split(text, "|")]
    texts += ["", ""][: max(0, 4 - len(texts))]
    if len(texts) != 4 or not all(_is_number(one) for one in texts[:2]):
        raise bad(name, "not-a-position", "latitude|longitude|distance|unit")
    latitude, longitude = float(texts[0]), float(texts[1])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad(name, "not-a-position", "degrees")
    if texts[2] and not (_is_number(texts[2]) and float(texts[2]) >= 0):
        raise bad(name, "not-a-position", "a distance")
    unit = _METRES.get(texts[3] or "km")
    if unit is None:
        raise bad(name, "unknown-unit", ", ".join(_METRES))
    return Near(latitude, longitude, float(texts[2] or _NEAR) * unit)


def _is_number(text: str) -> bool:
    """Whether it is one that a resource could hold."""
    if len(text) > _MOST_DIGITS or _NUMBER.match(text) is None:
        return False
    return abs(Decimal(text).adjusted()) <= EXPONENT


def _margin(number: Decimal, *, has_exponent: bool) -> Decimal:
    """Half of the last digit."""
    _, digits, exponent = number.as_tuple()
    last = int(exponent)
    if has_exponent:
        last -= max(0, _LEAST_FIGURES - len(digits))
    return Decimal(5).scaleb(last - 1)
