"""A header is cut without loading the file, and says of a broken file that it is broken."""

import io
import struct
import tracemalloc
from pathlib import Path

import pytest

from adapters.dicom import adapter
from hie.errors import MalformedMessage
from tests.unit.adapters.dicom.made import (
    BIG,
    DEFLATED,
    EXPLICIT,
    GOOD,
    IMPLICIT,
    PIXELS,
    UNDEFINED,
    codes,
    element,
    elements,
    file,
    instance,
    is_held,
    read,
)

HEAD = {t: v for t, v in GOOD.items() if t != PIXELS}
SEQUENCE_END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_the_header_is_the_bytes_before_the_pixel_data(syntax: str) -> None:
    content = instance(syntax=syntax)
    cut = adapter.cut(content)
    assert content.startswith(cut.header)
    assert len(content) - len(cut.header) == (20 if syntax != IMPLICIT else 16)
    assert cut.pixels == len(content) - 8
    assert cut.is_whole
    assert (cut.size, cut.said.sop_instance) == (len(content), "1.2.3.4.5")
    assert cut.transfer_syntax == syntax
    assert adapter.header(content) == cut.header
    assert adapter.header(io.BytesIO(content)) == cut.header


def test_a_large_file_is_cut_without_being_loaded(tmp_path: Path) -> None:
    path = tmp_path / "large.dcm"
    size = 1 << 30
    with path.open("wb") as out:
        out.write(file(elements(HEAD) + element(PIXELS, "OW", b"", length=size)))
        out.truncate(out.tell() + size)  # sparse
    tracemalloc.start()
    try:
        cut = adapter.cut(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cut.is_whole
    assert peak < 4 << 20
    assert not is_held(read(cut.header))


def test_fragments_are_stepped_over(tmp_path: Path) -> None:
    path = tmp_path / "frames.dcm"
    fragment = struct.pack("<HHL", 0xFFFE, 0xE000, 1 << 20)
    with path.open("wb") as out:
        out.write(file(elements(HEAD) + element(PIXELS, "OB", b"", length=UNDEFINED)))
        out.write(struct.pack("<HHL", 0xFFFE, 0xE000, 0))
        for _ in range(64):
            out.write(fragment)
            out.truncate(out.seek(1 << 20, io.SEEK_CUR))
        out.write(SEQUENCE_END)
    assert adapter.cut(path).is_whole
    with path.open("r+b") as out:
        out.truncate(path.stat().st_size - (3 << 20))
    cut = adapter.cut(path)
    assert not cut.is_whole
    assert "truncated" in codes(read(cut.header))


def test_large_elements_that_bear_no_fact_are_left_out() -> None:
    private = {0x00091010: ("OB", b"\x01" * 300_000), 0x00880200: ("OB", b"\x02" * 900_000)}
    content = instance(private)
    cut = adapter.cut(content)
    assert cut.left_out == ("(0009,1010)", "(0088,0200)")
    assert len(cut.header) < 2000
    assert cut.is_whole
    assert read(cut.header).records == read(content).records


def test_functional_groups_stay_while_they_fit() -> None:
    def frames(count: int) -> bytes:
        made = [{0x00209113: ("SQ", [{0x00200032: ("DS", f"0\\0\\{n}")}])} for n in range(count)]
        return instance({0x00280008: ("IS", str(count)), 0x52009230: ("SQ", made)})

    few, many = frames(3000), frames(40_000)
    assert read(adapter.header(few)).records == read(few).records
    assert adapter.cut(few).left_out == ()
    cut = adapter.cut(many)
    assert cut.left_out == ("(5200,9230)",)
    assert len(cut.header) <= 1 << 20
    assert not is_held(read(cut.header))


def test_a_sequence_of_undefined_length_larger_than_the_window_is_followed() -> None:
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 30) + element(
        0x00081155, "UI", b"1.2.3.4.5.6.7.8.9.10\0\0"
    )
    value = item * 20_000
    content = file(
        elements({t: v for t, v in HEAD.items() if t < 0x00081140})
        + element(0x00081140, "SQ", value, length=UNDEFINED) + SEQUENCE_END
        + elements({t: v for t, v in GOOD.items() if t > 0x00081140})
    )  # fmt: skip
    cut = adapter.cut(content)
    assert cut.left_out == ("(0008,1140)",)
    assert cut.is_whole
    assert read(cut.header).records == read(content).records


def test_a_deflated_file_has_a_deflated_header() -> None:
    content = instance({PIXELS: ("OW", bytes(range(256)) * 400)}, DEFLATED)
    cut = adapter.cut(content)
    assert cut.is_whole
    assert len(cut.header) < len(content)
    assert read(cut.header).records == read(content).records
    broken = content[: len(content) - 200]
    assert is_held(read(broken))
    assert is_held(read(adapter.header(broken)))


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 400, b"PK\x03\x04" + b"\0" * 300])
def test_what_is_no_dicom_raises_with_its_code(content: bytes) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        adapter.header(content)
    assert refusal.value.faults[0].code == "not-dicom"


def test_no_pixel_data_is_no_fault() -> None:
    content = file(elements(HEAD))
    cut = adapter.cut(content)
    assert (cut.header, cut.pixels, cut.is_whole) == (content, None, True)
