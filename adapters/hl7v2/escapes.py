r"""Escape sequences of HL7 v2 (2.5.1 chapter 2.7), decoded after a field was split.

An unknown or unbalanced escape stays as it was sent: units arrive as `10\S\9/L`, and comments
hold Windows paths. What a sequence may add is capped: `\.sp99999999\` is 16 bytes long.
"""

import functools
import re
from typing import Final

from adapters.hl7v2.reader import Delimiters

_MOST_BLANKS = 80
_MOST_LINES = 20
_NAMED: Final = (
    r"[FSTREPLHN]|\.(?:br|ce|nf|fi|BR|CE|NF|FI)"
    r"|\.(?:sp|sk|in|ti)[ +-]?\d{0,12}|X(?:[0-9A-Fa-f]{2})+"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")


@functools.lru_cache(maxsize=32)
def _pattern(escape: str) -> re.Pattern[str]:
    quoted = re.escape(escape)
    return re.compile(f"{quoted}({_NAMED}){quoted}")


def unescape(text: str, delimiters: Delimiters, charset: str = "utf-8") -> str:
    r"""The text with its escape sequences decoded; `charset` reads `\Xhh..\` bytes."""
    if delimiters.escape not in text:
        return text
    return _pattern(delimiters.escape).sub(lambda found: _one(found, delimiters, charset), text)


def _one(found: re.Match[str], delimiters: Delimiters, charset: str) -> str:
    code = found[1]
    head = code[0]
    if head == ".":
        return _layout(code[1:3].lower(), code[3:].strip())
    if head == "X":
        return _bytes(code[1:], charset) or found[0]
    if len(code) == 1:
        return {
            "F": delimiters.field,
            "S": delimiters.component,
            "T": delimiters.subcomponent,
            "R": delimiters.repetition,
            "E": delimiters.escape,
            "P": "#",
            "L": "#",
        }.get(head, "")  # H and N: highlighting, dropped
    return found[0]


def _layout(command: str, count: str) -> str:
    """Formatting commands of FT (2.7.3): only what a line of text can show."""
    size = int(count.lstrip("+-") or 1)
    if command == "br" or command == "ce":
        return "\n"
    if command == "sp":
        return "\n" * min(size, _MOST_LINES)
    if command == "sk":
        return " " * min(size, _MOST_BLANKS)
    return ""  # .in .ti .nf .fi: indents and wrapping


def _bytes(digits: str, charset: str) -> str | None:
    try:
        text = bytes.fromhex(digits).decode(charset.split("+")[0])
    except (UnicodeError, LookupError):
        return None
    return _CONTROL.sub("", text) or None
