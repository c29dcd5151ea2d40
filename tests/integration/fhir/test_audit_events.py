"""The audit log as AuditEvents: sound, of one patient each, of one's own institution, read only."""

import json
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.audit.balp import audit_event
from hie.fhir import structure
from hie.fhir.profile import check
from hie.store import audit_log
from hie.store.audit_log import Look
from tests.integration.fhir.auditing import found, happened, kinds, patients
from tests.integration.fhir.support import bundle_of, entry_of, hub_of_writer
from tests.integration.test_doors import _client, _ready, _settings

pytestmark = pytest.mark.anyio
BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."


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
