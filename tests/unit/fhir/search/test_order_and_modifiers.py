"""What resources are sorted by, and which modifiers a parameter takes."""

from decimal import Decimal
from typing import Any

import pytest

from hie.fhir.search.definitions import Kind, parameters
from hie.fhir.search.modifiers import modifiers
from hie.fhir.search.order import sort_value

UCUM = "http://unitsofmeasure.org"
RESULT: dict[str, Any] = {
    "resourceType": "Observation",
    "code": {"coding": [{"code": "b"}, {"code": "a"}]},
    "effectivePeriod": {"start": "2026-06-01", "end": "2026-06-02"},
    "valueQuantity": {"value": Decimal(5), "system": UCUM, "code": "mmol/L"},
    "performer": [{"reference": "Organization/o"}],
}


def value(by: str, *, down: bool = False, kind: str = "Observation", **more: Any) -> Any:
    return sort_value(parameters(kind)[by], {**RESULT, **more}, down=down)


def test_of_several_values_the_first_in_the_order_asked_for_counts() -> None:
    assert (value("code"), value("code", down=True)) == ("a", "b")
    start, end = value("date"), value("date", down=True)
    assert start < end
    assert value("performer") == "Organization/o"
    assert value("status") is None


def test_quantities_are_sorted_in_one_unit() -> None:
    small = {"value": Decimal(400), "system": UCUM, "code": "umol/L"}
    assert value("value-quantity", valueQuantity=small) < value("value-quantity")
    bare = {"value": Decimal(7)}
    assert value("value-quantity", valueQuantity=bare) == Decimal(7)


def test_chinese_names_are_sorted_by_their_sound() -> None:
    def named(text: str) -> Any:
        return value("name", kind="Patient", name=[{"text": text}])

    assert named("李四") < named("王五") < named("张三") < named("Zz")


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Patient", "gender", {"not", "missing", "in", "not-in", "above", "below"}),
        ("Patient", "active", {"not", "missing"}),
        ("Patient", "identifier", {"not", "missing", "text", "of-type"}),
        ("Patient", "telecom", {"not", "missing"}),
        ("Patient", "name", {"exact", "contains", "missing"}),
        ("Patient", "birthdate", {"missing"}),
        ("Patient", "_id", {"not"}),
        ("Observation", "value-quantity", {"missing"}),
        ("Observation", "code-value-quantity", set()),
        ("ValueSet", "url", {"below", "above", "missing"}),
        ("MeasureReport", "measure", {"missing"}),
        ("Location", "near", {"missing"}),
    ],
)
def test_a_parameter_takes_the_modifiers_of_what_it_looks_at(
    kind: str, name: str, expected: set[str]
) -> None:
    assert modifiers(parameters(kind)[name]) == expected


def test_a_reference_takes_the_types_it_may_lead_to() -> None:
    found = modifiers(parameters("Observation")["subject"])
    assert found == {"identifier", "missing", "Patient", "Group", "Device", "Location"}


def test_every_parameter_of_a_kind_has_its_modifiers() -> None:
    for kind in ("Patient", "Observation", "ImagingStudy", "Location"):
        for parameter in parameters(kind).values():
            found = modifiers(parameter)
            assert ("missing" in found) is (
                parameter.kind is not Kind.COMPOSITE and parameter.name != "_id"
            )
