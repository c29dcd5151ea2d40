"""What is linked to results of messages, and less of a resource when less is asked for."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from hie.app import opened
from hie.exchange.commands import run
from tests.integration.fhir.search.messages import filled, patient_id, total
from tests.integration.test_doors import _client, _settings

pytestmark = pytest.mark.anyio


async def test_references_are_followed_both_ways(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = await patient_id(client, headers)
        tree = (await client.get(f"/fhir/Patient/{patient}", headers=headers)).json()
        number = next(one for one in tree["identifier"] if one.get("value"))
        token = quote(f"{number['system']}|{number['value']}")
        every = await total(client, headers, f"Observation?patient={patient}")
        for query, count in {
            f"Observation?patient.identifier={token}": every,
            f"Observation?subject:Patient.identifier={token}": every,
            f"Observation?subject.identifier={token}": every,
            f"Observation?patient.identifier={token}&code=K": 1,
            "Observation?patient.identifier=nobody": 0,
            f"Observation?patient={patient}&specimen.patient={patient}": every,
            f"Observation?patient={patient}&performer:Organization.identifier=nowhere": 0,
            f"Patient?_id={patient}&_has:Observation:patient:code=K": 1,
            f"Patient?_id={patient}&_has:Observation:patient:code=nothing": 0,
            f"Patient?identifier={token}&_has:Observation:subject:status=final": 1,
            f"Patient?_id={patient}&_has:Specimen:subject:status:missing=true": 0,
        }.items():
            assert await total(client, headers, query) == count, query
        for query, code in {
            "Observation?patient.name=x": "too-costly",
            "Patient?_has:Observation:patient:code=K": "too-costly",
            "Observation?patient.colour=x": "invalid",
            "Observation?code.identifier=x": "invalid",
            f"Observation?patient={patient}&performer.name=x": "invalid",
            f"Observation?patient={patient}&_has:Observation:code:status=x": "invalid",
            "Observation?patient.link.link.link.link.name=x": "invalid",
            f"Observation?patient={patient}&_include=Observation:code": "invalid",
            f"Observation?patient={patient}&_include:some=Observation:subject": "invalid",
        }.items():
            answer = await client.get(f"/fhir/{query}", headers=headers)
            assert answer.status_code == 400, query
            assert answer.json()["issue"][0]["code"] == code, (query, answer.text)


async def _kinds(client: httpx.AsyncClient, headers: dict[str, str], query: str) -> list[Any]:
    answer = await client.get(f"/fhir/{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    entries = answer.json()["entry"]
    assert len({one["fullUrl"] for one in entries}) == len(entries)
    return [(one["search"]["mode"], one["resource"]["resourceType"]) for one in entries]


async def test_what_belongs_to_a_page_comes_with_it_once(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = await patient_id(client, headers)
        mine = f"Observation?patient={patient}&code=K"
        match = ("match", "Observation")
        assert await _kinds(client, headers, f"{mine}&_include=Observation:subject") == [
            match,
            ("include", "Patient"),
        ]
        found = await _kinds(client, headers, f"{mine}&_include=Observation:*")
        assert found[0] == match
        assert {("include", one) for one in ("Patient", "Specimen", "Organization")} <= set(found)
        found = await _kinds(client, headers, f"{mine}&_revinclude=DiagnosticReport:result")
        assert found == [match, ("include", "DiagnosticReport")]
        found = await _kinds(
            client, headers,
            f"{mine}&_revinclude=DiagnosticReport:result&_include:iterate=DiagnosticReport:performer",
        )  # fmt: skip
        assert ("include", "Organization") in found
        found = await _kinds(
            client, headers, f"Patient?_id={patient}&_revinclude=Provenance:target"
        )
        assert {kind for mode, kind in found if mode == "include"} == {"Provenance"}
        found = await _kinds(client, headers, f"{mine}&_include=Observation:subject:Device")
        assert found == [match]
        token = await run(
            hub, "client-token", {"client": "reader", "scopes": ["system/Observation.rs"]}
        )
        readers = {"Authorization": f"Bearer {token['access_token']}"}
        assert await _kinds(client, readers, f"{mine}&_include=Observation:subject") == [match]


async def test_less_of_a_resource_is_marked_as_less(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = await patient_id(client, headers)
        mine = f"/fhir/Observation?patient={patient}&code=K"

        async def only(query: str) -> dict[str, Any]:
            answer = await client.get(f"{mine}&{query}", headers=headers)
            assert answer.status_code == 200, answer.text
            tree: dict[str, Any] = answer.json()["entry"][0]["resource"]
            return tree

        whole = await only("_summary=false")
        assert "tag" not in whole["meta"]
        few = await only("_elements=value,status")
        assert few.keys() == {"resourceType", "id", "meta", "status", "code", "valueQuantity"}
        assert few["meta"]["tag"][-1]["code"] == "SUBSETTED"
        summary = await only("_summary=true")
        assert "referenceRange" in whole
        assert "referenceRange" not in summary
        assert summary["valueQuantity"] == whole["valueQuantity"]
        assert (await only("_summary=text")).keys() == {
            "resourceType", "id", "meta", "status", "code",
        }  # fmt: skip
        assert (await only("_summary=data"))["meta"]["tag"][-1]["code"] == "SUBSETTED"
        for wrong in ("_summary=all", "_elements=a.b", "_elements=code&_summary=true"):
            answer = await client.get(f"{mine}&{wrong}", headers=headers)
            assert answer.status_code == 400
