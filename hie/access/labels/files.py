"""What a file inside a resource says: its text, when it has one that can be read.

A file that nobody here can read (a scan, an unknown or locked format) is about nobody knows what.
"""

import base64
import binascii
import re

from hie.access.labels.label import UNMAPPED
from hie.access.labels.pdf import MOST_TOLD, text_of_pdf
from hie.access.labels.tables import said, tables

_TEXTS = re.compile(r"text/|application/(?:[\w.-]+\+)?(?:xml|json|xhtml)\b|application/hl7")
_MARKUP = re.compile(r"<[^<>]{0,2000}>")
_CHARSET = re.compile(r"charset=\"?([\w-]+)")
_CHARSETS = {"gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030"}


def file_of(media: str, data: str) -> int:
    """The bits of what an attachment says, given as base64; UNMAPPED where it cannot be read."""
    try:
        text = _read(media.casefold(), base64.b64decode(data))
    except binascii.Error:
        return UNMAPPED
    if text is None or len(text) > MOST_TOLD:
        return UNMAPPED
    return said(tables(), "words", text) | said(tables(), "words", "".join(text.split()))


def _read(media: str, content: bytes) -> str | None:
    if b"%PDF-" in content[:1024]:
        return text_of_pdf(content)
    if not content.strip():
        return ""
    if not _TEXTS.match(media):
        return None
    named = _CHARSET.search(media)
    name = _CHARSETS.get(named[1], named[1]) if named else ""
    for charset in (name, "utf-8-sig", "gb18030"):
        try:
            text = content.decode(charset) if charset else None
        except (UnicodeDecodeError, LookupError):
            continue
        if text is not None:
            return _MARKUP.sub(" ", text) if "<" in text and "plain" not in media else text
    return None
