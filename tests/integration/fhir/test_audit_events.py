"""The audit log as AuditEvents: sound, of one patient each, of one's own institution, read only."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.app import opened
from hie.audit.balp import audit_event
from hie.audit.event import Action, Event, EventType, Subject
from hie.fhir import structure
from hie.fhir.profile import check
from hie.store import audit_log, ledger, persons
from hie.store.audit_log import Look
from tests.integration.fhir.auditing import client_with, found, happened, kinds, patients
from tests.integration.fhir.support import SYSTEM, bundle_of, entry_of, hub_of_writer
from tests.integration.test_bad_input import CASE
from tests.integration.test_doors import _client, _ready, _settings

pytestmark = pytest.mark.anyio
BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
OTHER = "121301024000001027"


async def test_every_event_is_sound_and_is_read_by_its_id(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        made = await happened(client)
        await client.get("/fhir/Rocket/1")
        events = await found(client, "_count=200")
        assert {"write", "read", "vread", "search", "refused"} <= set(kinds(events))
        for one in events:
            assert check(one) == []
            assert structure.check(one) == []
            assert sum(agent["requestor"] for agent in one["agent"]) == 1
            read = await client.get(f"/fhir/AuditEvent/{one['id']}")
            assert read.json() == one
            assert read.headers["etag"] == 'W/"1"'
        again = await client.get(
            f"/fhir/AuditEvent/{events[0]['id']}", headers={"If-None-Match": 'W/"1"'}
        )
        assert again.status_code == 304
        deleted = (await found(client, "action=D"))[0]
        assert deleted["meta"]["profile"] == [f"{BALP}PatientDelete"]
        shown = [one["what"].get("reference") for one in deleted["entity"] if "what" in one]
        assert shown[:2] == [
            f"Patient/{made['second']}",
            f"Observation/{made['gone']}/_history/2",
        ]
        recorded = [one["recorded"] for one in events]
        assert recorded == sorted(recorded, reverse=True)


async def test_one_patients_view_names_no_other(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        made = await happened(client)
        for mine, other in (("first", "second"), ("second", "first")):
            events = await found(client, f"patient={made[mine]}&_count=200")
            assert patients(events) == {made[mine]}
            assert made[other] not in json.dumps(events)
            assert len([one for one in kinds(events) if one == "search"]) >= 1
            same = await found(client, f"patient=Patient/{made[mine]}&_count=200")
            assert [one["id"] for one in same] == [
                *[one["id"] for one in same if "audit-view" in kinds([one])],
                *[one["id"] for one in events],
            ]
        either = f"patient={made['first']},{made['second']}&_count=200"
        assert patients(await found(client, either)) == {made["first"], made["second"]}
        both = f"patient={made['first']}&patient={made['second']}"
        assert await found(client, both) == []
        compartment = await client.get(f"/fhir/Patient/{made['first']}/AuditEvent?action=C")
        shown = [one["resource"] for one in compartment.json()["entry"]]
        assert patients(shown) == {made["first"]}


async def test_what_concerned_a_person_is_found_by_each_of_their_patients(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        made = await happened(client)
        actor = Actor(
            ActorKind.CLIENT, "his", "his", CASE.institution, Purpose.TREATMENT, frozenset()
        )
        async with hub.db.unit() as unit:
            person = await persons.person_of(unit, made["first"])
            subject = Subject(None, person, ("Observation/used/_history/1",))
            event = Event(EventType.DECIDE, Action.CREATE, actor, subjects=(subject,))
            await ledger.append(unit, event)
        for patient, words in ((made["first"], ["decide"]), (made["second"], [])):
            events = await found(client, f"patient={patient}&subtype=decide")
            assert kinds(events) == words
            assert all(check(one) == [] for one in events)


async def test_an_institution_sees_what_it_did_itself(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        made = await happened(client)
        events = await found(client, "_count=200")
        scope = "system/AuditEvent.rs"
        other = await client_with(hub, "elsewhere", scope, institution=OTHER)
        for query in ("", f"patient={made['first']}", f"_id={events[0]['id']}", "_total=accurate"):
            answer = await client.get(f"/fhir/AuditEvent?{query}", headers=other)
            shown = [one["resource"] for one in answer.json().get("entry", ())]
            assert set(kinds(shown)) <= {"audit-view"}
            assert patients(shown) == set()
        hidden = await client.get(f"/fhir/AuditEvent/{events[0]['id']}", headers=other)
        absent = await client.get("/fhir/AuditEvent/AAAAAAAAAAAAAAAA", headers=other)
        assert (hidden.status_code, hidden.content) == (404, absent.content)


OPENED = [
    ("system/AuditEvent.rs", "TREAT", 200, 200),
    ("system/AuditEvent.rs", "HCOMPL", 200, 200),
    ("system/AuditEvent.r", "HCOMPL", 200, 403),
    ("system/AuditEvent.s", "HCOMPL", 403, 200),
    ("system/Observation.rs", "TREAT", 403, 403),
    ("system/AuditEvent.rs", "PUBHLTH", 403, 403),
    ("hie/messages", "TREAT", 403, 403),
]


async def test_the_log_needs_its_own_scope_and_a_purpose(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        await happened(client)
        key = (await found(client, "_count=1"))[0]["id"]
        for number, (scope, purpose, read, search) in enumerate(OPENED):
            headers = await client_with(hub, f"looking-{number}", scope, purpose=purpose)
            one = await client.get(f"/fhir/AuditEvent/{key}", headers=headers)
            many = await client.get("/fhir/AuditEvent", headers=headers)
            assert (one.status_code, many.status_code) == (read, search), (scope, purpose)
            clinical = await client.get("/fhir/Patient?identifier=x", headers=headers)
            assert clinical.status_code == 403


async def test_only_an_auditor_reads_what_was_asked(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        made = await happened(client)
        query = f"patient={made['second']}&subtype=search"
        events = await found(client, query)
        assert events
        assert "W-2" not in json.dumps(events)
        asked = [one for event in events for one in event["entity"] if "description" in one]
        assert {one["description"] for one in asked} == {"Patient?identifier", "Observation?_id"}
        auditor = await client_with(hub, "auditor", "system/AuditEvent.rs", purpose="HCOMPL")
        raw = [
            base64.b64decode(one["query"]).decode()
            for event in await found(client, query, **auditor)
            for one in event["entity"]
            if "query" in one
        ]
        assert any(f"identifier={SYSTEM}|W-2" in one for one in raw)
        profiles = [one["meta"]["profile"] for one in await found(client, query, **auditor)]
        assert profiles == [[f"{BALP}PatientQuery"]] * len(events)


async def test_the_log_is_never_written_from_outside(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        await happened(client)
        key = (await found(client, "_count=1"))[0]["id"]
        tree = {"resourceType": "AuditEvent", "id": key}
        for method, path in (
            ("PUT", f"AuditEvent/{key}"),
            ("PATCH", f"AuditEvent/{key}"),
            ("DELETE", f"AuditEvent/{key}"),
            ("POST", "AuditEvent"),
            ("PUT", "AuditEvent?date=2026"),
            ("DELETE", "AuditEvent?date=2026"),
        ):
            answer = await client.request(method, f"/fhir/{path}", json=tree)
            assert answer.status_code == 405
            assert answer.headers["allow"] == "GET, HEAD"
            assert answer.json()["issue"][0]["code"] == "not-supported"
        batch = bundle_of("batch", entry_of("POST", "AuditEvent", tree))
        told = (await client.post("/fhir", json=batch)).json()["entry"][0]["response"]
        assert told["status"].startswith("405")
        whole = bundle_of("transaction", entry_of("PUT", f"AuditEvent/{key}", tree))
        assert (await client.post("/fhir", json=whole)).status_code == 400
        alerts = await found(client, "outcome=8&_count=200")
        assert {one["outcomeDesc"] for one in alerts} == {"audit-write"}
        assert len(alerts) == 7
        assert {one["type"]["code"] for one in alerts} == {"110113"}
        for path in (f"AuditEvent/{key}/_history", "AuditEvent/_history"):
            assert (await client.get(f"/fhir/{path}")).status_code == 404
        stated = (await client.get("/fhir/metadata")).json()["rest"][0]["resource"]
        (mine,) = [one for one in stated if one["type"] == "AuditEvent"]
        assert [one["code"] for one in mine["interaction"]] == ["read", "search-type"]
        types = [one["type"] for one in stated]
        assert types == sorted(types)


async def test_who_looks_at_the_log_is_in_the_log_once(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        made = await happened(client)
        await found(client, "_count=200")
        key = (await found(client, f"patient={made['first']}"))[0]["id"]
        await found(client, "patient=110101199003070011")
        assert (await client.get(f"/fhir/AuditEvent/{key}")).status_code == 200
        looks = await found(client, "type=110101&_sort=date")
        assert kinds(looks) == ["audit-view"] * 4
        assert [one["action"] for one in looks] == ["E", "E", "E", "R"]
        assert [patients([one]) for one in looks] == [set(), {made["first"]}, set(), set()]
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT home, resources FROM audit_subject")
        assert "110101199003070011" not in str([tuple(row) for row in rows])


async def test_what_an_order_check_leaves_is_sound_and_names_nobody(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        headers, order_check = await _ready(hub, tmp_path)
        asked = json.loads(order_check)
        async with _client(hub) as client:
            checked = await client.post("/v1/order-check", content=order_check, headers=headers)
            assert checked.status_code == 200
            await client.get("/fhir/Patient", headers=headers)
            events = await found(client, "_count=200", **headers)
            assert {"order-check", "search"} <= set(kinds(events))
            (check_,) = [one for one in events if kinds([one]) == ["order-check"]]
            assert check_["type"]["code"] == "110112"
            whats = [one["what"] for one in check_["entity"] if "what" in one]
            named = [one["reference"] for one in whats if "reference" in one]
            assert named[0].startswith("Patient/")
            assert any(one.startswith("Observation/") for one in named)
            patient = asked["patient"]
            shown = json.dumps(events, ensure_ascii=False)
            for secret in (patient["name"], *(one["value"] for one in patient["identifiers"])):
                assert secret not in shown
        async with hub.db.reading() as reader:
            every = await audit_log.events(reader, Look(None), 5_000)
            unsealed = await audit_log.unsealed(reader, every)
        assert {"process", "client-change", "token-issued"} <= {e.type for e in every}
        for one in (*every, *unsealed):
            assert check(audit_event(one, "http://localhost:8000")) == []
