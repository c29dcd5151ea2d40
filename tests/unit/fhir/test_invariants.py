"""Every invariant of R4 is checked: what meets it passes, its twin is refused under its key."""

from typing import Any

import msgspec
import pytest

from hie.fhir.narrative import broken_by
from hie.fhir.profile import MOST_FAULTS, check
from hie.fhir.wire import parse, write
from hie.schemas import schema
from tests.unit.fhir.invariant_cases import CASES, OBSERVATION, changed

R4 = msgspec.json.decode(schema("fhir", "r4.invariants.json").read_bytes())
ERRORS = {key for key, one in R4.items() if one["severity"] == "error"}
ALWAYS_MET = {"eld-11"}  # its expression is true of whatever has a type
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def test_there_is_a_case_for_every_invariant_of_the_served_types() -> None:
    assert set(CASES) == ERRORS - ALWAYS_MET


@pytest.mark.parametrize("key", sorted(CASES))
def test_what_meets_an_invariant_passes_and_its_twin_is_refused(key: str) -> None:
    resource, way, value = CASES[key]
    good, bad = (parse(write(one)) for one in (resource, changed(resource, way, value)))
    assert check(good) == []
    faults = check(bad)
    assert key in {fault.code for fault in faults}
    told = next(fault for fault in faults if fault.code == key)
    assert told.path.startswith(bad["resourceType"])
    assert told.expected


@pytest.mark.parametrize("key", sorted(CASES))
def test_an_invariant_holds_within_a_bundle_too(key: str) -> None:
    resource, way, value = CASES[key]
    wrong = changed(resource, way, value)
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": wrong}]}
    faults = [fault for fault in check(parse(write(bundle))) if fault.code == key]
    assert faults
    assert faults[0].path.startswith("Bundle.entry[0].resource")


def test_each_resource_of_a_bundle_contains_its_own() -> None:
    own, _, _ = CASES["dom-3"]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": own}] * 2}
    assert check(bundle) == []
    stranger = changed(own, "contained", ...)
    bundle["entry"] = [{"resource": own}, {"resource": stranger}]
    assert [(one.path, one.code) for one in check(bundle)] == [
        ("Bundle.entry[1].resource.managingOrganization.reference", "ref-1")
    ]


def test_ten_thousand_references_to_ten_thousand_contained_are_looked_up_once() -> None:
    contained = [{"resourceType": "Organization", "id": f"o{n}", "name": "n"} for n in range(9_000)]
    led = [{"reference": f"#o{n}"} for n in range(9_000)]
    patient = {"resourceType": "Patient", "contained": contained, "generalPractitioner": led}
    assert check(patient) == []


def test_a_thousand_faults_are_told_by_the_first_hundred() -> None:
    entries = [{"fullUrl": "u:1", "resource": OBSERVATION}] * 1_000
    faults = check({"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert len(faults) == MOST_FAULTS


@pytest.mark.parametrize(
    ("kind", "member", "value"),
    [
        ("ServiceRequest", "status", "done"),
        ("ServiceRequest", "intent", "wish"),
        ("ServiceRequest", "priority", "soon"),
        ("Observation", "status", "done"),
        ("Observation", "language", "中文"),
        ("Communication", "status", "sent"),
        ("Task", "priority", "soon"),
        ("DetectedIssue", "status", "done"),
        ("DocumentReference", "docStatus", "done"),
        ("Binary", "contentType", "pdf"),
        ("SearchParameter", "base", ["Patients"]),
        ("Location", "hoursOfOperation", [{"daysOfWeek": ["monday"]}]),
        ("Patient", "photo", [{"contentType": "image"}]),
        ("Patient", "extension", [{"url": "u", "valueMoney": {"value": 1, "currency": "yuan"}}]),
        ("Measure", "improvementNotation", {"coding": [{"system": "s", "code": "increase"}]}),
        ("Measure", "improvementNotation", {"text": "increase"}),
    ],
)
def test_a_required_binding_takes_its_codes_alone(kind: str, member: str, value: Any) -> None:
    faults = check({"resourceType": kind, member: value})
    assert "binding" in {one.code for one in faults if one.path.startswith(f"{kind}.{member}")}


@pytest.mark.parametrize(
    "value",
    [
        {"contentType": "application/fhir+json; charset=UTF-8", "language": "zh-Hans-CN"},
        {"contentType": "text/plain;charset=gb18030"},
        {"contentType": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    ],
)
def test_a_media_type_and_a_language_are_taken_in_every_form(value: dict[str, str]) -> None:
    assert check({"resourceType": "Patient", "photo": [value]}) == []


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"url": "Patient"}}]},
        {"resourceType": "ConceptMap", "status": "draft", "group": [
            {"element": [{"target": [{"code": "a"}]}]}]},
        {"resourceType": "ValueSet", "status": "draft", "compose": {"include": [
            {"system": "s", "concept": [{"display": "d"}]}]}},
    ],
)  # fmt: skip
def test_what_is_required_is_required_at_any_depth(resource: dict[str, Any]) -> None:
    assert "required" in {fault.code for fault in check(resource)}


@pytest.mark.parametrize(
    "text",
    [
        "text", "<p style='color: red'>5 &lt; 6</p>", "<table><tr><td colspan='2'>a</td></tr></table>",
        "<a href='https://hie.example'>b</a>", "<img src='#a' alt='b'/>", "a&nbsp;&copy;&#233;",
        "<ul><li>a</li></ul>", "中文",
    ],
)  # fmt: skip
def test_formatted_text_is_a_narrative(text: str) -> None:
    assert broken_by(XHTML.format(text)) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("<script>a</script>", "txt-1"), ("<p onclick='a()'>a</p>", "txt-1"),
        ("<iframe src='a'/>", "txt-1"), ("<form>a</form>", "txt-1"), ("<p>a", "txt-1"),
        ("<ins>a</ins>", "txt-1"), ("&nobody;", "txt-1"), ("<?php a ?>b", "txt-1"),
        ("<div>" * 300 + "a" + "</div>" * 300, "txt-1"), ("", "txt-2"), (" \n ", "txt-2"),
        ("<br/>", "txt-2"),
    ],
)  # fmt: skip
def test_what_is_no_formatting_or_says_nothing_is_none(text: str, key: str) -> None:
    assert broken_by(XHTML.format(text)) == key


def test_a_narrative_that_would_grow_is_refused_before_it_does() -> None:
    bomb = '<!DOCTYPE div [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><div>&b;</div>'
    assert broken_by(bomb) == "txt-1"
    assert broken_by("<p>no div</p>") == "txt-1"
