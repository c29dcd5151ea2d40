"""Where an arriving data set is written while it arrives: a file of ours, not the system's /tmp.

pynetdicom streams a data set to a file when `STORE_RECV_CHUNKED_DATASET` is on, and makes that file
with `NamedTemporaryFile`. This class stands in its place: same folder as the instances (a rename,
not a copy, keeps it), a limit of size, and a full disk that is remembered and answered with a
status rather than thrown inside the reactor.
"""

import contextlib
from pathlib import Path
from typing import Any

import pynetdicom
from pynetdicom import dimse_messages

from hie.errors import Unavailable
from hie.store.instance_files import InstanceFiles


class Spool:
    """One arriving data set. `fault` is why it cannot be kept; the rest of it is then let go."""

    files: InstanceFiles
    limit: int

    def __init__(self, *_: Any, **__: Any) -> None:
        self.fault: str | None = None
        self.size = 0
        self._is_open = False
        self.name = ""
        try:
            self._file, path = self.files.new()
        except Unavailable:
            self.fault = "disk"
        else:
            self._is_open = True
            self.name = str(path)

    @property
    def file(self) -> "Spool":
        """What the library flushes after each fragment."""
        return self

    def write(self, data: bytes) -> int:
        """Take a fragment."""
        self.size += len(data)
        if self.size > self.limit:
            self._give_up("too-large")
        if self.fault is None:
            try:
                self._file.write(data)
            except OSError:
                self._give_up("disk")
        return len(data)

    def tell(self) -> int:
        """How much was written."""
        return self.size

    def flush(self) -> None:
        """Nothing yet: what matters is that it is durable before success is answered."""

    def close(self) -> None:
        """Write what is still in memory; a second call does nothing."""
        if self._is_open:
            self._is_open = False
            try:
                self._file.close()
            except OSError:
                self.fault = self.fault or "disk"

    def path(self) -> Path:
        """The written file."""
        return Path(self.name)

    def _give_up(self, fault: str) -> None:
        if self.fault is None:
            self.fault = fault
            self._discard()

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            if self._is_open:
                self._is_open = False
                self._file.close()
        with contextlib.suppress(OSError):
            if self.name:
                Path(self.name).unlink(missing_ok=True)

    def __del__(self) -> None:
        """An association that broke off leaves half a data set: it goes."""
        self._discard()


def install(files: InstanceFiles, limit: int) -> None:
    """Have arriving data sets written below these files, `limit` bytes at most."""
    Spool.files = files
    Spool.limit = limit
    pynetdicom._config.LOG_HANDLER_LEVEL = "none"  # its log would name patients
    pynetdicom._config.STORE_RECV_CHUNKED_DATASET = True
    pynetdicom._config.UNRESTRICTED_STORAGE_SERVICE = True
    setattr(dimse_messages, "NamedTemporaryFile", Spool)  # noqa: B010 - the name is not exported
