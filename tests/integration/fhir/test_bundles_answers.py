"""What a bundle may ask besides creating, and what each entry is told."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    bundle_of,
    codes_of,
    entry_of,
    hub_of_writer,
    observation,
    patient_of,
)

pytestmark = pytest.mark.anyio
JSON_PATCH = "application/json-patch+json"
N = "urn:uuid:0b9c7c3e-0000-4000-8000-00000000000a"


def _json_patch(*operations: dict[str, Any]) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data}


def _path_patch(path: str, name: str, value: dict[str, Any]) -> dict[str, Any]:
    parts = [
        {"name": "type", "valueCode": "add"},
        {"name": "path", "valueString": path},
        {"name": "name", "valueString": name},
        {"name": "value", **value},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_entries_patch_by_both_ways(kind: str, place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient))
        url = f"Observation/{made.json()['id']}"
        note = _json_patch({"op": "add", "path": "/note", "value": [{"text": "x"}]})
        done = await client.post(
            "/fhir",
            json=bundle_of(
                kind,
                entry_of("PATCH", url, note, ifMatch='W/"1"'),
                entry_of("PATCH", f"Patient?identifier={SYSTEM}|W-1",
                         _path_patch("Patient", "gender", {"valueCode": "male"})),
            ),
        )  # fmt: skip
        assert done.status_code == 200, done.text
        first, second = done.json()["entry"]
        assert [one["response"]["etag"] for one in (first, second)] == ['W/"2"', 'W/"2"']
        assert first["resource"]["note"] == [{"text": "x"}]
        assert second["resource"]["gender"] == "male"
        stale = entry_of("PATCH", url, note, ifMatch='W/"1"')
        if kind == "batch":
            answer = await client.post("/fhir", json=bundle_of(kind, stale))
            assert answer.json()["entry"][0]["response"]["status"] == "412"
            return
        for wrong, status in (
            (stale, 412),
            (entry_of("PATCH", "Observation/none", note), 404),
            (entry_of("PATCH", url, {"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="}), 400),
            (entry_of("PATCH", url, {**_json_patch(), "data": "%"}), 400),
            (entry_of("PATCH", url, PATIENT), 400),
            (entry_of("PATCH", url, _json_patch({"op": "test", "path": "/status", "value": "x"})), 409),
        ):  # fmt: skip
            good = entry_of("POST", "Observation", observation(patient, number="G-1"))
            answer = await client.post("/fhir", json=bundle_of(kind, good, wrong))
            assert answer.status_code == status, answer.text
            assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")


async def test_a_patch_may_point_at_what_the_bundle_makes(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient))
        url = f"Observation/{made.json()['id']}"
        specimen = {"resourceType": "Specimen", "subject": {"reference": f"Patient/{patient}"}}
        for patch in (
            _json_patch({"op": "add", "path": "/specimen", "value": {"reference": N}}),
            _json_patch({"op": "replace", "path": "/specimen/reference", "value": N}),
        ):
            done = await client.post(
                "/fhir",
                json=bundle_of(
                    "transaction", entry_of("PATCH", url, patch), entry_of("POST", "Specimen", specimen, N)
                ),
            )  # fmt: skip
            assert done.status_code == 200, done.text
            changed, new = (one["resource"] for one in done.json()["entry"])
            assert changed["specimen"]["reference"] == f"Specimen/{new['id']}"


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_reads_of_every_kind_are_answered_after_the_writes(
    kind: str, place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        done = await client.post(
            "/fhir",
            json=bundle_of(
                kind,
                entry_of("POST", "Observation", observation(patient)),
                entry_of("GET", f"Observation?patient={patient}&_summary=count"),
                entry_of("GET", f"Observation/$lastn?patient={patient}"),
                entry_of("HEAD", f"Patient/{patient}"),
                entry_of("GET", f"Patient/{patient}", ifNoneMatch='W/"1"'),
                entry_of("GET", f"Patient/{patient}/_history/1"),
            ),
        )
        assert done.status_code == 200, done.text
        entries = done.json()["entry"]
        said = [one["response"]["status"] for one in entries]
        assert said == ["201", "200", "200", "200", "304", "200"]
        assert entries[1]["resource"]["total"] == 1
        assert len(entries[2]["resource"]["entry"]) == 1
        assert "resource" not in entries[3]
        assert entries[3]["response"]["etag"] == 'W/"1"'


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_each_entry_is_told_what_became_of_it(kind: str, place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        base = hub.entrance.audience
        for n, (prefer, has_body, has_outcome) in enumerate(
            (
                ("return=representation", True, False),
                ("return=minimal", False, False),
                ("return=OperationOutcome", False, True),
            )
        ):
            number = f"E-{n}"
            made = await client.post(
                "/fhir",
                json=bundle_of(kind, entry_of("POST", "Observation", observation(patient, number=number))),
                headers={"Prefer": prefer},
            )  # fmt: skip
            (entry,) = made.json()["entry"]
            response = entry["response"]
            assert (response["status"], response["etag"]) == ("201", 'W/"1"')
            key = response["location"].removeprefix(f"{base}/Observation/").partition("/")[0]
            assert response["location"] == f"{base}/Observation/{key}/_history/1"
            assert ("resource" in entry, "outcome" in response) == (has_body, has_outcome)
            read = await client.get(f"/fhir/Observation/{key}")
            stamp = read.json()["meta"]["lastUpdated"]
            assert response["lastModified"][:19] == stamp[:19]
            gone = await client.post(
                "/fhir", json=bundle_of(kind, entry_of("DELETE", f"Observation/{key}"))
            )
            (entry,) = gone.json()["entry"]
            assert entry["response"]["status"] == "204"
            assert "resource" not in entry


async def test_an_id_is_made_once_where_nothing_may_be_there(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path, "hie/client-ids") as (_, client):
        tree = {**PATIENT, "id": "only-1"}
        entry = entry_of("PUT", "Patient/only-1", tree, ifNoneMatch="*")
        first = await client.post("/fhir", json=bundle_of("transaction", entry))
        assert first.json()["entry"][0]["response"]["status"] == "201"
        again = await client.post("/fhir", json=bundle_of("transaction", entry))
        assert again.status_code == 412
        other = entry_of("PUT", "Patient/only-1", tree, ifNoneMatch='W/"1"')
        wrong = await client.post("/fhir", json=bundle_of("transaction", other))
        assert (wrong.status_code, codes_of(wrong)) == (400, ["invalid-value"])


async def test_a_thousand_entries_are_done_and_one_more_is_refused(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        entries = [
            entry_of("POST", "Observation", observation(patient, number=f"{n}"))
            for n in range(1_001)
        ]
        more = await client.post("/fhir", json=bundle_of("transaction", *entries))
        assert (more.status_code, codes_of(more)) == (413, ["too-many"])
        done = await client.post("/fhir", json=bundle_of("transaction", *entries[:1_000]))
        assert done.status_code == 200, done.text
        assert {one["response"]["status"] for one in done.json()["entry"]} == {"201"}
        total = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
        assert total.json()["total"] == 1_000
