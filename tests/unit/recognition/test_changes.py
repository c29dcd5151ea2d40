"""What of a result changed for those who relied on it, and what is no change at all."""

from decimal import Decimal
from typing import Any

import pytest

from hie.fhir import INTERPRETATION, ITEM, RESULT_CLASS, UCUM, extension
from hie.recognition.changes import Change, Role, changes, is_withdrawn


def result(value: str | None = "4.10", unit: str = "mmol/L", **change: Any) -> dict[str, Any]:
    """A potassium as the hub builds it; a member given as None is left out."""
    quantity = {"value": Decimal(value or "0"), "unit": unit, "system": UCUM, "code": "mmol/L"}
    whole = {
        "resourceType": "Observation",
        "id": "x",
        "status": "final",
        "code": {"coding": [{"system": ITEM, "code": "K"}], "text": "钾"},
        "effectiveDateTime": "2026-06-12T08:10:00+08:00",
        "issued": "2026-06-12T11:00:00+08:00",
        "valueQuantity": quantity if value else None,
        "referenceRange": [{"low": {"value": Decimal("3.5")}, "high": {"value": Decimal("5.3")}}],
        "performer": [{"reference": "Organization/1"}],
    }
    return {key: part for key, part in (whole | change).items() if part is not None}


def flagged(*codes: str) -> list[dict[str, Any]]:
    return [{"coding": [{"system": INTERPRETATION, "code": code}]} for code in codes]


def interval(low: str | None, high: str | None) -> list[dict[str, Any]]:
    ends = {"low": low, "high": high}
    return [{end: {"value": Decimal(text)} for end, text in ends.items() if text}]


@pytest.mark.parametrize(
    "again",
    [
        result(),
        result("4.1"),
        result(unit="mmol/l"),
        result(meta={"versionId": "2", "source": "urn:hie:message:2"}),
        result(performer=[{"reference": "Organization/1"}, {"reference": "Practitioner/9"}]),
        result(issued="2026-06-13T09:00:00+08:00"),
        result(effectiveDateTime="2026-06-12T00:10:00Z"),
        result(interpretation=flagged("N")),
        result(note=[{"text": "复核"}]),
        result(referenceRange=None),
        result(extension=[{"url": extension("status-as-sent"), "valueString": "F"}]),
        result(code={"coding": [{"system": ITEM, "code": "K"}], "text": "血清钾"}),
    ],
    ids=str,
)
def test_what_a_sender_says_again_or_otherwise_is_no_change(again: dict[str, Any]) -> None:
    assert changes(result(), again) == ()


@pytest.mark.parametrize(
    ("again", "what"),
    [
        (result("4.20"), ["value"]),
        (result(status="corrected"), ["status"]),
        (result(status="amended"), ["status"]),
        (result(status="entered-in-error"), ["status"]),
        (result(status="cancelled"), ["status"]),
        (result(status="preliminary"), ["status"]),
        (result("4.20", status="corrected"), ["status", "value"]),
        (result(interpretation=flagged("H")), ["interpretation"]),
        (result(effectiveDateTime="2026-06-11T08:10:00+08:00"), ["effective"]),
        (result(effectiveDateTime=None), ["effective"]),
        (result(referenceRange=interval("3.6", "5.3")), ["low"]),
        (result(code={"coding": [{"system": ITEM, "code": "NA"}]}), ["item"]),
        (result(code={"text": "?"}), ["item"]),
        (result(None, valueString="溶血"), ["value", "unit"]),
    ],
    ids=str,
)
def test_what_somebody_relied_on_is_a_change(again: dict[str, Any], what: list[str]) -> None:
    assert [one.what for one in changes(result(), again)] == what


def test_a_change_says_old_and_new() -> None:
    assert changes(result(), result("4.25")) == (Change("value", "4.10", "4.25"),)


def test_a_comparator_is_part_of_the_value() -> None:
    below = result()
    below["valueQuantity"]["comparator"] = "<"
    assert changes(result(), below) == (Change("value", "4.10", "<4.10"),)


def test_a_reported_number_that_rounds_to_the_same_is_a_change() -> None:
    """140 and 140.5 mg/dL of glucose are both 7.8 mmol/L."""

    def converted(reported: str) -> dict[str, Any]:
        sent = {"value": Decimal(reported), "unit": "mg/dL"}
        return result("7.8", extension=[{"url": extension("reported"), "valueQuantity": sent}])

    assert [one.what for one in changes(converted("140"), converted("140.5"))] == ["value"]
    assert changes(converted("140"), converted("140.0")) == ()
    assert changes(converted("140"), result("7.8")) == ()  # the same quantity in another unit


