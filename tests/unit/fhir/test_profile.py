"""R4 is checked by structure, invariants, references; the second opinion never disagrees."""

import importlib
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.api.capabilities import statement
from hie.fhir import structure
from hie.fhir.narrow import TYPES, is_surely_sound
from hie.fhir.profile import MOST_FAULTS, check, look_closely, types
from hie.fhir.wire import parse
from hie.schemas import schema

UCUM = "http://unitsofmeasure.org"


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
            "system": UCUM,
            "code": "mmol/L",
        },
    }
    observation.update(changes)
    return {key: value for key, value in observation.items() if value is not ...}


def a(kind: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": kind, **members}


def codes(resource: dict[str, Any]) -> set[str]:
    return {fault.code for fault in check(resource)}


def test_a_good_observation_passes_both_checkers() -> None:
    assert check(an_observation()) == []
    assert structure.check(an_observation()) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"status": "zzz"}, "Observation.status"),
        ({"status": None}, "Observation.status"),
        ({"status": ...}, "Observation"),
        ({"code": ...}, "Observation"),
        ({"code": "K"}, "Observation.code"),
        ({"effectiveDateTime": "2024-02-30"}, "Observation.effectiveDateTime"),
        ({"effectiveDateTime": "2026-06-15T10:00:00"}, "Observation.effectiveDateTime"),
        ({"effectiveDateTime": "2026-06-15T10:00+08:00"}, "Observation.effectiveDateTime"),
        ({"effectiveInstant": "2026-06-15T10:00:00Z"}, "Observation"),
        ({"issued": "2026-06-15"}, "Observation.issued"),
        ({"valueString": "two values"}, "Observation"),
        ({"valueQuantity": ..., "valueString": ""}, "Observation.valueString"),
        ({"valueQuantity": ..., "valueString": "a\x1b[31m"}, "Observation.valueString"),
        ({"valueQuantity": ..., "valueTime": "25:00:00"}, "Observation.valueTime"),
        ({"category": []}, "Observation.category"),
        ({"subject": {}}, "Observation.subject"),
        ({"bogus": 1}, "Observation"),
        ({"id": "a b"}, "Observation.id"),
        ({"id": "x" * 65}, "Observation.id"),
        ({"language": " zh"}, "Observation.language"),
        ({"implicitRules": "a b"}, "Observation.implicitRules"),
        ({"valueQuantity": {"value": "5.1"}}, "Observation.valueQuantity.value"),
        (
            {"valueQuantity": {"value": 1, "comparator": "="}},
            "Observation.valueQuantity.comparator",
        ),
    ],
)
def test_what_the_structure_of_r4_forbids_is_refused_where_it_stands(
    change: dict[str, Any], path: str
) -> None:
    assert path in {fault.path for fault in check(an_observation(**change))}
    assert codes(an_observation(**change)) <= {"structure", "required", "binding", "value"}


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (an_observation(dataAbsentReason={"text": "beside a value"}), "obs-6"),
        (an_observation(referenceRange=[{"appliesTo": [{"text": "no bound"}]}]), "obs-3"),
        (
            an_observation(component=[{"code": {"coding": an_observation()["code"]["coding"]}}]),
            "obs-7",
        ),
        (an_observation(valueQuantity={"value": 1, "code": "mmol/L"}), "qty-3"),
        (an_observation(referenceRange=[{"low": {"value": 1, "code": "g"}}]), "qty-3"),
        (an_observation(referenceRange=[{"low": {"value": 1, "comparator": "<"}}]), "sqty-1"),
        (an_observation(valueQuantity=..., valueRatio={"numerator": {"value": 1}}), "rat-1"),
        (
            an_observation(
                valueQuantity=..., valueRange={"low": {"value": 2}, "high": {"value": 1}}
            ),
            "rng-2",
        ),
        (
            an_observation(
                effectiveDateTime=..., effectivePeriod={"start": "2026-06", "end": "2026-05-31"}
            ),
            "per-1",
        ),
        (an_observation(extension=[{"url": "u"}]), "ext-1"),
        (an_observation(extension=[{"url": "u", "valueCode": "a", "valueString": "b"}]), "ext-1"),
        (
            an_observation(
                extension=[
                    {"url": "u", "extension": [{"url": "v", "valueCode": "a"}, {"url": "w"}]}
                ]
            ),
            "ext-1",
        ),
        (an_observation(modifierExtension=[{"url": "u"}]), "ext-1"),
        (an_observation(subject={"reference": "#p"}), "ref-1"),
        (an_observation(contained=[a("Patient", id="p")]), "dom-3"),
        (
            an_observation(
                subject={"reference": "#p"},
                contained=[a("Patient", id="p", meta={"versionId": "1"})],
            ),
            "dom-4",
        ),
        (an_observation(subject={"reference": "Specimen/x"}), "reference-target"),
        (an_observation(performer=[{"reference": "Device/x"}]), "reference-target"),
        (a("Organization"), "org-1"),
        (a("Organization", name="x", telecom=[{"use": "home"}]), "org-3"),
        (a("Organization", name="x", address=[{"use": "home"}]), "org-2"),
        (a("Patient", contact=[{"gender": "male"}]), "pat-1"),
        (a("Patient", telecom=[{"value": "1"}]), "cpt-2"),
        (a("Patient", photo=[{"data": "AAAA"}]), "att-1"),
        (
            a(
                "ServiceRequest",
                status="active",
                intent="order",
                subject={"reference": "Patient/a"},
                orderDetail=[{"text": "x"}],
            ),
            "prr-1",
        ),
        (
            a(
                "Provenance",
                target=[{"reference": "Observation/a"}],
                recorded="2026-06-15T10:00:00Z",
                agent=[{"who": {"reference": "Specimen/a"}}],
            ),
            "reference-target",
        ),
    ],
)
def test_an_invariant_is_named_by_its_key(resource: dict[str, Any], code: str) -> None:
    assert codes(resource) == {code}
    assert not is_surely_sound(resource)


