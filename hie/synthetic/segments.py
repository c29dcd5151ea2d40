"""HL7 v2 segments from numbered fields, escaped; what both dialects are written with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

SYNTHETIC: Final = "合成数据，所有人员均为虚构 Synthetic data: every person is invented"
_ESCAPES: Final = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}
)
_COMPOUND: Final = ("欧阳", "司徒")


def escaped(text: str) -> str:
    """Text in which the delimiters stand for themselves."""
    return text.translate(_ESCAPES)


def segment(name: str, fields: Mapping[int, str]) -> str:
    """A segment from its numbered fields, already escaped; empty ones at the end are left out."""
    filled = [number for number, text in fields.items() if text]
    cells = [fields.get(number, "") for number in range(1, max(filled, default=0) + 1)]
    return "|".join((name, *cells))


def header(fields: Mapping[int, str]) -> str:
    """MSH: its first field is the separator itself, its second the other delimiters."""
    cells = [fields.get(number, "") for number in range(3, max(fields) + 1)]
    return "|".join(("MSH", "^~\\&", *cells))


def stamp(at: datetime | None, zone: bool = False) -> str:
    """A time as HL7 writes it; "" for none."""
    return "" if at is None else f"{at:%Y%m%d%H%M%S}" + ("+0800" if zone else "")


def name_parts(name: str) -> str:
    """Family and given name as components: 王^秀英, LYU^HAITAO; other names stay whole."""
    if " " in name:
        return name.replace(" ", "^", 1)
    if "·" in name or len(name) > 4:
        return name
    family = 2 if name.startswith(_COMPOUND) else 1
    return f"{name[:family]}^{name[family:]}"


def marker() -> str:
    """The segment that says of every message what it is."""
    return segment("ZSY", {1: "SYNTHETIC", 2: SYNTHETIC})
