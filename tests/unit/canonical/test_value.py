"""What a result's value becomes: value[x] with its digits, or the reason there is none."""

from decimal import Decimal
from typing import Any

import pytest

from hie.canonical.value import number, plain
from hie.fhir import INTERPRETATION, RESULT_CLASS, UCUM, Resource, extension
from hie.fhir.profile import check
from hie.records import (
    Coded,
    Interpretation,
    Interval,
    Quantity,
    Ratio,
    Result,
    Samples,
    Text,
    TimeValue,
    Val,
)
from hie.terminology.concept_map import MapEntry, MapState
from tests.builders import a_lab_record, a_result
from tests.unit.canonical.making import made, only

WORDS = {("99LAB", "K"): MapEntry("HBSAG", None, MapState.APPROVED)}


def observed(result: Result, maps: Any = None) -> Resource:
    found = only(made(a_lab_record(result), maps=maps), "Observation")
    assert check({**found, "id": "o1"}) == []
    return found


def word(text: str) -> Coded:
    return Coded(None, None, None, "OBX[1]-5", text=text)


@pytest.mark.parametrize("value", ["5.10", "5.1", "0.50", "100", "1.2E+5", "-2.0"])
def test_digits_are_kept(value: str) -> None:
    """Case 98: 5.10 says how precisely it was measured."""
    found = observed(a_result(value), maps={})["valueQuantity"]["value"]
    assert str(found) == str(Decimal(value))


def test_a_unit_that_the_item_is_reported_in_is_read() -> None:
    found = observed(a_result("4.10", unit=Val("毫摩尔/L", "OBX[1]-6")))["valueQuantity"]
    plain_unit = observed(a_result("4.10"))["valueQuantity"]
    assert plain_unit == {
        "value": Decimal("4.10"), "unit": "mmol/L", "system": UCUM, "code": "mmol/L",
    }  # fmt: skip
    assert found["unit"] == "毫摩尔/L"


def test_another_unit_of_the_item_is_converted_and_the_reported_value_kept() -> None:
    """Case 94: exact where the factor is known; what was printed stays beside it."""
    maps = {("99LAB", "K"): MapEntry("GLU", "14749-6", MapState.APPROVED)}
    found = observed(a_result("90", unit=Val("mg/dL", "OBX[1]-6")), maps=maps)
    assert found["valueQuantity"] | {"value": 0} == {
        "value": 0, "unit": "mmol/L", "system": UCUM, "code": "mmol/L",
    }  # fmt: skip
    assert round(found["valueQuantity"]["value"], 1) == Decimal("5.0")
    reported = [e for e in found["extension"] if e["url"] == extension("reported")]
    assert reported[0]["valueQuantity"] == {"value": Decimal(90), "unit": "mg/dL"}


@pytest.mark.parametrize("unit", [None, Val("g/L", "OBX[1]-6"), Val("umo1/l", "OBX[1]-6")])
def test_a_unit_that_is_missing_or_not_the_item_s_has_no_code(unit: Val | None) -> None:
    """Cases 92, 93 and 94: then the rules cannot use it."""
    found = observed(a_result("4.10", unit=unit))["valueQuantity"]
    assert "code" not in found
    assert found.get("unit") == (unit.text if unit else None)


def test_what_has_no_map_is_as_reported() -> None:
    found = observed(a_result("4.10"), maps={})["valueQuantity"]
    assert found == {"value": Decimal("4.10"), "unit": "mmol/L"}


@pytest.mark.parametrize("sign", ["<", "<=", ">=", ">"])
def test_a_comparator_is_kept(sign: Any) -> None:
    """Cases 87 and 88."""
    assert observed(a_result(Quantity("0.01", sign)))["valueQuantity"]["comparator"] == sign


def test_a_number_sent_as_text_is_one_for_an_item_that_is_a_number() -> None:
    assert observed(a_result(Text("4.10")))["valueQuantity"]["value"] == Decimal("4.10")
    assert observed(a_result(Text("4.10")), maps={})["valueString"] == "4.10"
    assert observed(a_result(Text("4.1x")))["valueString"] == "4.1x"


@pytest.mark.parametrize(
    ("text", "expected", "flag"),
    [
        ("阳性", "reactive", "POS"),
        ("阴性", "non-reactive", "NEG"),
        ("阴性(-)", "non-reactive", "NEG"),
    ],
)
def test_a_word_of_a_coded_item_is_a_class_and_stays_as_it_was(
    text: str, expected: str, flag: str
) -> None:
    """Case 91."""
    found = observed(a_result(word(text), unit=None), maps=WORDS)
    assert found["valueCodeableConcept"] == {
        "coding": [{"system": RESULT_CLASS, "code": expected}], "text": text,
    }  # fmt: skip
    assert found["interpretation"] == [{"coding": [{"system": INTERPRETATION, "code": flag}]}]


