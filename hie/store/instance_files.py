"""Instances as files, each under its own SHA-256, below `instances/` of the data directory.

A file is written beside its place, made durable, then renamed: what stands under a name is whole.
Everything here blocks on the disk and is called from threads. Which files are somebody's, the rows
of `instance` say; a file no row names is swept once it is old.
"""

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hie.errors import ResourceNotFound, Unavailable

FOLDER = "instances"
_INCOMING = "incoming"
_CHUNK = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class InstanceFiles:
    """The files of one hub; several processes may use one folder."""

    folder: Path

    @classmethod
    def below(cls, data_dir: Path) -> "InstanceFiles":
        """Those of this data directory."""
        return cls(data_dir / FOLDER)

    def incoming(self) -> Path:
        """Where files are written before they have a name; made when it is missing."""
        folder = self.folder / _INCOMING
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise away(fault) from fault
        return folder

    def new(self) -> tuple[BinaryIO, Path]:
        """A fresh file of mode 0600 to write an instance into. Raises Unavailable."""
        try:
            descriptor, name = tempfile.mkstemp(suffix=".part", dir=self.incoming())
        except OSError as fault:
            raise away(fault) from fault
        return os.fdopen(descriptor, "wb", buffering=_CHUNK), Path(name)

    def place(self, sha256: str) -> Path:
        """Where the file of this hash lies, or would."""
        return self.folder / sha256[:2] / f"{sha256}.dcm"

    def keep(self, files: Iterable[tuple[Path, str]]) -> None:
        """Give written files their names, durably; one sync of each folder. Raises Unavailable.

        Contents first, then names: after a crash a name never stands for half a file.
        """
        every = list(files)
        try:
            for path, _ in every:
                _sync(path)
            folders: set[Path] = set()
            for path, sha256 in every:
                place = self.place(sha256)
                if not place.parent.exists():
                    place.parent.mkdir(mode=0o700, exist_ok=True)
                    folders.add(self.folder)
                path.replace(place)
                folders.add(place.parent)
            for folder in sorted(folders):
                _sync(folder)
        except OSError as fault:
            raise away(fault) from fault

    def open(self, sha256: str) -> BinaryIO:
        """The stored file. Raises ResourceNotFound: it was never kept here, or is gone."""
        try:
            return self.place(sha256).open("rb")
        except FileNotFoundError as fault:
            raise ResourceNotFound("the instance is not kept at this hub") from fault

    def remove(self, sha256: str) -> None:
        """Delete a file that no row names any more; the caller has looked."""
        self.place(sha256).unlink(missing_ok=True)

    def abandoned(self, seconds: float) -> Iterator[Path]:
        """Files that were being written and have not been touched for so long."""
        limit = time.time() - seconds
        for path in self.incoming().iterdir():
            if _written(path) < limit:
                yield path

    def old(self, seconds: float) -> Iterator[str]:
        """The hashes of named files older than this: those a crash may have left nameless."""
        limit = time.time() - seconds
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*.dcm"):
            if _written(path) < limit:
                yield path.stem


def digest(file: BinaryIO) -> str:
    """SHA-256 (hex) of the rest of a file."""
    found = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        found.update(chunk)
    return found.hexdigest()


def away(fault: OSError) -> Unavailable:
    """The disk is full or away: what was being kept is not kept."""
    if fault.errno in _FULL:
        return Unavailable("the disk of the data directory is full")
    return Unavailable(f"the data directory: {fault.strerror}")


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
