"""The claims of IHE PCF in a token: what the hub writes its door takes, and nothing else."""

from typing import Any

import pytest

from hie.access.compact import LONGEST, read_compact
from hie.access.implicit import Implicit
from hie.access.mint import mint
from hie.access.pcf import (
    EVERYTHING,
    MOST_DOCUMENTS,
    MOST_POLICIES,
    MOST_RULES,
    Consented,
    implicit_policy,
    unknown,
)
from hie.access.profile import Profile
from hie.access.reason import Reason, reason_of
from hie.access.token import verify_text
from hie.errors import NotAuthenticated
from tests.unit.access.tokens import (
    NOW,
    a_grant,
    an_access_header,
    an_access_payload,
    hub_key,
    hub_private,
    of_hub,
    signed,
)

V3 = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
BASIC = "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"


def _entry(code: str = "R", **more: Any) -> dict[str, Any]:
    return {"type": "forbid", "securityLabel": [{"system": V3, "code": code}], **more}


def _minted(found: Consented | None, **changes: Any) -> tuple[str, Any]:
    """A token of the hub's and its claims, after its own door has taken it."""
    grant = a_grant(subject="somebody", role="clinician", patient="p1", consented=found, **changes)
    text = mint(grant, hub_key(), "0" * 32, NOW)
    claims = verify_text(text, Profile.ACCESS_TOKEN, of_hub(), NOW)
    return text, claims.members["extensions"]


def _claimed(patient: Any = "Patient/p1", /, *, alone: bool = False, **pcf: Any) -> str:
    extensions: dict[str, Any] = {"ihe_iua": {"purpose_of_use": [{"code": "TREAT"}]}}
    if not alone:
        claims = {"patient_id": "Patient/p1", "acp": [BASIC], **pcf}
        extensions["ihe_pcf"] = {k: v for k, v in claims.items() if v is not ...}
    payload = an_access_payload(extensions=extensions, patient=patient)
    return signed(an_access_header(), payload, hub_private(), "ES256")


def test_a_token_for_a_patient_says_what_of_their_consents_was_held_to() -> None:
    found = Consented(("c1", "c2"), (BASIC, "https://hie.example/form/1"), (_entry("R"),))
    _, extensions = _minted(found)
    assert extensions["ihe_pcf"] == {
        "patient_id": "Patient/p1",
        "doc_id": ["Consent/c1", "Consent/c2"],
        "acp": [BASIC, "https://hie.example/form/1"],
        "residual": [_entry("R")],
    }


def test_what_there_is_nothing_of_is_left_out() -> None:
    _, extensions = _minted(Consented((), (BASIC,), ()))
    assert extensions["ihe_pcf"] == {"patient_id": "Patient/p1", "acp": [BASIC]}
    nobody = verify_text(
        mint(a_grant(), hub_key(), "0" * 32, NOW), Profile.ACCESS_TOKEN, of_hub(), NOW
    )
    assert "ihe_pcf" not in nobody.members["extensions"]  # type: ignore[operator]


@pytest.mark.parametrize("policy", Implicit)
def test_each_policy_of_the_region_has_the_address_pcf_gives_it(policy: Implicit) -> None:
    assert implicit_policy(policy) == f"https://profiles.ihe.net/ITI/PCF/Policy-{policy.value}"
    _, extensions = _minted(unknown(policy))
    assert extensions["ihe_pcf"]["residual"] == [{"type": "forbid"}]


@pytest.mark.parametrize(
    "found",
    [
        Consented(tuple(f"c{n}" for n in range(MOST_DOCUMENTS + 1)), (BASIC,), (_entry(),)),
        Consented(("c",), (BASIC,), tuple(_entry(f"C{n}") for n in range(MOST_RULES + 1))),
    ],
    ids=["consents", "rules"],
)
def test_of_more_than_is_said_the_safest_is_said(found: Consented) -> None:
    _, extensions = _minted(found)
    assert extensions["ihe_pcf"]["residual"] == list(EVERYTHING)
    assert len(extensions["ihe_pcf"].get("doc_id", ())) <= MOST_DOCUMENTS


def test_just_as_much_as_is_said_is_said_whole() -> None:
    documents = tuple(f"{n:064d}" for n in range(MOST_DOCUMENTS))
    policies = tuple(f"https://hie.example/{n:0100d}" for n in range(MOST_POLICIES))
    rules = tuple(_entry(f"{n:032d}") for n in range(MOST_RULES))
    text, extensions = _minted(Consented(documents, policies, rules))
    claims = extensions["ihe_pcf"]
    lengths = [len(claims[name]) for name in ("doc_id", "acp", "residual")]
    assert lengths == [MOST_DOCUMENTS, MOST_POLICIES, MOST_RULES]
    assert len(text) <= LONGEST


