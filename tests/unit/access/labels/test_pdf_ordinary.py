"""Reports as common producers write them are read: what they say is found, or that it is nothing."""

from typing import Any

import pytest

from hie.access.labels import Topic
from hie.access.labels.pdf import text_of_pdf
from hie.access.labels.words import plain

from .pdfs import (
    FONT_FILE,
    PACKED,
    PLAIN,
    TOGETHER,
    Part,
    Ways,
    by_number,
    glyphs,
    office,
    pdf,
    to_unicode,
)
from .test_files import about

SAYS = [("人类免疫缺陷病毒抗体阳性", (1, {Topic.HIV})), ("双肺纹理清晰", (0, set()))]
LATIN = [("HIV antibody: reactive", (1, {Topic.HIV})), ("No abnormality seen", (0, set()))]


def one_byte(text: str, font: bytes, content: bytes, **more: Part) -> dict[int, Part]:
    """A page with one font of one byte."""
    return office(text, n5=font, n4=(b"", content), **more)


def subset(text: str) -> dict[int, Part]:
    """A free office program: TrueType, its letters numbered from 1 on, with a map."""
    font = b"<</Type/Font/Subtype/TrueType/FirstChar 0/FontDescriptor 7 0 R/ToUnicode 9 0 R>>"
    codes = by_number(text).hex().encode()
    content = b"q BT\n56.8 773.9 Td /F1 12 Tf[<%s>2<%s>]TJ\nET\nQ" % (codes[:4], codes[4:])
    return one_byte(text, font, content, n9=(b"", to_unicode(text, 1)))


