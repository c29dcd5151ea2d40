"""A file that a command writes is whole or not there: a full disk leaves no part of it behind."""

import os
from pathlib import Path
from stat import S_IMODE
from tempfile import mkstemp


def write_whole(path: Path, content: bytes) -> None:
    """Write beside it, then put it in its place; what is no plain file (a pipe) is written to.

    A link goes on leading to the file, and a file goes on being read by whom it was read by.
    Raises OSError; then what stood there before still stands there.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    path = path.resolve()
    mode = _mode(path)
    number, name = mkstemp(prefix=f".{path.name[:50]}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            os.fchmod(number, mode)
            file.write(content)
            file.flush()
            os.fsync(number)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """The mode of the file that stands there, else that of any new file."""
    try:
        return S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0o077)
        os.umask(mask)
        return 0o666 & ~mask
