"""How a result was measured, read from the hub's own FHIR and from a stranger's alike."""

from decimal import Decimal
from typing import Any

import pytest

from hie.fhir import CATEGORY, LOINC, SECTION, Resource, extension
from hie.recognition.catalogue import load_catalogue
from hie.recognition.measured import Measured, PrintedInterval, read_measured
from hie.terminology.result_words import Defect

ITEMS = load_catalogue().items


def measured(
    observation: Resource | None = None,
    report: Resource | None = None,
    specimen: Resource | None = None,
    item: str = "K",
) -> Measured:
    return read_measured(observation or {}, report or {}, specimen or {}, ITEMS[item])


def test_what_nobody_states_is_not_known() -> None:
    assert measured() == Measured()


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ({"text": "血清"}, "serum-plasma"),
        ({"coding": [{"code": "SER", "display": "不明"}]}, "serum-plasma"),
        ({"coding": [{"code": "2", "display": "尿液"}], "text": "2"}, "urine"),
        ({"coding": [{"code": "119364003"}], "text": "serum"}, "serum-plasma"),
        ({"text": "引流液"}, ""),
        ({}, None),
    ],
)
def test_a_specimen_is_read_by_code_then_words(kind: Resource, read: str | None) -> None:
    assert measured(specimen={"type": kind}).specimen == read


def test_a_condition_of_the_specimen_states_its_state_whatever_it_says() -> None:
    assert measured(specimen={"condition": [{"text": "合格"}]}).defects == ()
    coded = {"condition": [{"coding": [{"system": "v2-0493", "code": "HEM"}]}]}
    assert measured(specimen=coded).defects == (Defect("haemolysis"),)


def test_notes_of_result_specimen_and_report_tell_of_defects() -> None:
    marked = (Defect("haemolysis", "marked"),)
    assert measured({"note": [{"text": "重度溶血"}]}).defects == marked
    assert measured(specimen={"note": [{"text": "重度溶血"}]}).defects == marked
    note = {"extension": [{"url": extension("note"), "valueString": "重度溶血"}]}
    assert measured(report=note).defects == marked
    assert measured({"note": [{"text": "已复查"}]}).defects is None


@pytest.mark.parametrize(
    ("observation", "group"),
    [
        ({"method": {"text": "丙酮酸底物法"}}, "pyruvate-to-lactate"),
        ({"method": {"coding": [{"display": "L→P"}]}}, "lactate-to-pyruvate"),
        ({"code": {"coding": [{"system": LOINC, "code": "14805-6"}]}}, "pyruvate-to-lactate"),
        ({"method": {"text": "P-L / L-P"}}, ""),
        ({"method": {"text": "速率法"}}, None),
    ],
)
def test_a_method_group_is_read_by_code_then_words(
    observation: Resource, group: str | None
) -> None:
    assert measured(observation, item="LDH").method == group


def test_an_item_without_groups_has_no_method() -> None:
    assert measured({"method": {"text": "P-L"}}).method is None


@pytest.mark.parametrize(
    ("observation", "report", "setting"),
    [
        ({"category": [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}]}, {}, "laboratory"),
        ({}, {"category": [{"coding": [{"system": SECTION, "code": "CH"}]}]}, "laboratory"),
        ({"category": [{"coding": [{"system": CATEGORY, "code": "vital-signs"}]}]}, {}, None),
        ({"method": {"text": "干化学法"}}, {}, "point-of-care"),
        (
            {"extension": [{"url": extension("setting"), "valueCode": "laboratory"}],
             "method": {"text": "POCT"}},
            {},
            "laboratory",
        ),
    ],
)  # fmt: skip
def test_a_setting_is_stated_or_that_of_a_laboratory(
    observation: Resource, report: Resource, setting: str | None
) -> None:
    assert measured(observation, report).setting == setting


@pytest.mark.parametrize(
    ("observation", "report", "specimen", "aspect"),
    [
        ({"code": {"coding": [{"system": LOINC, "code": "14771-0"}]}}, {}, {}, "fasting"),
        ({"code": {"text": "餐后血糖"}}, {}, {}, "post-load"),
        ({"code": {"coding": [{"display": "随机血糖"}]}}, {}, {}, "random"),
        (
            {},
            {"extension": [{"url": extension("clinical"), "valueString": "糖耐量"}]},
            {},
            "post-load",
        ),
        ({"note": [{"text": "空腹"}]}, {}, {}, "fasting"),
        (
            {},
            {},
            {"collection": {"fastingStatusCodeableConcept": {"coding": [{"code": "NF"}]}}},
            "random",
        ),
        ({}, {}, {}, None),
    ],
)
def test_a_time_aspect_is_the_first_that_is_stated(
    observation: Resource, report: Resource, specimen: Resource, aspect: str | None
) -> None:
    assert measured(observation, report, specimen, "GLU").time_aspect == aspect


def age(low: Any, high: Any, unit: str = "a") -> Resource:
    ends = {"low": low, "high": high}
    return {k: {"value": v, "unit": unit} for k, v in ends.items() if v is not None}


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ({}, PrintedInterval()),
        ({"appliesTo": [{"text": "male"}]}, PrintedInterval("male")),
        ({"appliesTo": [{"text": "Female"}]}, PrintedInterval("female")),
        ({"appliesTo": [{"coding": [{"code": "248152002"}]}]}, PrintedInterval("female")),
        (
            {"appliesTo": [{"text": "女"}, {"text": "妊娠期"}]},
            PrintedInterval("female", pregnant=True),
        ),
        ({"age": age(6, 17)}, PrintedInterval(age_low=6, age_high=17)),
        ({"age": age(Decimal(18), None, "岁")}, PrintedInterval(age_low=18)),
        ({"age": age(0, 35, "mo")}, PrintedInterval(age_low=0, age_high=2)),
        ({"age": age(0, 3, "stone")}, PrintedInterval()),
    ],
)
def test_it_is_read_whom_an_interval_was_made_for(printed: Resource, read: PrintedInterval) -> None:
    assert measured({"referenceRange": [printed]}).intervals == (read,)


def test_an_interval_contains_both_ends_of_its_ages_and_nobody_without_ages() -> None:
    interval = PrintedInterval(age_low=6, age_high=17)
    assert [interval.contains(years) for years in (5, 6, 17, 18)] == [False, True, True, False]
    assert not PrintedInterval().contains(30)
    assert PrintedInterval(age_high=17).contains(0)
