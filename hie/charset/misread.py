"""Text that somebody before us read in a wrong charset, or lost characters of.

Flagged, and put right only where a profile asks for it.
"""

import re
from typing import Final

from hie.charset.likeness import hanzi, rarity, signs_only

_RUN: Final = re.compile("[^\x00-\x7f]+(?:[\\^ ][^\x00-\x7f]+)*")
_LATIN: Final = re.compile("[\x80-\xff]")
_WRONG_GB: Final = (("gb18030", "utf-8"),)
_WRONG_LATIN: Final = (*_WRONG_GB, ("latin-1", "utf-8"), ("cp1252", "utf-8"))


def mojibake(text: str) -> str | None:
    """What the text was before somebody read its bytes in the wrong charset; None if it is fine.

    Detected by going back: the text encodes in the wrong charset, those bytes decode strictly in
    the right one, and the outcome has commoner characters. Nothing is repaired here.
    """
    if text.isascii():
        return None
    pairs = _WRONG_LATIN if _LATIN.search(text) else _WRONG_GB
    for wrong, right in pairs:
        back = _back(text, wrong, right)
        if back and hanzi(back) >= 2 and rarity(text) > rarity(back):
            return back
    if pairs is _WRONG_GB:
        return None
    back = _back(text, "latin-1", "gb2312")
    if back and hanzi(back) >= 1 and rarity(back) == 0 and not signs_only(text):
        return back
    return None


def repair(text: str) -> str:
    """The text with each mojibake run put right (profile switch `repair_mojibake`)."""
    return _RUN.sub(lambda run: mojibake(run[0]) or run[0], text)


def has_lost_characters(text: str) -> bool:
    """The sender's export had already replaced characters: U+FFFD, or a run of `?`."""
    return "\ufffd" in text or "??" in text or (text.strip() == "?")


def _back(text: str, wrong: str, right: str) -> str | None:
    try:
        return text.encode(wrong).decode(right)
    except UnicodeError:
        return None
