r"""HL7 v2 text from fields: nothing in a value can end a component, a field or a segment.

HL7 v2.5.1 chapter 2.7. The delimiters stand for themselves as `\F\ \S\ \R\ \T\ \E\`. A line break
is `\.br\` in formatted text and a blank everywhere else; so are the other characters at which some
reader cuts lines. No other control character has a place in ER7. Letters are never changed.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

CHARSETS: Final[Mapping[str, str]] = {"UNICODE UTF-8": "utf-8", "GB 18030-2000": "gb18030"}
UTF_8: Final = "UNICODE UTF-8"

_ESCAPES: Final = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}
)
_BREAK: Final = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_TIME: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_MOST_DIGITS: Final = 4  # of a second, TS


def escaped(text: str) -> str:
    """A text of one line in which the delimiters stand for themselves."""
    return _CONTROL.sub("", _BREAK.sub(" ", text).replace("\t", " ")).translate(_ESCAPES)


def lines(text: str) -> str:
    r"""Formatted text (FT): every line break is `\.br\`."""
    return "\\.br\\".join(_CONTROL.sub("", part).translate(_ESCAPES) for part in cut(text))


def cut(text: str) -> list[str]:
    """The lines of a text, by every character that somebody takes for a line break."""
    return _BREAK.split(text)


def has_lines(text: str) -> bool:
    """Whether a text is of more than one line."""
    return _BREAK.search(text) is not None


def components(*parts: str | None) -> str:
    """Components, each a plain text; empty ones at the end are left out."""
    return _joined("^", parts)


def repeated(fields: Iterable[str]) -> str:
    """Repetitions of a field, each written already."""
    return "~".join(one for one in fields if one)


def segment(name: str, fields: Mapping[int, str]) -> str:
    """A segment from its numbered fields, written already; empty ones at the end are left out."""
    last = max((number for number, text in fields.items() if text), default=0)
    return "|".join((name, *(fields.get(number, "") for number in range(1, last + 1))))


def header(fields: Mapping[int, str]) -> str:
    """MSH: its first field is the separator, its second the other delimiters."""
    last = max(number for number, text in fields.items() if text)
    return "|".join(("MSH", r"^~\&", *(fields.get(number, "") for number in range(3, last + 1))))


def message(segments: Iterable[str], charset: str) -> bytes:
    """The segments as one message in a charset of `CHARSETS`."""
    text = "".join(f"{one}\r" for one in segments)
    return text.encode(CHARSETS[charset])


def stamp(text: str | None) -> str:
    """A FHIR date, dateTime or instant as TS, with its own offset and precision; "" for none."""
    found = _TIME.fullmatch(text or "")
    if found is None:
        return ""
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    digits = "".join(part or "" for part in (year, month, day, hour, minute, second))
    offset = "+0000" if zone == "Z" else (zone or "").replace(":", "")
    return f"{digits}{(fraction or '')[: _MOST_DIGITS + 1]}{offset}"


def clock(text: str) -> str:
    """A FHIR time (08:30:00) as TM."""
    return text.replace(":", "")


def _joined(delimiter: str, parts: Iterable[str | None]) -> str:
    return delimiter.join(escaped(part or "") for part in parts).rstrip(delimiter)
