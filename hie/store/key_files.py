"""Keys as files: 32 random bytes each, of mode 0600, made whole or not at all by whoever is first.

A file others may read is no key any more: the hub does not start with it.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from hie.errors import HubMisconfigured

KEY_SIZE = 32


def read_key(path: Path) -> bytes:
    """The key in this file, made if it is missing. Raises HubMisconfigured, OSError."""
    if not path.exists():
        waiting = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(KEY_SIZE))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        with suppress(FileExistsError):
            os.link(waiting, path)
        waiting.unlink()
        _sync(path.parent)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise HubMisconfigured(f"{path}: others may read it; expected mode 0600")
    key = path.read_bytes()
    if len(key) != KEY_SIZE:
        raise HubMisconfigured(f"{path}: found {len(key)} bytes, expected {KEY_SIZE}")
    if key.count(key[0]) == KEY_SIZE:
        raise HubMisconfigured(f"{path}: a key of one byte repeated is none")
    return key


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
