"""The header of a file: its bytes up to the pixel data, cut without loading the rest.

A door keeps it as the message body. What a newcomer would get wrong: it is a readable file of its
own, so a truncated instance must stay recognisable: then the header ends with the element whose
length lies, and decoding it holds the message as decoding the whole file would. Elements larger
than `BIG` that bear on no fact (private data, icons, overlays) are left out; a deflated data set
is deflated again.
"""

import contextlib
import io
import zlib
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

from adapters.dicom.part10 import Opened, Refused, open_file, open_head, uid_text
from adapters.dicom.reader import (
    LONG,
    MOST_ELEMENTS,
    SHORT,
    UNDEFINED,
    Broken,
    Buffer,
    end_of_sequence,
    read_top,
)
from adapters.dicom.syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from adapters.dicom.tags import (
    INSTANCE_NUMBER,
    MEDIA_STORAGE_SOP_CLASS_UID,
    PER_FRAME_GROUPS_SEQUENCE,
    PIXELS,
    SERIES_INSTANCE_UID,
    SHARED_GROUPS_SEQUENCE,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    STUDY_INSTANCE_UID,
    place,
)
from hie.errors import Fault, MalformedMessage

LIMIT: Final = 1 << 20  # bytes of a header
BIG: Final = 1 << 16  # bytes of an element that is left out unless a fact stands in it
_WINDOW: Final = 1 << 18
_ZEROS: Final = b"\0" * 8
_WIDEST: Final = 1 << 24  # bytes looked at to find the end of one sequence
_WANTED: Final = frozenset({SHARED_GROUPS_SEQUENCE, PER_FRAME_GROUPS_SEQUENCE})
_MOST_FRAGMENTS: Final = 10_000_000
_INFLATING: Final = frozenset({"inflate-bomb", "inflate-failed"})
_INPUT: Final = 1 << 16
_LONGEST_NUMBER: Final = 12  # PS3.5 table 6.2-1, IS


class Said(NamedTuple):
    """What a data set says it is; "" and None where it does not."""

    study: str
    series: str
    sop_instance: str
    sop_class: str
    number: int | None


class Cut(NamedTuple):
    """A header and what is known of the rest."""

    header: bytes
    pixels: int | None  # where the pixel data's value begins in the file; None: none, or deflated
    fault: str | None  # what is cut off or cannot be read, as an issue code; None: all is whole
    left_out: tuple[str, ...]  # tags of elements that were too large to keep
    size: int  # bytes of the whole file
    dataset: int  # where the data set begins in the file
    transfer_syntax: str | None
    written_in: str  # the transfer syntax its bytes are in: the stated one, else told from them
    said: Said

    @property
    def is_whole(self) -> bool:
        """Nothing is cut off: the data set and its pixel data end inside the file."""
        return self.fault is None


class _Element(NamedTuple):
    tag: int
    begin: int
    value: int
    end: int  # where it ends, also beyond these bytes; or one of the two below
    fault: str = ""  # why what it holds cannot be read


_OPEN: Final = -1  # its length is not stated and it does not end inside these bytes
_BROKEN: Final = -2  # what it holds cannot be read


