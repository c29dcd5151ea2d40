"""Names of charsets as senders write them, and the marks that bytes may begin with.

HL7 table 0211, MSH-18 and DICOM (0008,0005) as met; a name that is not listed is never handed to
Python's codec registry.
"""

import re
from typing import Final

# HL7 table 0211 and what is met in MSH-18, without spaces, hyphens, underscores and case. A name
# that is not listed is never handed to Python's codec registry.
_NAMES: Final = {
    "UNICODE UTF-8": "utf-8",  # as the table has it: the commonest, found at once
    "utf8": "utf-8",
    "unicodeutf8": "utf-8",
    "unicode": "utf-8",
    "isoir192": "utf-8",
    "utf16": "utf-16",
    "unicodeutf16": "utf-16",
    "gb18030": "gb18030",
    "gb180302000": "gb18030",
    "gb180302005": "gb18030",
    "gb180302022": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "936": "gb18030",
    "euccn": "gb18030",
    "isoir58": "gb18030",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cp950": "cp950",
    "ascii": "ascii",
    "usascii": "ascii",
    "isoir6": "ascii",
    "8859/1": "latin-1",
    "88591": "latin-1",
    "iso8859/1": "latin-1",
    "iso88591": "latin-1",
    "latin1": "latin-1",
    "isoir100": "latin-1",
    "cp1252": "cp1252",
    "windows1252": "cp1252",
}
MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def codec(name: str | None) -> str | None:
    """Python's codec of a declared charset name; None when it is empty or not known here."""
    return _NAMES.get(name) or _NAMES.get(_plain(name)) if name else None


def _plain(name: str) -> str:
    """A charset name without case, blanks, hyphens and underscores."""
    return re.sub(r"[\s_-]", "", name.casefold())