@pytest.mark.parametrize("scopes", [1, 40, 65, 80])
def test_a_token_is_never_too_long_for_its_door(scopes: int) -> None:
    """Scopes are as many as they are: of the Consents less is said, and that is the safest."""
    documents = tuple(f"{n:064d}" for n in range(MOST_DOCUMENTS))
    policies = tuple(f"https://hie.example/{n:0100d}" for n in range(MOST_POLICIES))
    rules = tuple(_entry(f"{n:032d}") for n in range(MOST_RULES))
    asked = tuple(f"user/Observation.rs?category=a-category-{n:04d}" for n in range(scopes))
    text, extensions = _minted(Consented(documents, policies, rules), scopes=asked)
    assert len(text) <= LONGEST
    said = extensions["ihe_pcf"]
    assert said["residual"] in (list(EVERYTHING), list(rules))
    assert ("doc_id" in said) == (said["residual"] == list(rules))


GOOD: dict[str, dict[str, Any]] = {
    "the policy alone": {},
    "no policy": {"acp": ...},
    "everything forbidden": {"residual": [{"type": "forbid"}]},
    "labels forbidden": {"residual": [_entry("R"), _entry("V")]},
    "a Consent": {"doc_id": ["Consent/c1"]},
}
BAD: dict[str, dict[str, Any]] = {
    "of another patient": {"patient_id": "Patient/p2"},
    "of no patient": {"patient_id": ...},
    "a patient elsewhere": {"patient_id": "https://elsewhere.example/fhir/Patient/p1"},
    "another member": {"name": "某人"},
    "one Consent that is no list": {"doc_id": "Consent/c1"},
    "no Consents in a list": {"doc_id": []},
    "a Consent elsewhere": {"doc_id": ["https://elsewhere.example/fhir/Consent/c1"]},
    "something else than a Consent": {"doc_id": ["Observation/o1"]},
    "a version of a Consent": {"doc_id": ["Consent/c1/_history/1"]},
    "too many Consents": {"doc_id": [f"Consent/c{n}" for n in range(MOST_DOCUMENTS + 1)]},
    "a number": {"doc_id": [1]},
    "null": {"doc_id": None},
    "a policy that is no list": {"acp": BASIC},
    "a policy in words": {"acp": ["sharing with everybody"]},
    "a long policy": {"acp": ["https://hie.example/" + "x" * 120]},
    "too many policies": {"acp": [BASIC] * (MOST_POLICIES + 1)},
    "no rules in a list": {"residual": []},
    "a rule that is no list": {"residual": {"type": "forbid"}},
    "a permission": {"residual": [_entry(type="permit")]},
    "a rule of no type": {"residual": [{"securityLabel": [{"system": V3, "code": "R"}]}]},
    "a rule of more": {"residual": [_entry(dataPeriod={"start": "2026-01-01"})]},
    "a display": {
        "residual": [{"type": "forbid", "securityLabel": [{"system": V3, "code": "R", "display": "x"}]}]
    },
    "two labels": {"residual": [{"type": "forbid", "securityLabel": [{"system": V3, "code": "R"}] * 2}]},
    "no label": {"residual": [{"type": "forbid", "securityLabel": []}]},
    "a code without its system": {"residual": [{"type": "forbid", "securityLabel": [{"code": "R"}]}]},
    "a code in words": {"residual": [_entry("not this")]},
    "too many rules": {"residual": [_entry()] * (MOST_RULES + 1)},
    "null rules": {"residual": None},
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_the_door_takes_what_the_hub_writes(case: str) -> None:
    text = _claimed(**GOOD[case])
    assert verify_text(text, Profile.ACCESS_TOKEN, of_hub(), NOW).members["patient"] == "Patient/p1"


@pytest.mark.parametrize("case", BAD)
def test_the_door_takes_no_other_shape_however_well_it_is_signed(case: str) -> None:
    _refused(_claimed(**BAD[case]))


def test_claims_about_consent_and_the_patient_go_together() -> None:
    _refused(_claimed(alone=True))
    _refused(_claimed(None))
    assert verify_text(_claimed(None, alone=True), Profile.ACCESS_TOKEN, of_hub(), NOW)


@pytest.mark.parametrize("said", [None, [], "x", 1, {"ihe_pcf": None}, {"ihe_pcf": []}])
def test_extensions_of_another_kind_are_no_claims_about_consent(said: Any) -> None:
    payload = an_access_payload(patient="Patient/p1") | {"extensions": said}
    _refused(signed(an_access_header(), payload, hub_private(), "ES256"))


def _refused(text: str) -> None:
    read_compact(text)
    with pytest.raises(NotAuthenticated) as found:
        verify_text(text, Profile.ACCESS_TOKEN, of_hub(), NOW)
    assert reason_of(found.value) is Reason.CLAIM