def cut(source: bytes | Path | BinaryIO, limit: int = LIMIT) -> Cut:
    """The header of bytes, of a file on disk or of an open one (which must be seekable).

    Raises MalformedMessage when it is no DICOM file, with the code `decode` would give. A file that
    is one and is broken has a header all the same, and a `fault`.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return _cut(stream, limit)
    return _cut(io.BytesIO(source) if isinstance(source, bytes) else source, limit)


def _cut(stream: BinaryIO, limit: int) -> Cut:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    first = stream.read(_WINDOW)
    try:
        try:
            opened = open_file(first, is_prefix=size > len(first))
            if opened.deflated:
                return _deflated(stream, opened, first, size, limit)
        except Refused as refusal:
            if refusal.code not in _INFLATING:
                raise
            return _inflating_failed(first, size, refusal.code)
    except Refused as refusal:
        fault = Fault(refusal.path, refusal.code, refusal.expected)
        raise MalformedMessage(f"no DICOM file: {refusal.code}", (fault,)) from refusal
    pieces = [first[: opened.dataset]]
    left_out: dict[int, None] = {}
    pixels, broken = _copy(stream, opened, size, limit - opened.dataset, pieces, left_out)
    header = b"".join(pieces)
    told = said(header, opened, opened.dataset)
    return _made(header, opened, pixels, broken, left_out, size, told)


def _made(
    header: bytes,
    opened: Opened,
    pixels: int | None,
    fault: str | None,
    left_out: dict[int, None],
    size: int,
    told: Said,
) -> Cut:
    syntax = opened.syntax
    told_from_bytes = EXPLICIT_LITTLE if syntax.explicit else IMPLICIT_LITTLE
    return Cut(
        header=header,
        pixels=pixels,
        fault=fault,
        left_out=tuple(map(place, left_out)),
        size=size,
        dataset=opened.dataset,
        transfer_syntax=opened.transfer_syntax,
        written_in=opened.transfer_syntax or (told_from_bytes if syntax.little else EXPLICIT_BIG),
        said=told,
    )


def said(data: bytes, opened: Opened, start: int) -> Said:
    """What a data set that begins at `start` of these bytes says it is."""
    found = read_top(Buffer(data, opened.syntax.little), opened.syntax.explicit, start).elements

    def text(tag: int) -> str:
        element = found.get(tag)
        return "" if element is None else uid_text(data[element.start : element.stop])

    return Said(
        text(STUDY_INSTANCE_UID),
        text(SERIES_INSTANCE_UID),
        text(SOP_INSTANCE_UID),
        text(SOP_CLASS_UID) or uid_text(opened.meta.get(MEDIA_STORAGE_SOP_CLASS_UID, b"")),
        _number(text(INSTANCE_NUMBER)),
    )


def _number(text: str) -> int | None:
    digits = text.lstrip("+-")
    if not (digits.isascii() and digits.isdigit() and len(text) <= _LONGEST_NUMBER):
        return None
    value = int(text)
    return value if abs(value) < 1 << 31 else None


def _copy(
    stream: BinaryIO,
    opened: Opened,
    size: int,
    room: int,
    pieces: list[bytes],
    left_out: dict[int, None],
) -> tuple[int | None, str | None]:
    """Copy elements until the pixel data; where its value begins, and what is wrong with all."""
    base, reach, count = opened.dataset, _WINDOW, 0
    while base < size:
        stream.seek(base)
        window = stream.read(reach)
        at, is_last = 0, base + len(window) >= size
        buffer = Buffer(window, opened.syntax.little)
        while (found := _element(buffer, at, opened, is_last=is_last)) is not None:
            count += 1
            if count > MOST_ELEMENTS:
                return None, "too-many-elements"
            tag, begin, value, end, fault = found
            if tag in PIXELS:
                length = None if end == _OPEN else end - value
                whole = _is_whole(stream, base + value, length, size, opened.syntax.little)
                if not whole:
                    pieces.append(window[begin:value])
                return base + value, None if whole else "truncated"
            if window[begin : begin + 8] == _ZEROS:
                pieces.append(window[at : at + 16])
                return None, "sequence-broken" if any(window[at:]) else None
            if end == _BROKEN:
                pieces.append(window[begin : begin + LIMIT])
                return None, fault
            if base + end > size:
                pieces.append(window[begin:value])
                return None, "truncated"
            if not 0 <= end <= len(window):
                break
            if (end - begin > BIG and tag not in _WANTED) or end - begin > room:
                left_out[tag] = None
            else:
                pieces.append(window[begin:end])
                room -= end - begin
            at = end
        if found is None and is_last:
            pieces.append(window[at:])
            return None, "truncated" if any(window[at:]) else None
        if at:
            base, reach = base + at, _WINDOW
        elif found is not None and found.end > 0 and not _fits(found, room):
            left_out[found.tag] = None
            base, reach = base + found.end, _WINDOW
        elif reach >= _WIDEST:
            if found is not None:
                left_out[found.tag] = None
            return None, None
        else:
            reach *= 4
    return None, None


def _fits(found: _Element, room: int) -> bool:
    return found.tag in _WANTED and found.end - found.begin <= room


def _element(buffer: Buffer, at: int, opened: Opened, *, is_last: bool) -> _Element | None:
    """The top-level element at `at`; None if it does not begin inside these bytes."""
    data = buffer.data
    if len(data) - at < 12 and not (is_last and len(data) - at >= 8):
        return None
    group, number, vr, length = buffer.tag_of(data, at)
    tag, value = group << 16 | number, at + 8
    explicit = opened.syntax.explicit
    if explicit and vr in LONG:
        if len(data) - at < 12:
            return None
        length, value = buffer.word_of(data, at + 8)[0], at + 12
    elif not (explicit and vr in SHORT):
        length = buffer.word_of(data, at + 4)[0]
    if length != UNDEFINED:
        return _Element(tag, at, value, value + length)
    if tag in PIXELS:
        return _Element(tag, at, value, _OPEN)
    try:
        end = end_of_sequence(buffer, explicit and vr != b"UN", value, tag)
    except Broken as broken:
        if broken.code != "truncated":
            return _Element(tag, at, value, _BROKEN, broken.code)
        end = len(data) + 1 if is_last else _OPEN
    return _Element(tag, at, value, end)


def _is_whole(stream: BinaryIO, at: int, length: int | None, size: int, little: bool) -> bool:
    """Whether pixel data ends inside the file: by its length, or by its last fragment."""
    if length is not None:
        return at + length <= size
    order: Literal["little", "big"] = "little" if little else "big"
    for _ in range(_MOST_FRAGMENTS):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return False
        group = int.from_bytes(head[:2], order)
        number = int.from_bytes(head[2:4], order)
        if (group, number) == (0xFFFE, 0xE0DD):
            return True
        if (group, number) != (0xFFFE, 0xE000):
            return False
        at += 8 + int.from_bytes(head[4:8], order)
    return False


def _deflated(stream: BinaryIO, opened: Opened, first: bytes, size: int, limit: int) -> Cut:
    """The header of a deflated data set, deflated again; the whole is inflated to be counted."""
    if size > len(first):
        stream.seek(0)
        opened = open_file(stream.read(), is_prefix=False)
    plain = opened._replace(dataset=0, size=opened.size)
    pieces: list[bytes] = []
    left_out: dict[int, None] = {}
    data = io.BytesIO(opened.data)
    pixels, broken = _copy(data, plain, len(opened.data), limit, pieces, left_out)
    if broken is not None and pixels is not None and opened.size > len(opened.data):
        broken = None  # the rest was inflated and counted, not kept
        pieces.pop()
    told = said(b"".join(pieces), plain, 0)
    header = first[: opened.dataset] + _packed(b"".join(pieces))
    return _made(header, opened, None, broken, left_out, size, told)


def _inflating_failed(first: bytes, size: int, fault: str) -> Cut:
    """A deflated data set that grows without end, or breaks off: its beginning, to be held."""
    bare = open_head(first)
    kept = bytearray()
    with contextlib.suppress(zlib.error):
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for at in range(bare.dataset, len(first), _INPUT):
            kept += inflater.decompress(first[at : at + _INPUT], BIG - len(kept))
            if len(kept) >= BIG:
                break
    plain = bare._replace(data=bytes(kept), dataset=0, start=0)
    pieces: list[bytes] = []
    _copy(io.BytesIO(plain.data), plain, 1 << 40, LIMIT, pieces, {})
    body = b"".join(pieces)
    header = first[: bare.dataset] + _packed(body)
    return _made(header, bare, None, fault, {}, size, said(body, plain, 0))


def _packed(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = deflater.compress(data) + deflater.flush()
    return body + b"\0" * (len(body) % 2)
