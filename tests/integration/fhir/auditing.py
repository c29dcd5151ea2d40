"""A client that reads the audit log, and a little that has happened: all people are invented."""

from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from tests.integration.fhir.support import SYSTEM, observation, patient_of
from tests.integration.two_hospitals import CASE

OWN = "https://hie.example/fhir/CodeSystem/audit-event"
REST = "http://hl7.org/fhir/restful-interaction"


async def client_with(
    hub: Hub,
    name: str,
    *scopes: str,
    purpose: str = "TREAT",
    institution: str = CASE.institution,
) -> dict[str, str]:
    """The header of a new client with exactly these scopes and one purpose."""
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked = {
        "client": name,
        "institution": institution,
        "key": {"pem": pem.decode()},
        "scopes": list(scopes),
        "name": name,
        "purposes": [purpose],
    }
    await run(hub, "client-add", asked)
    token = await run(hub, "client-token", {"client": name, "scopes": None})
    return {"Authorization": f"Bearer {token['access_token']}"}


async def happened(client: httpx.AsyncClient) -> dict[str, str]:
    """Two patients with a result each: written, read, searched together, changed, one deleted."""
    first = await patient_of(client)
    second = await patient_of(client, identifier=[{"system": SYSTEM, "value": "W-2"}])
    results = []
    for patient, number in ((first, "A-1"), (second, "A-2")):
        text = observation(patient, number=number)
        made = await client.post("/fhir/Observation", content=text)
        results.append(str(made.json()["id"]))
    await client.get(f"/fhir/Observation/{results[0]}")
    await client.get(f"/fhir/Observation/{results[0]}/_history/1")
    both = await client.get(f"/fhir/Observation?_id={results[0]},{results[1]}")
    assert len(both.json()["entry"]) == 2
    await client.get(f"/fhir/Patient?identifier={SYSTEM}|W-2")
    assert (await client.delete(f"/fhir/Observation/{results[1]}")).status_code == 204
    return {"first": first, "second": second, "kept": results[0], "gone": results[1]}


async def found(client: httpx.AsyncClient, query: str, **headers: str) -> list[dict[str, Any]]:
    """The AuditEvents of a search."""
    answer = await client.get(f"/fhir/AuditEvent?{query}", headers=headers)
    assert answer.status_code == 200, (query, answer.text)
    return [one["resource"] for one in answer.json().get("entry", ())]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """The hub's own word for each event."""
    return [one["subtype"][-1]["code"] for one in events]


def patients(events: list[dict[str, Any]]) -> set[str]:
    """Every patient that is named."""
    return {
        one["what"]["reference"].split("/")[1]
        for event in events
        for one in event["entity"]
        if one.get("what", {}).get("reference", "").startswith("Patient/")
    }
