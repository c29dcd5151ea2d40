"""The mounted application: doors closed without a token, FHIR strict, pages in two languages."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.app import opened, web_app
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import example
from tests.integration.test_road import TODAY, _connected, _packed, _settings
from tests.treated import treats_everybody

pytestmark = pytest.mark.anyio
BASE = "http://localhost:8000"


async def _ready(hub: Hub, tmp_path: Path) -> tuple[dict[str, str], str]:
    """A filled hub: the headers of a client in Shijiazhuang, and the example's order-check."""
    region = await _connected(hub, tmp_path)
    case = example(today=TODAY)
    await run(hub, "receive", {"site": case.site, "files": [_packed(case.message)]})
    receiver = json.loads(case.order_check)["receiver"]["institution"]
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    scopes = ["system/*.rs", "hie/order-check", "hie/decide", "hie/intake"]
    client = {
        "client": "his",
        "institution": receiver,
        "key": {"pem": pem.decode()},
        "scopes": scopes,
        "name": "HIS",
        "purposes": ["TREAT"],
    }
    await run(hub, "client-add", client)
    person = {
        "login": "doctor",
        "name": "医生",
        "role": "clinician",
        "institution": receiver,
        "department": "",
        "password": "a long pass phrase",
    }
    await run(hub, "user-add", person)
    await treats_everybody(hub, receiver)
    assert region.sites
    token = (await run(hub, "client-token", {"client": "his", "scopes": None}))["access_token"]
    return {"Authorization": f"Bearer {token}"}, case.order_check.decode()


def _client(hub: Hub) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=web_app(hub))
    return httpx.AsyncClient(transport=transport, base_url=hub.settings.address)


async def test_fhir_answers_a_token_and_nobody_else(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        headers, _ = await _ready(hub, tmp_path)
        async with _client(hub) as client:
            assert (await client.get("/fhir/metadata")).status_code == 200
            assert (await client.get("/healthz")).status_code == 200
            for path in ("/fhir/Patient", "/fhir/Observation/x", "/v1/decisions/x", "/patients"):
                assert (await client.get(path)).status_code == 401
            found = (await client.get("/fhir/Patient", headers=headers)).json()
            patient = found["entry"][0]["resource"]["id"]
            query = (
                f"/fhir/Observation?patient={patient}&code=http://loinc.org|2823-3&_total=accurate"
            )
            results = (await client.get(query, headers=headers)).json()
            assert results["total"] >= 1
            first = results["entry"][0]["resource"]
            read = await client.get(f"/fhir/Observation/{first['id']}", headers=headers)
            assert read.headers["etag"] == 'W/"1"'
            again = {**headers, "If-None-Match": 'W/"1"'}
            assert (
                await client.get(f"/fhir/Observation/{first['id']}", headers=again)
            ).status_code == 304
            seen: list[str] = []
            url: str | None = f"/fhir/Observation?patient={patient}&_count=7"
            while url:
                page = (await client.get(url, headers=headers)).json()
                seen += [entry["resource"]["id"] for entry in page.get("entry", [])]
                links = {link["relation"]: link["url"] for link in page["link"]}
                url = links.get("next")
            assert len(seen) == len(set(seen)) > 7


WRONG = [
    ("/fhir/Observation?patinet=x", 400, "invalid"),
    ("/fhir/Observation?patient=", 400, "invalid"),
    ("/fhir/Observation?patient=a&patient=b", 400, "invalid"),
    ("/fhir/Observation?code=x", 400, "too-costly"),
    ("/fhir/Observation?patient=a&date=2026-13", 400, "invalid"),
    ("/fhir/Observation?patient=a&_count=-1", 400, "invalid"),
    ("/fhir/Observation?patient=a&page=AAAA", 400, "invalid"),
    ("/fhir/Observation/nothing", 404, "not-found"),
    ("/fhir/Nonsense/x", 404, "not-found"),
    ("/fhir/Patient?_format=xml", 406, "not-supported"),
]


async def test_a_wrong_question_is_refused_by_name(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        headers, _ = await _ready(hub, tmp_path)
        async with _client(hub) as client:
            for path, status, code in WRONG:
                answer = await client.get(path, headers=headers)
                assert answer.status_code == status, path
                assert answer.json()["resourceType"] == "OperationOutcome", path
                assert answer.json()["issue"][0]["code"] == code, path


async def test_an_order_check_by_http_and_its_refusals(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        headers, body = await _ready(hub, tmp_path)
        async with _client(hub) as client:
            answer = await client.post("/v1/order-check", content=body, headers=headers)
            assert answer.status_code == 200
            assert answer.json()["identity"] == "matched"
            wrong = json.loads(body)
            wrong["orders"][0]["item"] = "NOPE"
            refused = await client.post("/v1/order-check", json=wrong, headers=headers)
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["path"] == "orders[0].item"
            wrong["receiver"]["institution"] = "12110102999900011H"
            other = await client.post("/v1/order-check", json=wrong, headers=headers)
            assert other.status_code == 403
            broken = await client.post("/v1/order-check", content=b'{"a":1,"a":2}', headers=headers)
            assert broken.status_code == 400
            unknown = await client.post("/intake/nowhere", content=b"MSH|", headers=headers)
            assert unknown.status_code == 404


async def test_a_clinician_signs_in_finds_a_patient_and_reads_why(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        _, body = await _ready(hub, tmp_path)
        number = json.loads(body)["patient"]["identifiers"][0]["value"]
        async with _client(hub) as client:
            form = (await client.get("/sign-in")).text
            token = re.findall(r'name="csrf" value="([^"]+)"', form)[0]
            data = {"csrf": token, "next": "/patients", "login": "doctor", "password": "wrong"}
            assert (await client.post("/sign-in", data=data)).status_code == 401
            data["password"] = "a long pass phrase"
            assert (await client.post("/sign-in", data=data)).status_code == 303
            form = (await client.get("/patients")).text
            token = re.findall(r'name="csrf" value="([^"]+)"', form)[0]
            sent = {"csrf": token, "type": "resident-id", "value": number}
            found = await client.post("/patients", data=sent)
            assert found.status_code == 303
            assert number not in found.headers["location"]
            for lang, word in (("zh", "需复核"), ("en", "Review")):
                page = await client.get(f"{found.headers['location']}?lang={lang}")
                assert page.status_code == 200
                assert word in page.text
                assert number not in page.text
                assert " style=" not in page.text
            assert (await client.get("/patients/nobody")).status_code == 404
