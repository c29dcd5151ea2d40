"""Bundles: a transaction is whole, the entries of a batch stand alone."""

import asyncio
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
    report_of,
)

pytestmark = pytest.mark.anyio


P, O1, O2 = (f"urn:uuid:0b9c7c3e-0000-4000-8000-00000000000{n}" for n in range(3))


async def test_a_transaction_is_done_whole_with_its_references_resolved(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        found = bundle_of(
            "transaction",
            entry_of("POST", "DiagnosticReport", report_of(P, O1, O2)),
            entry_of("POST", "Observation", observation("x").replace("Patient/x", P), O1),
            entry_of("GET", "Patient?_summary=count"),
            entry_of(
                "POST", "Observation",
                observation("x", "6.200", "R-2").replace("Patient/x", f"Patient?identifier={SYSTEM}|W-1"),
                O2,
            ),
            entry_of("POST", "Patient", PATIENT, P, ifNoneExist=f"identifier={SYSTEM}|W-1"),
        )  # fmt: skip
        found["entry"][3]["resource"]["subject"]["reference"] = "Patient?identifier=urn:no|1"
        lost = await client.post("/fhir", json=found)
        assert lost.status_code == 412
        assert lost.json()["issue"][0]["expression"] == ["Bundle.entry[3].reference"]
        empty = await client.get("/fhir/Patient?_summary=count")
        assert empty.json()["total"] == 0
        # what the bundle itself creates meets a condition too
        known = f"Patient?identifier={SYSTEM}|W-1"
        found["entry"][3]["resource"]["subject"]["reference"] = known
        digits = json.dumps(found).replace('"value": 6.2', '"value": 6.200')
        done = await client.post("/fhir", content=digits)
        assert done.status_code == 200, done.text
        entries = done.json()["entry"]
        assert [one["response"]["status"] for one in entries] == ["201", "201", "200", "201", "201"]
        report = entries[0]["resource"]
        patient = entries[4]["resource"]["id"]
        assert report["subject"]["reference"] == f"Patient/{patient}"
        assert [one["reference"] for one in report["result"]] == [
            f"Observation/{entries[1]['resource']['id']}",
            f"Observation/{entries[3]['resource']['id']}",
        ]
        assert '"value":6.200' in done.text
        assert entries[2]["resource"]["total"] == 1
        again = await client.post("/fhir", json=found)
        assert again.status_code == 409  # the Observations' identifiers are taken; nothing is done
        assert again.json()["issue"][0]["expression"] == ["Bundle.entry[1].Observation.identifier"]
        reports = await client.get(f"/fhir/DiagnosticReport?patient={patient}&_summary=count")
        assert reports.json()["total"] == 1


async def test_what_overlaps_in_a_transaction_fails_it(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        condition = "identifier=urn:lab|R-1"
        made = entry_of("POST", "Observation", observation(patient), ifNoneExist=condition)
        tree = {**PATIENT, "id": patient, "gender": "male"}
        for entries in (
            (made, made),
            (
                entry_of("PUT", f"Patient/{patient}", tree),
                entry_of("PUT", f"Patient?identifier={SYSTEM}|W-1", tree),
            ),
            (
                entry_of("DELETE", f"Patient/{patient}"),
                entry_of("PUT", f"Patient/{patient}", tree),
            ),
            (entry_of("POST", "Patient", PATIENT, P), entry_of("POST", "Patient", PATIENT, P)),
        ):
            answer = await client.post("/fhir", json=bundle_of("transaction", *entries))
            assert answer.status_code == 400, answer.text
            assert codes_of(answer)[0] in {"overlap", "repeated"}
        for entry, status in (
            (entry_of("POST", "Observation"), 400),
            (entry_of("POST", "Observation/x", observation(patient)), 400),
            (entry_of("PUT", "Observation", observation(patient)), 400),
            (entry_of("FLY", "Observation", observation(patient)), 400),
            (entry_of("POST", "Rocket", {"resourceType": "Rocket"}), 400),
            ({"resource": PATIENT}, 400),
            (entry_of("PUT", "Observation/none", observation(patient)), 400),
            (entry_of("PUT", f"Patient/{patient}", tree, ifMatch='W/"9"'), 412),
            (entry_of("POST", "Observation", observation("nobody")), 422),
        ):
            good = entry_of("POST", "Observation", observation(patient, number="G-1"))
            answer = await client.post("/fhir", json=bundle_of("transaction", good, entry))
            assert answer.status_code == status, (entry, answer.text)
            assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
        left = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
        assert left.json()["total"] == 0
        for body in (
            bundle_of("collection"),
            {"resourceType": "Patient"},
            {**bundle_of("batch"), "entry": {}},
        ):
            assert (await client.post("/fhir", json=body)).status_code == 400


async def test_the_entries_of_a_batch_stand_alone(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        answer = await client.post(
            "/fhir/",
            json=bundle_of(
                "batch",
                entry_of("GET", f"Patient/{patient}"),
                entry_of("POST", "Observation", observation(patient)),
                entry_of("POST", "Observation", observation("nobody", number="R-9")),
                entry_of("GET", "Patient?colour=blue"),
                entry_of("GET", "Patient/none"),
                {"resource": PATIENT},
                entry_of("DELETE", f"Patient/{patient}"),
            ),
        )
        assert answer.status_code == 200
        entries = answer.json()["entry"]
        said = [one["response"]["status"] for one in entries]
        assert said == ["200", "201", "422", "400", "404", "400", "409"]
        assert entries[0]["resource"]["id"] == patient
        assert entries[2]["response"]["outcome"]["resourceType"] == "OperationOutcome"
        empty = await client.post("/fhir", json={"resourceType": "Bundle", "type": "batch"})
        assert empty.json() == {"resourceType": "Bundle", "type": "batch-response"}


async def test_the_same_transaction_many_times_at_once_makes_one_of_each(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        found = bundle_of(
            "transaction",
            entry_of("POST", "Patient", PATIENT, P, ifNoneExist=f"identifier={SYSTEM}|W-1"),
            entry_of(
                "POST", "Observation", observation("x").replace("Patient/x", P), O1,
                ifNoneExist="identifier=urn:lab|R-1",
            ),
        )  # fmt: skip
        answers = await asyncio.gather(*(client.post("/fhir", json=found) for _ in range(16)))
        assert {one.status_code for one in answers} == {200}
        said = [[e["response"]["status"] for e in one.json()["entry"]] for one in answers]
        assert sorted(said) == [["200", "200"]] * 15 + [["201", "201"]]
        assert len({one.json()["entry"][1]["resource"]["id"] for one in answers}) == 1


async def test_no_bundle_stands_in_a_bundle(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        inner = bundle_of("batch", entry_of("GET", "Patient"))
        for url in ("/", "?x=1", "http://localhost:8000/fhir"):
            answer = await client.post(
                "/fhir", json=bundle_of("batch", entry_of("POST", url, inner))
            )
            assert answer.json()["entry"][0]["response"]["status"] == "400"
