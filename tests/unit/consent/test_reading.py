"""What a Consent says that cannot be held to is named, never passed over."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hie.consent.naming import pointed, references
from hie.consent.provision import Level
from hie.consent.reading import read
from hie.fhir.profile import check
from tests.unit.consent.consents import KNOWN, NOW, a_consent, asked, rule

ORGANIZATION = {"resourceType": "Organization", "id": "c"}
OURS = {
    "system": "https://hie.example/fhir/sid/institution",
    "value": "91110000MA0000002J",
}


def faults(consent: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in read(consent, KNOWN, NOW).faults]


def actor(reference: dict[str, Any], role: str = "IRCP") -> dict[str, Any]:
    return {"role": {"coding": [{"code": role}]}, "reference": reference}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"code": [{"coding": [{"code": "2160-0"}]}]}, ("Consent.provision.code", "not-held-to")),
        ({"modifierExtension": [{}]}, ("Consent.provision.modifierExtension", "not-held-to")),
        ({"class": [{"system": "urn:x", "code": "y"}]}, ("Consent.provision.class", "not-known")),
        ({"purpose": [{"code": "TREAT"}]}, ("Consent.provision.purpose[0].system", "required")),
        (
            {"securityLabel": [{"system": "urn:x", "code": "HIV"}]},
            ("Consent.provision.securityLabel[0]", "not-known"),
        ),
        (
            {"action": [{"coding": [{"code": "correct"}]}]},
            ("Consent.provision.action[0]", "not-held-to"),
        ),
        (
            {"data": [{"meaning": "related", "reference": {"reference": "Patient/e"}}]},
            ("Consent.provision.data[0].meaning", "not-held-to"),
        ),
        (
            {"data": [{"meaning": "authoredby", "reference": {"reference": "Patient/p"}}]},
            ("Consent.provision.data[0].reference", "not-known"),
        ),
        (
            {"data": [{"meaning": "instance", "reference": {"reference": "https://x/Observation/1"}}]},
            ("Consent.provision.data[0].reference", "not-known"),
        ),
        ({"period": {"end": "2026-13"}}, ("Consent.provision.period.end", "not-a-time")),
        ({"dataPeriod": {"start": "x"}}, ("Consent.provision.dataPeriod.start", "not-a-time")),
        (
            {"actor": [actor({"reference": "Organization/nobody"})]},
            ("Consent.provision.actor[0].reference", "not-known"),
        ),
        (
            {"actor": [actor({"reference": "Organization/a"}, "CST")]},
            ("Consent.provision.actor[0].role", "not-held-to"),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["permit", "deny"])
def test_what_cannot_be_held_to_is_a_fault_and_denies(
    kind: str, more: dict[str, Any], expected: tuple[str, str]
) -> None:
    consent = a_consent({**rule(kind), **more})
    assert expected in faults(consent)
    assert asked(consent) is False


def test_six_provisions_deep_is_too_deep() -> None:
    tree = rule("permit")
    for _ in range(5):
        tree = rule("permit", tree)
    consent = a_consent(tree)
    path = "Consent.provision" + ".provision[0]" * 4
    assert (f"{path}.provision", "too-deep") in faults(consent)
    assert asked(consent) is False


def test_a_root_without_type_is_what_its_policy_says() -> None:
    for code, expected in (("OPTIN", True), ("OPTOUT", False)):
        policy = {"coding": [{"code": code}]}
        consent = a_consent({}, policyRule=policy)
        assert faults(consent) == []
        assert asked(consent) is expected
    assert faults(a_consent({})) == [("Consent.provision.type", "required")]
    assert asked(a_consent({})) is False


def test_an_exception_without_type_is_a_fault_and_denies() -> None:
    consent = a_consent(rule("permit", {}))
    assert faults(consent) == [("Consent.provision.provision[0].type", "required")]
    assert asked(consent) is False


def test_an_institution_is_known_by_reference_identifier_or_inside() -> None:
    for reference, more in (
        ({"reference": "Organization/b"}, {}),
        ({"reference": "Organization/b/_history/3"}, {}),
        ({"identifier": OURS}, {}),
        ({"reference": "#c"}, {"contained": [{**ORGANIZATION, "identifier": [OURS]}]}),
    ):
        consent = a_consent({"type": "deny", "actor": [actor(reference)]}, **more)
        assert faults(consent) == []
        assert asked(consent) is False
        assert asked(consent, by="91110000MA0000003G") is None


def test_what_a_consent_points_at_is_told() -> None:
    tree = rule("permit", rule("deny", who="Organization/c"), data="authoredby:Organization/a")
    assert references(a_consent(tree)) == {"Organization/a", "Organization/c"}


@pytest.mark.parametrize(
    ("tree", "level"),
    [
        (rule("permit", purpose="TREAT HPAYMT", who="Organization/a", period="2026/2027"), 1),
        (rule("permit", purpose="HRESCH"), 2),
        (rule("permit", rule("deny")), 2),
        (rule("permit", days="2026/2026"), 2),
        (rule("permit", rule("deny", labels="HIV")), 3),
    ],
)
def test_the_level_a_consent_needs(tree: dict[str, Any], level: int) -> None:
    assert read(a_consent(tree), KNOWN, NOW).level is Level(level)


def test_without_a_date_it_counts_from_when_it_came() -> None:
    consent = a_consent(rule("deny"))
    del consent["dateTime"]
    assert read(consent, KNOWN, NOW).at_us == NOW


def test_the_consent_that_the_documentation_shows_is_held_to() -> None:
    text = (Path(__file__).parents[3] / "docs" / "consent.md").read_text("utf-8")
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found is not None
    tree = json.loads(found[1].replace("Patient/…", "Patient/p5"))
    assert check({**tree, "id": "x"}) == []
    assert faults(tree) == []
    assert asked(tree, by="91110000MA0000003G") is False
    assert asked(tree) is True


@pytest.mark.parametrize(
    ("meaning", "text"),
    [("related", "Encounter/e"), ("related", "ImagingStudy/i"), ("authoredby", "Practitioner/p")],
)
def test_what_records_point_at_means_the_records_that_do(meaning: str, text: str) -> None:
    consent = a_consent(rule("deny", data=f"{meaning}:{text}/_history/2"))
    assert pointed(consent) == {(meaning, text)}
    directive = read(consent, KNOWN, NOW, {(meaning, text): ["Observation/k"]})
    assert directive.faults == ()
    assert [one.resource for one in directive.root.data or ()] == [text, "Observation/k"]


@pytest.mark.parametrize(("kind", "more"), [("deny", ["DiagnosticReport/k"]), ("permit", [])])
def test_a_study_that_is_denied_takes_what_tells_of_it_one_that_is_permitted_is_itself(
    kind: str, more: list[str]
) -> None:
    study = ("related", "ImagingStudy/i")
    consent = a_consent(rule(kind, data="instance:ImagingStudy/i/_history/2"))
    assert pointed(consent) == {study}
    directive = read(consent, KNOWN, NOW, {study: ["DiagnosticReport/k"]})
    assert [one.resource for one in directive.root.data or ()] == ["ImagingStudy/i", *more]
