"""Codes of a resource that have no column of their own: the second category, a third coding.

Nearly every resource has one code in each place, and no text here. What has more is found by this
text: one entry for each code, with its system, between characters that stand in no code.
"""

from collections.abc import Iterable
from enum import StrEnum

_START, _MIDDLE = "\x1f", "\x1e"
_PARTS = str.maketrans("", "", "\x1f\x1e\0")


class Place(StrEnum):
    """Where a code stands."""

    CODE = "c"
    CATEGORY = "g"
    MODALITY = "m"


Other = tuple[Place, str, str]  # place, system, code


def written(others: Iterable[Other], foreign: Iterable[Place] = ()) -> str | None:
    """The text of these; None for none.

    `foreign`: places whose column has a code of another system than the column means.
    """
    text = "".join(
        f"{_START}{place}{_plain(system)}{_MIDDLE}{place}{_plain(code)}{_START}"
        for place, system, code in dict.fromkeys(others)
    )
    text += "".join(mark(place) for place in sorted(set(foreign)))
    return text or None


def entry(place: Place, system: str | None, code: str | None) -> str:
    """What the text holds of a code; `system` None is any system, `code` None any code of one."""
    if code is None:
        return f"{_START}{place}{_plain(system or '')}{_MIDDLE}"
    if system is None:
        return f"{_MIDDLE}{place}{_plain(code)}{_START}"
    return f"{_START}{place}{_plain(system)}{_MIDDLE}{place}{_plain(code)}{_START}"


def mark(place: Place) -> str:
    """What the text holds when a column is not of the system it means."""
    return f"{_START}{place}{_MIDDLE}!"


def _plain(text: str) -> str:
    return text.translate(_PARTS)
