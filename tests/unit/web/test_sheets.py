"""Records and notices as sheets: what stands on them, in both languages, whatever names hold."""

from typing import Any

import msgspec
import pytest

from hie.canonical.notice import Line, Notice, Repeated, Used
from hie.canonical.recognised import Change, Party, Recognised, withheld
from hie.recognition.reasons import load_reasons
from hie.web.letters import marked, register
from hie.web.notice_sheet import notice_sheet
from hie.web.paper import write_pdf
from hie.web.record_sheet import masked, record_sheet
from hie.web.sheet import Block, Row, Sheet, legible, time_text
from hie.web.sheet_file import sheet_file
from tests.unit.canonical.recording import HEAD, RECEIVER, SOURCE, a_record
from tests.unit.canonical.test_oru_file import CT, laboratory


def said(sheet: Sheet) -> str:
    rows = [f"{row.label}={row.value}" for block in sheet.blocks for row in block.rows]
    return "\n".join((sheet.title, *sheet.alerts, *rows, *(b.text for b in sheet.blocks)))


def a_notice(*lines: Line, **other: Any) -> Notice:
    return Notice("C1", "C1", RECEIVER, lines, name="测试甲", sex="female", **other)


def a_repeat(reason: str, text: str | None = None, *, explained: bool = True) -> Line:
    given = Repeated(reason, text, explained)
    return Line("D1", "1", "K", "钾", "Potassium", 1_781_489_100_000_000, "d-17", repeated=given)


def test_a_record_says_source_time_item_and_value() -> None:
    text = said(record_sheet(laboratory("SN", "<^0.50"), "zh"))
    for part in (
        "项目=血清钾 (K)",
        "结果=<0.50 mmol/L",
        "参考区间=3.5-5.3",
        "机构=示例第一医院",
        "统一社会信用代码=91110000802100433B",
        "采集或检查时间=2026-06-12 08:10 (UTC+08:00)",
        "证件或病历号=1101**********002X",
        "距今天数与有效期=采集后第 3 天，有效期 7 天",
        "R-104=互认标识在此适用",
    ):
        assert part in text, part


def test_a_record_of_images_holds_what_the_report_says() -> None:
    text = said(record_sheet(a_record(HEAD + CT), "en"))
    assert "Record of a recognised imaging result" in text
    assert "左膝关节骨质未见异常。\n关节间隙正常。" in text
    assert "未见骨折。" in text
    assert "Accession number=ACC7" in text
    assert "Reviewed by=李审核" in text


def test_another_name_in_this_visit_is_shown_beside() -> None:
    text = said(record_sheet(msgspec.structs.replace(laboratory(), asked_name="测试乙"), "en"))
    assert "Name=测试甲" in text
    assert "Name in this visit=测试乙" in text


def test_a_withdrawn_record_tells_no_value() -> None:
    record = laboratory()
    gone = msgspec.structs.replace(
        record,
        used=withheld(record.used, "entered-in-error"),
        change=Change("withdrawn", 1_781_500_000_000_000, "entered-in-error", 2),
        verdict=msgspec.structs.replace(record.verdict, value=None, unit=None, findings=()),
    )
    sheet = record_sheet(gone, "zh")
    assert sheet.alerts == (
        "来源机构已撤回此结果（2026-06-15 13:06）。不得再作为诊疗依据；结果不再显示。",
    )
    assert "4.10" not in said(sheet)
    assert "结果=已撤回，不再显示" in said(sheet)


@pytest.mark.parametrize("reason", sorted(load_reasons().by_key))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_reason_is_said_to_the_patient(reason: str, lang: Any) -> None:
    text = said(notice_sheet(a_notice(a_repeat(reason, "词")), lang))
    assert load_reasons().by_key[reason].patient[lang] in text
    assert reason not in text


def test_a_notice_says_whether_the_repeat_was_explained() -> None:
    text = said(notice_sheet(a_notice(a_repeat("N4_EMERGENCY", explained=False)), "en"))
    assert "It has not been explained to you yet." in text
    assert "Physician=d-17" in text
    assert "Institution=示例接收医院" in text
    assert "When=2026-06-15 10:05" in text


