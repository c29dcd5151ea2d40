"""Every event of the log is a sound AuditEvent, whoever did it and however it ended."""

import json
from dataclasses import replace
from itertools import product

import pytest

from hie.access.actor import ActorKind
from hie.access.reason import ALERTS, Reason
from hie.audit.balp import PROFILES, audit_event, cleaned
from hie.audit.codes import DCM, OWN
from hie.audit.event import Action, EventType, Outcome
from hie.audit.recorded import Recorded, places_of
from hie.fhir import structure
from hie.fhir.profile import check

ADDRESS = "https://hub.example"
ONE = Recorded(
    access="A" * 16,
    n=None,
    at_us=1_780_000_000_123_456,
    boot="B" * 16,
    place=7,
    type="read",
    action="R",
    outcome="0",
    kind="client",
    client="inst-1.lis",
    subject="inst-1.lis",
    role=None,
    institution="12110102999900011H",
    purpose="TREAT",
    token="jti-1",
    network="10.0.0.7",
    request="req-1",
    reason=None,
    policy=None,
    detail=None,
)
SHOWN = replace(ONE, n=0, home="h1", resources=("Observation/o1/_history/1",))


@pytest.mark.parametrize("kind", list(EventType))
def test_every_event_is_sound(kind: EventType) -> None:
    for action, outcome, who in product(Action, Outcome, ActorKind):
        one = replace(SHOWN, type=kind, action=action, outcome=outcome, kind=who)
        bare = replace(
            one, client="", subject="", institution="", token=None, network=None, request=None,
            home=None, person="p1", resources=(), reason="scope", detail="7 shown", policy="2026.1",
        )  # fmt: skip
        nobody = replace(bare, person=None, query=b"\xff\x00raw", network="hub-1.local")
        for event in (one, bare, nobody):
            tree = audit_event(event, ADDRESS)
            assert check(tree) == []
            assert tree["subtype"][-1] == {"system": OWN, "code": kind, "display": kind}
            assert [agent["requestor"] for agent in tree["agent"]].count(True) == 1
    assert structure.check(audit_event(replace(SHOWN, type=kind), ADDRESS)) == []


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refusal_is_an_alert_a_failed_proof_or_a_denial(reason: Reason) -> None:
    outcome = "8" if reason in ALERTS else "4"
    refused = replace(ONE, type="refused", action="E", outcome=outcome, reason=reason)
    tree = audit_event(replace(refused, detail="PUT /fhir"), ADDRESS)
    assert tree["type"]["code"] in ({"110113"} if outcome == "8" else {"110114", "rest"})
    assert tree["subtype"][0]["code"] == "update"
    assert tree["outcomeDesc"] == reason
    assert audit_event(replace(refused, detail="GET /fhir"), ADDRESS)["subtype"][0]["system"] == OWN


def test_data_and_questions_travel_as_they_do() -> None:
    def roles(one: Recorded) -> list[str]:
        agents = audit_event(one, ADDRESS)["agent"]
        return [agents[0]["type"]["coding"][0]["code"], agents[-1]["type"]["coding"][0]["code"]]

    assert roles(SHOWN) == ["110152", "110153"]
    assert roles(replace(SHOWN, type="search", action="E")) == ["110153", "110152"]
    assert roles(replace(SHOWN, type="write", action="C")) == ["110153", "110152"]
    assert roles(replace(SHOWN, type="write", action="D")) == ["110150", "custodian"]
    person = replace(SHOWN, kind="user", client="pages", subject="u1", role="clinician")
    agents = audit_event(person, ADDRESS)["agent"]
    assert [agent["requestor"] for agent in agents] == [False, True, False, False]
    assert agents[1]["type"]["coding"][0]["code"] == "IRCP"
    assert agents[1]["policy"] == ["urn:ietf:params:oauth:jti:jti-1"]
    assert "network" not in agents[1]


@pytest.mark.parametrize(
    ("one", "profile"),
    [
        (SHOWN, "PatientRead"),
        (replace(SHOWN, type="vread"), "PatientRead"),
        (replace(SHOWN, home=None, detail="Device/d/_history/2", resources=()), "Read"),
        (replace(SHOWN, type="write", action="C"), "PatientCreate"),
        (replace(SHOWN, type="write", action="U"), "PatientUpdate"),
        (replace(SHOWN, type="write", action="D"), "PatientDelete"),
        (replace(SHOWN, type="search", action="E", query=b"/fhir/x"), "PatientQuery"),
        (replace(ONE, type="search", action="E", query=b"/fhir/x"), "Query"),
        (replace(SHOWN, type="search", action="E"), None),
        (replace(SHOWN, network=None), None),
        (replace(SHOWN, outcome="4"), None),
        (replace(SHOWN, resources=()), None),
        (replace(SHOWN, type="history"), None),
        (replace(SHOWN, type="order-check", query=b"{}"), None),
    ],
)
def test_a_profile_is_claimed_where_all_of_it_is_there(one: Recorded, profile: str | None) -> None:
    tree = audit_event(one, ADDRESS)
    stated = tree["meta"].get("profile")
    assert stated == (None if profile is None else [f"{PROFILES}{profile}"])
    objects = [e for e in tree["entity"] if e["type"]["code"] == "2"]
    if profile is not None:
        assert len(objects) == 1
        assert ("query" in objects[0]) is profile.endswith("Query")
    assert all("name" not in e for e in tree["entity"])


def test_a_question_without_its_values() -> None:
    kinds = frozenset({"Patient", "Observation"})
    for raw, words in (
        (b"/fhir/Patient?identifier=11010519491231002X", "Patient?identifier"),
        (b"/fhir/Patient?name=x&name=y&_count=2", "Patient?name&_count"),
        (b"/fhir/Patient?11010519491231002X=1&name:exact=z", "Patient?name:exact"),
        (b"/fhir/Patient?name:11010519491231002X=1", "Patient?"),
        (b"/fhir/Patient/11010519491231002X/Observation?code=K", "Observation?code"),
        (b"/fhir/Observation/_search?patient.name=x", "Observation?"),
        (b"/fhir/Secret?x=1", None),
        (b"/fhir/Patient", None),
        (b"/dicom-web/studies?PatientID=7", None),
        (b'{"patient": {"name": "x"}}?', None),
    ):
        assert cleaned(raw, kinds) == words


def test_an_id_names_an_event_and_a_patient_in_it() -> None:
    assert ONE.id == "A" * 16
    assert SHOWN.id == "A" * 16 + "-1"
    for one in (ONE, SHOWN, replace(SHOWN, n=199)):
        assert places_of(one.id) == (one.access, one.n)
    for wrong in ("A-0", "A-", "A-01", "A--1", "A-x", "A-9999999", "A-１"):
        assert places_of(wrong) is None


def test_no_code_of_dicom_is_without_its_words() -> None:
    for kind in EventType:
        text = json.dumps(audit_event(replace(SHOWN, type=kind), ADDRESS))
        for part in text.split(f'"{DCM}"')[1:]:
            assert '"display"' in part.split("}")[0]
