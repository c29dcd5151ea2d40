"""The project's profiles: sound definitions, and what the hub builds of real messages conforms."""

import json
from datetime import date
from pathlib import Path

import pytest

from adapters.hl7v2 import adapter
from hie.adapter import Site
from hie.canonical.document import write_document
from hie.canonical.keys import ReportKeys, business_keys
from hie.fhir import Resource, profile
from hie.fhir.conforms import check_profile
from hie.fhir.profile_tree import R4, read_profile
from hie.fhir.shipped_profiles import SUPPORTED, shipped_definitions, shipped_profiles
from hie.records import ImagingReportRecord, LabReportRecord
from hie.schemas import schema
from hie.synthetic.load import many
from hie.terminology.expansion import find_value_set
from hie.terminology.shipped import own_terminology
from tests.profiled import KNOWN, departures, findings, library
from tests.unit.adapters.hl7v2.test_samples import ROOT, SAMPLES, site
from tests.unit.canonical.making import SITE, made
from tests.unit.canonical.test_document import CASES

EVERY = (*shipped_definitions(), *own_terminology())
FOLDERS = ("profiles", "operations", "terminology/fhir")


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one['resourceType']}-{one['id']}")
def test_a_definition_that_ships_is_valid_r4_and_named_by_its_address(one: dict[str, str]) -> None:
    assert profile.check(dict(one)) == []
    assert one["url"] == f"https://hie.example/fhir/{one['resourceType']}/{one['id']}"


def test_a_definition_lies_in_the_file_of_its_name() -> None:
    for folder in FOLDERS:
        for file in schema(*folder.split("/")).iterdir():
            one = json.loads(file.read_bytes())
            names = {f"{one['id']}.json", f"{one['resourceType']}-{one['id']}.json"}
            assert Path(file.name).name in names


@pytest.mark.parametrize("url", sorted(shipped_profiles()))
def test_all_that_a_profile_leads_to_ships_and_all_it_says_is_checked(url: str) -> None:
    one = shipped_profiles()[url]
    assert one.untold == ()
    assert one.named() <= set(shipped_profiles())
    assert str(one.base).startswith(R4)
    waiting = [one.root]
    for node in waiting:
        waiting += [*node.children.values(), *node.slices.values()]
        if node.binding is not None:
            assert find_value_set(node.binding[1], library()) is not None


@pytest.mark.parametrize(
    "one", [d for d in EVERY if d["resourceType"] == "StructureDefinition"], ids=lambda d: d["id"]
)
def test_a_snapshot_says_all_that_the_differential_says(one: Resource) -> None:
    whole = {element["id"]: element for element in one["snapshot"]["element"]}
    for element in one["differential"]["element"]:
        said = whole[element["id"]]
        for name, value in element.items():
            if name == "constraint":
                assert all(rule in said["constraint"] for rule in value)
            else:
                assert said[name] == value, (element["id"], name)
    assert whole[one["type"]]["max"] == "*"
    parents = {key.rpartition(".")[0] for key in whole} - {""}
    assert parents <= set(whole)


@pytest.mark.parametrize("name", sorted(SUPPORTED.values()))
def test_a_profile_by_its_snapshot_finds_what_it_finds_by_its_differential(name: str) -> None:
    definition = next(one for one in EVERY if one["url"] == name)
    by_snapshot = read_profile({k: v for k, v in definition.items() if k != "differential"})
    for bad in ({"resourceType": definition["type"]}, {"resourceType": "Group"}):
        found = check_profile(bad, by_snapshot, KNOWN).faults
        assert set(findings(bad, name).faults) <= set(found)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_built_of_a_sample_conforms(name: str) -> None:
    decoded = adapter.decode((ROOT / name).read_bytes(), site(ROOT / name))
    assert _built(decoded.records) >= 0


def test_what_is_built_of_the_demo_s_messages_conforms() -> None:
    for _, content in many(20, results=30, seed=7, day=date(2026, 6, 1)):
        decoded = adapter.decode(content, Site("s", SITE.institution, "hl7v2", {}))
        assert _built(decoded.records) == 1


def _built(records: object) -> int:
    """How many reports the hub makes something of; `made` asks the profiles."""
    number = 0
    for record in records if isinstance(records, tuple | list) else ():
        if not isinstance(record, LabReportRecord | ImagingReportRecord):
            continue
        if isinstance(business_keys(record, SITE, "m1"), ReportKeys):
            made(record)
            number += 1
    return number


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_decision_in_a_document_conforms(name: str) -> None:
    document = write_document(CASES[name])
    kinds = [entry["resource"] for entry in document["entry"]]
    decisions = [one for one in kinds if one["resourceType"] == "DetectedIssue"]
    assert len(decisions) == 1
    assert departures(decisions) == []


def test_every_extension_the_hub_writes_has_a_definition() -> None:
    for name in sorted(CASES):
        for url in _extensions(write_document(CASES[name])):
            assert url in shipped_profiles() or not url.startswith("https://hie.example")


def _extensions(tree: object) -> set[str]:
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found |= {each["url"] for each in one.get("extension", ()) if ":" in each["url"]}
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


@pytest.mark.parametrize("kind", sorted(SUPPORTED))
def test_an_empty_resource_conforms_to_no_profile_of_its_type(kind: str) -> None:
    assert findings({"resourceType": kind}).faults
