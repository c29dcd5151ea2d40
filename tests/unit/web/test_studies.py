"""Examinations with images as the pages show them."""

from datetime import date
from typing import Any

import pytest

from hie.web.pages import studies
from hie.web.pages.filters import Filters, filter_groups
from tests.unit.web.answers import (
    CLASSES,
    SERIES,
    STUDY,
    candidate,
    examination,
    finding,
    report,
    series,
)

BASE = "/patients/1"


def _row(study: dict[str, Any], lang: Any = "en") -> dict[str, Any]:
    return studies.row(study, CLASSES, {"A": 0}, Filters(), BASE, lang)


def test_a_row_says_what_where_when_and_how_complete() -> None:
    row = _row(examination())
    assert row["title"] == "Chest · Computed tomography"
    assert row["details"] == ["plain", "胸部平扫"]
    assert (row["institution"], row["source"], row["outcome"]) == ("甲医院", 0, "recognise")
    assert (row["taken"], row["age"], row["limit"]) == ("2026-06-10 09:41", "3 d ago", "4 d left")
    assert (row["counts"], row["lacks"]) == ("2 of 2 images received", "")
    assert row["viewer"] == "/patients/1/images/s1"
    assert row["pictures"] == [
        {
            "src": f"/dicom-web/sites/bj-pacs/studies/{STUDY}/series/{SERIES}/thumbnail",
            "series": SERIES,
            "text": "轴位 5.0",
        }
    ]
    assert row["report"]["issued"] == "2026-06-10 11:00"
    assert _row(examination(), "zh")["title"] == "胸部 · CT"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"received": 18, "expected": 20}, "The images are incomplete: 2 of 20 are missing."),
        ({"received": 0}, "No images were received."),
        ({"received": None}, "No images were received."),
        ({"status": "registered"}, "The images are still arriving."),
        ({"status": "cancelled"}, "The source has withdrawn this study."),
        ({"retrievable": False}, "The images cannot be retrieved at the moment."),
        ({"images": ""}, "The images cannot be retrieved at the moment."),
        ({"study": None, "images": ""}, "There is a report and no images."),
        ({"expected": None}, ""),
    ],
)
def test_what_is_missing_is_said_with_the_reason(change: dict[str, Any], sentence: str) -> None:
    assert _row(examination(**change))["lacks"] == sentence


@pytest.mark.parametrize(
    "change",
    [
        {"received": 0},
        {"images": ""},
        {"study": None, "images": ""},
        {"status": "entered-in-error"},
    ],
)
def test_without_images_no_picture_is_asked_for(change: dict[str, Any]) -> None:
    row = _row(examination(**change))
    assert (row["pictures"], row["viewer"]) == ([], None)


def test_series_stand_by_number_and_those_without_pictures_are_left_out() -> None:
    one = examination(
        series=[
            series("1.3", number=None),
            series("1.2", number=7),
            series("1.1", number=2),
            series("1.9", modality="SR", number=1),
        ]
    )
    assert [picture["series"] for picture in _row(one)["pictures"]] == ["1.1", "1.2", "1.3"]


def test_a_report_alone_has_its_verdict_and_no_counts() -> None:
    row = _row(examination(study=None, images="", series=[], received=None, expected=None))
    assert (row["outcome"], row["counts"]) == ("recognise", "")


def test_a_study_the_engine_was_not_asked_about_says_why() -> None:
    unknown = examination(candidate=None, parts=[], **{"class": None})
    assert _row(unknown)["outcome"] == ""
    assert _row(unknown)["title"] == "Study of unknown class"
    why = studies.why(unknown, CLASSES, {}, "en")
    assert why["unasked"].startswith("The class of this study is not known")
    unasked = studies.why(examination(candidate=None), CLASSES, {}, "en")
    assert unasked["unasked"].startswith("Not assessed, and not recognisable")


def test_reasons_of_a_study_are_its_own_findings() -> None:
    spoke = candidate(findings=[finding("R-601", fired=True), finding("R-401")])
    why = studies.why(examination(candidate=spoke), CLASSES, {"A": 0}, "en")
    assert why["name"] == "Chest · Computed tomography"
    assert [one["rule"] for one in why["findings"]] == ["R-601"]
    assert [one["rule"] for one in why["passed"]] == ["R-401"]


def test_parts_and_times_without_words_are_shown_as_they_are() -> None:
    one = examination(parts=["ABDOMEN", "ADRENAL"], taken="2026-06")
    assert _row(one, "zh")["title"] == "腹部、ADRENAL · CT"
    assert _row(one)["taken"] == "2026-06"
    assert _row(examination(taken="2026-06-10"))["taken"] == "2026-06-10"


def test_a_report_of_a_status_nobody_knows_says_so() -> None:
    row = _row(examination(report=report(status="odd")))
    assert row["report"]["status"] == "status unknown"
    assert _row(examination(report=None))["report"] is None


def test_filters_choose_examinations_like_results() -> None:
    one = examination()
    for filters, found in (
        (Filters(), True),
        (Filters(category="imaging"), True),
        (Filters(category="chemistry"), False),
        (Filters(verdict="recognise", source="A"), True),
        (Filters(verdict="clinician_review"), False),
        (Filters(source="B"), False),
        (Filters(days="90"), True),
        (Filters(only="abnormal"), False),
    ):
        assert studies.chosen([one], filters, date(2026, 6, 15)) == ([one] if found else [])

    groups = filter_groups(
        [], {}, {"A": "甲医院"}, {"A": 0}, Filters(), BASE, "en", [("recognise", "A", 5)]
    )
    assert [(c["text"], c["count"]) for c in groups[1]["choices"]] == [("All", 1), ("Imaging", 1)]
    assert [(c["text"], c["count"]) for c in groups[2]["choices"]] == [("All", 1), ("甲医院", 1)]


def test_an_examination_nobody_was_asked_about_is_as_old_as_it_says() -> None:
    one = examination(candidate=None)
    recent = Filters(days="90")
    assert studies.chosen([one], recent, date(2026, 9, 8)) == [one]
    assert studies.chosen([one], recent, date(2026, 9, 9)) == []
    assert studies.chosen([examination(candidate=None, taken="")], recent, date(2026, 6, 15)) == []
