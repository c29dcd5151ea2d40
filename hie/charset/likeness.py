"""What text looks like: strict decoding, and how rare the characters are that it gives.

Nearly any bytes decode in some charset; the right one gives common characters.
"""

import codecs
import re
from typing import Final

BEYOND_TWO_BYTES: Final = re.compile("[\u0800-\U0010ffff]")
# What Latin and Greek text in a Chinese laboratory message looks like: units and item names.
_SIGNS: Final = frozenset("µμ²³¹×÷°±·αβγδεκλωΑΒΓΔΩ§®\u00a0éüöäèçñóáíúãõâêôàìòùåÉÖÜÄÅÑÓÁ")


def partial(content: bytes, name: str) -> tuple[str, int] | None:
    """Strictly decoded text and the number of bytes of a character cut off at the very end."""
    try:
        return content.decode(name), 0
    except LookupError:
        return None
    except UnicodeError as fault:
        if isinstance(fault, UnicodeDecodeError) and fault.start < len(content) - 3:
            return None
    try:
        decoder = codecs.getincrementaldecoder(name)("strict")
        text = decoder.decode(content, final=False)
    except UnicodeError:
        return None
    return text, len(decoder.getstate()[0])


def hanzi(text: str) -> int:
    """How many hanzi the text holds."""
    return sum(1 for c in text if "\u3400" <= c <= "\u9fff" or c >= "\U00020000")


def signs_only(text: str) -> bool:
    """Whether all that is not ASCII are signs of Latin and Greek laboratory text."""
    return all(c in _SIGNS for c in text if c > "\x7f")


def rarity(text: str) -> float:
    """Share of the non-ASCII characters outside GB 2312 level 1 and ordinary signs, 0 to 1."""
    high = [c for c in text if c > "\x7f"]
    return sum(not is_common(c) for c in high) / len(high) if high else 0.0


def is_common(char: str) -> bool:
    """Whether a character is a sign, Chinese punctuation, or one of the commonest hanzi."""
    if char in _SIGNS or "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uffef":
        return True
    try:
        pair = char.encode("gb2312")
    except UnicodeError:
        return False
    return 0xB0 <= pair[0] <= 0xD7  # level 1: the 3,755 commonest hanzi
