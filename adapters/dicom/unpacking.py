"""What a ZIP file, a folder or a DICOMDIR holds: one file at a time, each taken or refused.

PS3.10 section 8 and annex F (media storage directory). Unlike the rest of this adapter this opens
files. Nothing outside the given folder is read or written: symbolic links, special files, absolute
names and `..` are refused; sizes, ratios, depth and numbers are capped while bytes flow, never by
what an archive says of itself.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from adapters.dicom.archive import from_archive
from adapters.dicom.dicomdir import from_directory
from adapters.dicom.found import (
    MOST_DEPTH,
    Found,
    Limits,
    head_of,
    is_index,
    is_litter,
    judged,
    relative,
)


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
        head = head_of(path)
        if head is None:
            yield Found(path.name, None, "unreadable")
        elif head.startswith(b"PK\x03\x04"):
            yield from from_archive(path, into, limits)
        elif is_index(path, head):
            yield from from_directory(path, limits)
        else:
            yield judged(path.name, path, head, path.stat().st_size, limits)


def _folder(root: Path, limits: Limits) -> Iterator[Found]:
    """Files below a folder in order of their names; links are never followed."""
    count, total = 0, 0
    waiting: list[tuple[Path, int]] = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda one: one.name)
        except OSError:
            yield Found(relative(folder, root), None, "unreadable")
            continue
        below: list[tuple[Path, int]] = []
        for entry in entries:
            name = relative(Path(entry.path), root)
            if entry.is_symlink():
                yield Found(name, None, "symbolic-link")
            elif entry.is_dir():
                if depth >= MOST_DEPTH:
                    yield Found(name, None, "too-deep")
                else:
                    below.append((Path(entry.path), depth + 1))
            elif not entry.is_file():
                yield Found(name, None, "special-file")
            elif not is_litter(name):
                count += 1
                size = entry.stat().st_size
                total += size
                if count > limits.files or total > limits.total_bytes:
                    yield Found(name, None, "too-many-files")
                    return
                head = head_of(Path(entry.path))
                if head is None:
                    yield Found(name, None, "unreadable")
                elif not is_index(Path(entry.path), head):
                    yield judged(name, Path(entry.path), head, size, limits)
        waiting += reversed(below)
