"""Printed reference intervals (OBX-7): the text always, the bounds when they can be read.

What a newcomer would get wrong: `0.4--8` is 0.4 to 8 (a doubled dash), `-2--1` is -2 to -1, and
`3.5——9.5` is how Chinese keyboards write a dash. Several intervals labelled by sex or age stay
several; none of them is chosen here.
"""

import re
from typing import Final, Literal

from adapters.hl7v2.numbers import COMPARATOR, COMPARATORS, digits, narrow
from hie.records import ReferenceRange

_N = r"[0-9]{1,20}(?:\.[0-9]{1,20})?"
SIMPLE: Final = re.compile(rf"({_N})\s?[-~]\s?({_N})")
_TWO: Final = re.compile(
    rf"(?P<low>[+-]?\s?{_N})\s*(?P<dash>--?|~|_|to|至|到)\s*(?P<high>[+-]?{_N})\s*(?P<tail>.*)",
    re.DOTALL,
)
_ONE: Final = re.compile(
    rf"(?P<comparator>{COMPARATOR})\s*(?P<bound>[+-]?{_N})\s*(?P<tail>.*)", re.DOTALL
)
_LABEL: Final = (
    r"男性?|女性?|(?:fe)?male\b|[MF](?=\s*[:(\d])|成年人|成人|儿童|小儿|孕妇|妊娠期?|"
    r"[0-9]{1,3}\s*[-~]\s*[0-9]{1,3}\s*岁|(?:>=|<=|≥|≤|>|<)\s*[0-9]{1,3}\s*岁|[0-9]{1,3}\s*岁以[上下]"
)
_LABELS: Final = re.compile(rf"\s*\(?\s*({_LABEL})\s*\)?\s*[:,]?\s*", re.IGNORECASE)
_PIECES: Final = re.compile(
    rf"\s*[;\n&、|]\s*|\s*[,/]\s*(?=\(?(?:{_LABEL}))|(?<=[0-9A-Za-z%])\s+(?=\(?(?:{_LABEL}))",
    re.IGNORECASE,
)
_UNIT: Final = re.compile(r"[A-Za-zμ%/*^×\[(个][A-Za-zμ%/*^×0-9.\[\]()·个]{0,30}")
_LONGEST = 400


def read_ranges(
    text: str, path: str, unit: str = ""
) -> tuple[tuple[ReferenceRange, ...], str | None]:
    """The intervals of a printed text, and an issue code if its numbers could not be read.

    `unit` is the result's own unit: the printed interval may repeat it. An interval without
    numbers (阴性) is text and no issue.
    """
    found = SIMPLE.fullmatch(text)
    if found and float(found[1]) <= float(found[2]):
        return (ReferenceRange(text, path, digits(found[1]), digits(found[2])),), None
    plain = narrow(text)
    if not any(c.isdigit() for c in plain) or len(plain) > _LONGEST:
        return (ReferenceRange(text, path),), None
    whole, fault = _interval(plain, text, path, unit)
    if whole:
        return (whole,), None
    pieces = [p for p in _PIECES.split(plain) if p.strip()]
    read = [_labelled(piece, path, unit) for piece in pieces] if len(pieces) <= 24 else [None]
    if read and all(read):
        if len(read) == 1:
            return tuple(_with_text(r, text) for r in read if r), None
        return tuple(r for r in read if r), None
    return (ReferenceRange(text, path),), fault or "range-not-read"


def two_numbers(plain: str) -> tuple[str, str] | None:
    """Low and high of a narrowed text that is nothing but `low-high`; None if it is not."""
    found = _TWO.fullmatch(plain)
    if not found or found["tail"]:
        return None
    low, high = _signed(found)
    return (digits(low), digits(high)) if float(low) < float(high) else None


def _labelled(piece: str, path: str, unit: str) -> ReferenceRange | None:
    """One interval with the labels (sex, age) before it."""
    sex: Literal["male", "female"] | None = None
    age_low = age_high = None
    pregnant = False
    rest = piece
    labelled = False
    while label := _LABELS.match(rest):
        word = label[1].lower()
        rest = rest[label.end() :]
        labelled = True
        if word[0] in "男女mf":
            sex = "male" if word[0] in "男m" else "female"
        elif word[0] in "孕妊":
            pregnant = True
        else:
            age_low, age_high = _ages(word)
    if not labelled and rest == piece and not any(c.isdigit() for c in rest):
        return None
    found, _ = _interval(rest.strip(), piece, path, unit)
    if found is None:
        if not labelled or any(c.isdigit() for c in rest):
            return None
        found = ReferenceRange(piece, path)
    return ReferenceRange(
        found.text, path, found.low, found.high, found.low_exclusive, found.high_exclusive,
        sex, age_low, age_high, pregnant,
    )  # fmt: skip


def _ages(word: str) -> tuple[int | None, int | None]:
    """Whole years, both ends included, of an age label."""
    if word.startswith("成"):
        return 18, None
    if word in ("儿童", "小儿"):
        return None, 17
    numbers = [int(n) for n in re.findall(r"[0-9]+", word)]
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    years = numbers[0]
    if word.startswith((">=", "≥")) or "以上" in word:
        return years, None
    if word.startswith(("<=", "≤")) or "以下" in word:
        return None, years
    return (years + 1, None) if word.startswith(">") else (None, years - 1)


def _interval(
    plain: str, text: str, path: str, unit: str
) -> tuple[ReferenceRange | None, str | None]:
    """One interval without labels."""
    bare = plain[1:-1].strip() if plain[:1] in "([" and plain[-1:] in ")]" else plain
    found = _ONE.fullmatch(bare)
    if found and _is_unit(found["tail"], unit):
        comparator, bound = COMPARATORS[found["comparator"]], digits(found["bound"])
        if comparator[0] == "<":
            return ReferenceRange(text, path, None, bound, high_exclusive=comparator == "<"), None
        return ReferenceRange(text, path, bound, None, low_exclusive=comparator == ">"), None
    found = _TWO.fullmatch(bare)
    if found and _is_unit(found["tail"], unit):
        low, high = _signed(found)
        if float(low) > float(high):
            return None, "range-reversed"
        return ReferenceRange(text, path, digits(low), digits(high)), None
    return None, None


def _signed(found: re.Match[str]) -> tuple[str, str]:
    """The two bounds; the second dash of `--` is a sign only after a negative low end."""
    low, high = found["low"].replace(" ", ""), found["high"]
    if found["dash"] == "--" and low.startswith("-"):
        return low, f"-{high}"
    return low, high


def _is_unit(tail: str, unit: str) -> bool:
    if not tail:
        return True
    if unit:
        return tail.replace(" ", "").casefold() == narrow(unit).replace(" ", "").casefold()
    return _UNIT.fullmatch(tail) is not None


def _with_text(found: ReferenceRange, text: str) -> ReferenceRange:
    return ReferenceRange(
        text, found.path, found.low, found.high, found.low_exclusive, found.high_exclusive,
        found.sex, found.age_low, found.age_high, found.pregnant,
    )  # fmt: skip
