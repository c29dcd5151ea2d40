"""A profile's demands, one by one: what meets them passes, its twin is named where it stands."""

from decimal import Decimal
from typing import Any

import pytest

from hie.errors import UnprocessableRequest
from hie.fhir import extension
from hie.fhir.conforms import Known, check_profile
from hie.fhir.profile_tree import R4, read_profile
from tests.profiled import findings
from tests.unit.canonical.making import made, only
from tests.unit.canonical.recording import HEAD, OBR, SPM, decoded

Resource = dict[str, Any]
OBX = "OBX|1|NM|K^钾^99LAB||4.10|mmol/L|3.5-5.3|N|||F|||20260612081000+0800\r"
SYSTEM = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}


def a_result() -> Resource:
    return only(made(decoded(HEAD + OBR + SPM + OBX)), "Observation")


def codes(resource: Resource) -> set[str]:
    return {fault.code for fault in findings(resource).faults}


def profiled(*elements: Resource, **more: Any) -> Resource:
    return {"resourceType": "StructureDefinition", "url": "urn:p", "type": "Observation", "kind": "resource",
            "baseDefinition": f"{R4}Observation", "differential": {"element": [
                {"id": "Observation", "path": "Observation"}, *elements]}, **more}  # fmt: skip


def element(way: str, **said: Any) -> Resource:
    path = ".".join(step.partition(":")[0] for step in way.split("."))
    return {"id": way, "path": path, **said}


def by(definition: Resource, resource: Resource, **members: Any) -> list[str]:
    known = Known(lambda _url, _system, code: {"in": True, "out": False}.get(code), members)
    found = check_profile(resource, read_profile(definition), known)
    return [f"{one.path} {one.code}" for one in found.faults] + [
        f"{path} not checked" for path, _ in found.notes
    ]


def test_a_result_the_hub_built_conforms() -> None:
    assert findings(a_result()).faults == []
    assert findings(a_result()).notes == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"identifier": ...}, "required"),
        ({"identifier": [{"value": "1"}]}, "required"),
        ({"performer": ...}, "required"),
        ({"category": [{"coding": [{"code": "laboratory"}]}]}, "required"),
        ({"subject": {"reference": "Group/1"}}, "reference-target"),
        ({"effectiveDateTime": ..., "effectiveInstant": "2026-06-12T08:00:00Z"}, "type"),
        ({"valueQuantity": ...}, "hie-1"),
        ({"extension": [{"url": extension("control"), "valueCode": "maybe"}]}, "binding"),
        ({"extension": [{"url": extension("control"), "valueString": "in"}]}, "type"),
        ({"extension": [{"url": extension("control"), "valueCode": "in"}] * 2}, "max"),
        ({"extension": [{"url": extension("reported"), "valueQuantity": {"value": 1}}],
          "valueQuantity": ..., "valueString": "1"}, "hie-2"),
        ({"code": {"text": "K", "coding": [
            {"system": "https://hie.example/fhir/CodeSystem/item", "code": "nothing"}]}}, "binding"),
        ({"code": {"coding": [{"code": "K"}]}}, "required"),
        ({"referenceRange": [{"low": {"value": 1}}]}, "required"),
    ],
)  # fmt: skip
def test_a_result_that_departs_is_named(change: Resource, code: str) -> None:
    changed = {key: part for key, part in {**a_result(), **change}.items() if part is not ...}
    assert code in codes(changed)


def test_a_stranger_s_extension_and_coding_are_nobody_s_business() -> None:
    more = {**a_result(), "extension": [{"url": "urn:other", "valueString": "x"}]}
    more["code"]["coding"].append({"system": "urn:other", "code": "x"})
    assert findings(more).faults == []


def test_another_type_is_told_at_once() -> None:
    found = findings({"resourceType": "Patient"}, extension("report"))
    assert [one.code for one in found.faults] == ["other-type"]


def test_fixed_and_pattern_and_length() -> None:
    fixed = profiled(element("Observation.status", fixedCode="final"))
    assert by(fixed, {"resourceType": "Observation", "status": "final"}) == []
    assert by(fixed, {"resourceType": "Observation", "status": "amended"}) == [
        "Observation.status fixed"
    ]
    number = profiled(element("Observation.valueQuantity", patternQuantity={"value": Decimal("1")}))
    good = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("1.0"), "unit": "g"}}
    assert by(number, good) == []
    assert by(number, {"resourceType": "Observation", "valueQuantity": {"value": 2}}) == [
        "Observation.valueQuantity pattern"
    ]
    short = profiled(element("Observation.valueString", maxLength=2))
    assert by(short, {"resourceType": "Observation", "valueString": "abc"}) == [
        "Observation.valueString value"
    ]


