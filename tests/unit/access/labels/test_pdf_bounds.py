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
    content = file_of(*streams, PAGE)
    tracemalloc.start()
    began = time.process_time()
    found = text_of_pdf(content)
    spent = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is None
    assert peak < 64 << 20
    assert spent < 10


def test_a_map_of_all_codes_that_many_fonts_share_is_read() -> None:
    assert text_of_pdf(file_of(*[whole(1)] * 60, PAGE)) == "B\nB"


def test_several_fonts_with_maps_of_their_own_are_read() -> None:
    maps = [RANGE % (0x00FF, b"%04X" % (0x4E00 + n), n) for n in range(30)]
    found = text_of_pdf(file_of(*maps, PAGE))
    assert found is not None
    assert "丁" in found.split("\n")
