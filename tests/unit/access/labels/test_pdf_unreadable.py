"""A PDF that cannot be read for certain is restricted; its twin, which differs in that, is read."""

import random

import pytest

from hie.access.labels import Topic
from hie.access.labels.pdf import text_of_pdf

from .pdfs import FONT_FILE, PACKED, PLAIN, TOGETHER, Part, Ways, glyphs, office, pdf, to_unicode
from .test_files import about

TEXT = "双肺纹理清晰"
SHOWN = b"BT /F1 9 Tf <%s> Tj ET" % glyphs(TEXT)
FONT = b"<</Type/Font/Subtype/Type0/Encoding/%s/DescendantFonts[6 0 R]%s>>"
SIMPLE = b"<</Type/Font/Subtype/%s%s>>"
LATIN = (b"", b"BT /F1 9 Tf (ABCDEF) Tj ET")
PICTURE = b"/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8"
UNREAD = (1, {Topic.UNMAPPED})
NOTHING: tuple[int, set[Topic]] = (0, set())


def image(width: int, height: int, body: bytes = b"x") -> Part:
    return (PICTURE % (width, height) + b"/Filter/DCTDecode", body)


def with_page(old: bytes, new: bytes) -> bytes:
    """The page of the report with one entry changed."""
    page = office(TEXT)[3]
    assert isinstance(page, bytes)
    assert old in page
    return page.replace(old, new)