def test_a_notice_says_whence_a_used_result_is_and_what_became_of_it() -> None:
    used = Used(SOURCE, "2026-06-12", "4.10", "mmol/L", Change("corrected", 1_781_500_000_000_000))
    line = Line("D1", "1", "K", "钾", "Potassium", 1_781_489_100_000_000, "d-17", used=used)
    sheet = notice_sheet(a_notice(line), "en")
    assert "Where it was made=示例第一医院" in said(sheet)
    assert "Its source has corrected this result since (2026-06-15 13:06)" in said(sheet)
    assert sheet.alerts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("王\u202e明小", "王明小"),
        ("王\u200b小\ufeff明", "王小明"),
        ("王\r\n小", "王\n小"),
        ("a\x00b\x1b", "a b"),
        ("\u2067x\u2069", "x"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (None, ""),
    ],
)
def test_what_is_not_seen_does_not_stand_on_a_page(text: str | None, shown: str) -> None:
    assert legible(text) == shown


def test_times_are_shown_as_exactly_as_they_are_known() -> None:
    assert time_text("2026-06") == "2026-06"
    assert time_text("2026-06-12") == "2026-06-12"
    assert time_text("2026-06-12T08:10:00+08:00") == "2026-06-12 08:10 (UTC+08:00)"
    assert time_text("2026-06-12T00:10:05.120Z") == "2026-06-12 00:10:05 (UTC)"
    assert time_text(None) == ""


def test_a_short_number_is_hidden_whole() -> None:
    assert masked("12345678") == "****"
    assert masked("123456789") == "1234****6789"


def hostile() -> Recognised:
    name = "<script>alert(1)</script>\u202e&amp;{{7*7}}"
    record = laboratory()
    assert record.patient is not None
    return msgspec.structs.replace(
        record, patient={**record.patient, "name": [{"text": name}]}, source=Party("x", name)
    )


def test_no_name_is_markup() -> None:
    for sheet in (record_sheet(hostile(), "zh"),):
        page = sheet_file(sheet).decode()
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;{{7*7}}" in page
        assert "\u202e" not in page
        assert write_pdf(sheet)[:5] == b"%PDF-"


def test_a_file_of_a_sheet_needs_nothing_else() -> None:
    page = sheet_file(record_sheet(laboratory(), "en")).decode()
    assert '<html lang="en">' in page
    assert "http" not in page.split("</style>")[1]
    assert "<script" not in page
    assert "src=" not in page


def test_the_same_sheet_is_the_same_pdf_and_names_nobody_outside_its_pages() -> None:
    sheet = record_sheet(laboratory(), "zh")
    first = write_pdf(sheet)
    assert first == write_pdf(sheet)
    assert sheet.name == "record-D123456789012345"
    for secret in ("测试甲", "11010519491231002X"):
        assert secret.encode("utf-16-be") not in first
        assert secret.encode() not in first


def test_text_of_any_length_fits_on_paper() -> None:
    long = "双肺纹理清晰，未见明确异常密度影。\n" * 3_000
    block = Block("检查所见", rows=(Row("备注", "长" * 5_000), Row("x", "y\n" * 400)), text=long)
    sheet = Sheet("record-x", "zh", "题", "院", (block,), ("警" * 2_000,), whose="王" * 300)
    pdf = write_pdf(sheet)
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") > 20


def test_what_is_too_long_for_paper_says_so() -> None:
    sheet = Sheet("record-x", "en", "t", "s", (Block("b", text="x y " * 60_000),))
    short = Sheet("record-x", "en", "t", "s", (Block("b", text="x y " * 50_000),))
    assert abs(len(write_pdf(sheet)) - len(write_pdf(short))) < 2_000


def test_a_letter_that_no_font_has_stands_as_its_number() -> None:
    register()
    assert marked("钾K") == '<font name="hie-hanzi">钾</font><font name="hie-latin">K</font>'
    assert marked("𬴂") == '<font name="hie-rare">𬴂</font>'
    assert marked("ئ") == '<font name="hie-latin">[U+0626]</font>'
    assert marked("\U0010fffd") == '<font name="hie-latin">[U+10FFFD]</font>'
    assert marked("<b>&\nx").count("<br/>") == 1
    assert "&lt;b&gt;&amp;" in marked("<b>&")


def test_every_hanzi_of_gb_2312_and_of_the_rare_names_can_be_printed() -> None:
    register()
    level_1_2 = [
        bytes((high, low)).decode("gb2312", "ignore")
        for high in range(0xB0, 0xF8)
        for low in range(0xA1, 0xFF)
    ]
    text = "".join(level_1_2) + "䶮㛃𠮷𬴂𫖯𬭩堃喆镕鿏"
    assert "U+" not in marked(text)
