"""The header of a file: its bytes up to the pixel data, cut without loading the rest.

A door keeps it as the message body. What a newcomer would get wrong: it is a readable file of its
own, so a truncated instance must stay recognisable: then the header ends with the element whose
length lies, and decoding it holds the message as decoding the whole file would. Elements larger
than `BIG` that bear on no fact (private data, icons, overlays) are left out; a deflated data set
is deflated again.
"""

import io
import zlib
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

from adapters.dicom.part10 import Opened, Refused, open_file, uid_text
from adapters.dicom.reader import (
    LONG,
    MOST_ELEMENTS,
    SHORT,
    UNDEFINED,
    Broken,
    Buffer,
    end_of_sequence,
)
from adapters.dicom.tags import (
    MEDIA_STORAGE_SOP_CLASS_UID,
    MEDIA_STORAGE_SOP_INSTANCE_UID,
    PER_FRAME_GROUPS_SEQUENCE,
    PIXELS,
    SHARED_GROUPS_SEQUENCE,
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


class Cut(NamedTuple):
    """A header and what is known of the rest."""

    header: bytes
    pixels: int | None  # where the pixel data's value begins in the file; None: none, or deflated
    is_whole: bool  # nothing is cut off: the data set and its pixel data end inside the file
    left_out: tuple[str, ...]  # tags of elements that were too large to keep
    size: int  # bytes of the whole file
    transfer_syntax: str | None
    sop_class: str | None  # as file meta information states it, like the next
    sop_instance: str | None


class _Element(NamedTuple):
    tag: int
    begin: int
    value: int
    end: int  # where it ends, also beyond these bytes; or one of the two below


_OPEN: Final = -1  # its length is not stated and it does not end inside these bytes
_BROKEN: Final = -2  # what it holds cannot be read


def cut(source: bytes | Path | BinaryIO, limit: int = LIMIT) -> Cut:
    """The header of bytes, of a file on disk or of an open one (which must be seekable).

    Raises MalformedMessage when it is no DICOM file, with the code `decode` would give.
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
        opened = open_file(first, is_prefix=size > len(first))
        if opened.deflated:
            return _deflated(stream, opened, first, size, limit)
    except Refused as refusal:
        fault = Fault(refusal.path, refusal.code, refusal.expected)
        raise MalformedMessage(f"no DICOM file: {refusal.code}", (fault,)) from refusal
    pieces = [first[: opened.dataset]]
    left_out: dict[int, None] = {}
    pixels, whole = _copy(stream, opened, size, limit - opened.dataset, pieces, left_out)
    return _made(b"".join(pieces), opened, pixels, whole, left_out, size)


def _made(
    header: bytes,
    opened: Opened,
    pixels: int | None,
    whole: bool,
    left_out: dict[int, None],
    size: int,
) -> Cut:
    return Cut(
        header=header,
        pixels=pixels,
        is_whole=whole,
        left_out=tuple(map(place, left_out)),
        size=size,
        transfer_syntax=opened.transfer_syntax,
        sop_class=uid_text(opened.meta.get(MEDIA_STORAGE_SOP_CLASS_UID, b"")) or None,
        sop_instance=uid_text(opened.meta.get(MEDIA_STORAGE_SOP_INSTANCE_UID, b"")) or None,
    )


def _copy(
    stream: BinaryIO,
    opened: Opened,
    size: int,
    room: int,
    pieces: list[bytes],
    left_out: dict[int, None],
) -> tuple[int | None, bool]:
    """Copy elements until the pixel data; where its value begins, and whether all is whole."""
    base, reach, count = opened.dataset, _WINDOW, 0
    while base < size:
        stream.seek(base)
        window = stream.read(reach)
        at, is_last = 0, base + len(window) >= size
        buffer = Buffer(window, opened.syntax.little)
        while (found := _element(buffer, at, opened, is_last=is_last)) is not None:
            count += 1
            if count > MOST_ELEMENTS:
                fault = Fault("file", "too-many-elements", f"at most {MOST_ELEMENTS}")
                raise MalformedMessage("no real DICOM object: too-many-elements", (fault,))
            tag, begin, value, end = found
            if tag in PIXELS:
                length = None if end == _OPEN else end - value
                whole = _is_whole(stream, base + value, length, size, opened.syntax.little)
                if not whole:
                    pieces.append(window[begin:value])
                return base + value, whole
            if window[begin : begin + 8] == _ZEROS:
                pieces.append(window[at : at + 16])
                return None, not any(window[at:])
            if end == _BROKEN:
                pieces.append(window[begin : begin + LIMIT])
                return None, False
            if base + end > size:
                pieces.append(window[begin:value])
                return None, False
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
            return None, not any(window[at:])
        if at:
            base, reach = base + at, _WINDOW
        elif found is not None and found.end > 0 and not _fits(found, room):
            left_out[found.tag] = None
            base, reach = base + found.end, _WINDOW
        elif reach >= _WIDEST:
            if found is not None:
                left_out[found.tag] = None
            return None, True
        else:
            reach *= 4
    return None, True


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
    except Broken as fault:
        cut_short = len(data) + 1 if is_last else _OPEN
        end = cut_short if fault.code == "truncated" else _BROKEN
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
    pixels, whole = _copy(data, plain, len(opened.data), limit, pieces, left_out)
    if not whole and pixels is not None and opened.size > len(opened.data):
        whole = True  # the rest was inflated and counted, not kept
        pieces.pop()
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = deflater.compress(b"".join(pieces)) + deflater.flush()
    header = first[: opened.dataset] + body + b"\0" * (len(body) % 2)
    return _made(header, opened, None, whole, left_out, size)
