"""The history of an item: in the item's unit, with its source's own words, flags and report."""

from decimal import Decimal
from typing import Any

import pytest

from hie.exchange.result_history import PastResult, newest_first, past_results, reports_by_result
from hie.fhir import INSTITUTION
from hie.recognition.catalogue import load_catalogue
from tests.builders import TESTS, Test, a_report, an_observation

ITEMS = load_catalogue().items
GLUCOSE = next(one for one in TESTS if one.item == "GLU")
CREATININE = next(one for one in TESTS if one.item == "CRE")
MILLIGRAMS = Test("GLU", None, "GLU", "葡萄糖", "mg/dL", "mg/dL", "70", "110", 0)
FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def _past(test: Test = CREATININE, value: str = "80", **other: Any) -> PastResult:
    one = an_observation("o1", test=test, value=value, **other)
    names = lambda code, sent: {"A": "甲医院"}.get(code) or sent or ""  # noqa: E731
    (found,) = past_results([one], ITEMS[test.item or ""], {"o1": "r1"}, names)
    return found


def _flag(code: str) -> list[dict[str, Any]]:
    return [{"coding": [{"system": FLAGS, "code": code}]}]


def test_a_converted_result_keeps_its_own_words_and_its_interval_is_converted_with_it() -> None:
    found = _past(MILLIGRAMS, "140")
    assert (found.value, found.unit) == ("7.77", "mmol/L")
    assert (found.reported, found.reported_unit) == ("140", "mg/dL")
    assert found.printed == "70-110"
    low, high = found.interval
    assert low is not None
    assert high is not None
    assert float(low) == pytest.approx(3.885, abs=0.01)
    assert float(high) == pytest.approx(6.105, abs=0.01)
    assert found.flag == "h"
    same = _past(GLUCOSE, "5.10")
    assert (same.value, same.number, same.interval) == (
        "5.10",
        Decimal("5.10"),
        (Decimal("3.9"), Decimal("6.1")),
    )


@pytest.mark.parametrize(
    ("code", "value", "flag"),
    [("HH", "80", "h"), ("L", "80", "l"), ("A", "80", "a"), ("N", "80", ""), ("N", "98", "h"), ("N", "50", "l")],
)  # fmt: skip
def test_a_flag_is_the_sources_else_by_its_interval(code: str, value: str, flag: str) -> None:
    assert _past(value=value, interpretation=_flag(code)).flag == flag


@pytest.mark.parametrize(
    ("limit", "value", "flag"),
    [("<", "98", ""), (">", "98", "h"), (">", "50", ""), ("<", "50", "l"), ("<=", "98", ""), (">=", "50", "")],
)  # fmt: skip
def test_a_limit_is_abnormal_only_where_it_proves_so(limit: str, value: str, flag: str) -> None:
    one = an_observation("o1", test=CREATININE, value=value, interpretation=[])
    one["valueQuantity"]["comparator"] = limit
    (found,) = past_results([one], ITEMS["CRE"], {}, lambda code, sent: "")
    assert (found.comparator, found.flag) == (limit, flag)


def test_a_class_that_differs_from_the_printed_one_is_abnormal() -> None:
    test = Test("HBSAG", "5196-1", "HBsAg", "乙肝表面抗原", "", "", "0", "1")
    for said, printed, flag in (
        ("阳性", "阴性", "a"),
        ("阴性", "阴性", ""),
        ("阳性", "见说明", ""),
        ("阳性", None, ""),
    ):
        one = an_observation("o1", test=test, value="1", interpretation=[], referenceRange=[])
        del one["valueQuantity"]
        one["valueString"] = said
        one["referenceRange"] = [{"text": printed}] if printed else []
        (found,) = past_results([one], ITEMS["HBSAG"], {}, lambda code, sent: "")
        assert (found.flag, found.number, found.is_drawn) == (flag, None, False)


def test_method_institution_and_report_come_with_it() -> None:
    performer = {"identifier": {"system": INSTITUTION, "value": "A"}, "display": "A"}
    found = _past(performer=[performer], method={"text": "肌氨酸氧化酶法"})
    assert (found.method, found.code, found.institution, found.report) == (
        "enzymatic",
        "A",
        "甲医院",
        "r1",
    )
    words = _past(method={"text": "某法"}, performer=[{"display": "丙医院"}])
    assert (words.method, words.code, words.report) == ("某法", "", "r1")


@pytest.mark.parametrize(
    ("change", "drawn"),
    [
        ({}, True),
        ({"status": "corrected"}, True),
        ({"status": "preliminary"}, False),
        ({"effective": "2026-06"}, False),
        ({"dataAbsentReason": {}, "valueQuantity": {}}, False),
    ],
)
def test_what_is_drawn_is_issued_has_a_number_and_a_day(
    change: dict[str, Any], drawn: bool
) -> None:
    assert _past(**change).is_drawn is drawn


def test_what_was_withdrawn_is_no_history_and_the_rest_goes_by_its_time() -> None:
    given = [
        an_observation("old", effective="2025-01-01"),
        an_observation("gone", status="entered-in-error"),
        an_observation("none", effective="2026"),
        an_observation("new", effective="2026-06-01T08:00:00+08:00"),
        an_observation("off", status="cancelled"),
    ]
    assert [one["id"] for one in newest_first(given)] == ["new", "old", "none"]


def test_a_result_in_two_reports_is_of_the_one_issued_last() -> None:
    first = a_report("first", results=("o1", "o2"), issued="2026-06-12T10:00:00+08:00")
    later = a_report("later", results=("o1",), issued="2026-06-13T10:00:00+08:00")
    assert reports_by_result([later, first]) == {"o1": "later", "o2": "first"}