@pytest.mark.parametrize(
    "change",
    [
        {"valueQuantity": {"value": 1, "extension": [{"url": "u", "valueCode": "a"}]}},
        {"referenceRange": [{"low": {"value": 5}, "high": {"value": 4}}]},
        {"subject": {"reference": "https://other.example/fhir/Specimen/1"}},
        {"subject": {"identifier": {"value": "1"}}},
        {"basedOn": [{"reference": "ImmunizationRecommendation/1"}]},
        {"subject": {"reference": "#p"}, "contained": [a("Patient", id="p")]},
        {"effectiveDateTime": "2016-12-31T23:59:60Z"},
        {"effectiveDateTime": "9999-12-31"},
        {"status": ..., "_status": {"extension": [{"url": "u", "valueCode": "a"}]}},
        {"note": [{"text": "全角　空格 and no-break\u00a0space"}]},
        {"note": [{"text": "two\nlines\tand a tab"}]},
        {"valueQuantity": ..., "component": [{"code": {"text": "a"}, "valueString": "b"}]},
        {"effectiveDateTime": ..., "effectivePeriod": {"start": "2026-06-15", "end": "2026-06-15"}},
    ],
)
def test_what_r4_allows_is_accepted(change: dict[str, Any]) -> None:
    assert check(an_observation(**change)) == []


def test_a_type_that_is_not_served_is_named() -> None:
    for kind in ("Basic", "", None, 1, ["Patient"]):
        assert [fault.code for fault in check({"resourceType": kind})] == ["unknown-type"]
        assert [f.code for f in structure.check({"resourceType": kind})] == ["unknown-type"]


def test_a_refusal_never_quotes_the_value() -> None:
    faults = check(a("Patient", birthDate="张三", gender="张三", name="张三", id="张三 张三"))
    assert len(faults) == 4
    assert "张三" not in repr(faults)


def test_a_resource_with_a_thousand_faults_tells_the_first() -> None:
    faults = check(a("Patient", name=[{"text": 1}] * 1000))
    assert len(faults) == MOST_FAULTS


def test_a_resource_within_a_bundle_is_checked_as_its_type() -> None:
    entries = [{"resource": an_observation()}, {"resource": a("Patient", gender="x")}]
    (fault,) = check(a("Bundle", type="collection", entry=entries))
    assert fault.path == "Bundle.entry[1].resource.gender"


def test_the_capability_statement_and_the_operation_are_valid_r4() -> None:
    assert check(dict(statement("http://localhost:8000"))) == []
    assert check(parse(schema("operations", "assess.json").read_bytes())) == []


_MEMBERS = {
    "status": st.sampled_from(["final", "zzz", "", None]),
    "code": st.sampled_from([{"text": "a"}, {}, [], {"coding": [{"code": "a"}]}]),
    "subject": st.sampled_from([{"reference": "Patient/a"}, {"display": "x"}, "x"]),
    "effectiveDateTime": st.sampled_from(["2026", "2026-06-15T10:00:00Z", "2026-02-30", 3]),
    "valueString": st.sampled_from(["a", "", 1]),
    "valueQuantity": st.sampled_from([{"value": 1}, {"value": "1"}, {}, {"foo": 1}]),
    "note": st.sampled_from([[{"text": "a"}], [], [{}], {"text": "a"}]),
    "performer": st.sampled_from([[{"reference": "Organization/a"}], [None]]),
    "extension": st.sampled_from([[{"url": "a", "valueInteger": 1}], [{"valueInteger": 1}], []]),
    "component": st.sampled_from([[{"code": {"text": "a"}}], [{}]]),
}


