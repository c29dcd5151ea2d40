"""The members of a ZIP file: each written to a file of its own, counted while its bytes flow.

Nothing an archive says of itself is trusted: sizes, ratios and numbers are those that are met.
"""

import os
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from adapters.dicom.found import (
    LARGEST_INDEX,
    MOST_DEPTH,
    Found,
    Limits,
    head_of,
    is_index,
    is_litter,
    judged,
)
from hie import charset
from hie.errors import MalformedMessage

_PIECE: Final = 1 << 16


def from_archive(path: Path, into: Path, limits: Limits) -> Iterator[Found]:
    """The members of a ZIP file, each written to a file of its own under `into`."""
    if not _index_is_small(path):
        yield Found(path.name, None, "too-many-files")
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        yield Found(path.name, None, "archive-damaged")
        return
    total = 0
    with archive:
        for count, info in enumerate(archive.infolist()):
            name = _member_name(info)
            if count >= limits.files:
                yield Found(name, None, "too-many-files")
                return
            if info.is_dir() or is_litter(name):
                continue
            reason = _unwanted(info, name)
            if reason is not None:
                yield Found(name, None, reason)
                continue
            handle, made = tempfile.mkstemp(dir=into, suffix=".dcm")
            target = Path(made)
            try:
                with os.fdopen(handle, "wb") as out:
                    reason, size = _write(archive, info, out, limits, limits.total_bytes - total)
                total += size
                head = head_of(target) if reason is None else None
                if reason is not None:
                    yield Found(name, None, reason)
                elif head is not None and not is_index(target, head):
                    yield judged(name, target, head, size, limits)
            finally:
                target.unlink(missing_ok=True)
            if total >= limits.total_bytes:
                yield Found(name, None, "too-large")
                return


def _write(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, out: BinaryIO, limits: Limits, room: int
) -> tuple[str | None, int]:
    """Write one member; the reason it is refused and how many bytes were written."""
    most = min(limits.file_bytes, room)
    size = 0
    try:
        with archive.open(info) as member:
            while piece := member.read(_PIECE):
                size += len(piece)
                if size > most:
                    return "too-large", size
                if size > limits.ratio_from and size > limits.ratio * max(info.compress_size, 1):
                    return "archive-bomb", size
                out.write(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, struct.error):
        return "archive-damaged", size
    except (NotImplementedError, RuntimeError):
        return "archive-method", size
    return None, size


def _unwanted(info: zipfile.ZipInfo, name: str) -> str | None:
    """Why a member is not even opened."""
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "symbolic-link"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "special-file"
    if info.flag_bits & 1:
        return "archive-encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "archive-method"
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or ":" in name or "\0" in name or not parts:
        return "path-unsafe"
    return "too-deep" if len(parts) > MOST_DEPTH else None


def _member_name(info: zipfile.ZipInfo) -> str:
    """The name as text: Chinese tools write GBK without saying so."""
    name = info.filename
    if not info.flag_bits & 0x800 and not name.isascii():
        try:
            name = charset.decode(name.encode("cp437")).text
        except (UnicodeError, MalformedMessage):
            name = info.filename
    return name.replace("\\", "/")


def _index_is_small(path: Path) -> bool:
    """Whether the central directory, which is read whole, is of a sane size (APPNOTE 4.3.16)."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 65_557))
        tail = stream.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < 20:
            return True  # no ZIP file at all: told when it is opened
        length = int.from_bytes(tail[at + 12 : at + 16], "little")
        if length == 0xFFFFFFFF:
            at = tail.rfind(b"PK\x06\x06")
            length = int.from_bytes(tail[at + 40 : at + 48], "little") if at >= 0 else 1 << 62
    return length <= LARGEST_INDEX
