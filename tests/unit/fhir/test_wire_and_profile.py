"""FHIR JSON keeps its digits, refuses what readers disagree about, and is checked as R4."""

from decimal import Decimal
from typing import Any

import pytest

from hie.api.capabilities import statement
from hie.errors import InvalidRequest
from hie.fhir import structure, wire
from hie.fhir.profile import check
from hie.fhir.wire import parse, read
from hie.schemas import schema


def an_observation(**changes: Any) -> dict[str, Any]:
    observation: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "subject": {"reference": "Patient/a"},
        "effectiveDateTime": "2026-06-15T10:00:00+08:00",
        "valueQuantity": {
            "value": Decimal("5.10"),
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    }
    observation.update(changes)
    return {key: value for key, value in observation.items() if value is not ...}


def test_what_was_read_is_written_digit_by_digit() -> None:
    text = b'{"a":5.10,"b":[1,0.00,-0.5],"c":"\xe4\xb8\xad"}'
    assert wire.write(wire.parse(text)) == text
    assert wire.write(wire.read(text)) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"a":1,"a":2}', "duplicate-member"),
        (b'{"a":NaN}', "not-a-number"),
        (b'{"a":Infinity}', "not-a-number"),
        (b"[[", "not-json"),
        (b"[" * 100_000, "too-deep"),
        (b"[" * 40 + b"]" * 40, "too-deep"),
        (b'"\\ud800"', "lone-surrogate"),
        (b'{"a":null}', "null"),
        (b'{"a":"\\u0000"}', "control-character"),
        (b"\xff\xfe{\x00}\x00", "not-utf-8"),
        (b"\xef\xbb\xbf{}", "not-utf-8"),
        (b'"\xc4\xe3"', "not-utf-8"),
        (b"1234567890123456789", "number-too-long"),
        (b"[" + b"1," * 60_000 + b"1]", "too-many-values"),
    ],
)
def test_json_that_readers_disagree_about_is_refused_by_name(text: bytes, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(text)
    assert refused.value.faults[0].code == code


def test_a_good_observation_passes_both_checkers() -> None:
    assert check(an_observation()) == []
    assert structure.check(an_observation()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": "zzz"},
        {"status": None},
        {"status": ...},
        {"effectiveDateTime": "2024-02-30"},
        {"effectiveDateTime": "2026-06-15T10:00:00"},
        {"valueString": "two values"},
        {"category": []},
        {"subject": {}},
        {"bogus": 1},
        {"valueQuantity": {"value": "5.1"}},
        {"valueQuantity": {"value": Decimal("5.1"), "code": "mmol/L"}},
        {"dataAbsentReason": {"text": "beside a value"}},
        {"subject": {"reference": "Specimen/x"}},
        {"referenceRange": [{"appliesTo": [{"text": "no bound"}]}]},
    ],
)
def test_an_observation_that_r4_forbids_is_refused(change: dict[str, Any]) -> None:
    assert check(an_observation(**change)) != []


def test_the_capability_statement_and_the_operation_are_valid_r4() -> None:
    assert check(dict(statement("http://localhost:8000"))) == []
    assert check(parse(schema("operations", "assess.json").read_bytes())) == []
