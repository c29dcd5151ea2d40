"""A small file cannot cost much memory or time: over a budget it counts as not read."""

import time
import tracemalloc
import zlib

import pytest

from hie.access.labels.pdf import text_of_pdf

PAGE = b"BT /F1 9 Tf <0001> Tj ET"
RANGE = b"begincmap 1 beginbfrange <0000> <%04X> <%s> endbfrange endcmap %d"


def file_of(*streams: bytes) -> bytes:
    """A PDF that has these streams, packed."""
    objects = [
        b"%d 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream\nendobj\n"
        % (n, len(packed), packed)
        for n, packed in enumerate(map(zlib.compress, streams), 1)
    ]
    return b"%PDF-1.4\n" + b"".join(objects)


def whole(n: int) -> bytes:
    """A map of all codes, in a few bytes."""
    return RANGE % (0xFFFF, b"0041", n)


def assert_cheap(content: bytes, expected: str | None, *, counts: bool = False) -> None:
    """Little time; and little memory, where it is counted, which takes most of a test's time."""
    began = time.process_time()
    assert text_of_pdf(content) == expected
    assert time.process_time() - began < 5
    if counts:
        tracemalloc.start()
        try:
            text_of_pdf(content)
            assert tracemalloc.get_traced_memory()[1] < 64 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    "streams",
    [
        [whole(n) for n in range(10)],
        [whole(n) for n in range(1500)],
        [RANGE % (0xFFFF, b"0041" * 500, 1)],
        [RANGE % (0x00FF, b"0041" * 5000, 1)],
        [RANGE % (1, b"0041" * 20_000, 1), b"BT <" + b"0001" * 200_000 + b"> Tj ET"],
        [RANGE % (0x00FF, b"0041", n) for n in range(1000)],
        [
            *(RANGE % (0x00FF, b"%04X" % (65 + n), n) for n in range(30)),
            b"BT " + b"(This is a long text of a page.) Tj /F1 9 Tf " * 30_000 + b" ET",
        ],
        [
            RANGE % (0x00FF, b"0041", 1),
            b"BT <" + b"0001" * 250_000 + b"> Tj ET",
        ],
        [b"begincmap 1 beginbfrange " + b"<0000><0001>[" * 70_000 + b" endbfrange", PAGE],
    ],
    ids=[
        "ten-maps", "many-maps", "long-text", "long-texts", "long-text-shown-often", "small-maps",
        "maps-and-pages", "told", "brackets",
    ],
)  # fmt: skip
def test_a_small_file_costs_little_and_over_a_budget_it_is_not_read(streams: list[bytes]) -> None:
    assert_cheap(file_of(*streams, PAGE), None, counts=len(streams) <= 10)


def test_a_map_of_all_codes_that_many_fonts_share_is_read() -> None:
    assert text_of_pdf(file_of(*[whole(1)] * 60, PAGE)) == "B\nB"


def test_several_fonts_with_maps_of_their_own_are_read() -> None:
    maps = [RANGE % (0x00FF, b"%04X" % (0x4E00 + n), n) for n in range(30)]
    found = text_of_pdf(file_of(*maps, PAGE))
    assert found is not None
    assert "丁" in found.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        b"/Contents[",
        b"/Contents[9 0 R",
        b"/Differences[",
        b"/Differences[1/a",
        b"/F1 9 0 R",
        b"/F1<<",
        b"/F1<<<<>>",
        b"/F#31 ",
        b"(\\(",
        b"%(\n9 ",
        b"9 %1\n",
        b"9 0 obj<<",
        b"<</Subtype/Type1/Encoding 9 0 R>>",
        b"9 0 obj<</Subtype/Type0/ToUnicode 1 0 R>>endobj ",
        b"[9 0 R] 9 0 R ",
        b"<41>",
        b"(a)",
    ],
)
def test_no_text_of_objects_costs_more_than_its_length(text: bytes) -> None:
    """What is repeated lies outside streams, in an object, and before a stream."""
    many = text * (400_000 // len(text))
    for content in (
        file_of(PAGE) + many,
        file_of(PAGE) + b"9 0 obj " + many + b" endobj",
        file_of(PAGE) + b"9 0 obj<<" + many + b">>\nstream\n\nendstream endobj",
    ):
        began = time.process_time()
        text_of_pdf(content)
        assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [b"BI/", b"BI/W", b")%", b"%)\n", b") \n", b"q ", b"q Q ", b"/F1 9 Tf ", b"(", b"(x)Tj ",
     b"<", b"<<", b"<41>", b"/a ", b"% ", b"-1.5 0 0 9 re f ", b"\\", b"begincmap ", b"[<"],
)  # fmt: skip
def test_no_stream_costs_more_than_its_length(text: bytes) -> None:
    for content in (text * (1_000_000 // len(text)), PAGE + text * (1_000_000 // len(text))):
        began = time.process_time()
        text_of_pdf(file_of(content, PAGE))
        assert time.process_time() - began < 5


def test_many_streams_cost_little() -> None:
    empty = b"9 0 obj<</Length 0>>stream\n\nendstream endobj\n"
    assert_cheap(file_of(PAGE) + empty * 10_000, None)
    assert_cheap(file_of(whole(1), PAGE) + empty * 3000, "B\nB")
    picture = b"9 0 obj<</Subtype/Image/Width 1/Height 1>>stream\n\nendstream endobj\n"
    assert_cheap(file_of(PAGE) + picture * 10_000, None)


def test_many_fonts_of_one_large_map_cost_little() -> None:
    """Of one byte each: the map is turned to their size once."""
    font = b"%d 0 obj<</Type/Font/Subtype/TrueType/ToUnicode 1 0 R>>endobj\n"
    fonts = b"".join(font % n for n in range(100, 400))
    named = b"9 0 obj<</Font<<%s>>>>endobj" % b"".join(
        b"/F%d %d 0 R" % (n, n) for n in range(100, 400)
    )
    page = b"BT /F200 9 Tf (A) Tj ET"
    assert_cheap(file_of(whole(1), page) + fonts + named, "\x82\n\x82")


def test_a_picture_is_not_unpacked_and_the_table_of_objects_is_passed_over() -> None:
    bomb = zlib.compress(b"\0" * 40_000_000)
    head = b"9 0 obj<</Subtype/Image/Width 9/Height 9/Filter/FlateDecode>>stream\n"
    table = b"8 0 obj<</Type/XRef/Filter/FlateDecode>>stream\n"
    end = b"\nendstream endobj\n"
    assert_cheap(file_of(whole(1), PAGE) + head + bomb + end + table + bomb + end, "B\nB")
    assert_cheap(
        file_of(whole(1), PAGE) + b"9 0 obj<</Filter/FlateDecode>>stream\n" + bomb + end, None
    )
