"""A report as a sheet: the source's own words, and nothing of what was withdrawn."""

from decimal import Decimal
from typing import Any

import pytest

from hie.exchange.report_shown import ShownReport
from hie.fhir import extension
from hie.web.paper import write_pdf
from hie.web.report_sheet import report_sheet
from hie.web.sheet import Sheet
from hie.web.sheet_file import sheet_file
from tests.builders import TESTS, a_patient, a_report, an_observation

HOSTILE = "<script>alert(1)</script>\u202e\x07"


def _said(sheet: Sheet) -> str:
    rows = [f"{row.label}={row.value}" for block in sheet.blocks for row in block.rows]
    return "\n".join((sheet.title, *sheet.alerts, *rows, *(b.text for b in sheet.blocks)))


def _shown(*results: dict[str, Any], patient: Any = None, **report: Any) -> ShownReport:
    specimen = {"resourceType": "Specimen", "type": {"text": "血清"}}
    person = patient or a_patient("home1")
    return ShownReport(a_report("r1", **report), "甲医院", person, results, (specimen,))


def test_results_stand_in_their_own_words_units_and_intervals() -> None:
    converted = an_observation("o2", test=TESTS[12], value="7.8", interpretation=[])
    reported = {"value": Decimal(140), "unit": "mg/dL"}
    converted["extension"] = [{"url": extension("reported"), "valueQuantity": reported}]
    early = an_observation("o3", test=TESTS[1], value="150", status="preliminary")
    gone = an_observation("o4", test=TESTS[2], value="103", status="entered-in-error")
    noted = an_observation(
        "o1", value="3.20", method={"text": "离子选择电极法"}, note=[{"text": "已复查"}]
    )
    text = _said(report_sheet(_shown(noted, converted, early, gone), "en"))
    for line in (
        "Institution=甲医院",
        "Specimen=血清",
        "Status=final",
        "钾=3.20 mmol/L L · reference 3.5-5.3 · 离子选择电极法 · 已复查",
        "葡萄糖=140 mg/dL · reference 3.9-6.1",
        "钠=150 mmol/L H · reference 137-147 · preliminary",
        "氯=withdrawn, no longer shown",
    ):
        assert line in text, line
    assert "103" not in text


def test_texts_and_clinical_details_are_shown_as_they_came() -> None:
    said = [
        {"url": extension("findings"), "valueString": "双肺纹理清晰。"},
        {"url": extension("clinical"), "valueString": "咳嗽三天"},
        {"url": extension("note"), "valueString": "复查"},
    ]
    text = _said(report_sheet(_shown(extension=said, conclusion="未见异常。"), "zh"))
    for part in ("双肺纹理清晰。", "未见异常。", "临床资料=咳嗽三天", "复查"):
        assert part in text


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_a_withdrawn_report_says_so_and_nothing_of_what_it_said(status: str) -> None:
    one = an_observation("o1", value="4.44")
    sheet = report_sheet(_shown(one, status=status, conclusion="机密"), "en")
    text = _said(sheet)
    assert sheet.alerts == (
        "The source has withdrawn this report; what it said is no longer shown.",
    )
    assert "4.44" not in text
    assert "机密" not in text


def test_whatever_a_source_writes_is_text_on_page_and_paper() -> None:
    one = an_observation("o1", method={"text": HOSTILE}, note=[{"text": HOSTILE}])
    one["code"]["text"] = HOSTILE
    person = a_patient("home1", name=[{"text": HOSTILE}])
    sheet = report_sheet(
        _shown(one, patient=person, code={"text": HOSTILE}, conclusion=HOSTILE),
        "zh",
        synthetic=True,
    )
    assert b"<script>" not in sheet_file(sheet)
    assert "\u202e" not in _said(sheet)
    assert write_pdf(sheet).startswith(b"%PDF-")
    assert HOSTILE not in sheet.name


def test_a_report_without_anything_is_still_a_page() -> None:
    bare = {"resourceType": "DiagnosticReport", "id": "r1"}
    sheet = report_sheet(ShownReport(bare, "", {"resourceType": "Patient"}, (), ()), "en")
    assert sheet.title == "Report of the source"
    assert "Status=status unknown" in _said(sheet)
