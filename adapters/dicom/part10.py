"""A DICOM file up to its data set: preamble, file meta information, transfer syntax, inflation.

PS3.10 section 7; PS3.5 annex A. What a newcomer would get wrong: files come without preamble or
without meta information, and a stated transfer syntax may be false; a deflated data set of a few
kilobytes can hold gigabytes, so it is inflated here, counted, and only its beginning is kept.
"""

import zlib
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from adapters.dicom.reader import SHORT, Buffer, Syntax, looks_explicit, read_top
from adapters.dicom.syntaxes import (
    DEFLATED,
    DICOMS_OWN,
    EXPLICIT_BIG,
    GE_IMPLICIT,
    IMPLICIT_LITTLE,
)
from adapters.dicom.tags import META_GROUP_LENGTH, TRANSFER_SYNTAX_UID

KEPT: Final = 16 << 20  # bytes of an inflated data set that are kept: every header fits
MOST_INFLATED: Final = 4 << 30
MOST_RATIO: Final = 400  # deflated images of noise-free phantoms reach about a hundred
_STEP: Final = 1 << 20
_INPUT: Final = 1 << 16
_LONGEST_UID: Final = 64


class Refused(Exception):
    """These bytes are not read: issue code and what was expected."""

    def __init__(self, code: str, expected: str, path: str = "(0002,0010)") -> None:
        super().__init__(code)
        self.code, self.expected, self.path = code, expected, path


class Opened(NamedTuple):
    """A data set ready to be read; `size` is its whole length, which `data` may be less than."""

    data: bytes
    start: int
    size: int
    syntax: Syntax
    transfer_syntax: str | None
    meta: dict[int, bytes]
    findings: tuple[str, ...]
    dataset: int  # where the data set begins in the content as sent
    deflated: bool


def open_file(content: bytes, *, is_prefix: bool = False) -> Opened:
    """The data set of a file. Raises Refused. `is_prefix`: more bytes follow those given."""
    findings: list[str] = []
    start = _meta_start(content, findings)
    meta: dict[int, bytes] = {}
    dataset = start
    if content[start : start + 2] == b"\x02\x00":
        dataset, meta = _meta(content, start, findings)
    stated = uid_text(meta.get(TRANSFER_SYNTAX_UID, b""))
    if not meta:
        findings.append("meta-missing")
    elif not stated:
        findings.append("transfer-syntax-missing")
    elif not stated.startswith(DICOMS_OWN):
        findings.append("transfer-syntax-unknown")
    if stated in DEFLATED:
        data, size = _inflate(content, dataset, is_prefix=is_prefix)
        syntax = Syntax(True, True)
        return Opened(data, 0, size, syntax, stated, meta, tuple(findings), dataset, True)
    syntax = _told(content, dataset, stated or None, findings)
    return Opened(
        content,
        dataset,
        len(content),
        syntax,
        stated or None,
        meta,
        tuple(findings),
        dataset,
        False,
    )


def open_head(content: bytes) -> Opened:
    """The head of a file whose deflated data set cannot be opened; no data. Raises Refused."""
    findings: list[str] = []
    dataset, meta = _meta(content, _meta_start(content, findings), findings)
    stated = uid_text(meta.get(TRANSFER_SYNTAX_UID, b""))
    return Opened(b"", 0, 0, Syntax(True, True), stated, meta, tuple(findings), dataset, True)


def uid_text(raw: bytes) -> str:
    """A UID without its padding; other bytes are kept visible as Latin-1."""
    return raw.strip(b"\0 \t\r\n").decode("latin-1")


def _meta_start(content: bytes, findings: list[str]) -> int:
    """Where the file meta information, or without it the data set, begins."""
    if content[128:132] == b"DICM":
        return 132
    if content[:2] == b"\x02\x00" and content[4:6] in SHORT | {b"OB"}:
        findings.append("preamble-missing")
        return 0
    if _begins_data_set(content):
        return 0
    raise Refused("not-dicom", "DICM after 128 bytes, or a data set", "file")


