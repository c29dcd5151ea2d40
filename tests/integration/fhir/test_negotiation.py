"""Form of question and answer: formats, character sets, releases, preferences, methods, types."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    hub_of_writer,
    observation,
    patient_of,
)

pytestmark = pytest.mark.anyio
ANSWER = "application/fhir+json; charset=utf-8"


async def test_json_is_spoken_and_nothing_else(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        key = await patient_of(client)
        url = f"/fhir/Patient/{key}"
        for accept, status in (
            ("application/fhir+json", 200),
            ("application/json", 200),
            ("*/*", 200),
            ("application/*;q=0.1", 200),
            ("text/html, */*;q=0.8", 200),
            ("application/fhir+xml;q=1, application/fhir+json;q=0.5", 200),
            ("application/fhir+json;fhirVersion=4.0", 200),
            ('application/fhir+json; fhirVersion="4.0"; charset=UTF-8', 200),
            ("application/fhir+json; fhirVersion=3.0", 406),
            ("application/fhir+json; fhirVersion=5.0, application/json", 200),
            ("application/fhir+json; fhirVersion=4.3", 406),
            ("application/fhir+json; charset=gb18030", 406),
            ("application/fhir+json;q=0", 406),
            ("application/fhir+xml", 406),
            ("text/turtle", 406),
            ("text/html", 406),
            ("application/fhir+xml, application/json;q=0.0", 406),
            ("rubbish", 406),
        ):
            answer = await client.get(url, headers={"Accept": accept})
            assert answer.status_code == status, accept
            assert answer.headers["content-type"] == ANSWER
            if status == 406:
                assert answer.json()["issue"][0]["code"] == "not-supported"
        for asked, status in (
            ("json", 200),
            ("application/fhir%2Bjson", 200),
            ("application/fhir+json", 200),
            ("text/json", 200),
            ("application/fhir%2Bjson;fhirVersion=4.0", 200),
            ("application/fhir%2Bjson;fhirVersion=3.0", 406),
            ("xml", 406),
            ("ttl", 406),
            ("application/fhir%2Bxml", 406),
            ("*/*", 406),
        ):
            wrong = {"Accept": "application/fhir+xml"}
            answer = await client.get(f"{url}?_format={asked}", headers=wrong)
            assert answer.status_code == status, asked
            search = await client.get(f"/fhir/Patient?_id={key}&_format={asked}", headers=wrong)
            assert search.status_code == status, asked
        for wrong in ("_format=", "_format=json&_format=xml", "_format=json&_format=json"):
            assert (await client.get(f"{url}?{wrong}")).status_code == 400


MEDIA = [
    ("application/fhir+json", 201),
    ("application/json", 201),
    ("application/fhir+json; charset=utf-8", 201),
    ('application/fhir+json;charset="UTF-8";fhirVersion=4.0', 201),
    ("application/fhir+json; fhirVersion=3.0", 415),
    ("application/fhir+json; charset=utf-7", 415),
    ("application/json; charset=gbk", 415),
    ("application/fhir+xml", 415),
    ("text/plain", 415),
    ("application/json-patch+json", 415),
    ("", 415),
]


async def test_what_is_sent_is_json_in_utf_8(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for number, (media, status) in enumerate(MEDIA):
            identifier = [{"system": SYSTEM, "value": f"media-{number}"}]
            body = json.dumps({**PATIENT, "identifier": identifier})
            headers = {"Content-Type": media}
            answer = await client.post("/fhir/Patient", content=body, headers=headers)
            told = (answer.status_code, answer.headers["content-type"])
            assert told == (status, ANSWER), media
            bundle = json.dumps({"resourceType": "Bundle", "type": "batch"})
            answer = await client.post("/fhir", content=bundle, headers=headers)
            assert answer.status_code == (200 if status == 201 else status), media


PREFERRED = [
    (None, "Patient"),
    ("return=representation", "Patient"),
    ("return=minimal", None),
    ("return=OperationOutcome", "OperationOutcome"),
    ("handling=strict, return=minimal", None),
    ("return=minimal; handling=lenient", None),
    ('return="minimal"', None),
    ("RETURN=minimal", None),
    ("return=minimal, return=representation", None),
    ("respond-async, wait=10", "Patient"),
    ("return=everything", "Patient"),
    ("return", "Patient"),
    ("", "Patient"),
]


async def test_an_answer_is_what_is_preferred(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for prefer, kind in PREFERRED:
            headers = {} if prefer is None else {"Prefer": prefer}
            made = await client.post("/fhir/Patient", json=PATIENT, headers=headers)
            assert made.status_code == 201, prefer
            assert (made.json()["resourceType"] if made.content else None) == kind, prefer
            assert made.headers["location"].endswith("/_history/1")
            applied = made.headers.get("preference-applied")
            is_own = kind == "Patient" and prefer != "return=representation"
            assert (applied is None) is is_own, prefer
            key = made.headers["location"].split("/")[-3]
            gone = await client.delete(f"/fhir/Patient/{key}", headers=headers)
            assert gone.status_code == (200 if kind == "OperationOutcome" else 204), prefer


async def test_leniency_is_asked_for_by_name(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        url = f"/fhir/Patient?identifier={SYSTEM}|W-1&colour=red"
        assert (await client.get(url)).status_code == 400
        for prefer, status in (
            ("handling=lenient", 200),
            ("return=minimal, handling=lenient", 200),
            ("handling=strict", 400),
            ("handling=strict, handling=lenient", 400),
            ("x-handling=lenient", 400),
        ):
            answer = await client.get(url, headers={"Prefer": prefer})
            assert answer.status_code == status, prefer


async def test_a_method_that_is_not_offered_says_which_are(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        key = await patient_of(client)
        every, one = "DELETE, GET, HEAD, PATCH, POST, PUT", "DELETE, GET, HEAD, PATCH, PUT"
        for method, path, allowed in (
            ("POST", f"Patient/{key}", one),
            ("OPTIONS", f"Patient/{key}", one),
            ("OPTIONS", "Patient", every),
            ("PUT", "Patient/_history", "GET, HEAD"),
            ("DELETE", "Patient/_history", "GET, HEAD"),
            ("GET", "Patient/_search", "POST"),
            ("PUT", "Patient/_search", "POST"),
            ("PUT", f"Patient/{key}/_history/1", "GET, HEAD"),
            ("DELETE", f"Patient/{key}/_history", "GET, HEAD"),
            ("POST", "metadata", "GET, HEAD"),
            ("PUT", "metadata", "GET, HEAD"),
            ("GET", "", "POST"),
            ("DELETE", "", "POST"),
            ("DELETE", f"AuditEvent/{key}", "GET, HEAD"),
        ):
            answer = await client.request(method, f"/fhir/{path}".rstrip("/"))
            assert answer.status_code == 405, (method, path)
            assert answer.headers["allow"] == allowed, (method, path)
            assert answer.headers["content-type"] == ANSWER
            assert answer.json()["resourceType"] == "OperationOutcome"
            assert answer.json()["issue"][0]["code"] == "not-supported"
        assert (await client.get(f"/fhir/Patient/{key}")).status_code == 200


async def test_an_unknown_type_is_told_which_there_are(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for method, path in (
            ("GET", "Rocket/1"),
            ("GET", "Rocket/1/_history"),
            ("GET", "Rocket/_history"),
            ("GET", "Rocket/1/_history/1"),
            ("PUT", "Rocket/1"),
            ("PATCH", "Rocket/1"),
            ("DELETE", "Rocket/1"),
            ("POST", "Rocket"),
            ("GET", "observation/1"),
            ("GET", "Rocket"),
            ("POST", "Rocket/_search"),
        ):
            answer = await client.request(method, f"/fhir/{path}")
            assert answer.status_code == 404, (method, path)
            issue = answer.json()["issue"][0]
            assert issue["code"] in ("not-found", "not-supported")
            assert "Observation" in issue["diagnostics"], (method, path)


async def test_less_of_a_resource_is_marked_as_less(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient))
        url = f"/fhir/Observation/{made.json()['id']}"
        for path in (url, f"{url}/_history/1"):
            less = (await client.get(f"{path}?_elements=status")).json()
            assert "valueQuantity" not in less
            assert {"status", "code"} <= set(less)
            assert less["meta"]["tag"][-1]["code"] == "SUBSETTED"
            whole = await client.get(f"{path}?_summary=false")
            assert whole.text == made.text
            pretty = await client.get(f"{path}?_pretty=true")
            assert "\n  " in pretty.text
            assert '"value": 5.10' in pretty.text
            assert pretty.json() == made.json()
            for wrong in ("_summary=count", "_summary=x", "_elements=a.b", "colour=red"):
                assert (await client.get(f"{path}?{wrong}")).status_code == 400, wrong
