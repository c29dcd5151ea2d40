"""Addresses inside resources: kept as data, called by nobody; a Subscription's may not lead inside.

Requests of the server that a Subscription asks for when it is created, and addresses in resources.
A listener on this machine counts who comes.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.hostile import (
    ECHO,
    Asked,
    Attack,
    check_log,
    check_refused,
    hostile_field,
)
from tests.integration.fhir.minimal import minimal
from tests.unit.fhir.test_target import INSIDE

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def _listener() -> AsyncIterator[tuple[int, list[int]]]:
    """A port of this machine, and who came."""
    came: list[int] = []

    async def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(1)
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came


def _subscription(endpoint: str) -> bytes:
    tree = minimal("Subscription", "Patient/x")
    tree["channel"] = {"type": "rest-hook", "endpoint": endpoint}
    return json.dumps(tree).encode()


async def test_a_subscription_that_leads_inside_is_refused_and_is_an_alarm(
    place: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with hostile_field(place, tmp_path) as field:
        path = "/fhir/Subscription"
        inside = [
            one for one in INSIDE if one.startswith(("http", "file", "gopher")) and one.isascii()
        ]
        told = [one for one in inside if not set(one) & set(" \r\n")] + [
            f"https://127.0.0.1/{ECHO}"
        ]
        attacks = [
            Attack(one, Asked("POST", path, _subscription(one)), 422, "value|business-rule", "ssrf")
            for one in told
        ]
        assert len(attacks) >= 30
        right = _subscription("https://partner.example.com/hook")
        await check_refused(field, attacks, lambda _: Asked("POST", path, right))
        async with field.hub.db.reading() as reader:
            outcomes = await reader.fetch("SELECT outcome FROM audit_access WHERE reason = 'ssrf'")
        assert {str(row[0]) for row in outcomes} == {"8"}
    check_log("".join(capfd.readouterr()))


async def test_no_other_way_of_writing_takes_it_either(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        right, wrong = "https://partner.example.com/hook", "https://169.254.169.254/"
        made = await field.client.post("/fhir/Subscription", content=_subscription(right))
        key = made.json()["id"]
        tree = {**json.loads(_subscription(wrong)), "id": key}
        assert (await field.client.put(f"/fhir/Subscription/{key}", json=tree)).status_code == 422
        patch = json.dumps([{"op": "replace", "path": "/channel/endpoint", "value": wrong}])
        media = {"Content-Type": "application/json-patch+json"}
        at = f"/fhir/Subscription/{key}"
        assert (await field.client.patch(at, content=patch, headers=media)).status_code == 422
        entry = {
            "resource": json.loads(_subscription(wrong)),
            "request": {"method": "POST", "url": "Subscription"},
        }
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        assert (await field.client.post("/fhir", json=bundle)).status_code == 422
        assert (await field.client.get(at)).json()["channel"]["endpoint"] == right


async def test_an_address_in_a_resource_is_never_fetched(place: Any, tmp_path: Path) -> None:
    async with (
        hostile_field(place, tmp_path, "hie/open-references") as field,
        _listener() as (port, came),
    ):
        address = f"http://127.0.0.1:{port}/x"
        whose = {"reference": f"Patient/{field.patient}"}
        form = {"contentType": "text/plain", "url": address}
        trees = [
            {**minimal("DiagnosticReport", whose["reference"]), "presentedForm": [form]},
            {**minimal("DocumentReference", whose["reference"]), "content": [{"attachment": form}]},
            {
                **minimal("Observation", whose["reference"]),
                "performer": [{"reference": f"{address}/Organization/1"}],
            },
            {
                **minimal("Patient", ""),
                "photo": [form],
                "managingOrganization": {"reference": f"{address}/Organization/1"},
            },
            {**minimal("Endpoint", ""), "address": address},
            {
                **minimal("ValueSet", ""),
                "url": address,
                "compose": {"include": [{"valueSet": [address]}]},
            },
            {**minimal("Observation", whose["reference"]), "meta": {"profile": [address]}},
        ]
        for tree in trees:
            kind = tree["resourceType"]
            made = await field.client.post(f"/fhir/{kind}", json=tree)
            assert made.status_code in (201, 422), (kind, made.text)
            if made.status_code == 201:
                await field.client.get(f"/fhir/{kind}/{made.json()['id']}")
            await field.client.post(f"/fhir/{kind}/$validate", json=tree)
        for query in (
            f"Observation?patient={field.patient}&code:in={address}",
            f"ValueSet/$expand?url={address}",
            f"CodeSystem/$lookup?system={address}&code=x",
            f"ConceptMap/$translate?url={address}&system={address}&code=x",
            f"Observation?patient={field.patient}&_profile={address}",
            f"Observation?patient={field.patient}&_include=*",
        ):
            await field.client.get(f"/fhir/{query}")
        await asyncio.sleep(0)
        assert came == []
