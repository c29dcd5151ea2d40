"""Batch files: one bad message never blocks the others, and no byte of a message changes."""

from typing import Any

import pytest

from adapters.hl7v2 import adapter
from adapters.hl7v2.batch import read_batch
from hie.adapter import Site

SITE = Site("lab", "91110000000000000A", "hl7v2", {})


def message(number: int, name: str = "张三") -> str:
    return "\r".join(
        [
            f"MSH|^~\\&|L|L|H|H|20260612120000||ORU^R01|M{number}|P|2.5",
            f"PID|1||P{number}||{name}||19800101|F",
            f"OBR|1|A|B{number}|C|||20260612080000|||||||||||||||20260612110000|||F",
            "OBX|1|NM|K||4.1||||||F",
            "",
        ]
    )


def numbers(content: bytes) -> list[str | None]:
    return [adapter.native_id(m, SITE) for m in adapter.split(content)]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("FHS|^~\\&|L\rBHS|^~\\&|L\r", "BTS|2\rFTS|1\r"),
        ("BHS|^~\\&|L\r", "BTS|2\r"),
        ("BHS|^~\\&\r", ""),
        ("", ""),
        ("FHS|^~\\&\r", "FTS|1\r"),
        ("BHS|^~\\&|L\rBHS|^~\\&|L\r", "BTS|2\rBTS|2\r"),
        ("\ufeffFHS|^~\\&|L\r", "FTS|1"),
    ],
)
def test_the_messages_of_a_file_are_kept_apart(head: str, tail: str, end: str) -> None:
    text = (head + message(1) + message(2) + tail).replace("\r", end)
    assert numbers(text.encode()) == ["M1", "M2"]
    for one, number in zip(adapter.split(text.encode()), (1, 2), strict=True):
        assert one.decode().replace(end, "\r") == message(number)


def test_one_message_is_returned_as_it_is() -> None:
    for content in (
        message(1).encode(),
        b"",
        b"junk",
        b"BHS",
        b"MSHMSH",
        b"\x0b" + message(1).encode() + b"\x1c\r",
    ):
        assert adapter.split(content) == [content]


def test_messages_of_one_file_may_differ_in_charset() -> None:
    content = message(1, "张三丰").encode("gbk") + message(2, "李四").encode()
    names = [
        adapter.decode(m, SITE).records[0].patient.names[0].text for m in adapter.split(content)
    ]
    assert names == ["张三丰", "李四"]


def test_a_header_inside_a_field_starts_no_message() -> None:
    text = message(1).replace("4.1", "see MSH|^~ in text") + message(2)
    assert numbers(text.encode()) == ["M1", "M2"]


def test_a_bad_message_leaves_the_others_alone(held: Any) -> None:
    bad = message(2).replace("OBR|1|A|B2|", "OBR|1|||").encode()
    content = b"BHS|^~\\&\r" + message(1).encode() + bad + message(3).encode() + b"BTS|3\r"
    assert [held(adapter.decode(m, SITE)) for m in adapter.split(content)] == [False, True, False]


def test_a_wrong_count_and_a_missing_trailer_are_told() -> None:
    both = message(1) + message(2)
    wrong = read_batch(("BHS|^~\\&\r" + both + "BTS|3\r").encode())
    assert [f[0] for f in wrong.findings] == ["batch-count"]
    right = read_batch(("BHS|^~\\&\r" + both + "BTS|2\r").encode())
    assert right.findings == ()
    missing = read_batch(("BHS|^~\\&\r" + both).encode())
    assert [f[0] for f in missing.findings] == ["batch-unclosed"]


def test_an_envelope_without_messages_is_no_message() -> None:
    decoded = adapter.decode(b"BHS|^~\\&\rBTS|0\r", SITE)
    assert decoded.records == ()
    assert {i.code for i in decoded.issues} == {"not-hl7"}


def test_a_file_decoded_whole_gives_every_record_and_unique_paths() -> None:
    content = ("BHS|^~\\&\r" + message(1) + message(2) + "BTS|3\r").encode()
    decoded = adapter.decode(content, SITE)
    assert [r.filler and r.filler.value for r in decoded.records] == ["B1", "B2"]
    assert [r.path for r in decoded.records] == ["OBR[1]", "OBR[2]"]
    assert decoded.native_id is None
    assert "batch-count" in {i.code for i in decoded.issues}
    assert len(set(decoded.coverage.used)) == len(decoded.coverage.used)