def test_bindings_of_every_kind_of_coded_element() -> None:
    bound = {"strength": "required", "valueSet": "urn:v"}
    coded = profiled(element("Observation.code", binding=bound))
    for code, said in (("in", []), ("out", ["Observation.code binding"]),
                       ("else", ["Observation.code not checked"])):  # fmt: skip
        concept = {"coding": [{"code": code}]}
        assert by(coded, {"resourceType": "Observation", "code": concept}) == said
    assert by(coded, {"resourceType": "Observation", "code": {"text": "in"}}) == [
        "Observation.code binding"
    ]
    two = {"coding": [{"code": "out"}, {"code": "in"}]}
    assert by(coded, {"resourceType": "Observation", "code": two}) == []
    extensible = profiled(
        element("Observation.code", binding={"strength": "extensible", "valueSet": "urn:v"})
    )
    assert by(extensible, {"resourceType": "Observation"}) == ["Observation.code not checked"]


def test_slices_by_value_are_counted_and_looked_into() -> None:
    sliced = profiled(
        element("Observation.identifier", slicing={**SYSTEM, "rules": "closed"}),
        element("Observation.identifier:a", sliceName="a", min=1, max="1"),
        element("Observation.identifier:a.system", fixedUri="urn:a"),
        element("Observation.identifier:a.value", min=1),
    )

    def with_(*systems: str) -> Resource:
        listed = [{"system": one, "value": "1"} for one in systems]
        return {"resourceType": "Observation", "identifier": listed}

    assert by(sliced, with_("urn:a")) == []
    assert by(sliced, with_("urn:a", "urn:a")) == ["Observation.identifier:a max"]
    assert by(sliced, with_("urn:b")) == [
        "Observation.identifier:a required",
        "Observation.identifier[0] slice",
    ]
    assert by(sliced, {"resourceType": "Observation", "identifier": [{"system": "urn:a"}]}) == [
        "Observation.identifier[0].value required"
    ]


def test_a_choice_is_sliced_by_its_type() -> None:
    this = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}
    sliced = profiled(
        element("Observation.value[x]", slicing=this),
        element(
            "Observation.value[x]:valueQuantity",
            sliceName="valueQuantity",
            type=[{"code": "Quantity"}],
        ),
        element("Observation.value[x]:valueQuantity.unit", min=1),
    )
    assert by(sliced, {"resourceType": "Observation", "valueString": "a"}) == []
    assert by(sliced, {"resourceType": "Observation", "valueQuantity": {"value": 1}}) == [
        "Observation.valueQuantity.unit required"
    ]


def test_a_profile_rests_on_another_and_says_what_is_not_known() -> None:
    base = read_profile(profiled(element("Observation.issued", min=1)))
    above = profiled(baseDefinition="urn:p", url="urn:q")
    bare = {"resourceType": "Observation"}
    assert by(above, bare, **{"urn:p": base}) == ["Observation.issued required"]
    assert by(above, bare) == ["Observation not checked"]
    circle = {"urn:p": read_profile(profiled(baseDefinition="urn:p"))}
    assert by(profiled(baseDefinition="urn:p"), bare, **circle) == ["Observation not checked"]


def test_what_is_not_checked_is_said() -> None:
    rule = {"key": "own-1", "severity": "error", "human": "h", "expression": "true"}
    ruled = profiled(element("Observation.code", constraint=[rule]))
    assert by(ruled, {"resourceType": "Observation", "code": {"text": "a"}}) == [
        "Observation.code not checked"
    ]


def test_a_logical_model_is_no_profile() -> None:
    with pytest.raises(UnprocessableRequest):
        read_profile(profiled(kind="logical"))


def test_more_than_anybody_needs_is_not_looked_at_and_that_is_said() -> None:
    slices = [
        part
        for n in range(900)
        for part in (
            element(f"Observation.identifier:s{n}", sliceName=f"s{n}"),
            element(f"Observation.identifier:s{n}.system", fixedUri=f"urn:{n}"),
        )
    ]
    sliced = profiled(element("Observation.identifier", slicing=SYSTEM), *slices)
    many = {"resourceType": "Observation", "identifier": [{"system": "urn:a"}] * 5_000}
    assert by(sliced, many) == ["Observation not checked"]