def standard(text: str) -> dict[int, Part]:
    """One of the fourteen standard fonts."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    return one_byte(text, font, b"BT /F1 9 Tf 0 0 Td (%s) ' ET" % text.encode())


def differences(text: str) -> dict[int, Part]:
    """Signs by their names, in places of their own."""
    names = b"".join(b"/uni%04X" % ord(one) for one in dict.fromkeys(text))
    font = b"<</Type/Font/Subtype/Type1/FontDescriptor 7 0 R/Encoding 16 0 R>>"
    content = b"BT /F1 9 Tf <%s> Tj ET" % by_number(text).hex().encode()
    return one_byte(text, font, content, n16=b"<</Type/Encoding/Differences[1%s]>>" % names)


def drawn(text: str) -> dict[int, Part]:
    """Signs that are drawn (Type 3), with a map."""
    font = (
        b"<</Type/Font/Subtype/Type3/FontMatrix[1 0 0 1 0 0]/CharProcs<</g1 16 0 R>>"
        b"/Encoding<</Differences[1/g1/g2]>>/ToUnicode 9 0 R>>"
    )
    content = b"BT /F1 9 Tf <%s> Tj ET" % by_number(text).hex().encode()
    glyph = (b"", b"9 0 0 0 9 9 d1 0 0 m 9 9 l f")
    return one_byte(text, font, content, n9=(b"", to_unicode(text, 1)), n16=glyph)


def chinese(text: str) -> dict[int, Part]:
    """A Chinese encoding by its name."""
    font = b"<</Type/Font/Subtype/Type0/Encoding/GBK-EUC-H/DescendantFonts[6 0 R]>>"
    code = text.encode("gb18030").hex().encode()
    return one_byte(text, font, b"BT /F1 9 Tf <%s> Tj ET" % code)


def in_a_form(text: str) -> dict[int, Part]:
    """The page calls a form, which shows the text in the page's font."""
    shown = b"BT /F1 9 Tf <%s> Tj ET" % glyphs(text)
    form = (b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F 5 0 R>>>>", shown)
    return office(text, n4=(b"", b"q 1 0 0 1 0 0 cm /Fm0 Do Q"), n16=form)


def in_two_parts(text: str) -> dict[int, Part]:
    """The font is set in one stream of the page, and shows in the next."""
    parts = office(text, n16=(b"", b"<%s> Tj ET Q" % glyphs(text)))
    parts[4] = (b"", b"q BT /F1 9 Tf")
    page = parts[3]
    assert isinstance(page, bytes)
    parts[3] = page.replace(b"/Contents 4 0 R", b"/Contents[4 0 R 16 0 R]")
    return parts


def font_within(text: str) -> dict[int, Part]:
    """The font stands in the resources themselves."""
    page = (
        b"<</Type/Page/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type0"
        b"/Encoding/Identity-H/ToUnicode 9 0 R>>/F2 14 0 R>>>>>>"
    )
    return office(text, n3=page, n5=b"null")


ANY = [office, subset, differences, drawn, chinese, in_a_form, in_two_parts, font_within]


@pytest.mark.parametrize("ways", [PLAIN, PACKED, TOGETHER], ids=["plain", "packed", "together"])
@pytest.mark.parametrize(("text", "expected"), SAYS, ids=["hiv", "nothing"])
@pytest.mark.parametrize("report", ANY, ids=lambda one: one.__name__)
def test_an_ordinary_report_is_read(report: Any, text: str, expected: Any, ways: Ways) -> None:
    assert about("application/pdf", pdf(report(text), ways)) == expected


@pytest.mark.parametrize(("text", "expected"), LATIN, ids=["hiv", "nothing"])
@pytest.mark.parametrize(
    "report", [office, subset, standard, differences, drawn, chinese], ids=lambda one: one.__name__
)
def test_an_english_report_is_read(report: Any, text: str, expected: Any) -> None:
    assert about("application/pdf", pdf(report(text), TOGETHER)) == expected


def test_a_word_that_stands_in_two_fonts_is_found() -> None:
    content = b"BT /F1 9 Tf <%s> Tj /F3 9 Tf <%s> Tj ET" % (glyphs("梅"), glyphs("毒"))
    parts = office("梅", n4=(b"", content), n16=(b"", to_unicode("毒")))
    parts[3] = b"<</Contents 4 0 R/Resources<</Font<</F1 5 0 R/F3 17 0 R>>>>>>"
    parts[17] = b"<</Type/Font/Subtype/Type0/Encoding/Identity-H/ToUnicode 16 0 R>>"
    assert about("application/pdf", pdf(parts)) == (1, {Topic.STD})


def test_a_plain_font_is_read_as_itself_beside_one_with_a_map_of_the_same_codes() -> None:
    """The map of the other font knows these codes too, and says something else of them."""
    other = b"<</Type/Font/Subtype/TrueType/FontDescriptor 7 0 R/ToUnicode 9 0 R>>"
    cmap = b"begincmap 1 beginbfrange <00> <FF> <4E00> endbfrange endcmap"
    content = b"BT /F1 9 Tf (abc) Tj /F2 9 Tf (HIV) Tj ET"
    found = pdf(one_byte("x", other, content, n9=(b"", cmap)))
    assert about("application/pdf", found) == (1, {Topic.HIV})


def test_a_font_set_within_a_saved_state_ends_with_it() -> None:
    content = b"BT /F2 9 Tf q /F1 9 Tf <%s> Tj Q (syphilis) Tj ET" % glyphs("双肺")
    assert about("application/pdf", pdf(office("双肺", n4=(b"", content)))) == (1, {Topic.STD})


@pytest.mark.parametrize("where", ["title", "note", "field", "metadata", "replaced"])
def test_what_stands_beside_the_pages_is_read_too(where: str) -> None:
    said = {
        "title": {"n16": b"<</Title " + b"<FEFF%s>" % "梅毒".encode("utf-16-be").hex().encode() + b">>"},
        "note": {"n16": b"<</Type/Annot/Subtype/FreeText/Contents(Known syphilis)>>"},
        "field": {"n16": b"<</FT/Tx/V(Known syphilis)>>"},
        "metadata": {"n12": (b"/Type/Metadata/Subtype/XML", "<dc:title>梅毒</dc:title>".encode())},
        "replaced": {"n4": (b"", b"BT /F2 9 Tf /Span <</ActualText(syphilis)>> BDC (x) Tj EMC ET")},
    }  # fmt: skip
    more: dict[str, Part] = said[where]  # type: ignore[assignment]
    assert about("application/pdf", pdf(office("双肺", **more), TOGETHER)) == (1, {Topic.STD})


def test_a_signed_report_with_a_seal_is_read() -> None:
    """The signature is added behind the file: a field, its seal as a form, bytes in digits."""
    form = (b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</Im1 10 0 R>>>>",
            b"q 9 0 0 9 0 0 cm /Im1 Do Q")  # fmt: skip
    added: dict[int, Part] = {
        20: b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/V 21 0 R/AP<</N 22 0 R>>/F 132>>",
        21: b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached/M(D:20260101)"
        b"/ByteRange[0 840 960 240]/Contents<" + bytes(range(256)).hex().encode() * 60 + b">>>",
        22: form,
    }  # fmt: skip
    for text, expected in SAYS:
        assert about("application/pdf", pdf(office(text)) + pdf(added)) == expected


def test_the_file_of_a_font_costs_nothing_however_large() -> None:
    large = office("双肺", n8=(b"/Length1 9", FONT_FILE * 20_000))
    assert about("application/pdf", pdf(large, PLAIN)) == (0, set())
    odd = office("双肺", n8=(b"/Length1 9/Filter/LZWDecode", FONT_FILE))
    assert about("application/pdf", pdf(odd)) == (0, set())


def test_a_radical_that_a_printer_writes_for_the_hanzi_is_the_hanzi() -> None:
    found = text_of_pdf(pdf(office("⾎⻓⻔⻢")))
    assert found is not None
    assert "血长门马" in plain(found)
