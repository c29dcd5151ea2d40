"""UTF-8 and GB18030 told apart where the bytes pass as both.

GBK text can be valid UTF-8 by accident ("一二"), and nearly all UTF-8 passes as GB18030: what
counts is which reading has the commoner characters.
"""

import re
from typing import Final

from hie.charset.likeness import BEYOND_TWO_BYTES, hanzi, partial, rarity, signs_only
from hie.charset.misread import mojibake

_ENOUGH = 6  # non-ASCII characters of valid UTF-8 that outweigh a declared GB charset
_HIGH: Final = re.compile("[^\x00-\x7f]")
_UTF8_RUN: Final = re.compile(
    rb"(?<![\x80-\xff])(?:[\xe3-\xef][\x80-\xbf]{2}|[\xc2-\xdf][\x80-\xbf])+(?![\x80-\xff])"
)
# What each byte can be in UTF-8: a blank for ASCII, then continuation, lead of two or of three.
_SHAPES: Final = bytes(
    0x20 if b < 0x80 else ord("c") if b < 0xC0 else ord("2") if b < 0xE0 else ord("3") if b < 0xF0
    else ord("x")
    for b in range(256)
)  # fmt: skip
_UTF8_SHAPE: Final = re.compile(rb"(?:3cc|2c)+")
_TWO_BYTE_LEADS: Final = bytes(0xC2 <= c < 0xE0 for c in range(256))  # each byte: is it one
_TWO_BYTES: Final = re.compile(rb"(?:[\xc2-\xdf][\x80-\xbf])+")
_ASCII_BLANK: Final = bytes(b if b >= 0x80 else 0x20 for b in range(256))


def reads_as_utf8(text: str, content: bytes, named: str | None) -> bool:
    """Valid UTF-8 is UTF-8, unless it is GB text that fits by accident."""
    if not BEYOND_TWO_BYTES.search(text):
        # Two-byte sequences only: "一二" in GBK is valid UTF-8 for two letters nobody writes.
        if signs_only(text):
            return True
        gb = partial(content, "gb18030")
        return gb is None or hanzi(gb[0]) == 0 or rarity(gb[0]) > 0
    if named in (None, "utf-8", "latin-1", "cp1252"):
        return True  # every byte is Latin-1; whole three-byte sequences are no accident there
    if len(_HIGH.findall(text)) >= _ENOUGH:
        return True
    other = partial(content, named) if named != "utf-16" else None
    return other is None or mojibake(other[0]) is not None


def holds_utf8(content: bytes) -> bool:
    """Among bytes that pass as GB18030 there is a word that only makes sense as UTF-8."""
    shapes = set(content.translate(_SHAPES).split())
    if not any(b"3" in shape and _UTF8_SHAPE.fullmatch(shape) for shape in shapes):
        return False
    for run in _UTF8_RUN.finditer(content):
        gb = partial(run[0], "gb18030")
        utf8 = partial(run[0], "utf-8")  # None: a surrogate, which no UTF-8 text holds
        text = utf8[0] if utf8 is not None else ""
        if not BEYOND_TWO_BYTES.search(text):
            continue
        if gb is None or gb[1] or rarity(gb[0]) > rarity(text):
            return True
    return False


def holds_gb(content: bytes) -> bool:
    """Among valid UTF-8 there is a word of two-byte letters that is common hanzi in GBK.

    郑十 in GBK is valid UTF-8 for two letters nobody writes.
    """
    if 1 not in content.translate(_TWO_BYTE_LEADS):
        return False
    for word in set(content.translate(_ASCII_BLANK).split()):
        if not _TWO_BYTES.fullmatch(word) or signs_only(word.decode("utf-8")):
            continue
        gb = partial(word, "gb18030")
        if gb is None or gb[1]:
            continue
        if hanzi(gb[0]) > 0 and rarity(gb[0]) == 0:
            return True
    return False
