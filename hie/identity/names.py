"""Whether two written names are one person's: typing, script and pinyin aside.

What a newcomer would get wrong: names that sound alike are different names (张 and 章). Only where
one side is written in Latin letters does the sound decide, and then in any reading of each
character (单: dan, shan, chan) and in either order of family and given name.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import opencc

from hie.pinyin import readings as readings_of

# Dots and dashes that stand between the parts of a name, in the forms in which they are typed.
_BETWEEN: Final = frozenset("·.-・•‧∙⋅。‐‑‒–—―−﹣")
# What passports and forms add to pinyin.
_IN_PINYIN: Final = frozenset("'’ʼ`,，")
_SIMPLIFIED: Final = opencc.OpenCC("t2s")
_LONGEST: Final = 100
# ü as it is written where the letter is missing: LYU in passports, LV in older ones and in typing.
_UMLAUT: Final = ("v", "yu", "u")


def names_agree(one: str, other: str) -> bool:
    """Whether two names agree; a name that is empty agrees with nothing."""
    a, b = folded(one), folded(other)
    if not a or not b:
        return False
    if a == b:
        return True
    if _is_latin(a) != _is_latin(b):
        latin, hanzi = (a, b) if _is_latin(a) else (b, a)
        return _spells(latin, hanzi)
    return _simplified(a) == _simplified(b)


def any_agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether any of one Patient's names agrees with any of another's."""
    return any(names_agree(a, b) for a in one for b in other)


def folded(name: str) -> str:
    """The name after NFKC, without spaces, dots, dashes, invisible characters and case."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(
        char
        for char in plain
        if char not in _BETWEEN and not char.isspace() and unicodedata.category(char) != "Cf"
    )


@lru_cache(4096)
def _simplified(name: str) -> str:
    """Traditional to simplified, character by character: a name is no phrase."""
    return "".join(_SIMPLIFIED.convert(char) for char in name)


def _is_latin(name: str) -> bool:
    return all(
        char in _IN_PINYIN or "a" <= unicodedata.normalize("NFD", char)[0] <= "z" for char in name
    )


def _spells(latin: str, name: str) -> bool:
    """Whether the letters are a reading of the name, family first or given first."""
    letters = _letters(latin)
    if not letters or len(name) > _LONGEST:
        return False
    for text in {name, _simplified(name)}:
        readings = _readings(text)
        if any(_reads(letters, order) for order in _orders(readings)):
            return True
    return False


def _letters(latin: str) -> str:
    """The letters alone; tone marks go, the dots of ü stay as `v`."""
    plain = unicodedata.normalize("NFD", latin).replace("u\u0308", "v")
    return "".join(char for char in plain if "a" <= char <= "z")


def _readings(name: str) -> tuple[frozenset[str], ...]:
    """Every way to read each character; a letter inside the name reads as itself."""
    return tuple(frozenset(_written(char)) for char in name)


@lru_cache(8192)
def _written(char: str) -> tuple[str, ...]:
    found: list[str] = []
    for reading in readings_of(char):
        text = reading.casefold()
        found += [text.replace("v", form) for form in _UMLAUT] if "v" in text else [text]
    return tuple(found)


def _orders(readings: Sequence[frozenset[str]]) -> Iterator[Sequence[frozenset[str]]]:
    """Family name first as written, then behind; it has one character, or two (欧阳)."""
    yield readings
    for family in (1, 2):
        if family < len(readings):
            yield (*readings[family:], *readings[:family])


def _reads(letters: str, readings: Sequence[frozenset[str]]) -> bool:
    """Whether the letters can be cut into one reading of each character, in order."""
    ends = {0}
    for choices in readings:
        ends = {
            end + len(text) for end in ends for text in choices if letters.startswith(text, end)
        }
        if not ends:
            return False
    return len(letters) in ends
