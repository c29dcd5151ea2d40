"""Files that commands write are whole or not there (R17)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hie.cli.whole_file import write_whole

FULL = """
import resource, sys
from pathlib import Path
from hie.cli.whole_file import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # the disk is full after this many bytes
try:
    write_whole(Path(sys.argv[1]), b"x" * 5000)
except OSError:
    sys.exit(3)
"""


def _on_a_full_disk(path: Path) -> int:
    command = [sys.executable, "-c", FULL, str(path)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - this Python, our words


def test_on_a_full_disk_no_part_is_left(tmp_path: Path) -> None:
    assert _on_a_full_disk(tmp_path / "record.pdf") == 3
    assert list(tmp_path.iterdir()) == []


def test_on_a_full_disk_what_stood_there_still_stands(tmp_path: Path) -> None:
    path = tmp_path / "record.pdf"
    path.write_bytes(b"earlier")
    assert _on_a_full_disk(path) == 3
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [
        ("record.pdf", b"earlier")
    ]


@pytest.mark.parametrize("earlier", [None, b"earlier and longer"])
def test_a_file_is_written_whole(tmp_path: Path, earlier: bytes | None) -> None:
    path = tmp_path / "record.pdf"
    if earlier is not None:
        path.write_bytes(earlier)
    write_whole(path, b"content")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [
        ("record.pdf", b"content")
    ]


def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "record.pdf", b"content")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)  # noqa: S603, S607
    write_whole(path, b"content")
    assert reading.communicate(timeout=10)[0] == b"content"
    assert path.is_fifo()
