"""No bytes make the adapter raise, stall, or take memory without bound."""

import struct
import subprocess
import sys
import textwrap
import tracemalloc
import zlib
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dicom import adapter
from adapters.dicom.issues import TABLE
from adapters.dicom.reader import MOST_DEPTH
from hie.adapter import Decoded
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
    items,
    read,
    record,
    site,
)

SAMPLES = Path(pydicom.data.__file__).parent
HUNDRED_MB = 100 << 20
ITEM = struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED)
ITEM_END = struct.pack("<HHL", 0xFFFE, 0xE00D, 0)
SEQUENCE_END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)


def whole(decoded: Decoded) -> None:
    """What holds of every answer."""
    for issue in decoded.issues:
        assert issue.code in TABLE
        assert issue.path
        assert issue.expected
    if not decoded.records:
        assert is_held(decoded)


def cut_too(content: bytes) -> None:
    """A header of any bytes is read like the bytes themselves, or refused by a known code."""
    cut, refusal = None, None
    try:
        cut = adapter.cut(content)
    except MalformedMessage as fault:
        refusal = fault
    if cut is None:
        assert refusal is not None
        assert refusal.faults[0].code in TABLE
        return
    assert len(cut.header) <= len(content) + 64
    whole(read(cut.header))
    if not cut.is_whole:
        assert is_held(read(cut.header))
    if not cut.left_out:
        assert read(cut.header).records == read(content).records


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_an_instance_cut_inside_an_element_is_never_taken_for_whole(syntax: str) -> None:
    content = instance({0x00321064: ("SQ", [{0x00080100: ("SH", "X")}])}, syntax)
    assert not is_held(read(content))
    boundaries = {len(content[: -len(rest)]) for rest in _tails(content, syntax)}
    for end in range(len(content)):
        decoded = read(content[:end])
        whole(decoded)
        adapter.native_id(content[:end], site())
        cut_too(content[:end])
        assert end in boundaries or is_held(decoded), end


def _tails(content: bytes, syntax: str) -> list[bytes]:
    """The content after each top-level element of its data set."""
    whole_set = {**GOOD, 0x00321064: ("SQ", [{0x00080100: ("SH", "X")}])}
    if syntax == BIG:
        whole_set = {t: (v, d[::-1] if v == "US" else d) for t, (v, d) in whole_set.items()}
    tags = sorted(whole_set)
    return [elements({t: whole_set[t] for t in tags[n:]}, syntax) for n in range(len(tags))]


def test_a_deflated_instance_cut_anywhere_never_raises() -> None:
    content = instance(syntax=DEFLATED)
    assert not is_held(read(content))
    for end in range(len(content)):
        whole(read(content[:end]))
        adapter.native_id(content[:end], site())
        cut_too(content[:end])


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_bigendian.dcm", "UN_sequence.dcm", "JPEG2000.dcm",
             "reportsi.dcm", "image_dfl.dcm", "badVR.dcm", "liver_1frame.dcm"]
)  # fmt: skip
def test_samples_cut_at_many_bytes_never_raise(name: str) -> None:
    content = (SAMPLES / "test_files" / name).read_bytes()
    for end in [*range(0, min(len(content), 1200)), *range(1200, len(content), 997)]:
        whole(read(content[:end]))
        cut_too(content[:end])


@settings(max_examples=400, deadline=None)
@given(
    where=st.integers(0, 5000),
    junk=st.binary(max_size=12),
    syntax=st.sampled_from([IMPLICIT, EXPLICIT, BIG]),
    drop=st.integers(0, 12),
)
def test_bytes_put_in_or_taken_out_anywhere_never_raise(
    where: int, junk: bytes, syntax: str, drop: int
) -> None:
    content = instance({0x00321064: ("SQ", [{0x00080100: ("SH", "X")}])}, syntax)
    at = where % len(content)
    changed = content[:at] + junk + content[at + drop :]
    whole(read(changed))
    adapter.native_id(changed, site())
    cut_too(changed)


@settings(max_examples=300, deadline=None)
@given(
    declared=st.sampled_from(
        ["", "ISO_IR 192", "GB18030", "ISO_IR 100", "ISO_IR 13\\ISO 2022 IR 87", "ISO_IR 13",
         "\\ISO 2022 IR 58", "\\ISO 2022 IR 149", "ISO_IR 144", "nonsense", "\\\\"]
    ),
    name=st.one_of(
        st.binary(max_size=40),
        st.lists(
            st.sampled_from([b"\x1b$)A", b"\x1b$B", b"\x1b(J", b"\x1b$)C", b"\x1b", b"\xc4\xe3",
                             b"\xe4\xbd\xa0", b"=", b"^", b"\\", b"\xff\xfe", b"\xb6", b"A"]),
            max_size=12,
        ).map(b"".join),
    ),
)  # fmt: skip
def test_any_name_in_any_declared_charset_never_raises(declared: str, name: bytes) -> None:
    whole(read(instance({0x00080005: ("CS", declared), 0x00100010: ("PN", name)})))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_after_a_good_head_never_raise(junk: bytes) -> None:
    for content in (junk, b"\0" * 128 + b"DICM" + junk, file(junk), file(junk, IMPLICIT)):
        whole(read(content))
        adapter.native_id(content, site())
        cut_too(content)


