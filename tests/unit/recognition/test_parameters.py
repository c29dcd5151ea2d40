"""The same question and answer as FHIR Parameters, with the same names."""

from typing import Any

import pytest
from fhir.resources.R4B.parameters import Parameters

from hie.errors import InvalidRequest
from hie.fhir import profile
from hie.recognition.parameters import read_parameters, write_parameters
from tests.unit.recognition.records import a_candidate
from tests.unit.recognition.test_answer import answer

ASKED: list[dict[str, Any]] = [
    {"name": "receiver", "part": [{"name": "institution", "valueString": "R"}]},
    {
        "name": "encounter",
        "part": [
            {"name": "class", "valueCode": "outpatient"},
            {"name": "pregnant", "valueBoolean": False},
            {
                "name": "events",
                "part": [
                    {"name": "type", "valueCode": "surgery"},
                    {"name": "date", "valueDate": "2026-06-01"},
                ],
            },
        ],
    },
    {
        "name": "orders",
        "part": [{"name": "ref", "valueString": "1"}, {"name": "item", "valueCode": "K"}],
    },
    {
        "name": "orders",
        "part": [
            {"name": "ref", "valueString": "2"},
            {"name": "code", "valueCoding": {"system": "http://loinc.org", "code": "2160-0"}},
        ],
    },
    {"name": "on", "valueDateTime": "2026-06-15T10:00:00+08:00"},
]


def parameters(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(parts)}


def test_a_question_has_the_names_of_the_order_check() -> None:
    assert read_parameters(parameters(*ASKED), "p-1") == {
        "patient": {"reference": "Patient/p-1"},
        "receiver": {"institution": "R"},
        "encounter": {
            "class": "outpatient",
            "pregnant": False,
            "events": [{"type": "surgery", "date": "2026-06-01"}],
        },
        "orders": [
            {"ref": "1", "item": "K"},
            {"ref": "2", "code": {"system": "http://loinc.org", "code": "2160-0"}},
        ],
        "on": "2026-06-15T10:00:00+08:00",
    }


def test_a_patient_may_be_stated_beside_the_one_the_operation_is_called_on() -> None:
    stated = {"name": "patient", "part": [{"name": "sex", "valueCode": "male"}]}
    assert read_parameters(parameters(stated), "p-1") == {
        "patient": {"sex": "male", "reference": "Patient/p-1"}
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Parameters"},
        {"resourceType": "Parameters", "parameter": []},
        {"resourceType": "Parameters", "parameter": {}},
        parameters({"valueString": "x"}),
        parameters({"name": "on"}),
        parameters({"name": "on", "valueString": "x", "part": []}),
        parameters({"name": "on", "valueString": "x"}, {"name": "on", "valueString": "y"}),
        parameters({"name": "on", "valuePeriod": {"start": "2026"}}),
        parameters({"name": "on", "valueDecimal": 1}),
        parameters({"name": "receiver", "part": []}),
        parameters({"name": "receiver", "part": ["x"]}),
    ],
)
def test_what_is_no_question_is_refused_with_its_place(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_parameters(wrong)
    assert refused.value.faults[0].path


def test_parameters_nested_without_end_are_refused() -> None:
    part: dict[str, Any] = {"name": "x", "valueString": "y"}
    for _ in range(40):
        part = {"name": "x", "part": [part]}
    with pytest.raises(InvalidRequest):
        read_parameters(parameters(part))


def test_an_answer_is_said_part_by_part_and_nulls_are_left_out() -> None:
    answer = {
        "check": "c-1",
        "on": "2026-06-15T10:00:00+08:00",
        "orders": [
            {
                "ref": "1",
                "outcome": "recognise",
                "candidates": [
                    {
                        "resource": "Observation/o1/_history/1",
                        "mark": None,
                        "age_days": 3,
                        "findings": [{"rule": "R-401", "fired": False, "data": {}}],
                    }
                ],
                "saves": None,
                "reasons": ["N1_CONDITION_CHANGED", "N2_RAPIDLY_CHANGING"],
            }
        ],
    }
    assert write_parameters(answer) == parameters(
        {"name": "check", "valueId": "c-1"},
        {"name": "on", "valueDateTime": "2026-06-15T10:00:00+08:00"},
        {
            "name": "orders",
            "part": [
                {"name": "ref", "valueString": "1"},
                {"name": "outcome", "valueCode": "recognise"},
                {
                    "name": "candidates",
                    "part": [
                        {
                            "name": "resource",
                            "valueReference": {"reference": "Observation/o1/_history/1"},
                        },
                        {"name": "age_days", "valueInteger": 3},
                        {
                            "name": "findings",
                            "part": [
                                {"name": "rule", "valueCode": "R-401"},
                                {"name": "fired", "valueBoolean": False},
                            ],
                        },
                    ],
                },
                {"name": "reasons", "valueCode": "N1_CONDITION_CHANGED"},
                {"name": "reasons", "valueCode": "N2_RAPIDLY_CHANGING"},
            ],
        },
    )


def test_an_answer_is_parameters_of_the_standard() -> None:
    known = [a_candidate(), a_candidate(key="b", collected=None, issued="2026-06-12")]
    found = write_parameters(answer(*known, items=("K", "NA")))
    assert profile.check(found) == []
    assert Parameters.model_validate(found)
