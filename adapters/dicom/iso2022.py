r"""Texts with code extensions: escape sequences switch the charset within one value.

PS3.3 section C.12.1.1.2, tables C.12-3 and C.12-4; ISO/IEC 2022. Chinese texts of `ISO 2022 IR 58`
begin with ESC $ ) A and then are GB 2312 with the high bit set, so its superset reads them; what
decoders commonly do is leave the escape in the name.
"""

import re
from typing import Final

from hie.charset import decode

_ESCAPE: Final = re.compile(rb"\x1b(\$\([A-Z]|\$\)[A-Z]|\$[A-Z@]|[()\-.][A-Z])")
# Escape sequence -> the codec of what follows; None: ASCII again.
_CODECS: Final[dict[bytes, str | None]] = {
    b"(B": None,
    b"(J": "shift_jis",
    b")I": "shift_jis",
    b"-A": "iso8859_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-T": "iso8859_11",
    b"-b": "iso8859_15",
    b"$B": "iso2022_jp_2",
    b"$@": "iso2022_jp_2",
    b"$(D": "iso2022_jp_2",
    b"$)C": "euc_kr",
    b"$)A": "gb18030",
}
# Code elements of seven bits: the escape belongs to what Python's codec reads.
_SEVEN_BITS: Final = "iso2022_jp_2"
CHINESE: Final = b"\x1b$)A"


def has_escapes(content: bytes) -> bool:
    """Whether there is an escape sequence that is known here."""
    return b"\x1b" in content and _ESCAPE.search(content) is not None


def decode_escaped(content: bytes, first: str) -> str:
    """The text of one value; `first` is the codec in force before any escape.

    Raises ValueError (UnicodeError among them) for an unknown escape or bytes outside the charset.
    """
    out: list[str] = []
    at = 0
    codec: str | None = first
    high = first  # what stands in G1 stays there while ASCII is invoked in G0
    sequence = b""
    for found in _ESCAPE.finditer(content):
        out.append(_piece(content[at : found.start()], codec or high, sequence))
        sequence, at = found[0], found.end()
        if found[1] not in _CODECS:
            raise ValueError("escape")
        codec = _CODECS[found[1]]
        if codec is not None and codec != _SEVEN_BITS:
            high = codec
    out.append(_piece(content[at:], codec or high, sequence))
    return "".join(out)


def _piece(content: bytes, codec: str, escape: bytes) -> str:
    if not content:
        return ""
    if b"\x1b" in content:
        raise ValueError("escape")
    if codec == _SEVEN_BITS:
        return (escape + content).decode(codec)
    if codec == "gb18030":
        return decode(content, force="gb18030").text
    return content.decode(codec)