def _begins_data_set(content: bytes) -> bool:
    """Without any mark: the first bytes read as an element of group 0008, early in the group."""
    if len(content) < 8:
        return False
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    for order in orders:
        group = int.from_bytes(content[:2], order)
        number = int.from_bytes(content[2:4], order)
        if group == 8 and number <= 0x60:
            if content[4:6] in SHORT:
                return int.from_bytes(content[6:8], order) <= len(content)
            length = int.from_bytes(content[4:8], order)
            return length <= min(len(content), 1024)
    return False


def _meta(content: bytes, start: int, findings: list[str]) -> tuple[int, dict[int, bytes]]:
    """Group 0002, always explicit little endian; it ends where the next group begins."""
    end = start
    buffer = Buffer(content, True)
    while len(content) - end >= 8 and content[end : end + 2] == b"\x02\x00":
        vr = content[end + 4 : end + 6]
        if vr in SHORT:
            end += 8 + int.from_bytes(content[end + 6 : end + 8], "little")
        elif vr in (b"OB", b"UN", b"UT", b"OW"):
            end += 12 + int.from_bytes(content[end + 8 : end + 12], "little")
        else:
            end += 8 + int.from_bytes(content[end + 4 : end + 8], "little")
        if end > len(content):
            raise Refused("truncated", "whole file meta information", "(0002,0000)")
    buffer.data = content[:end]
    top = read_top(buffer, True, start)
    if top.fault is not None:
        raise Refused("truncated", "whole file meta information", "(0002,0000)")
    meta = {tag: content[one.start : one.stop] for tag, one in top.elements.items()}
    stated = meta.get(META_GROUP_LENGTH)
    if stated is None or start + 12 + int.from_bytes(stated[:4], "little") != end:
        findings.append("meta-length")
    return end, meta


def _told(content: bytes, at: int, stated: str | None, findings: list[str]) -> Syntax:
    """How the data set is written: as stated, unless its first element says otherwise."""
    seen = looks_explicit(content, at)
    little = content[at : at + 2] != b"\x00\x08"
    if stated is None:
        return Syntax(seen is not False, little)
    syntax = Syntax(stated not in (IMPLICIT_LITTLE, GE_IMPLICIT), stated != EXPLICIT_BIG)
    if seen is None:
        return syntax
    truth = Syntax(
        seen, little if content[at : at + 2] in (b"\x00\x08", b"\x08\x00") else syntax[1]
    )
    if truth != syntax:
        findings.append("transfer-syntax-wrong")
    return truth


def _inflate(content: bytes, at: int, *, is_prefix: bool) -> tuple[bytes, int]:
    """The beginning of an inflated data set and its whole length. Raises Refused."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    kept = bytearray()
    size = 0
    most = min(MOST_INFLATED, max(KEPT, MOST_RATIO * (len(content) - at)))
    try:
        for begin in range(at, len(content), _INPUT):
            for piece in _pieces(inflater, content[begin : begin + _INPUT]):
                size += len(piece)
                if size > most:
                    raise Refused("inflate-bomb", f"at most {MOST_RATIO} times the bytes sent")
                if len(kept) < KEPT:
                    kept += piece[: KEPT - len(kept)]
            if inflater.eof or (is_prefix and len(kept) >= KEPT):
                break
    except zlib.error as fault:
        raise Refused("inflate-failed", "a deflated data set (RFC 1951)") from fault
    if not kept:
        raise Refused("inflate-failed", "a deflated data set (RFC 1951)")
    return bytes(kept), size


def _pieces(inflater: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    """What a chunk inflates to, never more than a step at a time."""
    rest = chunk
    while not inflater.eof:
        piece = inflater.decompress(rest, _STEP)
        yield piece
        rest = inflater.unconsumed_tail
        if not rest and len(piece) < _STEP:
            return
