"""Books at start: from the YAML files, or in a tenth of the time from what they said last time.

A snapshot is what the shipped files say, already read, under the hash of the files' bytes. It is
used only if its own bytes are whole and name that hash; whatever else lies there (another
version's, a stranger's, half a file) is ignored and written anew. What comes out of it is built
and checked exactly as if it had just been read: a snapshot can make a start quicker, nothing else.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard

from hie.recognition.sources import Sources, build_sources, read_files, shipped_files

FOLDER: Final = "snapshots"
_HEAD = b"hie-snapshot 1 "  # raised with the shape of what follows
_LARGEST = 256 * 1024 * 1024
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def start(data_dir: Path) -> Sources:
    """The shipped books; a snapshot of them is left in the data directory for the next start.

    Raises RulebookInvalid. A directory that cannot be written to costs the next start its speed.
    """
    files = shipped_files()
    named = files_hash(files)
    path = data_dir / FOLDER / f"{named}.snapshot"
    trees = read_snapshot(path, named)
    if trees is None:
        trees = read_files(files)
        sources = build_sources(trees)  # what does not hold together is no snapshot
        with contextlib.suppress(OSError):
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_snapshot(path, named, trees)
        return sources
    return build_sources(trees)


def files_hash(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of the files' names and bytes: any change of any file is another hash."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()


def read_snapshot(path: Path, named: str) -> dict[str, Any] | None:
    """What the files of this hash say; None when there is no whole snapshot of them."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head, _, packed = data.partition(b"\n")
    if head != _HEAD + hashlib.sha256(packed).hexdigest().encode():
        return None
    try:
        plain = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST)
        said = _decoder.decode(plain)
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(said, dict) or said.get("of") != named:
        return None
    trees: dict[str, Any] = said["trees"]
    return trees


def write_snapshot(path: Path, named: str, trees: Mapping[str, Any]) -> None:
    """Write a snapshot whole or not at all; those of other files are let go."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    packed = zstandard.ZstdCompressor().compress(_encoder.encode({"of": named, "trees": trees}))
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_HEAD + hashlib.sha256(packed).hexdigest().encode() + b"\n" + packed)
        Path(made).replace(path)
    except OSError:
        Path(made).unlink(missing_ok=True)
        raise
    for other in path.parent.glob("*.snapshot"):
        if other != path:
            other.unlink(missing_ok=True)