def test_a_word_of_a_coded_item_sent_as_text_too() -> None:
    found = observed(a_result(Text("阳性"), unit=None), maps=WORDS)
    assert "valueString" not in found
    assert found["valueCodeableConcept"]["coding"][0]["code"] == "reactive"


def test_a_flag_that_was_sent_is_not_doubled_and_an_unknown_word_has_no_class() -> None:
    """Case 105: what was sent is kept; case 91: an unknown word is nobody's class."""
    sent = (Interpretation("POS", "阳性", "OBX[1]-8"),)
    found = observed(a_result(word("阳性"), unit=None, interpretations=sent), maps=WORDS)
    assert len(found["interpretation"]) == 1
    strange = observed(a_result(word("古怪"), unit=None), maps=WORDS)
    assert strange["valueCodeableConcept"] == {"text": "古怪"}
    assert "interpretation" not in strange


def test_a_class_is_no_class_of_an_item_that_is_a_number() -> None:
    assert observed(a_result(word("阴性")))["valueCodeableConcept"] == {"text": "阴性"}


@pytest.mark.parametrize("reason", ["not-performed", "error", "not-a-number", "unknown"])
def test_no_value_has_its_reason(reason: str) -> None:
    """Cases 86 and 97."""
    found = observed(a_result(None, unit=None, absent_reason=reason))
    assert found["dataAbsentReason"]["coding"][0]["code"] == reason
    assert not [key for key in found if key.startswith("value")]


def test_no_value_and_no_reason_is_unknown() -> None:
    found = observed(a_result(None, unit=None))
    assert found["dataAbsentReason"]["coding"][0]["code"] == "unknown"


def test_repeats_are_components_and_then_nothing_is_absent() -> None:
    found = observed(a_result(None, components=(Quantity("1"), Text("二"))))
    assert [next(k for k in c if k.startswith("value")) for c in found["component"]] == [
        "valueQuantity", "valueString",
    ]  # fmt: skip
    assert "dataAbsentReason" not in found


@pytest.mark.parametrize(
    ("value", "name", "content"),
    [
        (
            Ratio("1", "128", "1:128"), "valueRatio",
            {"numerator": {"value": Decimal(1)}, "denominator": {"value": Decimal(128)}},
        ),
        (
            Ratio("1", "20", "<1:20", "<"), "valueRatio",
            {"numerator": {"value": Decimal(1), "comparator": "<"},
             "denominator": {"value": Decimal(20)}},
        ),
        (Ratio("1", "x", "1:x"), "valueString", "1:x"),
        (
            Interval("0.01", "0.05", "0.01-0.05"), "valueRange",
            {"low": {"value": Decimal("0.01"), "unit": "g/L"},
             "high": {"value": Decimal("0.05"), "unit": "g/L"}},
        ),
        (Interval(None, None, "见图"), "valueString", "见图"),
        (TimeValue("dateTime", "2026-06-12"), "valueDateTime", "2026-06-12"),
        (TimeValue("time", "08:30:00"), "valueTime", "08:30:00"),
        (
            TimeValue("period", "2026-06-12", "2026-06-13"), "valuePeriod",
            {"start": "2026-06-12", "end": "2026-06-13"},
        ),
        (TimeValue("period", None, "2026-06-13"), "valuePeriod", {"end": "2026-06-13"}),
        (Text("未见异常"), "valueString", "未见异常"),
        (Quantity("NaN"), "valueString", "NaN"),
        (
            Samples("1 2 E", 1, "4", "0.5"), "valueSampledData",
            {"origin": {"value": Decimal("0.5"), "unit": "g/L"}, "period": Decimal(4),
             "dimensions": 1, "data": "1 2 E"},
        ),
    ],
)  # fmt: skip
def test_each_kind_of_value_has_its_element(value: Any, name: str, content: Any) -> None:
    """Cases 89 and 90 among them: an interval and a titre as values."""
    assert plain(value, "g/L", "lis-1") == (name, content)
    observed(a_result(value, unit=None), maps={})


def test_a_coded_value_keeps_every_coding() -> None:
    value = Coded("P", "阳性", "99LAB", "p", "10828004", "Positive", "SCT", "阳性(+)")
    _, found = plain(value, None, "lis-1")
    assert [one["code"] for one in found["coding"]] == ["P", "10828004"]
    assert found["coding"][1]["system"] == "http://snomed.info/sct"
    assert found["text"] == "阳性(+)"


@pytest.mark.parametrize("text", ["", "1,5", "1.2.3", "Infinity", "sNaN", "一"])
def test_what_is_no_finite_decimal_is_none(text: str) -> None:
    assert number(text) is None
