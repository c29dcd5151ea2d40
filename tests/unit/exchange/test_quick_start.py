"""Starting from a snapshot: the same books, sooner; and never from one that is not whole."""

import stat
from pathlib import Path

import pytest

from hie.exchange.quick_start import (
    FOLDER,
    files_hash,
    read_snapshot,
    start,
    write_snapshot,
)
from hie.recognition.sources import read_files, shipped_files


def snapshot_of(data_dir: Path) -> Path:
    (found,) = (data_dir / FOLDER).iterdir()
    return found


def test_the_first_start_leaves_a_snapshot_and_the_second_reads_the_same_books(
    tmp_path: Path,
) -> None:
    first = start(tmp_path)
    path = snapshot_of(tmp_path)
    assert path.name == f"{files_hash(shipped_files())}.snapshot"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.stat().st_mtime_ns
    second = start(tmp_path)
    assert path.stat().st_mtime_ns == before
    assert dict(second.trees) == dict(first.trees)
    assert second.catalogue.items == first.catalogue.items
    assert (second.rulebook, second.reasons, second.texts, second.policy) == (
        first.rulebook,
        first.reasons,
        first.texts,
        first.policy,
    )


def test_numbers_come_back_digit_by_digit(tmp_path: Path) -> None:
    trees = read_files({"x/y.yaml": b"a: 4.10\nb: 1e3\nc: 12345678901234567890\nd: [0.0, -1]\n"})
    write_snapshot(tmp_path / FOLDER / "h.snapshot", "h", trees)
    again = read_snapshot(tmp_path / FOLDER / "h.snapshot", "h")
    assert again is not None
    assert {k: str(v) for k, v in again["x/y.yaml"].items()} == {
        k: str(v) for k, v in trees["x/y.yaml"].items()
    }


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "head", "renamed"])
def test_a_snapshot_that_is_damaged_or_foreign_is_ignored_and_written_anew(
    tmp_path: Path, damage: str
) -> None:
    good = start(tmp_path)
    path = snapshot_of(tmp_path)
    whole = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(whole[:-7])
        case "flipped":
            path.write_bytes(whole[:-7] + bytes([whole[-7] ^ 1]) + whole[-6:])
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_bytes(b"not a snapshot\n" * 9)
        case "head":
            path.write_bytes(b"hie-snapshot 0" + whole[14:])
        case "renamed":  # whole, and of other files
            other = {"rulebook/basis.yaml": {"EVIL": {}}}
            write_snapshot(tmp_path / "elsewhere" / "x.snapshot", "0" * 64, other)
            (tmp_path / "elsewhere" / "x.snapshot").replace(path)
    assert dict(start(tmp_path).trees) == dict(good.trees)
    assert path.read_bytes() == whole


def test_a_snapshot_of_earlier_files_is_let_go(tmp_path: Path) -> None:
    write_snapshot(tmp_path / FOLDER / "old.snapshot", "old", {})
    start(tmp_path)
    assert snapshot_of(tmp_path).name != "old.snapshot"


def test_any_change_of_any_file_is_another_snapshot() -> None:
    files = shipped_files()
    named = files_hash(files)
    assert files_hash(dict(reversed(files.items()))) == named
    changed = {**files, "catalogue/lab/K.yaml": files["catalogue/lab/K.yaml"] + b"\n"}
    assert files_hash(changed) != named
    name, data = next(iter(files.items()))
    rest = {key: value for key, value in files.items() if key != name}
    assert files_hash({**rest, f"{name}x": data}) != named
    assert files_hash(rest) != named


def test_a_data_directory_that_is_a_file_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    assert start(tmp_path / "data").rulebook.rules
