"""What a ZIP file, a folder or a DICOMDIR holds: one file at a time, each taken or refused.

PS3.10 section 8 and annex F (media storage directory). Unlike the rest of this adapter this opens
files. Nothing outside the given folder is read or written: symbolic links, special files, absolute
names and `..` are refused; sizes, ratios, depth and numbers are capped while bytes flow, never by
what an archive says of itself.
"""

import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, NamedTuple

import msgspec

from adapters.dicom.part10 import Refused, open_file
from adapters.dicom.reader import Broken, Buffer, read_items, read_top
from adapters.dicom.tags import DIRECTORY_RECORD_SEQUENCE, REFERENCED_FILE_ID
from hie import charset
from hie.errors import MalformedMessage

_PIECE: Final = 1 << 16
_HEAD: Final = 256
_ARCHIVES: Final = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
_INDEX: Final = re.compile(rb"1\.2\.840\.10008\.1\.3\.10(?![0-9.])")
_MOST_DEPTH: Final = 32
_LARGEST_INDEX: Final = 16 << 20  # bytes of a ZIP's central directory, or of a DICOMDIR
_LITTER: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


class Limits(msgspec.Struct, frozen=True):
    """How much is unpacked at most."""

    files: int = 50_000
    file_bytes: int = 4 << 30
    total_bytes: int = 64 << 30
    ratio: int = 400  # of one archived file, once it is larger than `ratio_from`
    ratio_from: int = 16 << 20


class Found(NamedTuple):
    """One file: where its bytes are, or why it is refused.

    Reasons: `path-unsafe`, `symbolic-link`, `special-file`, `too-large`, `too-many-files`,
    `archive-bomb`, `archive-nested`, `archive-damaged`, `archive-encrypted`, `archive-method`,
    `file-missing`, `not-dicom`, `too-deep`, `unreadable`. A path under `into` is the caller's: it
    is deleted when the next file is asked for, unless it was moved away.
    """

    name: str
    path: Path | None
    refused: str | None = None


def unpack(path: Path, into: Path, limits: Limits) -> Iterator[Found]:
    """Every file of a ZIP file, a folder, a DICOMDIR, or the single file itself.

    `into` is an existing folder for files that must be written out. A directory file (DICOMDIR) in
    a folder or archive is passed over: its files are there anyway.
    """
    if path.is_symlink():
        yield Found(path.name, None, "symbolic-link")
    elif path.is_dir():
        yield from _folder(path, limits)
    elif not path.is_file():
        yield Found(path.name, None, "special-file" if path.exists() else "file-missing")
    else:
        head = _head(path)
        if head is None:
            yield Found(path.name, None, "unreadable")
        elif head.startswith(b"PK\x03\x04"):
            yield from _archive(path, into, limits)
        elif _is_directory(path, head):
            yield from _directory(path, limits)
        else:
            yield _judged(path.name, path, head, path.stat().st_size, limits)


def _folder(root: Path, limits: Limits) -> Iterator[Found]:
    """Files below a folder in order of their names; links are never followed."""
    count, total = 0, 0
    waiting: list[tuple[Path, int]] = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda one: one.name)
        except OSError:
            yield Found(_relative(folder, root), None, "unreadable")
            continue
        below: list[tuple[Path, int]] = []
        for entry in entries:
            name = _relative(Path(entry.path), root)
            if entry.is_symlink():
                yield Found(name, None, "symbolic-link")
            elif entry.is_dir():
                if depth >= _MOST_DEPTH:
                    yield Found(name, None, "too-deep")
                else:
                    below.append((Path(entry.path), depth + 1))
            elif not entry.is_file():
                yield Found(name, None, "special-file")
            elif not _is_litter(name):
                count += 1
                size = entry.stat().st_size
                total += size
                if count > limits.files or total > limits.total_bytes:
                    yield Found(name, None, "too-many-files")
                    return
                head = _head(Path(entry.path))
                if head is None:
                    yield Found(name, None, "unreadable")
                elif not _is_directory(Path(entry.path), head):
                    yield _judged(name, Path(entry.path), head, size, limits)
        waiting += reversed(below)


