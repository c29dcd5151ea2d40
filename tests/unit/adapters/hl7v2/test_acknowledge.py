"""The header is read from any bytes, and no answer can end a segment or a frame early."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hl7v2 import adapter
from adapters.hl7v2.acknowledge import CONDITIONS, condition
from adapters.hl7v2.issues import TABLE
from hie.adapter import Envelope, Issue, Refusal, Reply, Severity, Site

AT_US = 1_781_235_000_000_000  # 2026-06-12T11:30:00+08:00
SITE = Site("lis", "12110102999900011H", "hl7v2", {"mllp": {"applications": ["LIS^HOSP"]}})


def msh(**fields: str) -> bytes:
    given = {3: "LIS", 4: "HOSP", 5: "HIE", 6: "HUB", 9: "ORU^R01", 10: "17", 11: "P", 12: "2.4"}
    given |= {int(name[1:]): value for name, value in fields.items()}
    last = max(given)
    return (
        "MSH|^~\\&|" + "|".join(given.get(n, "") for n in range(3, last + 1)) + "\rPID|1\r"
    ).encode()


def read(content: bytes) -> Envelope:
    envelope = adapter.envelope(content)
    assert envelope is not None
    return envelope


def answer(content: bytes, code: str = "AA", **other: object) -> list[str]:
    reply = Reply(code, "A1", "n", AT_US, **other)  # type: ignore[arg-type]
    written = adapter.acknowledge(adapter.envelope(content), reply)
    assert written.endswith(b"\r")
    return written.decode().rstrip("\r").split("\r")


def test_the_header_says_who_sends_what() -> None:
    envelope = read(msh(f15="AL", f16="ne"))
    assert (envelope.native_id, envelope.sender, envelope.kind) == (
        "17",
        ("LIS", "HOSP"),
        "ORU^R01",
    )
    assert (envelope.accept, envelope.application) == ("AL", "NE")


@pytest.mark.parametrize(
    ("content", "sender"),
    [
        (b"\r\n  MSH|^~\\&|A^1|B^2|||||ORU^R01|1", ("A", "B")),
        (b"\xef\xbb\xbfMSH|^~\\&|A|B", ("A", "B")),
        (b"MSH|^~\\&", ("", "")),
        (b"MSH#$~\\&#A$1#B#", ("A", "B")),
        ("MSH|^~\\&|检验|西城".encode("gb18030"), ("检验", "西城")),
        (b"BHS|^~\\&|A|B|||||||77\rMSH|", ("A", "B")),
    ],
)
def test_odd_headers_are_read(content: bytes, sender: tuple[str, str]) -> None:
    assert read(content).sender == sender


@pytest.mark.parametrize(
    "content",
    [b"", b"MSH", b"MSHA", b"PID|1", b"MSH|^^^^|A", b"<xml/>", "MSH|^~\\&|A".encode("utf-16")],
)
def test_what_has_no_header_has_no_envelope_and_is_answered_all_the_same(content: bytes) -> None:
    assert adapter.envelope(content) is None
    segments = answer(content, "AR")
    assert segments[0] == "MSH|^~\\&|||||20260612113000+0800||ACK|A1|P|2.5"
    assert segments[1] == "MSA|AR|n"


def test_the_answer_exchanges_sender_and_receiver() -> None:
    assert answer(msh(f18="UNICODE UTF-8")) == [
        "MSH|^~\\&|HIE|HUB|LIS|HOSP|20260612113000+0800||ACK^R01^ACK|A1|P|2.4||||||UNICODE UTF-8",
        "MSA|AA|17",
    ]


def test_an_error_stands_where_the_senders_version_has_it() -> None:
    refusal = Refusal("202", "MSH-11", "not taken | here", "processing-id")
    old = answer(msh(), "AR", refusal=refusal)
    new = answer(msh(f12="2.5.1"), "AR", refusal=refusal)
    assert old[2] == "ERR|MSH^1^11^202&Unsupported processing id&HL70357"
    assert new[2] == (
        "ERR||MSH^1^11|202^Unsupported processing id^HL70357|E||||not taken \\F\\ here"
    )


def test_issues_become_errors_without_the_value_found() -> None:
    issues = (Issue("decode", "status-unknown", Severity.HOLD, "OBX[3]-11", "table 0085", "张三"),)
    segments = answer(msh(f12="2.5"), "AE", issues=issues)
    assert segments[2] == (
        "ERR||OBX^3^11|103^Table value not found^HL70357|E||||status-unknown: table 0085"
    )


def test_every_issue_has_a_condition_of_the_table() -> None:
    for code in TABLE:
        assert condition(Issue("decode", code, Severity.HOLD, "MSH")) in CONDITIONS


@pytest.mark.parametrize(
    ("fields", "profile", "expected"),
    [
        ({}, {}, None),
        ({"f11": "T"}, {}, "202"),
        ({"f11": "D^T"}, {}, "202"),
        ({"f11": ""}, {}, None),
        ({"f11": "T"}, {"processing_ids": ["P", "T"]}, None),
        ({"f9": "ADT^A01"}, {}, None),
        ({"f9": "ADT^A01"}, {"mllp": {"unsupported": "refuse"}}, "200"),
        ({"f9": "ORU^R99"}, {"mllp": {"unsupported": "refuse"}}, "201"),
        ({"f9": "ORU_R01"}, {"mllp": {"unsupported": "refuse"}}, None),
        ({"f12": "3.0"}, {}, "203"),
        ({"f12": "2.1"}, {}, "203"),
        ({"f12": "2.10"}, {}, "203"),
        ({"f12": "2.5.1^CHN"}, {}, None),
        ({"f12": ""}, {}, None),
    ],
)
def test_objections(
    fields: dict[str, str], profile: dict[str, object], expected: str | None
) -> None:
    content = msh(**fields)  # without a report: a strange version cannot be read
    site = Site(SITE.id, SITE.institution, "hl7v2", profile)
    found = adapter.objection(read(content), content, site)
    assert (found.condition if found else None) == expected


def test_a_batch_is_answered_as_a_batch() -> None:
    content = b"FHS|^~\\&|F\rBHS|^~\\&|LIS|HOSP|HIE|HUB|||||B7\rMSH|..\rBTS|2\r"
    whole = adapter.gather(content, [b"MSH|1\rMSA|AA|1\r", b"MSH|2\rMSA|AA|2\r"], "C", AT_US)
    assert whole.decode().split("\r") == [
        "BHS|^~\\&|HIE|HUB|LIS|HOSP|20260612113000+0800||||C|B7",
        "MSH|1", "MSA|AA|1", "MSH|2", "MSA|AA|2", "BTS|2", "",
    ]  # fmt: skip
    assert adapter.gather(b"MSH|^~\\&|", [b"MSA\r", b"MSA\r"], "C", AT_US) == b"MSA\rMSA\r"


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda b: b"MSH|^~\\&|" + b)))
def test_no_bytes_make_it_raise_and_no_answer_holds_a_byte_that_ends_anything(data: bytes) -> None:
    envelope = adapter.envelope(data)
    reply = Reply("AR", "A1", "n", AT_US, Refusal("207", "MSH", "no", "x"))
    written = adapter.acknowledge(envelope, reply)
    assert not re.search(rb"[\x00-\x0c\x0e-\x1f\x7f]", written)
    assert written.count(b"\r") == 3
    if envelope is not None:
        adapter.objection(envelope, data, SITE)
    adapter.gather(data, [written], "C", AT_US)
    adapter.batch_issues(data)


def test_an_endless_header_costs_no_more_than_its_first_part() -> None:
    envelope = read(b"MSH|^~\\&|" + b"x" * 5_000_000)
    assert len(answer(b"MSH|^~\\&|" + b"x" * 5_000_000)[0]) < 600
    assert len(envelope.sender[0]) <= 256
