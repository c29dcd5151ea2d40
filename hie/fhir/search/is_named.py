"""Whether a text is what a string search means: case, accents and punctuation aside; Chinese too.

FHIR R4 search.html#string: a text matches what it begins with. Chinese has no words to begin:
each character begins one, and a name is also found by its pinyin, whole or by initials ("张三" by
"zhang", "zhangs", "zs"). What a newcomer would get wrong: `:exact` compares the text as written.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from hie.pinyin import readings

# The parts of a HumanName and of an Address that a string may mean.
_PARTS = (
    "text", "family", "given", "prefix", "suffix",
    "line", "city", "district", "state", "postalCode", "country",
)  # fmt: skip
_MOST_READINGS = 32
_KEPT = frozenset("%_\\")  # punctuation that stands for something elsewhere: here for itself alone
_LONGEST_NAME = 12


def is_named(element: Any, asked: str, modifier: str) -> bool:
    """Whether a text, or any part of a name or an address, is what was asked for."""
    return any(_meets(text, asked, modifier) for text in texts(element))


def _meets(text: str, asked: str, modifier: str) -> bool:
    if modifier == "exact":
        return text == asked
    wanted, known = folded(asked), folded(text)
    if not wanted:
        return False
    if modifier == "contains" or is_han(wanted[0]):
        return wanted in known
    if known.startswith(wanted):
        return True
    return wanted.isascii() and any(one.startswith(wanted) for one in sounds(text))


def texts(element: Any) -> Iterator[str]:
    """A text, or the parts of a name or an address."""
    if isinstance(element, str):
        yield element
    elif isinstance(element, dict):
        for part in _PARTS:
            value = element.get(part)
            listed = value if isinstance(value, list) else [value]
            yield from (one for one in listed if one)


@lru_cache(8192)
def folded(text: str) -> str:
    """Without case, accents, punctuation, spaces and characters that are not seen."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(
        char for char in plain if unicodedata.category(char)[0] in "LNS" or char in _KEPT
    )


@lru_cache(8192)
def sounds(text: str) -> tuple[str, ...]:
    """The pinyin of a Chinese text in its readings, whole and by initials; none for other texts."""
    name = "".join(char for char in text if is_han(char))
    if not name or len(name) > _LONGEST_NAME:
        return ()
    found = [""]
    initials = [""]
    for char in name:  # a name is no phrase: every reading of each character
        several = [folded(one) for one in dict.fromkeys(readings(char))]
        found = [a + b for a in found for b in several][:_MOST_READINGS]
        initials = [a + b for a in initials for b in {one[:1] for one in several}]
        initials = sorted(set(initials))[:_MOST_READINGS]
    return (*found, *initials)


def is_han(char: str) -> bool:
    """Whether a character is a Chinese one."""
    return "\u3400" <= char <= "\u9fff" or "\U00020000" <= char <= "\U0003134f"
