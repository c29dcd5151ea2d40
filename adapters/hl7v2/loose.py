"""A text that may be a number, and what else it may be: a word, a titre, an interval, no value.

Chinese laboratories send `3.5↑`, `5.6mmol/L`, `阴性(-)`, `<0.01`, `1:160` and `未做` in fields of
any type. What is recognised is told apart; what is not stays the text that was sent.
"""

import re
from typing import Final

import msgspec

from adapters.hl7v2 import numbers, words
from adapters.hl7v2.ranges import two_numbers
from adapters.hl7v2.reading import Reading
from hie.records import Coded, Interval, Quantity, Ratio, ResultValue, Text


class Read(msgspec.Struct, gc=False):
    """A value and what was found with it."""

    value: ResultValue | None = None
    unit: str | None = None  # a unit inside the value
    flag: str | None = None  # v3-ObservationInterpretation of a flag or a result word
    flag_text: str = ""
    absent: str | None = None  # data-absent-reason
    note: str | None = None  # words that stood where a value belongs


class Where(msgspec.Struct, frozen=True, gc=False):
    """What a value reader must know of its OBX."""

    path: str
    unit: str  # OBX-6
    is_number: bool  # scale Qn by the profile
    code: str = ""  # OBX-3.1
    kind: str = ""  # OBX-2


def read_loose(reading: Reading, text: str, where: Where, *, strict: bool) -> Read:
    """A text that may be a number, a word, a titre, an interval or a sign for no value."""
    if not text:
        return Read()
    key = words.key(text)
    profile = reading.profile
    absent = profile.absent_values.get(text) or words.ABSENT.get(key)
    if absent:
        is_word = any(c.isalpha() for c in text)
        reading.issue("value-absent", where.path, text)
        return Read(absent=absent, note=text if is_word else None)
    flag = profile.values.get(text) or words.RESULT_WORDS.get(key)
    if flag or key in words.RESULT_WORDS:
        if strict:
            reading.issue("nm-not-numeric", where.path, text)
        return Read(_word(text, where.path), flag=flag, flag_text=text)
    found = None if len(text) > 120 else _numeric(reading, text, where, strict=strict)
    if found is not None:
        return found
    if strict:
        reading.issue("nm-not-numeric", where.path, text)
    return Read(Text(text))


def _word(text: str, path: str) -> Coded:
    return Coded(None, None, None, path, text=text)


def _numeric(reading: Reading, text: str, where: Where, *, strict: bool) -> Read | None:
    """Number with its surroundings, titre or interval; None if the text is none of them."""
    plain = numbers.narrow(text)
    profile = reading.profile.numbers
    if profile.thousands or profile.decimal == ",":
        plain = numbers.without_separators(plain, profile.thousands, profile.decimal)
    elif numbers.has_comma(plain):
        if strict or where.is_number:
            reading.issue("number-separator", where.path, text)
        return Read(Text(text))
    if titre := numbers.TITRE.fullmatch(plain):
        sign = titre["comparator"] or titre["comparator2"]
        comparator = numbers.COMPARATORS[sign] if sign else None
        top, bottom = numbers.digits(titre["numerator"]), numbers.digits(titre["denominator"])
        return Read(Ratio(top, bottom, text, comparator))
    if ends := two_numbers(plain):
        return Read(Interval(ends[0], ends[1], text))
    number = numbers.read(plain)
    if number is None:
        return None
    if not (strict or where.is_number or number.comparator or number.tail):
        return Read(Text(text))
    return _with_tail(reading, number, text, where, strict=strict)


def _with_tail(
    reading: Reading, number: numbers.Number, text: str, where: Where, *, strict: bool
) -> Read | None:
    """A number and what stands behind it: nothing, a flag, a unit, or something unknown."""
    quantity = Quantity(number.value, number.comparator)
    if number.comparator and strict:
        reading.issue("nm-has-comparator", where.path, text)
    tail = number.tail
    if not tail:
        if number.value != text and not number.comparator:
            reading.issue("number-normalised", where.path, text)
        return Read(quantity)
    key = words.key(tail)
    if key in words.TAIL_FLAGS:
        reading.issue("value-has-flag", where.path, text)
        return Read(quantity, flag=words.FLAGS[key.strip("()")], flag_text=tail)
    if not _looks_like_unit(tail):
        return None
    if where.unit and words.key(where.unit) != key:
        reading.issue("unit-conflict", where.path, text)
        return Read(Text(text))
    reading.issue("value-has-unit", where.path, text)
    return Read(quantity, unit=None if where.unit else tail)


_ATOM: Final = re.compile(
    r"%|‰|℃|°c|10[\^*]\d{1,2}|[munpμµfkdc]?(?:mol|g|l|u|iu|eq|osm|kat|pa|cal)|mmhg|mm|cm|s|sec|min|h|hr|"
    r"d|24h|hpf?|lpf?|1\.73m[2²]|m[2²]|个|copies|拷贝|co|coi|rlu|au|index|秒|秒钟|分|分钟|小时|ratio|inr|s\.d",
    re.IGNORECASE,
)


def _looks_like_unit(tail: str) -> bool:
    """Units of laboratories, joined by slashes; `3A` and `4型` are no numbers with units."""
    if len(tail) > 24:
        return False
    atoms = tail.strip("()[]").split("/")
    return all(_ATOM.fullmatch(a) for a in atoms if a) and any(atoms)
