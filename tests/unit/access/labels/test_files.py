"""What attached files say: texts, pages and PDFs; what cannot be read is about nobody knows what."""

import base64
import io
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

from hie.access.labels import Topic, confidentiality, label_of, topics
from hie.access.labels.pdf import text_of_pdf

FONT = Path(__file__).parents[4] / "schemas" / "fonts" / "DroidSansFallbackFull.ttf"


def page(*lines: str, font: str = "Helvetica", compress: int = 1, key: str | None = None) -> bytes:
    """A PDF of one page that shows these lines."""
    if font == "Droid":
        pdfmetrics.registerFont(TTFont("Droid", FONT))
    elif font.startswith("ST"):
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    out = io.BytesIO()
    made = canvas.Canvas(out, pageCompression=compress, encrypt=key)
    made.setFont(font, 12)
    for n, line in enumerate(lines):
        made.drawString(50, 700 - 20 * n, line)
    made.save()
    return out.getvalue()


def about(media: str, content: bytes) -> tuple[int, set[Topic]]:
    """What a report says whose printed form this is."""
    form = {"contentType": media, "data": base64.b64encode(content).decode()}
    tree: dict[str, Any] = {"resourceType": "DiagnosticReport", "code": {"text": "胸部CT"}}
    label = label_of({**tree, "presentedForm": [form]}, {})
    return confidentiality(label), set(topics(label))


@pytest.mark.parametrize("compress", [0, 1])
@pytest.mark.parametrize(
    ("font", "line", "topic"),
    [
        ("Helvetica", "Antibodies against HIV: reactive", Topic.HIV),
        ("Helvetica", "Known schizophrenia", Topic.PSY),
        ("Droid", "梅毒螺旋体抗体阳性", Topic.STD),
        ("STSong-Light", "人类免疫缺陷病毒抗体", Topic.HIV),
    ],
)
def test_a_pdf_names_the_condition_and_the_codes_do_not(
    font: str, line: str, topic: Topic, compress: int
) -> None:
    assert about("application/pdf", page(line, font=font, compress=compress)) == (1, {topic})


@pytest.mark.parametrize(
    ("font", "line"),
    [
        ("Helvetica", "No abnormality seen."),
        ("Droid", "双肺纹理清晰"),
        ("STSong-Light", "未见异常"),
    ],
)
def test_a_pdf_that_says_nothing_is_normal(font: str, line: str) -> None:
    assert about("application/pdf", page(line, font=font)) == (0, set())


def test_a_word_over_two_lines_and_letter_by_letter_is_found() -> None:
    assert about("application/pdf", page("人类免疫", "缺陷病毒", font="STSong-Light"))[1] == {
        Topic.HIV
    }
    assert about("application/pdf", page("Sexually", "transmitted"))[1] == {Topic.STD}


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.4 nothing",
        page(),
        page("HIV", key="secret"),
        b"%PDF-1.4\n1 0 obj\n<</Filter/FlateDecode>>\nstream\nnot deflated\nendstream",
        b"%PDF-1.4\n1 0 obj\n<</Filter/LZWDecode>>\nstream\nBT (x) Tj ET\nendstream",
        b"%PDF-1.4\n1 0 obj\n<<>>\nstream\nBT (x) Tj",
        b"%PDF-1.4\n1 0 obj\n<</Type/Font/Encoding/Identity-H>>\nendobj\n"
        b"2 0 obj\n<<>>\nstream\nBT /F1 9 Tf <002B002C0039> Tj ET\nendstream",
    ],
    ids=["empty", "blank", "locked", "broken", "lzw", "broken-off", "glyphs"],
)
def test_a_pdf_that_cannot_be_read_is_restricted(content: bytes) -> None:
    assert about("application/pdf", content) == (1, {Topic.UNMAPPED})


def test_a_pdf_that_unpacks_without_end_is_given_up() -> None:
    bomb = zlib.compress(b"BT (x) Tj ET " * 4_000_000)
    head = b"%PDF-1.4\n1 0 obj\n<</Filter/FlateDecode>>\nstream\n"
    assert text_of_pdf(head + bomb + b"\nendstream") is None


@pytest.mark.parametrize(
    ("media", "content", "expected"),
    [
        ("text/plain", "HIV抗体阳性".encode(), (1, {Topic.HIV})),
        ("text/plain; charset=gbk", "梅毒阳性".encode("gbk"), (1, {Topic.STD})),
        ("text/plain", "梅毒阳性".encode("gb18030"), (1, {Topic.STD})),
        ("text/html", "<p>梅<b>毒</b></p>".encode(), (1, {Topic.STD})),
        ("application/xml", "<text>心电图正常</text>".encode(), (0, set())),
        ("text/plain", b"all is well", (0, set())),
        ("text/plain", b"", (0, set())),
        ("image/jpeg", b"\xff\xd8\xff\xe0", (1, {Topic.UNMAPPED})),
        ("application/octet-stream", b"\0\1\2", (1, {Topic.UNMAPPED})),
        ("text/plain", b"\xff\xff\xff\xff", (1, {Topic.UNMAPPED})),
        ("image/jpeg", page("syphilis"), (1, {Topic.STD})),
    ],
)
def test_other_files_are_read_as_what_they_are(
    media: str, content: bytes, expected: tuple[int, set[Topic]]
) -> None:
    assert about(media, content) == expected


def test_what_is_no_base64_is_about_nobody_knows_what() -> None:
    form = {"contentType": "text/plain", "data": "A"}
    tree: dict[str, Any] = {"resourceType": "DiagnosticReport", "presentedForm": [form]}
    assert topics(label_of(tree, {})) == (Topic.UNMAPPED,)


def test_a_binary_is_read_and_an_address_is_not_followed() -> None:
    data = base64.b64encode("淋病".encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": data}
    assert topics(label_of(binary, {})) == (Topic.STD,)
    form = {"contentType": "application/pdf", "url": "https://hie.example/x.pdf"}
    assert label_of({"resourceType": "DiagnosticReport", "presentedForm": [form]}, {}) == 0


def test_no_spoiled_pdf_breaks_the_reader() -> None:
    dice = random.Random(7)  # noqa: S311 - the same spoiled files each time
    whole = [
        page("HIV (1+2)", compress=0),
        page("syphilis \\9 \\777"),
        page("梅毒", font="Droid", compress=0),
        page("艾滋", font="STSong-Light", compress=0),
    ]
    signs = [
        b"<",
        b">",
        b"(",
        b")",
        b"\\",
        b"\\9",
        b"[",
        b"]",
        b"\0",
        b"beginbfrange",
        b"endstream",
    ]
    for n in range(1500):
        content = bytearray(whole[n % len(whole)])
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(content))
            content[at : at + dice.randint(0, 3)] = dice.choice(signs)
        found = text_of_pdf(bytes(content))
        assert found is None or isinstance(found, str)
