"""Every R4 search parameter of AuditEvent is answered, or refused by name; pages and numbers."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hie.api import audit_search
from hie.fhir.search.definitions import parameters
from tests.integration.fhir.auditing import OWN, REST, client_with, found, happened, kinds, patients
from tests.integration.fhir.support import PATIENT, SYSTEM, codes_of, hub_of_writer
from tests.integration.two_hospitals import CASE

pytestmark = pytest.mark.anyio
DCM = "http://dicom.nema.org/resources/ontology/DCM"
ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
INSTITUTION = "https://hie.example/fhir/sid/institution"


async def test_each_parameter_finds_what_it_says(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        made = await happened(client)
        await client.get("/fhir/Rocket/1")
        every = [one for one in await found(client, "_count=200") if kinds([one]) != ["audit-view"]]
        (deleted,) = [one for one in every if one["action"] == "D"]
        policy = deleted["agent"][0]["policy"][0]
        boot = deleted["agent"][-1]["altId"]
        asked: set[str] = set()
        for query, words in (
            ("action=D", {"write"}),
            ("action=R", {"read", "vread"}),
            ("action=http://hl7.org/fhir/audit-event-action|C", {"write"}),
            ("action:not=C,D,E,R", set()),
            ("address=127.0.0.1", None),
            ("address=10.", set()),
            ("agent-name=writer", None),
            ("agent-name=wri", None),
            ("agent-name:exact=wri", set()),
            ("agent-name=nobody", set()),
            ("agent-role=clinician", set()),
            ("agent-role:missing=true", None),
            ("agent:identifier=https://hie.example/fhir/sid/client|writer", None),
            (f"agent:identifier={INSTITUTION}|{CASE.institution}", None),
            ("agent:identifier=https://hie.example/fhir/sid/client|other", set()),
            ("agent=Practitioner/x", set()),
            (f"altid={boot}", None),
            ("altid=other", set()),
            ("date=ge2020-01-01", None),
            ("date=lt2020-01-01", set()),
            ("date=gt2100", set()),
            (f"date={deleted['recorded']}&action=D", {"write"}),
            (f"_lastUpdated={deleted['recorded']}&action=D", {"write"}),
            ("_lastUpdated=gt2100", set()),
            (f"entity=Observation/{made['gone']}&action=D", {"write"}),
            (f"entity=Observation/{made['kept']}&action=R", {"read", "vread"}),
            ("entity=Observation/none", set()),
            ("entity-name=x", set()),
            ("entity-name:missing=true", None),
            ("entity-role=24", {"search"}),
            ("entity-role=http://terminology.hl7.org/CodeSystem/object-role|1&action=D", {"write"}),
            (f"entity-type={ENTITY}|1&action=D", {"write"}),
            ("entity-type=XrequestId", None),
            ("outcome=4", {"refused"}),
            ("outcome=8", set()),
            ("outcome=http://hl7.org/fhir/audit-event-outcome|4", {"refused"}),
            (f"patient={made['second']}&action=D", {"write"}),
            (f"patient:Patient={made['second']}&action=D", {"write"}),
            (f"patient=Patient/{made['first']}&action=D", set()),
            ("patient=nobody", set()),
            ("patient:missing=true&outcome=4", {"refused"}),
            (f"patient.identifier={SYSTEM}|W-2&action=D", {"write"}),
            (f"patient.identifier={SYSTEM}|W-1&action=D", set()),
            ("patient.identifier=nothing", set()),
            (f"policy={policy}&action=D", {"write"}),
            ("policy=urn:x", set()),
            ("site=localhost", None),
            ("site=elsewhere", set()),
            ("source:identifier=http://localhost:8000", None),
            ("source=Device/x", set()),
            ("subtype=delete", {"write"}),
            (f"subtype={REST}|search", {"search"}),
            (f"subtype={OWN}|refused", {"refused"}),
            ("subtype=read,vread&action=R", {"read", "vread"}),
            ("type=rest&action=D", {"write"}),
            (f"type={DCM}|110101", {"audit-view"}),
            (f"type={DCM}|", {"audit-view", "token-issued"}),
            ("type:not=rest&outcome=4", set()),
            (f"_id={deleted['id']}", {"write"}),
            ("_id=nothing", set()),
            (f"_id={deleted['id']},nothing", {"write"}),
            (f"_id={deleted['id']}&_id=nothing", set()),
            (
                "_profile=https://profiles.ihe.net/ITI/BALP/StructureDefinition/"
                "IHE.BasicAudit.PatientDelete",
                {"write"},
            ),
            ("_tag=x", set()),
            ("_security=R", set()),
            ("_source=urn:x", set()),
        ):
            events = await found(client, f"{query}&_count=200")
            seen = set(kinds(events))
            if words is None:
                assert {one["id"] for one in every if one["action"] == "D"} <= {
                    one["id"] for one in events
                }, query
            else:
                assert seen <= words | {"audit-view"} if words else not seen, (query, seen)
                assert words <= seen | {"token-issued"}, (query, seen)
            asked |= {part.split("=")[0].split(":")[0] for part in query.split("&")}
        assert set(parameters("AuditEvent")) <= asked


WRONG = [
    ("colour=red", 400, ["unknown-parameter"]),
    ("action=", 400, ["empty"]),
    ("action=R,,E", 400, ["empty"]),
    ("date=yesterday", 400, ["not-a-date"]),
    ("_count=1&_count=2", 400, ["repeated"]),
    ("_count=x", 400, ["invalid-value"]),
    ("_sort=agent", 400, ["invalid-value"]),
    ("_total=maybe", 400, ["invalid-value"]),
    ("_summary=some", 400, ["invalid-value"]),
    ("_elements=a.b", 400, ["invalid-value"]),
    ("page=AAAA", 400, ["invalid-value"]),
    ("type:in=http://x", 400, ["not-supported"]),
    ("action:exact=R", 400, ["not-supported"]),
    ("patient.name=x", 400, ["no-index"]),
    ("agent.identifier=x", 400, ["no-index"]),
    ("_has:Observation:subject:code=x", 400, ["no-index"]),
    ("_include=AuditEvent:patient", 400, ["no-index"]),
    ("_revinclude=Provenance:target", 400, ["no-index"]),
    ("type=a|b|c", 400, ["not-a-token"]),
]


async def test_a_wrong_question_is_named(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for query, status, codes in WRONG:
            answer = await client.get(f"/fhir/AuditEvent?{query}")
            assert (answer.status_code, codes_of(answer)) == (status, codes), query


async def test_pages_and_numbers(place: Any, tmp_path: Path, monkeypatch: Any) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        await happened(client)
        until = (await found(client, "_count=1"))[0]["recorded"]
        past = f"date=le{until}"
        every = [one["id"] for one in await found(client, f"{past}&_count=200")]
        for count in (1, 3, 200):
            for sort in ("-date", "date", "-_lastUpdated"):
                path = f"/fhir/AuditEvent?{past}&_count={count}&_sort={sort}"
                ids: list[str] = []
                while path:
                    answer = await client.get(path)
                    ids += [one["resource"]["id"] for one in answer.json().get("entry", ())]
                    links = {one["relation"]: one["url"] for one in answer.json()["link"]}
                    parts = urlsplit(links.get("next", ""))
                    path = f"{parts.path}?{parts.query}" if parts.path else ""
                assert ids == (every if sort.startswith("-") else every[::-1])
        total = (await client.get(f"/fhir/AuditEvent?{past}&_total=accurate&_count=2")).json()
        assert (total["total"], len(total["entry"])) == (len(every), 2)
        number = (await client.get(f"/fhir/AuditEvent?{past}&_summary=count")).json()
        assert (number["total"], "entry" in number) == (len(every), False)
        some = (await client.get(f"/fhir/AuditEvent?{past}&action=C&_summary=count")).json()
        assert some["total"] == len(await found(client, f"{past}&action=C"))
        less = await found(client, f"{past}&_elements=outcome&_count=1")
        assert {"type", "recorded", "agent", "source", "outcome"} <= set(less[0])
        assert "entity" not in less[0]
        form = {"action": "D", "date": f"le{until}"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        posted = await client.post("/fhir/AuditEvent/_search", data=form, headers=headers)
        assert len(posted.json()["entry"]) == 1
        for form, media, status in (
            ({"_format": "xml"}, headers, 406),
            ({"_format": "json"}, headers, 200),
            ({}, {"Content-Type": f"{headers['Content-Type']}; charset=gbk"}, 415),
            ({}, {"Content-Type": "application/json"}, 415),
        ):
            told = await client.post("/fhir/AuditEvent/_search", data=form, headers=media)
            assert told.status_code == status
        lenient = await client.get(
            "/fhir/AuditEvent?colour=red&action=D", headers={"Prefer": "handling=lenient"}
        )
        assert "colour" in lenient.text
        assert "colour" not in lenient.json()["link"][0]["url"]
        # A rare event among many is found by following the links; no answer looks at all of them.
        monkeypatch.setattr(audit_search, "MOST_LOOKED", 4)
        monkeypatch.setattr(audit_search, "_CHUNK", 2)
        path, ids, pages = f"/fhir/AuditEvent?{past}&action=C", [], 0
        while path:
            answer = await client.get(path)
            ids += [one["resource"]["id"] for one in answer.json().get("entry", ())]
            links = {one["relation"]: one["url"] for one in answer.json()["link"]}
            parts = urlsplit(links.get("next", ""))
            path, pages = (f"{parts.path}?{parts.query}" if parts.path else ""), pages + 1
        assert len(ids) == some["total"]
        assert pages >= len(every) // 4
        counted = await client.get(f"/fhir/AuditEvent?{past}&action=C&_total=accurate")
        assert counted.json()["issue"][0]["code"] == "too-costly"
        link = (await client.get(f"/fhir/AuditEvent?{past}&_count=1")).json()["link"][1]["url"]
        other = await client_with(hub, "other", "system/AuditEvent.rs")
        parts = urlsplit(link)
        answer = await client.get(f"{parts.path}?{parts.query}", headers=other)
        assert answer.status_code == 400


async def test_no_number_and_no_name_of_anybody_is_shown(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        number = "11010519491231002X"
        identifier = [{"system": "urn:oid:2.16.156.10011.1.3", "value": number}]
        tree = {**PATIENT, "identifier": identifier}
        key = (await client.post("/fhir/Patient", json=tree)).json()["id"]
        await client.get(f"/fhir/Patient?identifier={number}")
        await client.get(f"/fhir/Patient/{number}")
        await client.get(f"/fhir/Patient?{number}=x")
        await client.get("/fhir/Patient?name=示例甲&_id=x")
        await client.get(f"/fhir/AuditEvent?patient.identifier={number}")
        await client.get(f"/fhir/AuditEvent?patient={number}")
        await client.get(f"/fhir/Observation?patient={number}")
        await client.get(f"/fhir/Observation?subject=Patient/{number}")
        await client.get(f"/fhir/Patient/{number}/Observation")
        await client.get(f"/fhir/Observation/$lastn?patient={number}")
        await client.get(f"/fhir/Observation?patient={key}")
        events = await found(client, "_count=200")
        assert key in patients(events)
        none_found = await found(client, f"patient={key}&subtype=search&_count=1")
        assert [one["what"]["reference"] for one in none_found[0]["entity"][:1]] == [
            f"Patient/{key}"
        ]
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT home FROM audit_subject")
        assert {row[0] for row in rows} == {key}
        text = json.dumps(events, ensure_ascii=False)
        assert number not in text
        assert "示例" not in text
