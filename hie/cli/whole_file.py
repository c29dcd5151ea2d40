"""A file that a command writes is whole or not there: a full disk leaves no part of it behind."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write beside it, then put it in its place; what is no plain file (a pipe) is written to.

    Raises OSError; then what stood there before still stands there.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
