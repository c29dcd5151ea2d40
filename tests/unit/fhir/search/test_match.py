"""What a search parameter means for a resource (FHIR R4 search.html), value by value."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from hie.errors import InvalidRequest
from hie.fhir.search.asked import read_value
from hie.fhir.search.definitions import Kind, parameters
from hie.fhir.search.match import matches
from hie.fhir.search.separators import split

UCUM = "http://unitsofmeasure.org"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [
        {
            "system": "urn:oid:1.2.3",
            "value": "A-7",
            "type": {"coding": [{"system": "urn:t", "code": "MR"}], "text": "病案号"},
        }
    ],
    "name": [{"text": "张三", "family": "张", "given": ["三"]}, {"text": "Jörg Müller-Öz"}],
    "gender": "female",
    "birthDate": "1980-02-29",
    "telecom": [
        {"system": "phone", "use": "mobile", "value": "13800000000"},
        {"system": "email", "value": "a@b.example"},
    ],
    "deceasedBoolean": False,
    "address": [{"city": "石家庄市", "line": ["示例路 1 号"], "postalCode": "050000"}],
    "meta": {"profile": ["http://p.example/a|1.2"], "tag": [{"system": "urn:g", "code": "x"}]},
}
RESULT: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}], "text": "Glucose fasting"},
    "subject": {"reference": "Patient/p1"},
    "performer": [
        {"reference": "Organization/o1"},
        {"identifier": {"system": "urn:i", "value": "9"}},
    ],
    "effectivePeriod": {"start": "2026-06-01", "end": "2026-06-03T12:00:00+08:00"},
    "valueQuantity": {
        "value": Decimal("5.40"), "unit": "mmol/L", "system": UCUM, "code": "mmol/L",
    },
    "component": [
        {
            "code": {"coding": [{"system": "urn:c", "code": "a"}]},
            "valueQuantity": {"value": 3, "comparator": "<", "unit": "g/L"},
        },
        {
            "code": {"coding": [{"system": "urn:c", "code": "b"}]},
            "valueQuantity": {"value": 90, "system": UCUM, "code": "mg/dL"},
        },
    ],
}  # fmt: skip
TOLD: dict[str, Any] = {"resourceType": "Observation", "valueString": "Résumé: fine"}


def holds(resource: Mapping[str, Any], asked: str) -> bool:
    """Whether `name:modifier=value,value` is met."""
    key, _, text = asked.partition("=")
    name, _, modifier = key.partition(":")
    parameter = parameters(str(resource["resourceType"]))[name]
    values = [read_value(parameter, modifier, one) for one in split(text, ",")]
    return matches(parameter, modifier, values, resource)


YES = [
    (PATIENT, "identifier=A-7"), (PATIENT, "identifier=urn:oid:1.2.3|A-7"),
    (PATIENT, "identifier=urn:oid:1.2.3|"), (PATIENT, "identifier:of-type=urn:t|MR|A-7"),
    (PATIENT, "identifier:text=病案"), (PATIENT, "identifier=x,A-7"),
    (PATIENT, "name=张"), (PATIENT, "name=三"), (PATIENT, "name=张三"), (PATIENT, "name=zs"),
    (PATIENT, "name=zhangs"), (PATIENT, "name=ZHANG"), (PATIENT, "name=jorg"),
    (PATIENT, "name=Jörg Mül"), (PATIENT, "name:contains=muller"), (PATIENT, "name:exact=张三"),
    (PATIENT, "family=zhang"), (PATIENT, "gender=female"), (PATIENT, "gender:not=male"),
    (PATIENT, "birthdate=1980-02"), (PATIENT, "birthdate=ge1980-02-29"),
    (PATIENT, "phone=13800000000"), (PATIENT, "telecom=mobile|13800000000"),
    (PATIENT, "email=a@b.example"), (PATIENT, "deceased=false"), (PATIENT, "address=石家庄"),
    (PATIENT, "address=0500"), (PATIENT, "address-city=shijiazhuang"),
    (PATIENT, "address:contains=家庄"), (PATIENT, "general-practitioner:missing=true"),
    (PATIENT, "birthdate:missing=false"), (PATIENT, "_profile=http://p.example/a"),
    (PATIENT, "_profile=http://p.example/a|1.2"), (PATIENT, "_profile:below=http://p.example"),
    (PATIENT, "_tag=urn:g|x"),
    (RESULT, "code=2345-7"), (RESULT, "code:text=glucose"), (RESULT, "status=final"),
    (RESULT, "status=http://hl7.org/fhir/observation-status|final"),
    (RESULT, "subject=Patient/p1"), (RESULT, "subject=p1"), (RESULT, "subject:Patient=p1"),
    (RESULT, "patient=p1"), (RESULT, "performer=Organization/o1"),
    (RESULT, "performer:identifier=urn:i|9"), (RESULT, "performer:identifier=9"),
    (RESULT, "date=2026-06"), (RESULT, "date=lt2026-06-02"),
    (RESULT, "date=sa2026-05-31"), (RESULT, "date=ap2026-06-04"),
    (RESULT, "value-quantity=5.4"), (RESULT, "value-quantity=5.40"),
    (RESULT, "value-quantity=5"), (RESULT, f"value-quantity=5.4|{UCUM}|mmol/L"),
    (RESULT, f"value-quantity=5400|{UCUM}|umol/L"), (RESULT, "value-quantity=5.4||mmol/L"),
    (RESULT, f"value-quantity=gt0.0053|{UCUM}|mol/L"), (RESULT, "value-quantity=ap5"),
    (RESULT, "value-quantity=ne5.5"), (RESULT, "value-quantity=le5.40"),
    (RESULT, "component-value-quantity=lt4"), (RESULT, "component-value-quantity=lt3"),
    (RESULT, f"component-value-quantity=0.9|{UCUM}|g/L"),
    (RESULT, "code-value-quantity=2345-7$gt5"), (RESULT, "combo-code-value-quantity=urn:c|b$90"),
    (RESULT, "component-code-value-quantity=a$lt5"), (RESULT, "data-absent-reason:missing=true"),
    (TOLD, "value-string=resume"), (TOLD, "value-string:contains=FINE"),
    (TOLD, "value-string:exact=Résumé: fine"),
    ({"resourceType": "Patient", "deceasedDateTime": "2020"}, "deceased=true"),
    ({"resourceType": "Patient"}, "deceased=false"),
    ({"resourceType": "Patient"}, "gender:not=male"),
]  # fmt: skip
NO = [
    (PATIENT, "identifier=a-7"), (PATIENT, "identifier=|A-7"), (PATIENT, "identifier=urn:x|A-7"),
    (PATIENT, "identifier:of-type=urn:t|XX|A-7"), (PATIENT, "name=李"), (PATIENT, "name=lisi"),
    (PATIENT, "name=hang"), (PATIENT, "name:exact=zhangsan"), (PATIENT, "name=muller"),
    (PATIENT, "gender=male"), (PATIENT, "gender:not=male,female"), (PATIENT, "gender=FEMALE"),
    (PATIENT, "birthdate=1980-03"), (PATIENT, "birthdate=gt1980-02-29"),
    (PATIENT, "phone=a@b.example"), (PATIENT, "deceased=true"), (PATIENT, "address=庄家"),
    (PATIENT, "birthdate:missing=true"), (PATIENT, "_profile=http://p.example/a|2"),
    (PATIENT, "_profile=http://p.example"), (PATIENT, "name=...") ,
    (RESULT, "code=|2345-7"), (RESULT, "code=http://loinc.org|2345"),
    (RESULT, "status=http://other.example|final"), (RESULT, "subject=Group/p1"),
    (RESULT, "subject=p2"), (RESULT, "performer=Practitioner/o1"),
    (RESULT, "performer=http://a.example/Organization/o1"), (RESULT, "date=2026-06-02"),
    (RESULT, "date=gt2026-06-03"), (RESULT, "date=eb2026-06-03"), (RESULT, "date=ge2026-06-03"),
    (RESULT, "value-quantity=5.41"), (RESULT, "value-quantity=5.0"),
    (RESULT, "value-quantity=gt5.40"), (RESULT, f"value-quantity=5.4|{UCUM}|mg/dL"),
    (RESULT, f"value-quantity=5.4|{UCUM}|umol/L"), (RESULT, "value-quantity=5.4|urn:x|mmol/L"),
    (RESULT, "component-value-quantity=gt91"), (RESULT, "component-value-quantity=3"),
    (RESULT, "code-value-quantity=2345-7$lt5"), (RESULT, "combo-code-value-quantity=urn:c|a$90"),
    (RESULT, "value-string=x"), (TOLD, "value-string=fine"),
    ({"resourceType": "Observation"}, "date=ge1900"),
    ({"resourceType": "Observation"}, "value-quantity=ne5"),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "asked"), YES)
def test_it_is_what_was_asked_for(resource: Mapping[str, Any], asked: str) -> None:
    assert holds(resource, asked)


@pytest.mark.parametrize(("resource", "asked"), NO)
def test_it_is_not(resource: Mapping[str, Any], asked: str) -> None:
    assert not holds(resource, asked)


@pytest.mark.parametrize(
    "asked",
    [
        "value-quantity=abc", "value-quantity=5.4|mmol/L", "value-quantity=5.4|a|b|c",
        "value-quantity=NaN", "value-quantity=1e9999", "value-quantity=", "value-quantity=Infinity",
        "value-quantity=5,NaN", "value-quantity=" + "9" * 61, "code-value-quantity=a",
        "code-value-quantity=a$1$2", "code-value-quantity=$1", "subject=a/b/c", "subject=/x",
        "subject:Patient=Group/1", "date=2026-13", "date=yesterday", "code=a|b|c",
        "performer:identifier=|",
    ],
)  # fmt: skip
def test_a_value_that_is_none_is_refused_by_the_parameters_name(asked: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        holds(RESULT, asked)
    (fault,) = caught.value.faults
    assert fault.path == asked.partition("=")[0].partition(":")[0]
    assert fault.expected


def test_an_identifier_of_a_type_needs_its_three_parts() -> None:
    for text in ("a|b", "a|b|", "|b|c", "a|b|c|d"):
        with pytest.raises(InvalidRequest):
            holds(PATIENT, f"identifier:of-type={text}")


def test_every_published_parameter_can_be_asked_of_an_empty_resource() -> None:
    said = {
        Kind.TOKEN: "a", Kind.DATE: "2026", Kind.QUANTITY: "1", Kind.STRING: "a",
        Kind.REFERENCE: "Patient/a", Kind.URI: "urn:a",
    }  # fmt: skip
    asked = 0
    for kind in ("Patient", "Observation", "ImagingStudy", "Provenance", "Organization", "Device"):
        for name, parameter in parameters(kind).items():
            if parameter.kind is Kind.COMPOSITE:
                text = "$".join(said[part.kind] for part in parameter.parts)
            else:
                text = said[parameter.kind]
            assert not holds({"resourceType": kind}, f"{name}={text}")
            asked += 1
    assert asked > 100