@settings(max_examples=200, deadline=None)
@given(
    tag=st.sampled_from(sorted(set(GOOD) - {PIXELS})),
    value=st.one_of(st.binary(max_size=70), st.text(max_size=40).map(str.encode)),
    vr=st.sampled_from(["CS", "UI", "PN", "LO", "DS", "IS", "US", "FD", "SQ", "UN", "OB", "DA"]),
)
def test_any_value_of_any_kind_in_a_tag_that_is_read_never_raises(
    tag: int, value: bytes, vr: str
) -> None:
    whole(read(instance({tag: (vr, value)})))


def test_what_is_no_dicom_is_refused_and_says_so() -> None:
    for content in (b"", b"PK\x03\x04", b"MSH|^~\\&|LIS", b"%PDF-1.4" + b"x" * 300, b"\0" * 500):
        decoded = read(content)
        assert codes(decoded) == {"not-dicom"}
        assert is_held(decoded)
        with pytest.raises(MalformedMessage):
            adapter.cut(content)


def test_no_preamble_and_no_meta_are_read_with_a_warning() -> None:
    content = instance()
    bare = content[132:]
    assert "preamble-missing" in codes(read(bare))
    assert record(bare).instance.uid == "1.2.3.4.5"
    for syntax in (IMPLICIT, EXPLICIT):
        dataset = elements(GOOD, syntax)
        assert "meta-missing" in codes(read(dataset))
        assert record(dataset).study.uid == "1.2.3.4"
    big = instance(syntax=BIG)
    dataset = big[big.index(b"\x00\x08\x00\x05") :]
    assert record(dataset).instance.rows == 2


def test_a_data_set_that_is_not_written_as_declared_is_read_as_it_is() -> None:
    for said, truth in ((EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT), (BIG, EXPLICIT)):
        decoded = read(file(elements(GOOD, truth), said))
        assert "transfer-syntax-wrong" in codes(decoded)
        assert len(decoded.records) == 1
        assert not is_held(decoded)


def test_a_lying_length_holds_the_message_and_keeps_what_came_before() -> None:
    good = {t: v for t, v in GOOD.items() if t != PIXELS}
    lie = element(0x00400275, "SQ", b"", length=5000)
    decoded = read(file(elements(good) + lie))
    assert "truncated" in codes(decoded)
    assert is_held(decoded)
    assert decoded.records
    inner = items({0x00080100: ("SH", "X")})[:-2] + struct.pack("<H", 900)
    decoded = read(file(elements({**good, 0x00321064: ("SQ", inner)})))
    assert is_held(decoded)


def test_pixel_data_shorter_than_stated_holds_the_message() -> None:
    good = {t: v for t, v in GOOD.items() if t != PIXELS}
    content = file(elements(good) + element(PIXELS, "OW", b"\0" * 8, length=4096))
    decoded = read(content)
    assert "truncated" in codes(decoded)
    assert decoded.records == read(instance()).records
    cut = adapter.cut(content)
    assert not cut.is_whole
    assert "truncated" in codes(read(cut.header))


def test_encapsulated_pixel_data_must_end() -> None:
    good = {t: v for t, v in GOOD.items() if t != PIXELS}
    jpeg = "1.2.840.10008.1.2.4.50"
    fragment = struct.pack("<HHL", 0xFFFE, 0xE000, 4) + b"\xff\xd8\xff\xd9"
    head = element(PIXELS, "OB", b"", length=UNDEFINED)
    offsets = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
    complete = file(elements(good) + head + offsets + fragment + SEQUENCE_END, jpeg)
    assert not is_held(read(complete))
    assert adapter.cut(complete).is_whole
    for broken in (complete[:-8], complete[:-10], complete[:-8] + b"\0" * 8):
        assert "truncated" in codes(read(broken))
        assert not adapter.cut(broken).is_whole


def test_sequences_deeper_than_any_real_object_are_refused() -> None:
    good = {t: v for t, v in GOOD.items() if t != PIXELS}
    for depth in (MOST_DEPTH + 1, 2000, 50_000):
        opening = element(0x0040A730, "SQ", b"", length=UNDEFINED) + ITEM
        nested = opening * depth + (ITEM_END + SEQUENCE_END) * depth
        decoded = read(file(elements(good) + nested))
        assert "nesting-too-deep" in codes(decoded)
        assert is_held(decoded)
        cut_too(file(elements(good) + nested))


def test_nesting_of_defined_length_that_is_read_is_bounded_too() -> None:
    value = b""
    for _ in range(200):
        value = element(0x00081115, "SQ", struct.pack("<HHL", 0xFFFE, 0xE000, len(value)) + value)
    decoded = read(file(elements({**GOOD, 0x0040A375: ("SQ", value)})))
    whole(decoded)