def test_another_unit_of_the_same_number_is_a_change() -> None:
    unread = {"value": Decimal("4.10"), "unit": "mg/dL"}
    assert [one.what for one in changes(result(), result(valueQuantity=unread))] == ["unit"]


def test_a_class_that_turns_is_a_change() -> None:
    def classed(code: str, text: str) -> dict[str, Any]:
        concept = {"coding": [{"system": RESULT_CLASS, "code": code}], "text": text}
        return result(None, valueCodeableConcept=concept)

    found = changes(classed("non-reactive", "阴性"), classed("reactive", "阳性"))
    assert [one.what for one in found] == ["value", "class"]
    assert changes(classed("reactive", "阳性"), classed("reactive", "阳性")) == ()


def report(**change: Any) -> dict[str, Any]:
    whole = {"resourceType": "DiagnosticReport", "status": "final", "conclusion": "肺部结节"}
    return {key: part for key, part in (whole | change).items() if part is not None}


FOUND = [{"url": extension("findings"), "valueString": "右肺上叶见结节"}]


@pytest.mark.parametrize(
    ("again", "as_result", "as_report"),
    [
        (report(), [], []),
        (report(conclusion="肺部 结节\r\n"), ["conclusion"], ["conclusion"]),
        (report(conclusion=" 肺部结节\n"), [], []),
        (report(conclusion="未见异常"), ["conclusion"], ["conclusion"]),
        (report(extension=FOUND), ["findings"], ["findings"]),
        (report(status="corrected"), ["status"], []),
        (report(status="amended"), ["status"], []),
        (report(status="appended"), [], []),
        (report(status="partial"), [], []),
        (report(status="entered-in-error"), ["status"], ["status"]),
        (report(status="cancelled"), ["status"], ["status"]),
        (report(imagingStudy=[{"reference": "ImagingStudy/1"}]), [], []),
    ],
    ids=str,
)
def test_a_report_counts_by_its_words_and_by_its_withdrawal(
    again: dict[str, Any], as_result: list[str], as_report: list[str]
) -> None:
    assert [one.what for one in changes(report(), again)] == as_result
    assert [one.what for one in changes(report(), again, Role.REPORT)] == as_report


def study(status: str = "available", **facts: Any) -> dict[str, Any]:
    known = {"class": "CT", "body-part": "CHEST", "received": 245, "identity": "same"} | facts
    parts = [
        {"url": url, "valueBoolean" if isinstance(value, bool) else "valueCode": value}
        for url, value in known.items()
        if value is not None
    ]
    return {
        "resourceType": "ImagingStudy",
        "status": status,
        "started": "2026-06-10T09:41:00+08:00",
        "extension": [{"url": extension("study-facts"), "extension": parts}],
    }


@pytest.mark.parametrize(
    ("again", "what"),
    [
        (study(received=300), []),
        (study(received=244), ["received"]),
        (study(rejected=1), ["rejected"]),
        (study(identity="different"), ["identity"]),
        (study(identity="unknown"), []),
        (study("cancelled"), ["status"]),
        (study("entered-in-error"), ["status"]),
        (study(**{"class": "MRI"}), ["class"]),
        (study(**{"body-part": "HEAD"}), ["body-part"]),
        (study(laterality="L"), []),
        (study(complete=False), []),
    ],
    ids=str,
)
def test_more_images_are_no_correction_and_fewer_or_anothers_are(
    again: dict[str, Any], what: list[str]
) -> None:
    assert [one.what for one in changes(study(), again)] == what


def test_images_that_are_no_longer_whole_are_a_change_and_those_not_to_be_had_now_are_none() -> (
    None
):
    whole = study(complete=True, retrievable=True)
    lacking = study(complete=False, retrievable=False)
    assert [one.what for one in changes(whole, lacking)] == ["complete"]
    assert changes(study(complete=False), study(complete=True)) == ()


@pytest.mark.parametrize(
    ("status", "withdrawn"),
    [("final", False), ("corrected", False), ("cancelled", True), ("entered-in-error", True)],
)
def test_what_is_withdrawn_is_told_from_what_is_corrected(status: str, withdrawn: bool) -> None:
    assert is_withdrawn(result(status=status)) is withdrawn
