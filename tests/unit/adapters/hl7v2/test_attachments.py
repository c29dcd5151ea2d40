"""Printed reports: beside the report, taken for what they are, never a result's value."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from adapters.hl7v2.attachment import is_allowed
from hie.adapter import Decoded

Read = Callable[..., Decoded]
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 3
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 50


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def ed(data: str, kind: str = "^application^pdf^Base64^", code: str = "PDF^检验报告") -> str:
    return f"OBX|1|ED|{code}||{kind}{data}||||||F"


def forms(decoded: Decoded) -> list[tuple[str, bytes | None]]:
    return [(f.media, f.data) for f in decoded.records[0].forms]


def test_a_printed_report_stands_beside_the_results(read_obx: Read) -> None:
    decoded = read_obx("OBX|1|NM|K||4.1||||||F", ed(b64(PDF)))
    assert forms(decoded) == [("application/pdf", PDF)]
    assert decoded.records[0].forms[0].title == "检验报告"
    assert len(decoded.records[0].results) == 1


def test_a_report_may_be_nothing_but_a_printed_one(read_obx: Read, held: Any) -> None:
    decoded = read_obx(ed(b64(PDF)))
    assert decoded.records[0].results == ()
    assert not held(decoded)


@pytest.mark.parametrize("wrap", ["\\X0D\\", "\\.br\\", "\n", " ", "\\X0D0A\\", "\r"])
def test_wrapped_base64_is_read(read_obx: Read, wrap: str) -> None:
    text = b64(PDF)
    lines = wrap.join(text[i : i + 76] for i in range(0, len(text), 76))
    assert forms(read_obx(ed(lines))) == [("application/pdf", PDF)]


def test_a_report_cut_into_several_obx_is_put_together(read_obx: Read) -> None:
    text = b64(PDF)
    for size in (100, 99, 397):
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        assert forms(read_obx(*(ed(p) for p in pieces))) == [("application/pdf", PDF)]
    padded = [b64(PDF[i : i + 100]) for i in range(0, len(PDF), 100)]
    assert forms(read_obx(*(ed(p) for p in padded))) == [("application/pdf", PDF)]
    assert forms(read_obx(ed("~".join(text[i : i + 100] for i in range(0, len(text), 100))))) == [
        ("application/pdf", PDF)
    ]


def test_two_reports_stay_two(read_obx: Read) -> None:
    assert len(forms(read_obx(ed(b64(PDF)), ed(b64(JPEG), "^image^jpeg^Base64^")))) == 2


def test_bytes_are_taken_for_what_they_are(read_obx: Read, codes: Any) -> None:
    decoded = read_obx(ed(b64(JPEG)))
    assert forms(decoded) == [("image/jpeg", JPEG)]
    assert "attachment-type" in codes(decoded)


def test_hexadecimal_and_plain_text(read_obx: Read) -> None:
    assert forms(read_obx(ed(PDF.hex(), "^application^pdf^Hex^"))) == [("application/pdf", PDF)]
    assert forms(read_obx(ed("结论", "^text^plain^A^"))) == [("text/plain", "结论".encode())]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("%%%not base64%%%", "attachment-invalid"),
        ("QUJD=QUJD", "attachment-invalid"),
        (b64(b"PK\x03\x04zip"), "attachment-refused"),
        (b64(b"MZ\x90executable"), "attachment-refused"),
        (b64(b"<html><script>"), "attachment-refused"),
    ],
)
def test_what_cannot_be_taken_is_told_and_the_rest_is_read(
    read_obx: Read, codes: Any, held: Any, data: str, code: str
) -> None:
    decoded = read_obx("OBX|1|NM|K||4.1||||||F", ed(data))
    assert code in codes(decoded)
    assert forms(decoded) == []
    assert len(decoded.records[0].results) == 1
    assert not held(decoded)


def test_the_profile_limits_the_size(read_obx: Read, codes: Any) -> None:
    decoded = read_obx(ed(b64(PDF)), attachments={"max_bytes": 100})
    assert "attachment-too-large" in codes(decoded)
    assert forms(decoded) == []


def test_five_megabytes_are_read(read_obx: Read) -> None:
    data = b"%PDF" + b"\x00" * 5_000_000
    assert forms(read_obx(ed(b64(data)))) == [("application/pdf", data)]


RP = "OBX|1|RP|PDF^报告||{}^^^PDF||||||F"


def test_an_allowed_address_is_kept_and_never_opened(read_obx: Read) -> None:
    decoded = read_obx(
        RP.format("https://lis.example/r/1.pdf"),
        attachments={"url_allow": ["https://lis.example/r/"]},
    )
    (form,) = decoded.records[0].forms
    assert (form.url, form.media, form.data) == (
        "https://lis.example/r/1.pdf",
        "application/pdf",
        None,
    )


def test_another_address_is_text_and_told(read_obx: Read, codes: Any) -> None:
    decoded = read_obx(RP.format("https://evil.example/r/1.pdf"))
    assert decoded.records[0].forms == ()
    assert "url-not-allowed" in codes(decoded)
    assert "https://evil.example/r/1.pdf" in [v.text for v in decoded.records[0].extra]


@pytest.mark.parametrize(
    "url",
    [
        "http://lis.example/r/1",
        "https://lis.example:8443/r/1",
        "https://lis.example/rx/1",
        "https://lis.example/r/../x",
        "https://user@lis.example/r/1",
        "https://lis.example.evil/r/1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//lis.example/r/1",
        "https://[broken/r/1",
        "https://lis.example/r/1 x",
    ],
)
def test_an_address_must_match_scheme_host_port_and_path(url: str) -> None:
    assert not is_allowed(url, ("https://lis.example/r/",))


def test_sampled_data_is_kept_as_an_attachment(read_obx: Read) -> None:
    assert forms(read_obx("OBX|1|NA|W||1^2^3~4^5^6||||||F")) == [("text/plain", b"1^2^3~4^5^6")]
