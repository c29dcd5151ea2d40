"""The head of a DICOM file: its UIDs, and the bytes up to its pixels, without reading the rest.

A walk over the elements of the top level (PS3.5 section 7): lengths are followed, never trusted to
lie within the file, and no value is decoded but a few UIDs. It runs before the sender is told that
an instance is kept, so it is linear, bounded in depth and memory, and never raises for any bytes:
what is wrong with a file is named, and the file is kept all the same.
"""

import hashlib
import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hie.errors import MalformedMessage

LONGEST_HEADER = 1 << 20
_INFLATED = 16 << 20  # of a deflated data set no more than this is looked at
_MOST_RATIO = 400  # times the bytes sent: what no deflated image reaches
_STEP = 1 << 20
_DEEPEST = 64
_UNDEFINED = 0xFFFFFFFF
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR",
                   b"UT", b"UV"))  # fmt: skip
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = 0x7FE00008  # Float, Double Float and Pixel Data are the last elements that matter
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_WANTED = {
    0x00080016: "sop_class",
    0x00080018: "sop",
    0x0020000D: "study",
    0x0020000E: "series",
    0x00200013: "number",
}

# What can be wrong with a file, by the adapter's issue codes, and what was expected instead. The
# adapter sees the head alone; the message is held for either's reason.
PROBLEMS = {
    "truncated": "a file as long as its own lengths say",
    "sequence-broken": "sequences and elements that can be read",
    "nesting-too-deep": f"sequences nested at most {_DEEPEST} deep",
    "inflate-bomb": f"a deflated data set of at most {_MOST_RATIO} times the bytes sent",
    "inflate-failed": "a deflated data set that can be inflated",
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself before its pixels. Missing UIDs are "".

    `header` is the file up to its pixels (at most 1 MiB, cut between elements); `problem` a key of
    PROBLEMS; `data_hash` is over the data set without the file's own head.
    """

    study: str
    series: str
    sop: str
    sop_class: str
    transfer_syntax: str
    number: int | None
    header: bytes
    sha256: str
    data_hash: str
    size: int
    problem: str | None


class _Broken(Exception):
    """Where the walk cannot go on; the code of PROBLEMS."""


@dataclass(frozen=True, slots=True)
class _Syntax:
    explicit: bool
    order: str  # "<" or ">"


_Data = mmap.mmap | bytes


def read_header(path: Path) -> Header:
    """Read through one file. Raises MalformedMessage when it is no DICOM file at all."""
    size = path.stat().st_size
    if size < 16:
        raise MalformedMessage("not a DICOM file: too short")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _read(file, data, size)


def holds_data_set(path: Path) -> bool:
    """Whether something like a data set follows the file head a door wrote before it.

    What is deflated is taken on trust. C-STORE refuses the rest: nothing of it is an instance.
    """
    size = path.stat().st_size
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        uid, at = _meta(data, 132 if data[128:132] == b"DICM" else 0, size)
        if uid == DEFLATED or at + 8 > size:
            return uid == DEFLATED
        order = ">" if uid == BIG_ENDIAN else "<"
        group, _, length = struct.unpack_from(f"{order}HHI", data, at)
        return 4 <= group <= 0x7FE1 and (_has_vr(data, at, size) or length <= size - at - 8)


def _read(file: BinaryIO, data: mmap.mmap, size: int) -> Header:
    start = 132 if data[128:132] == b"DICM" else 0
    syntax_uid, begin = _meta(data, start, size)
    if not syntax_uid:
        syntax_uid = _guessed(data, begin, size)
    whole, inner = _hashes(file, begin)
    found: dict[str, str] = {}
    header, problem = _head(data, begin, size, syntax_uid, found)
    return Header(
        study=found.get("study", ""),
        series=found.get("series", ""),
        sop=found.get("sop", ""),
        sop_class=found.get("sop_class", ""),
        transfer_syntax=syntax_uid,
        number=_number(found.get("number", "")),
        header=header,
        sha256=whole,
        data_hash=inner,
        size=size,
        problem=problem,
    )


def _hashes(file: BinaryIO, begin: int) -> tuple[str, str]:
    """SHA-256 of the whole file and of its data set; read, not mapped: it may be very large."""
    whole, inner = hashlib.sha256(), hashlib.sha256()
    at = 0
    while part := file.read(1 << 20):
        whole.update(part)
        inner.update(part[max(0, begin - at) :])
        at += len(part)
    return whole.hexdigest(), inner.hexdigest()


def _head(
    data: mmap.mmap, begin: int, size: int, syntax_uid: str, found: dict[str, str]
) -> tuple[bytes, str | None]:
    """The bytes up to the pixels, and what is wrong; fills `found`."""
    if syntax_uid == DEFLATED:
        return _deflated(data, begin, size, found)
    # Some write implicit VR under an explicit transfer syntax: the first element tells.
    explicit = syntax_uid != IMPLICIT and _guessed(data, begin, size) != IMPLICIT
    syntax = _Syntax(explicit, ">" if syntax_uid == BIG_ENDIAN else "<")
    end, problem = _scan(data, begin, size, syntax, found, complete=True)
    return data[:end], problem


def _deflated(
    data: mmap.mmap, begin: int, size: int, found: dict[str, str]
) -> tuple[bytes, str | None]:
    """The head of a deflated data set, deflated again; the rest is inflated only to be counted."""
    inflated, problem = _inflated(data, begin, size)
    whole = problem is None and len(inflated) < _INFLATED
    end, fault = _scan(inflated, 0, len(inflated), _Syntax(True, "<"), found, complete=whole)
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(inflated[:end]) + packer.flush()
    return data[:begin] + packed, problem or fault


def _inflated(data: mmap.mmap, begin: int, size: int) -> tuple[bytes, str | None]:
    """The beginning of what a deflated data set inflates to, and what is wrong with all of it."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    kept = bytearray()
    total, most = 0, max(_INFLATED, _MOST_RATIO * (size - begin))
    at, rest = begin, b""
    try:
        while not engine.eof:
            if not rest:
                rest = data[at : at + _STEP]
                at += len(rest)
                if not rest:
                    return bytes(kept), "truncated"
            piece = engine.decompress(rest, _STEP)
            rest = engine.unconsumed_tail
            kept += piece[: _INFLATED - len(kept)]
            total += len(piece)
            if total > most:
                return bytes(kept), "inflate-bomb"
    except zlib.error:
        return bytes(kept), "inflate-failed"
    return bytes(kept), None


def _scan(
    data: _Data, begin: int, size: int, syntax: _Syntax, found: dict[str, str], *, complete: bool
) -> tuple[int, str | None]:
    """Walk the top level: where the head ends, and the first problem. `complete`: size is all."""
    end, problem = begin, None
    is_open = True  # still adding to the head
    try:
        for tag, start, value, after in _elements(data, begin, size, syntax):
            if tag >= _PIXELS or after - begin > LONGEST_HEADER:
                is_open = False
            if is_open:
                end = after
            name = _WANTED.get(tag)
            if name is not None and after - value <= 4096:
                text = data[value : min(after, size)].decode("ascii", "replace")
                found[name] = text.strip(" \0")
            if after > size:
                end = min(end, start)
                raise _Broken("truncated")
    except _Broken as broken:
        problem = str(broken)
    if problem == "truncated" and not complete:
        problem = None
    return end, problem


def _elements(
    data: _Data, at: int, size: int, syntax: _Syntax
) -> Iterator[tuple[int, int, int, int]]:
    """(tag, start, value start, end) of each element; the end may lie beyond the file."""
    while at < size:
        tag, vr, value, length = _element(data, at, size, syntax)
        if length == _UNDEFINED:
            explicit = syntax.explicit and vr != b"UN"
            fragments = tag >= _PIXELS
            after = _skip(data, value, size, _Syntax(explicit, syntax.order), fragments)
        else:
            after = value + length
        yield tag, at, value, after
        at = after


def _element(data: _Data, at: int, size: int, syntax: _Syntax) -> tuple[int, bytes, int, int]:
    """Tag, VR, where the value starts, its length."""
    if at + 8 > size:
        raise _Broken("truncated")
    group, element = struct.unpack_from(f"{syntax.order}HH", data, at)
    tag = group << 16 | element
    if tag >> 16 == 0xFFFE or not syntax.explicit:
        return tag, b"", at + 8, struct.unpack_from(f"{syntax.order}I", data, at + 4)[0]
    vr = bytes(data[at + 4 : at + 6])
    if not (vr.isalpha() and vr.isupper()):
        raise _Broken("sequence-broken")
    if vr not in _LONG:
        return tag, vr, at + 8, struct.unpack_from(f"{syntax.order}H", data, at + 6)[0]
    if at + 12 > size:
        raise _Broken("truncated")
    return tag, vr, at + 12, struct.unpack_from(f"{syntax.order}I", data, at + 8)[0]


def _skip(data: _Data, at: int, size: int, syntax: _Syntax, fragments: bool) -> int:
    """The end of a sequence of undefined length, however it is nested; no recursion."""
    # What is open: (is a sequence, where it ends if that is known, its syntax).
    opened: list[tuple[bool, int | None, _Syntax]] = [(True, None, syntax)]
    while opened:
        is_sequence, end, its = opened[-1]
        if end is not None and at >= end:
            if at > end:
                raise _Broken("sequence-broken")
            opened.pop()
            continue
        if len(opened) > _DEEPEST:
            raise _Broken("nesting-too-deep")
        tag, vr, value, length = _element(data, at, size, its)
        if is_sequence:
            if tag == _SEQUENCE_END and end is None:
                opened.pop()
                at = value
            elif tag != _ITEM:
                raise _Broken("sequence-broken")
            elif fragments and len(opened) == 1:
                at = _within(value, length, size)
            else:
                at = value
                opened.append((False, _end(value, length, size), its))
        elif tag == _ITEM_END and end is None:
            opened.pop()
            at = value
        elif length != _UNDEFINED:
            at = _within(value, length, size)
        elif tag >= _PIXELS:  # encapsulated pixels of an icon
            at = _skip(data, value, size, its, True)
        else:
            nested = _Syntax(its.explicit and vr != b"UN", its.order)
            opened.append((True, None, nested))
            at = value
    return at


def _end(value: int, length: int, size: int) -> int | None:
    return None if length == _UNDEFINED else _within(value, length, size)


def _within(value: int, length: int, size: int) -> int:
    if length == _UNDEFINED or value + length > size:
        raise _Broken("truncated")
    return value + length


def _meta(data: mmap.mmap, at: int, size: int) -> tuple[str, int]:
    """The transfer syntax of the file meta information (PS3.10 7.1), and where the data set begins.

    Raises MalformedMessage when what follows is no data element either.
    """
    syntax, uid = _Syntax(True, "<"), ""
    try:
        while at + 8 <= size and struct.unpack_from("<H", data, at)[0] == 2:
            tag, _, value, length = _element(data, at, size, syntax)
            if length == _UNDEFINED or value + length > size:
                raise MalformedMessage("not a DICOM file: damaged file meta information")
            if tag == 0x00020010:
                uid = data[value : value + length].decode("ascii", "replace").strip(" \0")
            at = value + length
    except _Broken as broken:
        raise MalformedMessage("not a DICOM file: damaged file meta information") from broken
    if not uid and data[128:132] != b"DICM" and not _looks_like_data(data, at, size):
        raise MalformedMessage("not a DICOM file: no DICM and no data element at its start")
    return uid, at


def _looks_like_data(data: mmap.mmap, at: int, size: int) -> bool:
    """Whether a data set without a file head begins here: with group 8 or 16, in any syntax."""
    if at + 8 > size:
        return False
    if _has_vr(data, at, size):
        return bytes(data[at : at + 2]) in {b"\x08\0", b"\0\x08", b"\x10\0", b"\0\x10"}
    group, _, length = struct.unpack_from("<HHI", data, at)
    return group in {0x0008, 0x0010} and length <= 4096


def _guessed(data: mmap.mmap, at: int, size: int) -> str:
    if not _has_vr(data, at, size):
        return IMPLICIT
    return BIG_ENDIAN if data[at] == 0 else EXPLICIT


def _has_vr(data: mmap.mmap, at: int, size: int) -> bool:
    vr = bytes(data[at + 4 : at + 6]) if at + 6 <= size else b""
    return vr.isalpha() and vr.isupper()


def _number(text: str) -> int | None:
    try:
        value = int(text)
    except ValueError:
        return None
    return value if abs(value) < 2**31 else None
