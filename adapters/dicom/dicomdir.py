"""The files a DICOMDIR names, sought below its own folder and nowhere else (PS3.10 section 8)."""

import os
from collections.abc import Iterator
from pathlib import Path

from adapters.dicom.found import LARGEST_INDEX, Found, Limits, head_of, judged
from adapters.dicom.part10 import Refused, open_file
from adapters.dicom.reader import Broken, Buffer, read_items, read_top
from adapters.dicom.tags import DIRECTORY_RECORD_SEQUENCE, REFERENCED_FILE_ID


def from_directory(path: Path, limits: Limits) -> Iterator[Found]:
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
            head = head_of(found)
            if head is None:
                yield Found(name, None, "unreadable")
            else:
                yield judged(name, found, head, found.stat().st_size, limits)


def _referenced(path: Path) -> list[list[str]]:
    """Every (0004,1500) of a DICOMDIR as its components. Raises Refused, Broken."""
    if path.stat().st_size > LARGEST_INDEX:
        raise Refused("too-large", f"at most {LARGEST_INDEX} bytes")
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
