"""ZIP files, folders and DICOMDIRs: what is good comes out; nothing else does, and says why."""

import os
import stat
import struct
import zipfile
from pathlib import Path

import pydicom.data
import pytest

from adapters.dicom import Limits, adapter
from adapters.dicom.found import Found
from tests.unit.adapters.dicom.made import elements, file, instance, items, record

SAMPLES = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"


def unpacked(path: Path, into: Path, limits: Limits | None = None) -> dict[str, str]:
    """Name -> reason, or the SOP instance UID of what came out."""
    found = {}
    for one in adapter.unpack(path, into, limits):
        if one.path is None:
            assert one.refused
            found[one.name] = one.refused
        else:
            assert one.refused is None
            found[one.name] = record(one.path.read_bytes()).instance.uid
    return found


def archive(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


def test_a_zip_gives_its_instances_and_refuses_the_rest(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "a.zip",
        ("S1/IM1", instance()),
        ("S1/", b""),
        ("readme.txt", b"hello"),
        ("../../etc/passwd", instance()),
        ("/abs/IM", instance()),
        ("C:\\x\\IM", instance()),
        ("inner.zip", b"PK\x03\x04" + b"\0" * 200),
        ("inner.gz", b"\x1f\x8b" + b"\0" * 200),
        ("__MACOSX/S1/._IM1", b"x"),
        (".DS_Store", b"x"),
    )
    found = unpacked(path, tmp_path)
    assert found == {
        "S1/IM1": "1.2.3.4.5",
        "readme.txt": "not-dicom",
        "../../etc/passwd": "path-unsafe",
        "/abs/IM": "path-unsafe",
        "C:/x/IM": "path-unsafe",
        "inner.zip": "archive-nested",
        "inner.gz": "archive-nested",
    }
    assert sorted(tmp_path.iterdir()) == [path]  # nothing is left behind


def test_links_and_special_files_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name, kind in (("link", stat.S_IFLNK), ("fifo", stat.S_IFIFO), ("dev", stat.S_IFCHR)):
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o777) << 16
            made.writestr(info, "/etc/passwd")
    assert unpacked(path, tmp_path) == {
        "link": "symbolic-link", "fifo": "special-file", "dev": "special-file"
    }  # fmt: skip


def test_bombs_in_a_zip_stop_while_they_flow(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made, made.open("bomb", "w") as out:
        for _ in range(64):
            out.write(b"\0" * (1 << 20))
    small = Limits(ratio=100, ratio_from=1 << 20)
    assert unpacked(path, tmp_path, small) == {"bomb": "archive-bomb"}
    assert unpacked(path, tmp_path, Limits(file_bytes=1 << 20)) == {"bomb": "too-large"}
    many = archive(tmp_path / "b.zip", *((f"f{n}", b"x") for n in range(20)))
    found = unpacked(many, tmp_path, Limits(files=5))
    assert found["f5"] == "too-many-files"
    assert len(found) == 6


def test_sizes_that_an_archive_lies_about_do_not_matter(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("IM1", instance()))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<L", 4)  # uncompressed size
    path.write_bytes(content)
    assert set(unpacked(path, tmp_path).values()) <= {"archive-damaged", "not-dicom"}


@pytest.mark.parametrize("keep", [30, 100, 250, -1, -30])
def test_a_damaged_zip_is_told(tmp_path: Path, keep: int) -> None:
    path = archive(tmp_path / "a.zip", ("IM1", instance()), ("IM2", instance()))
    path.write_bytes(path.read_bytes()[:keep])
    found = unpacked(path, tmp_path)
    assert set(found.values()) <= {"archive-damaged", "1.2.3.4.5"}


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("IM1", instance()))
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(mark)
        content[at + offset] |= 1
    path.write_bytes(content)
    assert unpacked(path, tmp_path) == {"IM1": "archive-encrypted"}


def test_names_of_a_chinese_archive_are_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("XXXX/IM1", instance()))
    path.write_bytes(path.read_bytes().replace(b"XXXX", "胸部".encode("gbk")))
    assert set(unpacked(path, tmp_path)) == {"胸部/IM1"}


def test_a_folder_is_walked_without_following_links(tmp_path: Path) -> None:
    root = tmp_path / "in"
    (root / "S1").mkdir(parents=True)
    (root / "S1/IM1").write_bytes(instance())
    (root / "notes.txt").write_text("hello")
    (tmp_path / "secret.dcm").write_bytes(instance())
    (root / "link").symlink_to(tmp_path / "secret.dcm")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe")
    assert unpacked(root, tmp_path) == {
        "S1/IM1": "1.2.3.4.5",
        "notes.txt": "not-dicom",
        "link": "symbolic-link",
        "loop": "symbolic-link",
        "pipe": "special-file",
    }
    assert unpacked(root / "link", tmp_path) == {"link": "symbolic-link"}
    assert unpacked(root / "nothing", tmp_path) == {"nothing": "file-missing"}
    assert unpacked(root / "S1/IM1", tmp_path) == {"IM1": "1.2.3.4.5"}


def test_a_deep_folder_is_cut_off(tmp_path: Path) -> None:
    deep = tmp_path / "in"
    deep.mkdir()
    at = deep
    for _ in range(40):
        at = at / "d"
        at.mkdir()
    assert set(unpacked(deep, tmp_path).values()) == {"too-deep"}


@pytest.mark.parametrize("name", ["DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit"])
def test_a_dicomdir_gives_the_files_it_names(tmp_path: Path, name: str) -> None:
    found = unpacked(SAMPLES / name, tmp_path)
    refused = {n: r for n, r in found.items() if not r[0].isdigit()}
    assert refused == {}
    assert len(found) == 31
    assert len(set(found.values())) == 31


def test_the_folder_of_a_dicomdir_gives_the_same_files(tmp_path: Path) -> None:
    by_folder = unpacked(SAMPLES, tmp_path)
    by_index = unpacked(SAMPLES / "DICOMDIR", tmp_path)
    instances = {uid for uid in by_folder.values() if uid[0].isdigit()}
    assert set(by_index.values()) <= instances


def test_a_dicomdir_cannot_reach_out_of_its_folder(tmp_path: Path) -> None:
    root = tmp_path / "in"
    (root / "Sub").mkdir(parents=True)
    (tmp_path / "secret.dcm").write_bytes(instance())
    (root / "Sub/im1").write_bytes(instance())
    (root / "LINK").symlink_to(tmp_path)
    names = ["..\\secret.dcm", "SUB\\IM1", "LINK\\secret.dcm", "GONE", "SUB", "a/b"]
    records = [{0x00041500: ("CS", name), 0x00041430: ("CS", "IMAGE")} for name in names]
    index = file(elements({0x00041220: ("SQ", items(*records))}), sop_class="1.2.840.10008.1.3.10")
    (root / "DICOMDIR").write_bytes(index)
    found = unpacked(root / "DICOMDIR", tmp_path)
    assert found == {
        "../secret.dcm": "path-unsafe",
        "SUB/IM1": "1.2.3.4.5",
        "LINK/secret.dcm": "symbolic-link",
        "GONE": "file-missing",
        "SUB": "special-file",
        "a/b": "path-unsafe",
    }


def test_what_is_found_names_each_file() -> None:
    assert Found("a", None, "not-dicom").refused == "not-dicom"
