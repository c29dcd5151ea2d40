"""Frames come out the same however their bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.intake.mllp_frames import Event, Frame, Framer, Oversize, Truncated, framed

MSH = b"MSH|^~\\&|LIS|HOSP|||20260615||ORU^R01|1|P|2.4\rPID|1\r"


def events(stream: bytes, cuts: list[int] | None = None, limit: int = 1000) -> list[Event]:
    framer = Framer(limit)
    places = sorted({0, len(stream), *(cuts or [])})
    found: list[Event] = []
    for start, end in pairwise(places):
        found += framer.feed(stream[start:end])
    return found


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (framed(MSH), [Frame(MSH)]),
        (framed(MSH) + framed(b"MSH|2"), [Frame(MSH), Frame(b"MSH|2")]),
        (b"\x0b" + MSH + b"\x1c", [Frame(MSH)]),
        (b"\x0b" + MSH + b"\x1c\n", [Frame(MSH)]),
        (b"\x0bMSH|1\x1c\x0bMSH|2\x1c", [Frame(b"MSH|1"), Frame(b"MSH|2")]),
        (b"noise\r\n" + framed(MSH) + b"\x00\x00?" + framed(MSH), [Frame(MSH), Frame(MSH)]),
        (b"\x0bMSH|cut" + framed(MSH), [Truncated(b"MSH|cut"), Frame(MSH)]),
        (b"\x0bMSH|cut\x0b\r\n MSH|2\x1c\r", [Truncated(b"MSH|cut"), Frame(b"\r\n MSH|2")]),
        (b"\x0b\x0b" + MSH + b"\x1c\r", [Frame(MSH)]),
        (b"\x0bMSH|a\x0bb\x1c\r", [Frame(b"MSH|a\x0bb")]),
        (b"\x0bMSH|a\x0bMSx\x1c\r", [Frame(b"MSH|a\x0bMSx")]),
        (b"\x0b\x1c\r\x0b \r\n\x1c\r", []),
        (b"\x1c\x1c\r" + framed(MSH), [Frame(MSH)]),
        (b"\x0b" + MSH, []),
        (b"no frame at all", []),
        (framed(b"FHS|1\rBHS|2\rMSH|3"), [Frame(b"FHS|1\rBHS|2\rMSH|3")]),
    ],
)
def test_frames_are_found_and_defects_are_tolerated(stream: bytes, expected: list[Event]) -> None:
    assert events(stream) == expected
    assert events(stream, list(range(len(stream)))) == expected


def test_a_frame_of_just_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert events(framed(b"M" * 1000)) == [Frame(b"M" * 1000)]
    long = b"MSH|" + b"x" * 997
    assert events(framed(long) + framed(MSH)) == [Oversize(long[:1000]), Frame(MSH)]


def test_of_an_oversize_frame_four_kibibytes_are_kept_and_no_more_is_held() -> None:
    framer = Framer(10_000)
    assert framer.feed(b"\x0bMSH|" + b"a" * 9_000) == []
    assert framer.feed(b"b" * 9_000) == [Oversize(b"MSH|" + b"a" * 4_092)]
    for _ in range(100):
        assert framer.feed(b"c" * 10_000) == []
        assert framer.buffered == 0
    assert framer.is_inside
    assert framer.feed(b"\x1c\r" + framed(MSH)) == [Frame(MSH)]


def test_an_oversize_frame_without_an_end_gives_way_to_the_next() -> None:
    stream = b"\x0bMSH|" + b"x" * 1500 + framed(MSH)
    found = events(stream)
    assert isinstance(found[0], Oversize)
    assert found[1:] == [Frame(MSH)]


def test_noise_is_counted_and_line_ends_are_none() -> None:
    framer = Framer(100)
    framer.feed(b"\r\n" + framed(MSH) + b"\r\n\x00" + framed(MSH) + b"ping\r\n")
    assert framer.noise == 4


PIECES = st.sampled_from(
    [
        b"\x0b",
        b"\x1c",
        b"\r",
        b"\n",
        b"M",
        b"MS",
        b"MSH|",
        b"BHS|",
        b" ",
        b"abc",
        b"x" * 60,
        b"\xef\xbb\xbf",
    ]
)


@given(st.lists(PIECES, max_size=60).map(b"".join), st.lists(st.integers(0, 2000), max_size=40))
def test_any_cut_of_the_stream_gives_the_same_frames(stream: bytes, cuts: list[int]) -> None:
    inside = [cut for cut in cuts if cut <= len(stream)]

    def seen(cuts: list[int]) -> list[tuple[type, bytes]]:
        return [
            (type(e), e.head[:40] if isinstance(e, Oversize) else e.content)
            for e in events(stream, cuts, limit=100)
        ]

    assert seen(inside) == seen([]) == seen(list(range(len(stream))))


@given(st.lists(st.binary(min_size=1).map(lambda b: b"MSH|" + b.translate(None, b"\x0b\x1c"))))
def test_what_was_framed_comes_out_byte_by_byte(contents: list[bytes]) -> None:
    stream = b"".join(framed(content) for content in contents)
    assert events(stream, limit=10_000) == [Frame(content) for content in contents]