Case = tuple[dict[str, Part], dict[str, Part]]
CASES: dict[str, Case] = {
    "glyphs-no-map": (
        {"n5": FONT % (b"Identity-H", b"")},
        {"n5": FONT % (b"Identity-H", b"/ToUnicode 9 0 R")},
    ),
    "glyphs-no-map-that-look-like-letters": (
        {"n5": FONT % (b"Identity-H", b""), "n4": LATIN},
        {"n5": SIMPLE % (b"Type1", b"/BaseFont/Helvetica"), "n4": LATIN},
    ),
    "an-encoding-nobody-knows": (
        {"n5": FONT % (b"90ms-RKSJ-H", b""), "n4": LATIN},
        {"n5": FONT % (b"GBK-EUC-H", b""), "n4": LATIN},
    ),
    "an-empty-map": ({"n9": (b"", b"begincmap endcmap")}, {"n9": (b"", to_unicode(TEXT))}),
    "a-map-of-half": ({"n9": (b"", to_unicode(TEXT[:3]))}, {"n9": (b"", to_unicode(TEXT + "x"))}),
    "a-map-elsewhere": (
        {"n9": b"null", "n16": (b"", to_unicode(TEXT))},
        {"n9": (b"", to_unicode(TEXT)), "n16": (b"", to_unicode("x"))},
    ),
    "truetype-in-its-own-order": (
        {"n5": SIMPLE % (b"TrueType", b"/FontDescriptor 7 0 R"), "n4": LATIN},
        {
            "n5": SIMPLE % (b"TrueType", b"/FontDescriptor 7 0 R/Encoding/WinAnsiEncoding"),
            "n4": LATIN,
        },
    ),
    "type1-in-its-own-order": (
        {"n5": SIMPLE % (b"Type1", b"/FontDescriptor 7 0 R"), "n4": LATIN},
        {"n5": SIMPLE % (b"Type1", b"/FontDescriptor 7 0 R/Encoding 16 0 R"), "n4": LATIN,
         "n16": b"/MacRomanEncoding"},
    ),
    "signs-that-are-numbered": (
        {"n5": SIMPLE % (b"Type3", b"/Encoding<</Differences[65/g1/g2/g3/g4/g5/g6]>>"),
         "n4": LATIN},
        {"n5": SIMPLE % (b"Type3", b"/Encoding<</Differences[65/A/B/C/D/E/F]>>"), "n4": LATIN},
    ),
    "letters-above-that-are-numbered": (
        {"n5": SIMPLE % (b"Type3", b"/Encoding<</Differences[192/g1/g2/g3]>>"),
         "n4": (b"", b"BT /F1 9 Tf <C0C1C2> Tj ET")},
        {"n5": SIMPLE % (b"Type3", b"/Encoding<</Differences[192/Agrave/uni53CC/u80BA]>>"),
         "n4": (b"", b"BT /F1 9 Tf <C0C1C2> Tj ET")},
    ),
    "a-font-by-a-graphics-state": (
        {"n16": b"<</Type/ExtGState/Font[5 0 R 12]>>"},
        {"n16": b"<</Type/ExtGState/ca 1>>"},
    ),
    "a-font-nobody-names": (
        {"n4": (b"", b"BT /F1 12%x\n Tf (x) Tj ET")},
        {"n4": (b"", b"BT %x\n /F2 12 Tf (x) Tj ET")},
    ),
    "an-unknown-filter": ({"n4": (b"/Filter/LZWDecode", SHOWN)}, {"n4": (b"", SHOWN)}),
    "runs": (
        {"n4": (b"/Filter/RunLengthDecode", SHOWN)},
        {"n4": (b"/Filter[/ASCIIHexDecode]", SHOWN.hex().encode() + b">")},
    ),
    "filters-twice": (
        {"n4": (b"/Filter/AHx/Filter/LZWDecode", SHOWN.hex().encode())},
        {"n4": (b"/Filter/AHx", SHOWN.hex().encode())},
    ),
    "filters-elsewhere": (
        {"n4": (b"/Filter 16 0 R", SHOWN), "n16": b"/LZWDecode"},
        {"n4": (b"/Filter[]", SHOWN), "n16": b"/LZWDecode"},
    ),
    "a-filter-in-disguise": (
        {"n4": (b"/Fil#74er/LZWDecode/Filter/AHx", SHOWN.hex().encode())},
        {"n4": (b"/Fil#74er/AHx", SHOWN.hex().encode())},
    ),
    "a-predictor": (
        {"n4": (b"/DecodeParms<</Predictor 12>>", SHOWN)},
        {"n4": (b"/DecodeParms<</Predictor 1>>", SHOWN)},
    ),
    "in-another-file": (
        {"n4": (b"/F(other.bin)/Length 0", SHOWN)},
        {"n4": (b"/Resources<</Font<</F 5 0 R>>>>", SHOWN)},
    ),
    "broken": (
        {"n4": (b"/Filter/FlateDecode", b"no such stream")},
        {"n4": (b"", SHOWN)},
    ),
    "an-end-that-is-not-its-own": (
        {"n4": (b"/Filter[]", b"BT (x) Tj %endstream\n" + SHOWN)},
        {"n4": (b"/Filter[]", b"BT /F2 9 Tf (x) Tj %stream\n" + SHOWN)},
    ),
    "a-string-that-never-ends": (
        {"n4": (b"", SHOWN + b" (x")},
        {"n4": (b"", SHOWN + b"/F2 9 Tf (x) Tj")},
    ),
    "a-picture-within": (
        {"n4": (b"", SHOWN + b" BI /W 9/H 9/BPC 1 ID (x) EI")},
        {"n4": (b"", SHOWN + b" /F2 9 Tf (BI /W 9 ID) Tj")},
    ),
    "a-picture-within-and-no-text": (
        {"n16": (b"", b"q 9 0 0 9 0 0 cm BI /W 9/H 9/BPC 1 ID \0\1\2 EI Q")},
        {"n16": (b"", b"q 9 0 0 9 0 0 cm /BI Do Q")},
    ),
    "a-page-scanned": ({"n10": image(827, 1169)}, {"n10": image(300, 300)}),
    "a-page-scanned-in-strips": (
        {f"n{n}": image(827, 64) for n in range(16, 36)},
        {f"n{n}": image(64, 64) for n in range(16, 36)},
    ),
    "a-page-that-is-a-mask": (
        {"n10": (PICTURE % (1, 1) + b"/SMask 11 0 R", b"x"), "n11": image(827, 1169)},
        {"n10": (PICTURE % (420, 420) + b"/SMask 11 0 R", b"x"), "n11": image(420, 420)},
    ),
    "a-picture-of-unknown-size": (
        {"n10": (b"/Subtype/Image/Width 16 0 R/Height 1", b"x"), "n16": b"5000"},
        {"n10": (b"/Subtype/Image/Width 16/Height 1", b"x"), "n16": b"5000"},
    ),
    "a-picture-larger-than-it-says": (
        {"n10": image(1, 1, b"x" * 300_000)},
        {"n10": image(1, 1, b"x" * 3000)},
    ),
    "a-file-inside": (
        {"n16": (b"/Type/EmbeddedFile", b"x"), "n17": b"<</F(a.txt)/EF<</F 16 0 R>>>>"},
        {"n17": b"<</S/GoToR/F(a.txt)>>"},
    ),
    "a-file-inside-in-disguise": (
        {"n17": b"<</#45F<</F 16 0 R>>>>"},
        {"n17": b"<</#45G<</F 16 0 R>>>>"},
    ),
    "a-form-of-xml": (
        {"n17": b"<</XFA 16 0 R>>", "n16": (b"", b"<xdp/>")},
        {"n17": b"<</Fields[]>>", "n16": (b"", b"<xdp/>")},
    ),
    "text-that-says-it-is-a-font": (
        {"n3": with_page(b"/Contents 4 0 R", b"/Contents 8 0 R"), "n8": (b"/Filter/LZWDecode", SHOWN)},
        {"n8": (b"/Length1 3/Filter/LZWDecode", FONT_FILE)},
    ),
    "text-that-says-it-is-a-picture": (
        {"n3": with_page(b"/Contents 4 0 R", b"/Contents[4 0 R\n10 0 R]")},
        {"n3": with_page(b"/Contents 4 0 R", b"/Contents[4 0 R]")},
    ),
    "text-that-says-it-is-a-table": (
        {"n3": with_page(b"/Contents 4 0 R", b"/Contents %x\n16 %y\n0 R"),
         "n16": (b"/Type/XRef/Filter/LZWDecode", SHOWN)},
        {"n16": (b"/Type/XRef/Filter/LZWDecode", SHOWN)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("ways", [PLAIN, PACKED, TOGETHER], ids=["plain", "packed", "together"])
@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_read_for_certain_is_restricted(name: str, ways: Ways) -> None:
    spoiled, twin = CASES[name]
    assert about("application/pdf", pdf(office(TEXT, **spoiled), ways)) == UNREAD
    assert about("application/pdf", pdf(office(TEXT, **twin), ways)) == NOTHING


def test_a_stream_of_objects_that_does_not_hold_what_it_says_is_not_read() -> None:
    whole = pdf(office(TEXT), TOGETHER)
    assert text_of_pdf(whole) is not None
    for broken in (b"/N 99", b"/N x", b"/N 1 0 R"):
        at = whole.index(b"/N ", whole.index(b"/ObjStm"))
        assert text_of_pdf(whole[:at] + broken + whole[whole.index(b"/First", at) :]) is None


def test_a_page_that_shows_only_a_small_picture_is_not_read() -> None:
    assert about("application/pdf", pdf(office(TEXT, n4=(b"", b"/Image9 Do")))) == UNREAD


def test_a_file_that_ends_within_a_stream_is_not_read() -> None:
    whole = pdf(office(TEXT))
    ends = [n for n in range(len(whole)) if whole.startswith(b"endstream", n)]
    for end in ends:
        assert text_of_pdf(whole[: end - 1]) is None
        assert text_of_pdf(whole[:end] + whole[end + 9 :]) is None


def test_no_spoiled_structure_breaks_the_reader() -> None:
    dice = random.Random(3)  # noqa: S311 - the same spoiled files each time
    whole = [pdf(office(TEXT), ways) for ways in (PLAIN, TOGETHER)]
    signs = [b"<<", b">>", b"<", b">", b"(", b")", b"[", b"]", b" 0 R", b" obj", b"endobj", b"/N ",
             b"stream\n", b"endstream", b"/", b"#41", b"%", b"\0", b"99999999999", b"-1", b"D800"]  # fmt: skip
    for n in range(1000):
        content = bytearray(whole[n % 2])
        for _ in range(dice.randint(1, 5)):
            at = dice.randrange(len(content))
            content[at : at + dice.randint(0, 4)] = dice.choice(signs)
        found = text_of_pdf(bytes(content))
        assert found is None or isinstance(found, str)
