"""Two entries of a transaction that mean one resource, or may, fail the whole: case by case."""

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
LAB = "identifier=urn:lab|"


async def test_overlapping_entries_fail_the_bundle(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        there = (await client.post("/fhir/Observation", content=observation(patient))).json()
        mine = {**there, "note": [{"text": "x"}]}
        unnamed = {key: value for key, value in mine.items() if key != "id"}
        patch = {
            "resourceType": "Binary",
            "contentType": "application/json-patch+json",
            "data": "W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL2lkZW50aWZpZXIifV0=",
        }
        by_id = entry_of("PUT", f"Observation/{there['id']}", mine)
        by_condition = entry_of("PUT", f"Observation?{LAB}R-1", unnamed)

        def new(number: str, condition: str) -> dict[str, Any]:
            return entry_of(
                "POST", "Observation", observation(patient, number=number), ifNoneExist=condition
            )

        two = json.loads(observation(patient, number="N-4"))
        two["identifier"].append({"system": "urn:lab", "value": "N-5"})
        cases = (
            # one condition twice, in whatever order it is written
            (
                new("N-1", f"{LAB}N-1&status=final"),
                new("N-2", f"status=final&{LAB}N-1"),
            ),
            # one resource, by two conditions that are both met by it
            (new("N-1", f"{LAB}R-1"), new("N-2", f"status=final&{LAB}R-1")),
            (by_condition, entry_of("DELETE", f"Observation?{LAB}R-1&status=final")),
            # one resource by its id and by a condition
            (by_id, new("N-1", f"{LAB}R-1")),
            (by_id, by_condition),
            (entry_of("PATCH", f"Observation/{there['id']}", patch), by_condition),
            (entry_of("DELETE", f"Observation/{there['id']}"), by_condition),
            (by_id, entry_of("DELETE", f"Observation/{there['id']}")),
            # a condition that nothing meets yet, and an entry that makes what will
            (new("N-3", f"{LAB}N-3"), entry_of("POST", "Observation", observation(patient, number="N-3"))),
            (
                entry_of("POST", "Observation", two, ifNoneExist=f"{LAB}N-4"),
                entry_of("PUT", f"Observation?{LAB}N-5", observation(patient, number="N-6")),
            ),
            (
                new("N-7", f"{LAB}N-7"),
                new("N-8", f"patient={patient}&date=2026-06-01&{LAB}N-7"),
            ),
            (new("N-9", f"{LAB}N-9"), entry_of("PUT", f"Observation/{there['id']}", {
                **mine, "identifier": [{"system": "urn:lab", "value": "N-9"}]})),
        )  # fmt: skip
        for entries in cases:
            for turned in (entries, entries[::-1]):
                answer = await client.post("/fhir", json=bundle_of("transaction", *turned))
                assert answer.status_code == 400, (entries, answer.text)
                assert codes_of(answer) == ["overlap"]
                expression = answer.json()["issue"][0]["expression"][0]
                assert expression.startswith("Bundle.entry[")
        left = await client.get(f"/fhir/Observation?patient={patient}")
        assert [one["resource"]["id"] for one in left.json()["entry"]] == [there["id"]]
        assert left.json()["entry"][0]["resource"]["meta"]["versionId"] == "1"


async def test_what_does_not_overlap_is_done(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        results = [
            entry_of(
                "POST", "Observation", observation(patient, number=f"{n}"), ifNoneExist=f"{LAB}{n}"
            )
            for n in range(3)
        ]
        known = entry_of("POST", "Patient", PATIENT, ifNoneExist=f"identifier={SYSTEM}|W-1")
        nothing = entry_of("DELETE", f"Observation?{LAB}none")
        for status in ("201", "200"):
            answer = await client.post(
                "/fhir", json=bundle_of("transaction", *results, known, nothing)
            )
            assert answer.status_code == 200, answer.text
            said = [one["response"]["status"] for one in answer.json()["entry"]]
            assert said == [status] * 3 + ["200", "204"]
