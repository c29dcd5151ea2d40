"""Creating, changing and deleting over FHIR: by id and by condition."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    codes_of,
    hub_of_writer,
    observation,
    patient_of,
    writer,
)
from tests.integration.two_hospitals import CASE
from tests.treated import treats_everybody

pytestmark = pytest.mark.anyio


async def test_a_resource_is_created_read_changed_and_deleted(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient))
        assert made.status_code == 201
        key = made.json()["id"]
        assert made.headers["location"].endswith(f"/fhir/Observation/{key}/_history/1")
        assert made.headers["etag"] == 'W/"1"'
        assert '"value":5.10' in made.text
        assert made.json()["meta"]["source"] == f"urn:hie:institution:{CASE.institution}"
        read = await client.get(f"/fhir/Observation/{key}")
        assert read.text == made.text
        changed = json.loads(observation(patient, "4"))
        changed["id"] = key
        same = await client.put(
            f"/fhir/Observation/{key}",
            content=observation(patient)[:-1] + f',"id":"{key}"}}',
        )
        assert (same.status_code, same.headers["etag"]) == (200, 'W/"1"')
        stale = await client.put(
            f"/fhir/Observation/{key}", json=changed, headers={"If-Match": 'W/"7"'}
        )
        assert stale.status_code == 412
        put = await client.put(
            f"/fhir/Observation/{key}", json=changed, headers={"If-Match": 'W/"1"'}
        )
        assert (put.status_code, put.headers["etag"]) == (200, 'W/"2"')
        gone = await client.delete(f"/fhir/Observation/{key}")
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await client.get(f"/fhir/Observation/{key}")).status_code == 410
        assert (await client.delete(f"/fhir/Observation/{key}")).status_code == 204
        found = await client.get(f"/fhir/Observation?patient={patient}")
        assert "entry" not in found.json()
        first = await client.get(f"/fhir/Observation/{key}/_history/1")
        assert '"value":5.10' in first.text
        entries = (await client.get(f"/fhir/Observation/{key}/_history")).json()["entry"]
        assert [one["request"]["method"] for one in entries] == ["DELETE", "PUT", "POST"]
        assert "resource" not in entries[0]
        again = await client.post("/fhir/Observation", content=observation(patient))
        assert again.status_code == 201


async def test_one_identifier_is_one_resource(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        twice = await client.post("/fhir/Patient", json=PATIENT)
        assert (twice.status_code, codes_of(twice)) == (409, ["taken"])
        condition = {"If-None-Exist": f"identifier={SYSTEM}|W-1"}
        known = await client.post("/fhir/Patient", json=PATIENT, headers=condition)
        assert (known.status_code, known.json()["id"]) == (200, patient)
        condition = {"If-None-Exist": "identifier=urn:lab|R-1"}
        results = [
            await client.post("/fhir/Observation", content=observation(patient), headers=condition)
            for _ in range(3)
        ]
        assert [one.status_code for one in results] == [201, 200, 200]
        assert len({one.json()["id"] for one in results}) == 1


async def test_many_at_the_same_moment_make_one(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        for number in range(4):
            text = observation(patient, number=f"C-{number}")
            condition = {"If-None-Exist": f"identifier=urn:lab|C-{number}"}
            answers = await asyncio.gather(
                *(
                    client.post("/fhir/Observation", content=text, headers=condition)
                    for _ in range(16)
                )
            )
            assert sorted(one.status_code for one in answers) == [200] * 15 + [201]
            assert len({one.json()["id"] for one in answers}) == 1
            url = f"/fhir/Observation?identifier=urn:lab|U-{number}"
            text = observation(patient, number=f"U-{number}")
            answers = await asyncio.gather(*(client.put(url, content=text) for _ in range(16)))
            assert sorted(one.status_code for one in answers) == [200] * 15 + [201]
            assert len({one.json()["id"] for one in answers}) == 1
            text = observation(patient, number=f"B-{number}")
            answers = await asyncio.gather(
                *(client.post("/fhir/Observation", content=text) for _ in range(16))
            )
            assert sorted(one.status_code for one in answers) == [201] + [409] * 15
        found = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
        assert found.json()["total"] == 12


async def test_what_may_not_be_written_is_refused_by_name(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        for path, content, status, codes in (
            ("Observation", observation("nobody"), 422, ["reference-not-found"]),
            ("Observation", observation(patient).replace("final", "done"), 422, ["binding"]),
            ("Observation", observation(patient).replace(f"Patient/{patient}", "Group/1"), 422, None),
            ("Patient", observation(patient), 400, ["other-type"]),
            ("Patient", "[]", 400, ["not-an-object"]),
            ("Patient", '{"resourceType":"Patient","resourceType":"Patient"}', 400, None),
            ("Patient", '{"resourceType":"Patient","gender":null}', 400, None),
            ("Patient", "\ufeff{}", 400, None),
            ("Rocket", "{}", 404, None),
        ):  # fmt: skip
            answer = await client.post(f"/fhir/{path}", content=content.encode())
            assert answer.status_code == status, (content, answer.text)
            assert codes is None or codes_of(answer) == codes
        for condition in ("", "_count=1", "colour=x", "name=x", "identifier="):
            answer = await client.post(
                "/fhir/Patient", json=PATIENT, headers={"If-None-Exist": condition}
            )
            assert answer.status_code == 400, condition
        unknown = await client.put("/fhir/Patient/mine", json={**PATIENT, "id": "mine"})
        assert (unknown.status_code, unknown.headers["allow"]) == (405, "GET")
        other = await client.put(f"/fhir/Patient/{patient}", json={**PATIENT, "id": "other"})
        assert other.status_code == 400
        without = await client.put(f"/fhir/Patient/{patient}", json=PATIENT)
        assert without.status_code == 400
        text = await client.post(
            "/fhir/Patient", content="{}", headers={"Content-Type": "text/plain"}
        )
        assert text.status_code == 415
        made = await client.post("/fhir/Observation", content=observation(patient))
        left = await client.delete(f"/fhir/Patient/{patient}")
        assert left.status_code == 409
        stranger = await writer(hub, "stranger", "121301024000001027")
        result, male = made.json()["id"], {**PATIENT, "id": patient, "gender": "male"}
        for treated, expected in ((False, (204, 405)), (True, (403, 403))):  # hidden is absent
            if treated:
                await treats_everybody(hub, "121301024000001027")
            for answer, status in zip(
                (
                    await client.delete(f"/fhir/Observation/{result}", headers=stranger),
                    await client.put(f"/fhir/Patient/{patient}", json=male, headers=stranger),
                ),
                expected,
                strict=True,
            ):
                assert answer.status_code == status, answer.text
            assert (await client.get(f"/fhir/Observation/{result}")).status_code == 200
        narrow = await run(
            hub, "client-token", {"client": "writer", "scopes": ["system/Patient.rs"]}
        )
        headers = {"Authorization": f"Bearer {narrow['access_token']}"}
        for call in (
            client.post("/fhir/Patient", json=PATIENT, headers=headers),
            client.delete(f"/fhir/Patient/{patient}", headers=headers),
        ):
            assert (await call).status_code == 403


async def test_who_is_entitled_chooses_ids_and_leaves_references_open(
    place: Any, tmp_path: Path
) -> None:
    scopes = ("hie/client-ids", "hie/open-references")
    async with hub_of_writer(place, tmp_path, *scopes) as (_, client):
        tree = {
            **PATIENT,
            "id": "chosen-1",
            "generalPractitioner": [{"reference": "Practitioner/x"}],
        }
        made = await client.put("/fhir/Patient/chosen-1", json=tree)
        assert made.status_code == 201
        assert made.json()["id"] == "chosen-1"
        assert (await client.delete("/fhir/Patient/chosen-1")).status_code == 204
        assert (await client.get("/fhir/Patient/chosen-1")).status_code == 410
        again = await client.put("/fhir/Patient/chosen-1", json=tree)
        assert (again.status_code, again.headers["etag"]) == (201, 'W/"3"')
        entries = (await client.get("/fhir/Patient/chosen-1/_history")).json()["entry"]
        assert [one["request"]["method"] for one in entries] == ["PUT", "DELETE", "POST"]


async def test_an_answer_is_as_much_as_is_preferred(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for number, (prefer, kind) in enumerate(
            (
                ("return=minimal", None),
                ("return=OperationOutcome", "OperationOutcome"),
                ("respond-async, return=representation", "Patient"),
            )
        ):
            tree = {**PATIENT, "identifier": [{"system": SYSTEM, "value": f"P-{number}"}]}
            answer = await client.post("/fhir/Patient", json=tree, headers={"Prefer": prefer})
            assert answer.status_code == 201
            assert (answer.json()["resourceType"] if answer.content else None) == kind
            assert "location" in answer.headers


async def test_an_identifier_stays_with_whoever_took_it_first(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path, "hie/client-ids") as (_, client):
        for key in ("first", "second"):
            made = await client.put(f"/fhir/Patient/{key}", json={**PATIENT, "id": key})
            assert made.status_code == 201, made.text
        assert (await client.delete("/fhir/Patient/second")).status_code == 204
        assert (await client.post("/fhir/Patient", json=PATIENT)).status_code == 409
        assert (await client.delete("/fhir/Patient/first")).status_code == 204
        assert (await client.post("/fhir/Patient", json=PATIENT)).status_code == 201