_ANY_REFERENCE = st.builds(
    lambda kind, more: {"reference": f"{kind}/a", **more},
    st.sampled_from([*sorted(TYPES), "Group", "https://a.example/Group", "#", "Medication"]),
    st.sampled_from([{}, {"display": "x"}, {"type": "Patient"}]),
)
_ANY_END = st.sampled_from(["2026", "2026-06", "2026-06-15", "2025-01-01T00:00:00Z", "x"])
_ANY_PERIOD = st.fixed_dictionaries({}, optional={"start": _ANY_END, "end": _ANY_END})
_ANY_QUANTITY = st.builds(lambda value: {"value": value}, st.integers(0, 3))
_ANY_RANGE = st.fixed_dictionaries({}, optional={"low": _ANY_QUANTITY, "high": _ANY_QUANTITY})
_ANY_EXTENSION = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "url": st.sampled_from(["u", ""]),
            "id": st.just("i"),
            "valueCode": st.sampled_from(["a", " a"]),
            "valueString": st.just("a"),
            "valueQuantity": _ANY_QUANTITY,
            "valueRange": _ANY_RANGE,
            "valueReference": _ANY_REFERENCE,
            "_valueCode": st.just({"id": "a"}),
        },
    ),
    lambda inner: st.builds(lambda parts: {"url": "u", "extension": parts}, st.lists(inner)),
    max_leaves=3,
)
_COMMON = {
    "extension": st.lists(_ANY_EXTENSION, min_size=1),
    "modifierExtension": st.lists(_ANY_EXTENSION, min_size=1),
    "contained": st.just([a("Patient", id="p")]),
    "subject": _ANY_REFERENCE,
    "basedOn": st.lists(_ANY_REFERENCE, min_size=1),
    "performer": st.lists(_ANY_REFERENCE, min_size=1),
    "specimen": _ANY_REFERENCE,
}
_OWN: dict[str, dict[str, Any]] = {
    "Observation": {
        "effectivePeriod": _ANY_PERIOD,
        "valueRange": _ANY_RANGE,
        "referenceRange": st.lists(_ANY_RANGE, min_size=1),
        "component": st.just([{"code": {"text": "K"}}]),
        "issued": st.sampled_from(["2026-06-15T10:00:00Z", "2026-02-30T10:00:00Z", "2026"]),
    },
    "DiagnosticReport": {
        "result": st.lists(_ANY_REFERENCE, min_size=1),
        "media": st.lists(st.builds(lambda link: {"link": link}, _ANY_REFERENCE), min_size=1),
    },
    "Provenance": {
        "target": st.lists(_ANY_REFERENCE, min_size=1),
        "recorded": st.just("2026-06-15T10:00:00Z"),
        "agent": st.lists(st.builds(lambda who: {"who": who}, _ANY_REFERENCE), min_size=1),
    },
}


@pytest.mark.parametrize("kind", sorted(_OWN))
@given(data=st.data())
def test_what_is_surely_sound_is_so_when_looked_at_closely(kind: str, data: st.DataObject) -> None:
    required = {
        "Observation": {"status": "final", "code": {"text": "K"}},
        "DiagnosticReport": {"status": "final", "code": {"text": "K"}},
        "Provenance": {},
    }
    every = {**_COMMON, **_OWN[kind]}
    names = data.draw(st.lists(st.sampled_from(sorted(every)), unique=True, max_size=4))
    members = {name: data.draw(every[name]) for name in names}
    resource = a(kind, **required[kind], **members)
    if is_surely_sound(resource):
        assert look_closely(resource) == []


@given(st.fixed_dictionaries({}, optional=_MEMBERS))
def test_what_the_schema_accepts_the_second_opinion_accepts(members: dict[str, Any]) -> None:
    resource = a("Observation", **members)
    if check(resource) == []:
        assert structure.check(resource) == []


def test_a_reference_may_name_nothing_that_the_second_opinion_forbids() -> None:
    """The packager of the R4 definitions added types of its own to some elements."""
    text = schema("fhir", "r4.targets.json").read_bytes()
    for path, kinds in msgspec.json.decode(text, type=dict[str, list[str]]).items():
        root, *steps, name = path.split(".")
        module = importlib.import_module(f"fhir.resources.R4B.{root.lower()}")
        model = getattr(module, root + "".join(step[0].upper() + step[1:] for step in steps))
        fields = {(field.alias or key): field for key, field in model.model_fields.items()}
        allowed = set(fields[name].json_schema_extra["enum_reference_types"])
        assert set(kinds) <= allowed, path


def test_every_type_the_hub_stores_can_be_checked() -> None:
    stored = (
        "Patient Observation DiagnosticReport Specimen ServiceRequest Organization Practitioner "
        "PractitionerRole Device Provenance"
    )
    assert set(stored.split()) <= types()


def test_a_resource_of_a_type_that_is_not_served_is_not_looked_into() -> None:
    strange = {
        "resourceType": "List",
        "meta": "",
        "contained": [{"resourceType": "Observation", "component": 5}],
        "extension": 5,
        "reference": 7,
        "div": {},
        "high": [],
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": strange}]}
    assert check(bundle) == []
