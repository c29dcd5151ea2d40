"""Files that commands write are whole or not there."""

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


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_file_goes_on_being_read_by_whom_it_was_read_by(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "record.pdf"
    path.write_bytes(b"earlier")
    path.chmod(mode)
    write_whole(path, b"content")
    assert (path.read_bytes(), path.stat().st_mode & 0o7777) == (b"content", mode)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_is_like_any_other(tmp_path: Path, mask: int, mode: int) -> None:
    path = tmp_path / "record.pdf"
    before = os.umask(mask)
    try:
        write_whole(path, b"content")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize("earlier", [None, b"earlier"])
def test_a_link_goes_on_leading_to_the_file(tmp_path: Path, earlier: bytes | None) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    path, link = folder / "kept.pdf", tmp_path / "record.pdf"
    if earlier is not None:
        path.write_bytes(earlier)
    link.symlink_to(path)
    write_whole(link, b"content")
    assert link.is_symlink()
    assert path.read_bytes() == b"content"
    assert [one.name for one in folder.iterdir()] == ["kept.pdf"]


def test_a_file_of_a_like_name_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "record.pdf.part"
    other.write_bytes(b"somebody's")
    write_whole(tmp_path / "record.pdf", b"content")
    assert other.read_bytes() == b"somebody's"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("letter", ["n", "名"])
def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path, letter: str) -> None:
    path = tmp_path / (letter * (255 // len(letter.encode())))
    write_whole(path, b"content")
    assert path.read_bytes() == b"content"


def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "record.pdf", b"content")
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_to_the_output_comes_out(tmp_path: Path) -> None:
    words = "import sys; from pathlib import Path; from hie.cli.whole_file import write_whole;"
    words += "write_whole(Path('/dev/stdout'), b'content')"
    command = [sys.executable, "-c", words]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our words
    assert done.stdout == b"content"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)  # noqa: S603, S607
    write_whole(path, b"content")
    assert reading.communicate(timeout=10)[0] == b"content"
    assert path.is_fifo()
