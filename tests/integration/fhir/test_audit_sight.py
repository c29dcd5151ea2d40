"""Who sees what of the audit log: the own institution, by scope and purpose, raw requests last."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.audit.event import Action, Event, EventType, Subject
from hie.fhir.profile import check
from hie.store import ledger, persons
from tests.integration.fhir.auditing import client_with, found, happened, kinds, patients
from tests.integration.fhir.support import SYSTEM, hub_of_writer
from tests.integration.two_hospitals import CASE

pytestmark = pytest.mark.anyio
BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
OTHER = "121301024000001027"


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