def _directory(path: Path, limits: Limits) -> Iterator[Found]:
    """The files a DICOMDIR names (0004,1500), sought below its own folder."""
    root = path.parent
    try:
        names = _referenced(path)
    except (Refused, Broken):
        yield Found(path.name, None, "not-dicom")
        return
    seen: set[str] = set()
    for parts in names:
        name = "/".join(parts)
        if name in seen:
            continue
        seen.add(name)
        if len(seen) > limits.files:
            yield Found(name, None, "too-many-files")
            return
        if any(part in ("", ".", "..") or "/" in part or "\0" in part for part in parts):
            yield Found(name, None, "path-unsafe")
            continue
        found = _sought(root, parts)
        if found is None:
            yield Found(name, None, "file-missing")
        elif found.is_symlink() or any(
            p.is_symlink() for p in found.parents if p != root and root in p.parents
        ):
            yield Found(name, None, "symbolic-link")
        elif not found.is_file():
            yield Found(name, None, "special-file")
        else:
            head = _head(found)
            if head is None:
                yield Found(name, None, "unreadable")
            else:
                yield _judged(name, found, head, found.stat().st_size, limits)


def _referenced(path: Path) -> list[list[str]]:
    """Every (0004,1500) of a DICOMDIR as its components. Raises Refused, Broken."""
    if path.stat().st_size > _LARGEST_INDEX:
        raise Refused("too-large", f"at most {_LARGEST_INDEX} bytes")
    opened = open_file(path.read_bytes())
    buffer = Buffer(opened.data, opened.syntax.little)
    top = read_top(buffer, opened.syntax.explicit, opened.start)
    sequence = top.elements.get(DIRECTORY_RECORD_SEQUENCE)
    if sequence is None:
        raise Refused("not-dicom", "a directory record sequence")
    names = []
    for item in read_items(buffer, opened.syntax.explicit, sequence, 1):
        element = item.get(REFERENCED_FILE_ID)
        if element is not None and element.stop > element.start:
            text = opened.data[element.start : element.stop].decode("latin-1")
            names.append([part.strip(" \0") for part in text.split("\\")])
    return names


def _sought(root: Path, parts: list[str]) -> Path | None:
    """A file by its components; media are written in upper case and read in lower, or with ;1."""
    exact = root.joinpath(*parts)
    if exact.exists():
        return exact
    at = root
    for part in parts:
        wanted = part.casefold()
        try:
            names = [e.name for e in os.scandir(at)]
        except OSError:
            return None
        match = next((n for n in names if _plain(n) == wanted), None)
        if match is None:
            return None
        at = at / match
    return at


def _plain(name: str) -> str:
    return name.split(";", 1)[0].rstrip(".").casefold()


def _archive(path: Path, into: Path, limits: Limits) -> Iterator[Found]:
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
            if info.is_dir() or _is_litter(name):
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
                head = _head(target) if reason is None else None
                if reason is not None:
                    yield Found(name, None, reason)
                elif head is not None and not _is_directory(target, head):
                    yield _judged(name, target, head, size, limits)
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
    return "too-deep" if len(parts) > _MOST_DEPTH else None


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
    return length <= _LARGEST_INDEX


def _judged(name: str, path: Path, head: bytes, size: int, limits: Limits) -> Found:
    if head.startswith(_ARCHIVES):
        return Found(name, None, "archive-nested")
    if size > limits.file_bytes:
        return Found(name, None, "too-large")
    try:
        open_file(head, is_prefix=True)
    except Refused as refusal:
        if refusal.code == "not-dicom":
            return Found(name, None, "not-dicom")
    return Found(name, path)


def _is_directory(path: Path, head: bytes) -> bool:
    """A DICOMDIR: by its SOP class in the first bytes, or by name."""
    return _INDEX.search(head) is not None or (
        path.name.upper().startswith("DICOMDIR") and head[128:132] == b"DICM"
    )


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER[0]) or PurePosixPath(name).name in _LITTER[1:]


def _head(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError:
        return None


def _relative(path: Path, root: Path) -> str:
    text = path.relative_to(root).as_posix()
    return text.encode("utf-8", "replace").decode("utf-8")
