"""A UCUM unit as a factor and what it measures, for comparing quantities of one kind.

UCUM 2.1 § 4: units joined by `.` and `/`, exponents, metric prefixes, annotations in braces. Only
units that laboratories use are read; any other compares by its code alone. No unit with an offset
(Cel) is scaled.
"""

import re
from decimal import Decimal
from functools import lru_cache

_PREFIXES = {
    "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "": 0, "d": -1, "c": -2, "m": -3, "u": -6,
    "n": -9, "p": -12, "f": -15, "a": -18,
}  # fmt: skip
_METRIC = {"mol", "g", "L", "l", "m", "s", "U", "[iU]", "kat", "eq", "osm", "J", "Pa", "Bq", "Gy"}
_OTHER = {
    "%": (Decimal("0.01"), ()),
    "1": (Decimal(1), ()),
    "min": (Decimal(60), (("s", 1),)),
    "h": (Decimal(3600), (("s", 1),)),
    "d": (Decimal(86400), (("s", 1),)),
    "wk": (Decimal(604800), (("s", 1),)),
    "mm[Hg]": (Decimal("133.322"), (("Pa", 1),)),
}
_SAME = {"l": "L", "[IU]": "[iU]"}
_TERM = re.compile(r"(?P<unit>10[*^][+-]?\d+|[A-Za-z%\[\]]*[A-Za-z%\]]|1)(?P<power>[+-]?\d)?\Z")
_LONGEST = 40

Kind = tuple[tuple[str, int], ...]


@lru_cache(1024)
def scale_of(code: str) -> tuple[Decimal, Kind] | None:
    """Factor and kind: "mg/dL" is (0.01, ((g, 1), (L, -1))); None for what is not read."""
    if len(code) > _LONGEST:
        return None
    factor, powers = Decimal(1), dict[str, int]()
    text = re.sub(r"\{[^{}]*\}", "", code).strip() or "1"
    sign = 1
    for piece in re.split(r"([./])", text):
        if piece in ("", "."):
            sign = 1 if piece == "." else sign
            continue
        if piece == "/":
            sign = -1
            continue
        found = _term(piece)
        if found is None:
            return None
        times, kind = found
        factor = factor * times if sign > 0 else factor / times
        for unit, power in kind:
            powers[unit] = powers.get(unit, 0) + sign * power
    return factor, tuple(sorted((unit, power) for unit, power in powers.items() if power))


def _term(text: str) -> tuple[Decimal, Kind] | None:
    match = _TERM.match(text)
    if match is None:
        return None
    unit, power = match["unit"], int(match["power"] or 1)
    if unit.startswith(("10*", "10^")):
        return Decimal(10) ** int(unit[3:]), ()
    found = _unit(unit)
    if found is None:
        return None
    factor, kind = found
    return factor**power, tuple((name, one * power) for name, one in kind)


def _unit(text: str) -> tuple[Decimal, Kind] | None:
    if text in _OTHER:
        return _OTHER[text]
    for prefix, exponent in _PREFIXES.items():
        name = text.removeprefix(prefix) if text.startswith(prefix) else ""
        name = _SAME.get(name, name)
        if name in _METRIC:
            return Decimal(10) ** exponent, ((name, 1),)
    return None
