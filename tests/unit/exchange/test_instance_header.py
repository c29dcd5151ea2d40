"""The head of a file, whatever the file: UIDs as pydicom reads them, the pixels left out."""

import os
import struct
import warnings
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from hie.errors import MalformedMessage
from hie.exchange.instance_header import Header
from hie.exchange.instance_header import read_header as read_by
from hie.exchange.plugins import load_adapters
from tests.integration.imaging.support import instance
from tests.integration.imaging.test_samples_and_bombs import deflated

ADAPTERS = load_adapters()
PROBLEMS = ADAPTERS["dicom"].issue_codes
LONGEST_HEADER = 1 << 20
ROOT = Path(pydicom.data.__file__).parent
SAMPLES = sorted(ROOT.rglob("*.dcm"))
NO_DICOM = {"no_meta.dcm"}


def read_header(path: Path) -> Header:
    return read_by(ADAPTERS, path)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_uids_are_those_pydicom_reads(path: Path) -> None:
    try:
        found = read_header(path)
    except MalformedMessage:
        assert path.name in NO_DICOM
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = dcmread(path, force=True, stop_before_pixels=True)
    expected = [
        str(data.get(name) or "")
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    ]
    assert [found.study, found.series, found.sop] == expected
    assert found.size == path.stat().st_size
    assert found.problem in {None, *PROBLEMS}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_head_alone_says_the_same(path: Path, written: Path) -> None:
    if path.name in NO_DICOM:
        return
    whole = read_header(path)
    written.write_bytes(whole.header + bytes(max(0, 16 - len(whole.header))))
    head = read_header(written)
    assert (head.study, head.series, head.sop) == (whole.study, whole.series, whole.sop)
    assert len(whole.header) <= LONGEST_HEADER + 8192


def test_a_cut_file_is_truncated_wherever_it_is_cut(written: Path) -> None:
    content = instance()
    for size in range(200, len(content)):
        written.write_bytes(content[:size])
        try:
            found = read_header(written)
        except MalformedMessage:
            assert size < 400
            continue
        at_an_end = found.problem is None and b"\xe0\x7f\x10\x00" not in content[:size]
        assert found.problem == "truncated" or at_an_end


def test_large_values_before_the_pixels_are_cut_off(written: Path) -> None:
    private = b"\x09\x00\x10\x10OB\0\0" + struct.pack("<I", 2 << 20) + bytes(2 << 20)
    content = instance()
    at = content.index(b"\x10\x00\x10\x00PN")
    written.write_bytes(content[:at] + private + content[at:])
    found = read_header(written)
    assert len(found.header) < LONGEST_HEADER
    assert (found.study != "", found.problem) == (True, None)


def test_another_head_before_the_same_data_set_is_the_same_data(written: Path) -> None:
    content = instance()
    written.write_bytes(content)
    one = read_header(written)
    written.write_bytes(b"x" * 128 + content[128:])
    other = read_header(written)
    assert one.data_hash == other.data_hash
    assert one.sha256 != other.sha256


@settings(deadline=None)
@given(st.binary(min_size=0, max_size=400), st.booleans())
def test_any_bytes_are_read_or_refused(content: bytes, with_head: bool) -> None:
    path = Path(f"/tmp/hie-header-{os.getpid()}")  # noqa: S108 - a file of this test alone
    head = instance()[:344] if with_head else b""
    path.write_bytes(head + content)
    try:
        read_header(path)
    except MalformedMessage:
        pass
    finally:
        path.unlink()


@settings(deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damage_anywhere_is_survived(at: int, damage: bytes) -> None:
    content = bytearray(instance())
    at %= len(content) - len(damage)
    content[at : at + len(damage)] = damage
    path = Path(f"/tmp/hie-damage-{os.getpid()}")  # noqa: S108 - a file of this test alone
    path.write_bytes(content)
    try:
        assert read_header(path).problem in {None, *PROBLEMS}
    except MalformedMessage:
        pass
    finally:
        path.unlink()


def test_of_a_bomb_the_head_is_known_and_what_is_wrong(written: Path) -> None:
    written.write_bytes(deflated(200 << 20))
    found = read_header(written)
    assert found.problem == "inflate-bomb"
    assert found.study == "1.2.826.0.1.3680043.8.498.1"
    assert len(found.header) < 4096
    written.write_bytes(found.header)
    assert read_header(written).study == found.study


def test_a_deflated_file_cut_short_is_a_problem(written: Path) -> None:
    content = deflated(1 << 20)
    written.write_bytes(content[: len(content) // 2])
    assert read_header(written).problem is not None
