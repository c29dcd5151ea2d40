"""The text a PDF shows, in every way it may be meant, for words to be looked for (ISO 32000-1).

No page is laid out. Streams are unpacked within bounds, the strings that text operators show are
read, and each is decoded by the document's own maps to Unicode (9.10.3) or, where none applies, as
the one-byte or Chinese encoding it can be. None: the file cannot be read, or shows no text; it may
be a picture of a page.
"""

import base64
import re
import zlib
from collections.abc import Iterator

from hie.access.labels.pdf_maps import Map, maps_of, unhexed

_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_END = b"endstream"
_BEGINS = re.compile(
    rb"(?P<text>\()|<(?P<hex>[0-9A-Fa-f\s]*)>|/(?P<font>[^\s/<>\[\]()]{1,127})\s+-?[\d.]+\s+Tf"
)
_PARENTHESIS = re.compile(rb"[()]|\\.", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NAMED = {
    "gb18030": re.compile(rb"/GB(?:K|pc|-EUC|K2K|KP)"),
    "utf-16-be": re.compile(rb"/Uni\w+-(?:UCS2|UTF16)"),
    "big5": re.compile(rb"/(?:B5pc|ETen|HKscs)"),
}
_OCTAL = frozenset(b"%d" % one for one in range(8))
_HEAD = 2000  # bytes of a stream's dictionary
_WHOLE, _MOST_STREAMS = 2 << 20, 2000  # unpacked bytes; streams
_MOST_STRINGS = 40_000  # of one stream
_MOST_TRIED = 2_000_000  # bytes of strings, each time they are held against a map or an encoding
MOST_TOLD = 400_000  # characters: what is longer cannot be told to say nothing else


class _TooMuchError(Exception):
    """A file that says more than is read."""


def text_of_pdf(data: bytes) -> str | None:
    """All texts it shows, each way it may be meant on a line of its own; None: cannot be read."""
    if b"%PDF-" not in data[:1024] or b"/Encrypt" in data:
        return None
    streams, is_whole = _streams(data)
    if not is_whole:
        return None
    plain = [*streams, data]
    maps = maps_of(one for one in streams if b"begincmap" in one)
    if maps is None:
        return None
    is_two_byte = any(b"/Identity-H" in one or b"/Identity-V" in one for one in plain)
    encodings = _encodings(plain)
    told: list[str] = []
    tried, size = 0, 0
    for one in streams:
        if b"begincmap" in one or not (b"Tj" in one or b"TJ" in one or b"'" in one):
            continue
        for shown in _shown(one):
            tried += sum(map(len, shown)) * (len(maps) + len(encodings) + 1)
            if tried > _MOST_TRIED:
                return None
            try:
                meant = _meant(shown, maps, encodings, is_two_byte)
            except _TooMuchError:
                return None
            if meant is None:
                return None
            told += meant
            size += sum(len(text) + 1 for text in meant)
            if size > MOST_TOLD:
                return None
    return "\n".join(told) if told else None


def _streams(data: bytes) -> tuple[list[bytes], bool]:
    """The unpacked streams that are no pictures or fonts; whether all could be read."""
    found: list[bytes] = []
    left = _WHOLE
    for match in _STREAM.finditer(data):
        head = data[max(0, match.start() - _HEAD) : match.start()].rpartition(b"obj")[2]
        end = data.find(_END, match.end())
        if end < 0 or len(found) > _MOST_STREAMS:
            return found, False
        if b"/Image" in head or b"/FontFile" in head or b"/Length1" in head or b"/XRef" in head:
            continue
        if b"/DCTDecode" in head or b"/JPXDecode" in head or b"/CCITTFax" in head:
            continue
        body: bytes | None = data[match.end() : end]
        if b"/ASCII85Decode" in head or b"/A85" in head:
            body = _ascii85(body or b"")
        elif b"/ASCIIHexDecode" in head or b"/LZWDecode" in head:
            return found, False
        if body is not None and (b"/FlateDecode" in head or b"/Fl " in head):
            body = _inflated(body, left)
        if body is None:
            return found, False
        left -= len(body)
        if left <= 0:
            return found, False
        found.append(body)
    return found, True


def _ascii85(body: bytes) -> bytes | None:
    text = body.strip().removeprefix(b"<~").removesuffix(b"~>")
    try:
        return base64.a85decode(text)
    except ValueError:
        return None


def _inflated(body: bytes, most: int) -> bytes | None:
    """At most so much of it; what is broken off is taken as far as it goes."""
    try:
        return zlib.decompressobj().decompress(body, most)
    except zlib.error:
        return None


def _encodings(plain: list[bytes]) -> list[str]:
    """The Chinese encodings that fonts name (ISO 32000-1, table 118)."""
    return [name for name, sign in _NAMED.items() if any(sign.search(one) for one in plain)]


def _shown(stream: bytes) -> Iterator[list[bytes]]:
    """The strings that one font shows one after another."""
    parts: list[bytes] = []
    left = _MOST_STRINGS
    token = _BEGINS.search(stream)
    while token is not None:
        left -= 1
        if not left:
            yield [b"\xff\x00" * 9]  # more than anybody reads: it counts as not read
            return
        end = token.end()
        if token.lastgroup == "text":
            end = _closed(stream, end)
            if end < 0:
                break
            parts.append(_ESCAPED.sub(_unescaped, stream[token.end() : end - 1]))
        elif token.lastgroup == "hex":
            parts.append(unhexed(token["hex"]))
        elif parts:
            yield parts
            parts = []
        token = _BEGINS.search(stream, end)
    if parts:
        yield parts


def _closed(stream: bytes, start: int) -> int:
    """Where a literal string that was opened before here ends (7.3.4.2); -1: it never does."""
    depth = 1
    for match in _PARENTHESIS.finditer(stream, start):
        sign = match.group()
        depth += (sign == b"(") - (sign == b")")
        if not depth:
            return match.end()
    return -1


def _unescaped(match: re.Match[bytes]) -> bytes:
    found = match[1]
    if found[:1] in _OCTAL:
        return bytes([int(found, 8) & 0xFF])
    if found in (b"\r\n", b"\n", b"\r"):
        return b""
    return _ESCAPES.get(found, found)


def _meant(
    parts: list[bytes], maps: list[Map], encodings: list[str], is_two_byte: bool
) -> list[str] | None:
    """What shown strings may mean, with and without blanks between; None: nothing reads them."""
    told = [found for one in maps if (found := _mapped(parts, one)) is not None]
    told += [found for name in encodings if (found := _decoded(parts, name)) is not None]
    if not told and not b"".join(parts).strip(b"\0 \t\r\n"):
        return []
    if not told and not (is_two_byte and any(b"\0" in one for one in parts)):
        found = _decoded(parts, "latin-1")
        told += [] if found is None else [found]
    return [text for one in told for text in ("".join(one), " ".join(one))] or None


def _decoded(parts: list[bytes], name: str) -> list[str] | None:
    try:
        told = [one.decode(name) for one in parts]
    except UnicodeDecodeError:
        return None
    return told if _is_text("".join(told)) else None


def _mapped(parts: list[bytes], codes: Map) -> list[str] | None:
    """The texts by a map, when it knows nine in ten of the codes."""
    size = len(next(iter(codes))) or 1
    told, known, count, long = [], 0, 0, 0
    for one in parts:
        found = [codes.get(one[n : n + size]) for n in range(0, len(one), size)]
        texts = [text for text in found if text is not None]
        known += len(texts)
        count += len(found)
        long += sum(map(len, texts))
        if long > MOST_TOLD:
            raise _TooMuchError
        told.append("".join(texts))
    return told if known * 10 >= count * 9 else None


def _is_text(text: str) -> bool:
    """Whether nine in ten of its characters are letters, figures, signs and blanks of a text."""
    good = sum(one.isprintable() or one in "\r\n\t" for one in text)
    return good * 10 >= len(text) * 9
