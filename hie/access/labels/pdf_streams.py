"""The streams of a PDF, unpacked within bounds (ISO 32000-1, 7.3.8 and 7.4).

A stream that may say something is either unpacked whole or makes the file one that is not read: a
filter that is not known, a predictor, bytes that lie in another file, an end that is not its own.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

_STREAM = re.compile(rb"\bstream(?:\r\n|\n|\r)")
_END = b"endstream"
_OBJECT_END = b"endobj"
_CLOSED = re.compile(rb"\s*endobj\b")
OBJECT = re.compile(rb"\b(\d{1,10})\s+\d{1,5}\s+obj\b")
_HEAD = 32_000  # bytes of a stream's dictionary
_NAME_WITH_CODES = re.compile(rb"/[^\s/<>\[\](){}%#]*#[^\s/<>\[\](){}%]*")
_CODE = re.compile(rb"#([0-9A-Fa-f]{2})")
_NESTED = re.compile(rb"<<|>>|\\.|[()]", re.DOTALL)
_FILTER = re.compile(rb"/Filter\b\s*(?:\[([^\]]*)\]|(/\w+))")
_ONE_NAME = re.compile(rb"/(\w+)")
_REFERENCE = re.compile(rb"\d\s+R\b")
_ABROAD = re.compile(rb"/F\s*[(<]|/F\s+\d+\s+\d+\s+R\b|/FFilter\b")  # in another file
_ALTERED = re.compile(rb"/Predictor\s+(?!1\b)|/DecodeParms\s*\[?\s*\d+\s+\d+\s+R\b|/Crypt\b")
_MOST_STREAMS, _MOST_FILTERS = 4000, 4  # of a file; of one stream


class UnreadableError(Exception):
    """A file that cannot be read for certain, or not within the budget."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream as it lies in the file: its object's number, its dictionary, its bytes."""

    number: int
    top: bytes  # the dictionary without what stands in dictionaries inside it
    head: bytes
    packed: bytes


def streams_of(data: bytes) -> tuple[list[Stream], bytes]:
    """All streams, and what stands outside them, their dictionaries too, names in plain letters."""
    found: list[Stream] = []
    outside: list[bytes] = []
    at = 0
    while (match := _STREAM.search(data, at)) is not None:
        end = data.find(_END, match.end())
        before = data[at : match.start()]
        if end < 0 or _END in before or len(found) >= _MOST_STREAMS:
            raise UnreadableError
        at = end + len(_END)
        if _CLOSED.match(data, at) is None:
            raise UnreadableError  # the word stood in the stream, and the rest of it is not read
        number, head = _head(before[-_HEAD:])
        packed = data[match.end() : end]
        if _OBJECT_END in packed:
            raise UnreadableError  # the end of an object between: its stream has no end of its own
        found.append(Stream(number, top_of(head), head, packed))
        outside += [before, b"\n"]
    if _END in data[at:]:
        raise UnreadableError
    outside.append(data[at:])
    return found, plain_names(b"".join(outside))


def plain_names(text: bytes) -> bytes:
    """The text with names like `/#46ont` in plain letters (7.3.5)."""
    return _NAME_WITH_CODES.sub(lambda name: _CODE.sub(_letter, name.group()), text)


def _letter(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])


def _head(before: bytes) -> tuple[int, bytes]:
    """The number and the dictionary of the object whose stream begins here."""
    begun = [(int(match[1]), match.end()) for match in OBJECT.finditer(before)]
    if not begun:
        raise UnreadableError
    number, at = begun[-1]
    head = before[at:].strip()
    if not head.startswith(b"<<") or not head.endswith(b">>"):
        raise UnreadableError
    return number, plain_names(head)


def top_of(dictionary: bytes) -> bytes:
    """The entries of a dictionary itself: of those inside it only `<<>>` is left."""
    parts = []
    depth = strings = begin = 0
    for match in _NESTED.finditer(dictionary):
        sign = match.group()
        if sign in (b"(", b")"):
            strings = max(0, strings + (1 if sign == b"(" else -1))
        elif strings or sign not in (b"<<", b">>"):
            continue
        elif sign == b"<<":
            depth += 1
            if depth == 2:
                parts.append(dictionary[begin : match.end()])
        else:
            depth -= 1
            if depth == 1:
                begin = match.start()
    parts.append(dictionary[begin:])
    return b"".join(parts)


def unpacked(stream: Stream, most: int) -> bytes:
    """The bytes of a stream, each filter undone in its turn; at most so many."""
    many = stream.top.count(b"/Filter")
    named = _FILTER.findall(stream.top) if many == 1 else []
    if len(named) != many:
        raise UnreadableError
    if _ABROAD.search(stream.top) or _ALTERED.search(stream.head):
        raise UnreadableError
    names = _ONE_NAME.findall(b"".join(named[0])) if named else []
    if len(names) > _MOST_FILTERS or (named and _REFERENCE.search(named[0][0])):
        raise UnreadableError
    body = stream.packed
    for name in names:
        if name not in _UNDO:
            raise UnreadableError
        body = _UNDO[name](body, most)
    if len(body) > most:
        raise UnreadableError
    return body


def unhexed(text: bytes) -> bytes:
    """The bytes of a string in hexadecimal digits, blanks between them or not (7.3.4.3)."""
    digits = b"".join(text.split())
    return binascii.unhexlify(digits + b"0" * (len(digits) % 2))


def _inflated(body: bytes, most: int) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(body, most + 1)
    except zlib.error:
        raise UnreadableError from None
    if not unpacking.eof:  # more than so much, or broken off
        raise UnreadableError
    return found


def _ascii85(body: bytes, _most: int) -> bytes:
    text = body.strip().removeprefix(b"<~").removesuffix(b"~>")
    try:
        return base64.a85decode(text)
    except ValueError:
        raise UnreadableError from None


def _hexadecimal(body: bytes, _most: int) -> bytes:
    try:
        return unhexed(body.partition(b">")[0])
    except binascii.Error:
        raise UnreadableError from None


_UNDO: dict[bytes, Callable[[bytes, int], bytes]] = {
    b"FlateDecode": _inflated,
    b"Fl": _inflated,
    b"ASCII85Decode": _ascii85,
    b"A85": _ascii85,
    b"ASCIIHexDecode": _hexadecimal,
    b"AHx": _hexadecimal,
}