def test_more_elements_than_any_object_are_refused() -> None:
    junk = b"".join(
        element(0x00090000 + (n % 0xF000) + 0x10000 * 2 * (n // 0xF000), "UN", b"", syntax=IMPLICIT)
        for n in range(250_000)
    )
    decoded = read(file(elements({**GOOD, PIXELS: ("OW", b"")}, IMPLICIT)[:-8] + junk, IMPLICIT))
    assert "too-many-elements" in codes(decoded)
    assert is_held(decoded)


def test_an_element_that_comes_twice_with_two_values_holds_the_message() -> None:
    good = elements({t: v for t, v in GOOD.items() if t < 0x00100030})
    rest = elements({t: v for t, v in GOOD.items() if t >= 0x00100030})
    other = element(0x00100020, "LO", b"P2")
    assert "element-repeated" in codes(read(file(good + other + rest)))
    assert is_held(read(file(good + other + rest)))
    same = element(0x00100020, "LO", b"P1")
    assert "element-repeated" not in codes(read(file(good + same + rest)))


def bomb(size: int) -> bytes:
    """A deflated data set whose pixel data inflate to `size` zeros."""
    head = elements({t: v for t, v in GOOD.items() if t != PIXELS})
    deflater = zlib.compressobj(9, wbits=-15)
    parts = [deflater.compress(head + element(PIXELS, "OW", b"", length=size))]
    zeros = b"\0" * (1 << 20)
    parts += [deflater.compress(zeros) for _ in range(size >> 20)]
    content = file(b"", DEFLATED)
    return content[:-2] + b"".join(parts) + deflater.flush()


def test_a_deflate_bomb_is_refused_within_a_hundred_megabytes() -> None:
    content = bomb(1 << 30)
    tracemalloc.start()
    try:
        decoded = read(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "inflate-bomb" in codes(decoded)
    assert not decoded.records
    assert peak < HUNDRED_MB


def test_an_honest_deflated_image_is_read_with_its_pixels_counted() -> None:
    head = {t: v for t, v in GOOD.items() if t != PIXELS}
    noise = bytes(range(256)) * 40_000  # 10 MB
    content = file(elements({**head, PIXELS: ("OW", noise)}), DEFLATED)
    decoded = read(content)
    assert not is_held(decoded)
    assert read(adapter.header(content)).records == decoded.records


@pytest.mark.parametrize(
    "kind", ["deflate", "nesting", "elements", "items", "multi-value", "long-text"]
)
def test_bombs_stay_within_an_address_space_of_a_few_hundred_megabytes(
    kind: str, tmp_path: Path
) -> None:
    """In a process that may not have more, they are refused or read, and the process lives."""
    path = tmp_path / "bomb.dcm"
    path.write_bytes(_bomb(kind))
    script = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        from adapters.dicom import adapter
        from hie.adapter import Site
        content = Path(sys.argv[1]).read_bytes()
        status = Path("/proc/self/status").read_text()
        now = int(status.split("VmSize:")[1].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_AS, (now + (100 << 20),) * 2)
        decoded = adapter.decode(content, Site("s", "91110000000000000A", "dicom", {}))
        assert "out-of-memory" not in {i.code for i in decoded.issues}
        adapter.native_id(content, None)
        print(sorted({str(i.severity) for i in decoded.issues}), len(decoded.records))
        """
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False,
        timeout=120, cwd=Path(__file__).parents[4],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def _bomb(kind: str) -> bytes:
    good = {t: v for t, v in GOOD.items() if t != PIXELS}
    if kind == "deflate":
        return bomb(512 << 20)
    if kind == "nesting":
        opening = element(0x0040A730, "SQ", b"", length=UNDEFINED) + ITEM
        return file(elements(good) + opening * 500_000)
    if kind == "elements":
        return file(
            elements(good, IMPLICIT)
            + b"".join(struct.pack("<HHL", 0x31, n % 65536, 0) for n in range(1_000_000)),
            IMPLICIT,
        )
    if kind == "items":
        empty = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
        return file(elements({**good, 0x00400275: ("SQ", empty * 600_000)}))
    if kind == "multi-value":
        return file(elements({**good, 0x00080008: ("UT", "A\\" * 2_000_000)}))
    return file(elements({**good, 0x00081030: ("UT", "胸" * 2_000_000)}))


def test_a_real_object_with_many_frames_of_undefined_length_is_read() -> None:
    frame = {
        0x00209113: ("SQ", [{0x00200032: ("DS", "0\\0\\1")}]),
        0x00209111: ("SQ", [{0x00209057 + n: ("UL", b"\1\0\0\0") for n in range(60)}]),
    }
    value = items(frame, undefined=True) * 3000
    groups = element(0x52009230, "SQ", value, length=UNDEFINED) + SEQUENCE_END
    content = file(elements({t: v for t, v in GOOD.items() if t != PIXELS}) + groups)
    assert not is_held(read(content))
    assert len(record(content).instance.frame_positions) == 3000
