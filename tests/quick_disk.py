"""Where tests write: to memory, on a machine that has plenty, else to the disk.

A run makes thousands of small databases. To create the files of one takes a disk half a second and
memory a fiftieth of that, and nothing here need outlive a power cut.
"""

import os
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one
_ENOUGH: Final = 8 << 30  # bytes that must be free


def write_to_memory() -> None:
    """From here on temporary files lie in memory; whoever names TMPDIR has chosen already."""
    if "TMPDIR" in os.environ or not _fits():
        return
    folder = _MEMORY / f"hie-tests-{os.getuid()}"
    folder.mkdir(mode=0o755, exist_ok=True)  # PostgreSQL runs as somebody else
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # which was found before, maybe


def _fits() -> bool:
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return False
    runs_programs = not found.f_flag & os.ST_NOEXEC  # a wheel's server is copied there
    is_large = found.f_bavail * found.f_frsize >= _ENOUGH
    return runs_programs and is_large and os.access(_MEMORY, os.W_OK | os.X_OK)
