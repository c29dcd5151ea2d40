"""A hub with a client that may write, and the resources it writes: all people are invented."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from tests.integration.test_doors import _client
from tests.integration.test_road import connected
from tests.integration.two_hospitals import CASE

SYSTEM = "urn:oid:2.16.156.1.9.1"


PATIENT = {
    "resourceType": "Patient",
    "identifier": [{"system": SYSTEM, "value": "W-1"}],
    "name": [{"text": "示例甲"}],
    "birthDate": "1970-01-02",
    "extension": [{"url": "urn:x", "valueDecimal": 0}],
}


def observation(patient: str, value: str = "5.10", number: str = "R-1") -> str:
    """An Observation as text: its digits are part of it."""
    return (
        '{"resourceType":"Observation","status":"final",'
        f'"identifier":[{{"system":"urn:lab","value":"{number}"}}],'
        '"code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},'
        f'"subject":{{"reference":"Patient/{patient}"}},'
        '"effectiveDateTime":"2026-06-01T08:00:00+08:00",'
        f'"valueQuantity":{{"value":{value},"unit":"mmol/L"}}}}'
    )


async def writer(
    hub: Hub, client: str = "writer", institution: str = CASE.institution, *more: str
) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked = {
        "client": client,
        "institution": institution,
        "key": {"pem": pem.decode()},
        "scopes": ["system/*.cruds", *more],
        "name": client,
        "purposes": ["TREAT"],
    }
    await run(hub, "client-add", asked)
    return await headers_of(hub, client)


async def headers_of(hub: Hub, client: str) -> dict[str, str]:
    """How a client that is registered calls now."""
    token = await run(hub, "client-token", {"client": client, "scopes": None})
    return {
        "Authorization": f"Bearer {token['access_token']}",
        "Content-Type": "application/fhir+json",
    }


@asynccontextmanager
async def hub_of_writer(place: Any, tmp_path: Path, *more: str) -> AsyncIterator[Any]:
    async with connected(place, tmp_path) as (hub, _), _client(hub) as client:
        client.headers.update(await writer(hub, "writer", CASE.institution, *more))
        yield hub, client


async def patient_of(client: httpx.AsyncClient, **changed: Any) -> str:
    answer = await client.post("/fhir/Patient", json={**PATIENT, **changed})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def codes_of(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"].startswith("application/fhir+json")
    return [one["diagnostics"].partition(":")[0] for one in answer.json()["issue"]]


def bundle_of(kind: str, *entries: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry_of(
    method: str, url: str, tree: Any = None, full: str = "", **more: str
) -> dict[str, Any]:
    found: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    if tree is not None:
        found["resource"] = json.loads(tree) if isinstance(tree, str) else tree
    return {"fullUrl": full, **found} if full else found


def report_of(patient: str, *results: str) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "示例"},
        "subject": {"reference": patient},
        "result": [{"reference": one} for one in results],
    }
