"""One file of what is unpacked: taken or refused, by its first bytes and its size."""

import re
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import msgspec

from adapters.dicom.part10 import Refused, open_file

_HEAD: Final = 256
_ARCHIVES: Final = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
_INDEX: Final = re.compile(rb"1\.2\.840\.10008\.1\.3\.10(?![0-9.])")
_LITTER: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
MOST_DEPTH: Final = 32  # folders within folders
LARGEST_INDEX: Final = 16 << 20  # bytes of a ZIP's central directory, or of a DICOMDIR


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


def judged(name: str, path: Path, head: bytes, size: int, limits: Limits) -> Found:
    """The file taken, or refused for what its first bytes or its size are."""
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


def is_index(path: Path, head: bytes) -> bool:
    """A DICOMDIR: by its SOP class in the first bytes, or by name."""
    return _INDEX.search(head) is not None or (
        path.name.upper().startswith("DICOMDIR") and head[128:132] == b"DICM"
    )


def is_litter(name: str) -> bool:
    """Whether it is what desktop systems leave behind."""
    return name.startswith(_LITTER[0]) or PurePosixPath(name).name in _LITTER[1:]


def head_of(path: Path) -> bytes | None:
    """The first bytes of a file; None if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError:
        return None


def relative(path: Path, root: Path) -> str:
    """The path below the root, as text that can be printed."""
    text = path.relative_to(root).as_posix()
    return text.encode("utf-8", "replace").decode("utf-8")
