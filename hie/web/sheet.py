"""A sheet: what a printed page says, before anybody draws it as HTML or PDF.

Both are drawn from the same sheet, so that screen and paper cannot disagree.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal

# Characters that are not seen and change what is: they turn the order of letters round, or hide
# between them. ZWJ and ZWNJ stay: some scripts are not written right without them.
_UNSEEN: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
LONG: Final = 300  # characters from which a value is set as running text


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a block: what it is about, and what is said."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under one heading; `text` is running text of any length, after them on paper.

    `is_part`: it belongs to the block before it that is none.
    """

    title: str
    rows: tuple[Row, ...] = ()
    text: str = ""
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A printed page. `alerts` stand above all else; `note` is set small at its end.

    `name` is of the file it is saved as: it holds no word of a patient.
    """

    name: str
    lang: Literal["zh", "en"]
    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    alerts: tuple[str, ...] = ()
    note: tuple[str, ...] = field(default=())
    sign: tuple[str, ...] = ()  # who signs: each gets a line
    whose: str = ""  # stands at the foot of every printed page: pages come apart


def legible(text: str | None) -> str:
    """A text as it may stand on a page: nothing unseen in it, no control characters."""
    plain = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(" ", _UNSEEN.sub("", plain)).strip()


def rows(*given: tuple[str, str | None]) -> tuple[Row, ...]:
    """The lines that say something."""
    return tuple(Row(label, shown) for label, value in given if (shown := legible(value)))


def time_text(text: str | None) -> str:
    """A FHIR time as people read it: 2026-06-12 08:10 (UTC+08:00), with the precision it has."""
    day, _, rest = (text or "").partition("T")
    found = re.fullmatch(r"(\d\d:\d\d)(:\d\d)?(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", rest)
    if found is None:
        return day
    clock, seconds, zone = found.groups()
    seconds = "" if seconds in (None, ":00") else seconds
    offset = {"Z": " (UTC)", None: ""}.get(zone, f" (UTC{zone})")
    return f"{day} {clock}{seconds}{offset}"
