"""The lock of a data directory: SQLite belongs to one hub process at a time.

The kernel holds the lock for as long as the process lives, so a hub that was killed leaves none
behind; the file's text only tells people who it is.
"""

import fcntl
import os
import sys
from pathlib import Path

from hie.errors import DataDirectoryBusy, Unavailable

NAME = "hub.lock"


class DirectoryLock:
    """Held from `take` until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, data_dir: Path) -> "DirectoryLock":
        """Raises DataDirectoryBusy, naming process and command of the holder."""
        path = data_dir / NAME
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as fault:
            raise Unavailable(f"{path}: {fault.strerror}") from fault
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            holder = os.read(descriptor, 200).decode("utf-8", "replace").strip()
            os.close(descriptor)
            raise DataDirectoryBusy(
                f"{data_dir} is held by {holder or 'another process'}; one hub at a time"
            ) from fault
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} ({_command()})\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Let another process have the directory."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def prepared(data_dir: Path) -> Path:
    """The data directory, made for its owner alone if it was not there. Raises Unavailable."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise Unavailable(f"data directory {data_dir}: {fault.strerror}") from fault
    return data_dir


def _command() -> str:
    # Two words only: later arguments may quote a reason or a file name that is nobody's business.
    words = [Path(sys.argv[0]).name, *sys.argv[1:2]]
    return " ".join(words).strip() or "python"
