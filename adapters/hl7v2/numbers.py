"""Numbers as laboratories write them, digit by digit.

`5.10` stays `5.10`. What stands around the number (a comparator, a flag, a unit) is told apart;
what is no number is left to the caller. Everything here is linear in the length of the text.
"""

import re
import unicodedata
from typing import Final, Literal

import msgspec

Comparator = Literal["<", "<=", ">=", ">"]

PLAIN: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?")
COMPARATORS: Final[dict[str, Comparator]] = {
    "<": "<", ">": ">", "<=": "<=", ">=": ">=", "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=",
    "≦": "<=", "≧": ">=", "⩽": "<=", "⩾": ">=", "小于": "<", "大于": ">", "低于": "<",
    "高于": ">", "小于等于": "<=", "大于等于": ">=",
}  # fmt: skip
COMPARATOR: Final = r"<=|>=|=<|=>|<|>|≤|≥|≦|≧|⩽|⩾|小于等于|大于等于|小于|大于|低于|高于"
_NUMBER: Final = re.compile(
    rf"(?P<comparator>{COMPARATOR})?\s*"
    r"(?P<number>[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))"
    r"(?:[eE](?P<exponent>[+-]?[0-9]{1,3})(?![0-9A-Za-z])"
    r"|\s?[×xX*·]\s?10\s?(?:\^|\*\*|\*|[eE])\s?(?P<power>[+-]?[0-9]{1,3}))?"
    r"\s*(?P<tail>.*)",
    re.DOTALL,
)
TITRE: Final = re.compile(
    rf"(?P<comparator>{COMPARATOR})?\s*\(?\s*(?P<comparator2>{COMPARATOR})?\s*"
    r"(?P<numerator>[0-9]{1,10})\s*:\s*(?P<denominator>[0-9]{1,12}(?:\.[0-9]{1,6})?)\s*\)?"
)
_SUPERSCRIPT: Final = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_FROM_SUPERSCRIPT: Final = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－─━", "-") | dict.fromkeys("~～〜∼", "~"))
_LARGEST_EXPONENT = 60
_NO_NUMBER_BEFORE: Final = frozenset(".,-+:~")


class Number(msgspec.Struct, frozen=True, gc=False):
    """A number, its comparator, and the text behind it (flag, unit or something else)."""

    value: str
    comparator: Comparator | None
    tail: str


def narrow(text: str) -> str:
    """The text with full-width forms, superscript digits and the many dashes made plain."""
    if text.isascii():
        return text.strip()
    text = _SUPERSCRIPT.sub(lambda found: "^" + found[0].translate(_FROM_SUPERSCRIPT), text)
    return unicodedata.normalize("NFKC", text).translate(_DASHES).strip(" \t\r\n\u200b\ufeff")


def read(text: str) -> Number | None:
    """The number that a narrowed text begins with, or None. A comma is no part of a number."""
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    number, tail = found["number"], found["tail"].strip()
    power = found["exponent"] or found["power"]
    if tail[:1].isdigit() or tail[:1] in _NO_NUMBER_BEFORE:
        return None
    if found["power"] and tail.startswith("/"):
        power, tail = None, f"10^{found['power']}{tail}"  # 5.6×10^9/L: the power is the unit's
    value = digits(number)
    if power is not None:
        if abs(int(power)) > _LARGEST_EXPONENT:
            return None
        value = f"{value}E{int(power):+d}"
    comparator = found["comparator"]
    return Number(value, COMPARATORS[comparator] if comparator else None, tail)


def digits(number: str) -> str:
    """Decimal text as FHIR wants it: no plus sign, no leading zeros, no bare point."""
    sign = "-" if number[0] == "-" else ""
    whole, point, fraction = number.lstrip("+-").partition(".")
    whole = whole.lstrip("0") or "0"
    return f"{sign}{whole}.{fraction}" if point and fraction else f"{sign}{whole}"


def has_comma(text: str) -> bool:
    """Digits, a comma and digits: thousands or decimals, only the sender knows."""
    return (
        re.fullmatch(r"[<>=≤≥\s]*[+-]?[0-9]{1,40}(?:,[0-9]{1,40})+(?:\.[0-9]{0,40})?.{0,40}", text)
        is not None
    )


def without_separators(text: str, thousands: str | None, decimal: str) -> str:
    """The text with the profile's thousands removed and its decimal sign made a point."""
    if thousands:
        text = re.sub(rf"(?<=[0-9]){re.escape(thousands)}(?=[0-9]{{3}}(?![0-9]))", "", text)
    if decimal == ",":
        text = re.sub(r"(?<=[0-9]),(?=[0-9])", ".", text)
    return text
