"""Creating, changing and deleting over FHIR, on both databases: by id, by condition, by patch."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir import CANONICAL, ITEM
from tests.integration.test_bad_input import CASE, TEXT
from tests.integration.test_doors import _client, _settings
from tests.integration.test_road import _connected, _packed

pytestmark = pytest.mark.anyio
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


async def _writer(
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
    token = await run(hub, "client-token", {"client": client, "scopes": None})
    return {
        "Authorization": f"Bearer {token['access_token']}",
        "Content-Type": "application/fhir+json",
    }


@asynccontextmanager
async def _hub(place: Any, tmp_path: Path, *more: str) -> AsyncIterator[Any]:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        await _connected(hub, tmp_path)
        client.headers.update(await _writer(hub, "writer", CASE.institution, *more))
        yield hub, client


async def _patient(client: httpx.AsyncClient, **changed: Any) -> str:
    answer = await client.post("/fhir/Patient", json={**PATIENT, **changed})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _codes(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"].startswith("application/fhir+json")
    return [one["diagnostics"].partition(":")[0] for one in answer.json()["issue"]]


async def test_a_resource_is_created_read_changed_and_deleted(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
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
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
        twice = await client.post("/fhir/Patient", json=PATIENT)
        assert (twice.status_code, _codes(twice)) == (409, ["taken"])
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
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
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


async def test_a_patch_changes_what_it_names(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
        url = f"/fhir/Patient/{patient}"
        media = {"Content-Type": "application/json-patch+json"}

        async def sent(body: Any, **more: str) -> httpx.Response:
            return await client.patch(url, content=json.dumps(body), headers={**media, **more})

        done = await sent([{"op": "add", "path": "/gender", "value": "male"}])
        assert (done.status_code, done.json()["gender"]) == (200, "male")
        assert done.headers["etag"] == 'W/"2"'
        for body, status in (
            ([{"op": "test", "path": "/gender", "value": "female"}], 409),
            ([{"op": "remove", "path": "/nowhere"}], 422),
            ([{"op": "replace", "path": "/id", "value": "x"}], 422),
            ([{"op": "replace", "path": "/gender", "value": "blue"}], 422),
            ([{"op": "fly", "path": "/gender"}], 400),
            ([{"path": "/gender"}], 400),
            ([], 400),
            ({}, 400),
            ([1], 400),
            ([{"op": "add", "path": "/name/99", "value": {}}], 422),
        ):
            assert (await sent(body)).status_code == status, body
        assert (
            await sent([{"op": "remove", "path": "/gender"}], **{"If-Match": 'W/"1"'})
        ).status_code == 412
        media["Content-Type"] = "text/plain"
        assert (await sent([])).status_code == 415
        assert (await client.get(url)).headers["etag"] == 'W/"2"'


async def test_what_may_not_be_written_is_refused_by_name(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path) as (hub, client):
        patient = await _patient(client)
        for path, content, status, codes in (
            ("Observation", observation("nobody"), 422, ["reference-not-found"]),
            ("Observation", observation(patient).replace("final", "done"), 422, ["structure"]),
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
            assert codes is None or _codes(answer) == codes
        for condition in ("", "_count=1", "colour=x", "name=x", "identifier="):
            answer = await client.post(
                "/fhir/Patient", json=PATIENT, headers={"If-None-Exist": condition}
            )
            assert answer.status_code == 400, condition
        unknown = await client.put("/fhir/Patient/mine", json={**PATIENT, "id": "mine"})
        assert unknown.status_code == 404
        other = await client.put(f"/fhir/Patient/{patient}", json={**PATIENT, "id": "other"})
        assert other.status_code == 422
        text = await client.post(
            "/fhir/Patient", content="{}", headers={"Content-Type": "text/plain"}
        )
        assert text.status_code == 415
        made = await client.post("/fhir/Observation", content=observation(patient))
        left = await client.delete(f"/fhir/Patient/{patient}")
        assert left.status_code == 409
        stranger = await _writer(hub, "stranger", "121301024000001027")
        for answer in (
            await client.delete(f"/fhir/Observation/{made.json()['id']}", headers=stranger),
            await client.put(
                f"/fhir/Patient/{patient}",
                json={**PATIENT, "id": patient, "gender": "male"},
                headers=stranger,
            ),
        ):
            assert answer.status_code == 403
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
    async with _hub(place, tmp_path, *scopes) as (_, client):
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
    async with _hub(place, tmp_path) as (_, client):
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


def _bundle(kind: str, *entries: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def _entry(method: str, url: str, tree: Any = None, full: str = "", **more: str) -> dict[str, Any]:
    found: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    if tree is not None:
        found["resource"] = json.loads(tree) if isinstance(tree, str) else tree
    return {"fullUrl": full, **found} if full else found


def _report(patient: str, *results: str) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "示例"},
        "subject": {"reference": patient},
        "result": [{"reference": one} for one in results],
    }


P, O1, O2 = (f"urn:uuid:0b9c7c3e-0000-4000-8000-00000000000{n}" for n in range(3))


async def test_a_transaction_is_done_whole_with_its_references_resolved(
    place: Any, tmp_path: Path
) -> None:
    async with _hub(place, tmp_path) as (_, client):
        found = _bundle(
            "transaction",
            _entry("POST", "DiagnosticReport", _report(P, O1, O2)),
            _entry("POST", "Observation", observation("x").replace("Patient/x", P), O1),
            _entry("GET", "Patient?_summary=count"),
            _entry(
                "POST", "Observation",
                observation("x", "6.200", "R-2").replace("Patient/x", f"Patient?identifier={SYSTEM}|W-1"),
                O2,
            ),
            _entry("POST", "Patient", PATIENT, P, ifNoneExist=f"identifier={SYSTEM}|W-1"),
        )  # fmt: skip
        found["entry"][3]["resource"]["subject"]["reference"] = "Patient?identifier=urn:no|1"
        lost = await client.post("/fhir", json=found)
        assert lost.status_code == 422
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
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
        condition = "identifier=urn:lab|R-1"
        made = _entry("POST", "Observation", observation(patient), ifNoneExist=condition)
        tree = {**PATIENT, "id": patient, "gender": "male"}
        for entries in (
            (made, made),
            (
                _entry("PUT", f"Patient/{patient}", tree),
                _entry("PUT", f"Patient?identifier={SYSTEM}|W-1", tree),
            ),
            (
                _entry("DELETE", f"Patient/{patient}"),
                _entry("PUT", f"Patient/{patient}", tree),
            ),
            (_entry("POST", "Patient", PATIENT, P), _entry("POST", "Patient", PATIENT, P)),
        ):
            answer = await client.post("/fhir", json=_bundle("transaction", *entries))
            assert answer.status_code == 400, answer.text
            assert _codes(answer)[0] in {"overlap", "repeated"}
        for entry, status in (
            (_entry("POST", "Observation"), 400),
            (_entry("POST", "Observation/x", observation(patient)), 400),
            (_entry("PUT", "Observation", observation(patient)), 400),
            (_entry("FLY", "Observation", observation(patient)), 400),
            (_entry("POST", "Rocket", {"resourceType": "Rocket"}), 400),
            ({"resource": PATIENT}, 400),
            (_entry("PUT", "Observation/none", observation(patient)), 404),
            (_entry("PUT", f"Patient/{patient}", tree, ifMatch='W/"9"'), 412),
            (_entry("POST", "Observation", observation("nobody")), 422),
        ):
            good = _entry("POST", "Observation", observation(patient, number="G-1"))
            answer = await client.post("/fhir", json=_bundle("transaction", good, entry))
            assert answer.status_code == status, (entry, answer.text)
            assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
        left = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
        assert left.json()["total"] == 0
        for body in (
            _bundle("collection"),
            {"resourceType": "Patient"},
            {**_bundle("batch"), "entry": {}},
        ):
            assert (await client.post("/fhir", json=body)).status_code == 400


async def test_the_entries_of_a_batch_stand_alone(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
        answer = await client.post(
            "/fhir/",
            json=_bundle(
                "batch",
                _entry("GET", f"Patient/{patient}"),
                _entry("POST", "Observation", observation(patient)),
                _entry("POST", "Observation", observation("nobody", number="R-9")),
                _entry("GET", "Patient?colour=blue"),
                _entry("GET", "Patient/none"),
                {"resource": PATIENT},
                _entry("DELETE", f"Patient/{patient}"),
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
    async with _hub(place, tmp_path) as (_, client):
        found = _bundle(
            "transaction",
            _entry("POST", "Patient", PATIENT, P, ifNoneExist=f"identifier={SYSTEM}|W-1"),
            _entry(
                "POST", "Observation", observation("x").replace("Patient/x", P), O1,
                ifNoneExist="identifier=urn:lab|R-1",
            ),
        )  # fmt: skip
        answers = await asyncio.gather(*(client.post("/fhir", json=found) for _ in range(16)))
        assert {one.status_code for one in answers} == {200}
        said = [[e["response"]["status"] for e in one.json()["entry"]] for one in answers]
        assert sorted(said) == [["200", "200"]] * 15 + [["201", "201"]]
        assert len({one.json()["entry"][1]["resource"]["id"] for one in answers}) == 1


async def test_everything_of_a_patient_comes_in_pages_that_are_whole_and_disjoint(
    place: Any, tmp_path: Path
) -> None:
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
        for number in range(5):
            text = observation(patient, number=f"E-{number}")
            assert (await client.post("/fhir/Observation", content=text)).status_code == 201
        tree = _report(f"Patient/{patient}")
        del tree["result"]
        report = await client.post("/fhir/DiagnosticReport", json=tree)
        assert report.status_code == 201
        await _patient(client, identifier=[{"system": SYSTEM, "value": "W-2"}])
        url = f"/fhir/Patient/{patient}/$everything"
        whole = [
            (one["resource"]["resourceType"], one["resource"]["id"])
            for one in (await client.get(url)).json()["entry"]
        ]
        assert whole[0] == ("Patient", patient)
        assert len(whole) == len(set(whole)) == 7
        for count in (1, 2, 3, 7):
            link: str | None = f"{url}?_count={count}"
            paged = []
            while link is not None:
                page = (await client.get(link)).json()
                paged += [
                    (one["resource"]["resourceType"], one["resource"]["id"])
                    for one in page.get("entry", ())
                ]
                links = {one["relation"]: one["url"] for one in page["link"]}
                link = links.get("next")
            assert paged == whole, count
        few = await client.get(f"{url}?_type=DiagnosticReport&_since=2026-01-01T00:00:00Z")
        assert [one["resource"]["resourceType"] for one in few.json()["entry"]] == [
            "DiagnosticReport"
        ]
        for wrong in ("_type=Rocket", "_count=0", "_since=x", "colour=x", "page=x"):
            assert (await client.get(f"{url}?{wrong}")).status_code == 400
        assert (await client.get("/fhir/Patient/none/$everything")).status_code == 404


async def test_the_newest_of_each_code(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
        for number in range(4):
            for code in ("2823-3", "2951-2"):
                text = observation(patient, f"{number}.0", f"L-{code}-{number}")
                text = text.replace("2823-3", code).replace("2026-06-01", f"2026-06-0{number + 1}")
                assert (await client.post("/fhir/Observation", content=text)).status_code == 201
        url = f"/fhir/Observation/$lastn?patient={patient}"

        async def values(query: str) -> list[Any]:
            entries = (await client.get(f"{url}{query}")).json().get("entry", ())
            return sorted(one["resource"]["valueQuantity"]["value"] for one in entries)

        assert await values("") == [3, 3]
        assert await values("&max=2") == [2, 2, 3, 3]
        assert await values("&max=9&code=2823-3&date=lt2026-06-03") == [0, 1]
        for wrong in ("&max=0", "&max=x", "&_sort=date", "&colour=x"):
            assert (await client.get(f"{url}{wrong}")).status_code == 400
        assert (await client.get("/fhir/Observation/$lastn?code=K")).status_code == 400


async def test_a_resource_is_looked_at_without_being_kept(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path) as (_, client):
        sound = await client.post("/fhir/Patient/$validate", json=PATIENT)
        assert sound.json()["issue"][0]["severity"] == "information"
        wrong = await client.post("/fhir/Patient/$validate", json={**PATIENT, "gender": "blue"})
        assert wrong.status_code == 200
        assert wrong.json()["issue"][0]["severity"] == "error"
        assert wrong.json()["issue"][0]["expression"] == ["Patient.gender"]
        wrapped = {
            "resourceType": "Parameters",
            "parameter": [{"name": "resource", "resource": PATIENT}],
        }
        assert (await client.post("/fhir/Patient/$validate", json=wrapped)).status_code == 200
        for body, status in (
            ({"resourceType": "Parameters"}, 400),
            ({**wrapped, "parameter": [{"name": "profile", "valueUri": "urn:x"}]}, 400),
            ({"resourceType": "Observation"}, 400),
        ):
            assert (await client.post("/fhir/Patient/$validate", json=body)).status_code == status
        assert (await client.get("/fhir/Patient?_summary=count")).json()["total"] == 0
        patient = await _patient(client, meta={"tag": [{"system": "urn:g", "code": "x"}]})
        said = (await client.get(f"/fhir/Patient/{patient}/$meta")).json()["parameter"][0][
            "valueMeta"
        ]
        assert (said["versionId"], said["tag"][0]["code"]) == ("1", "x")


async def test_codes_of_the_hub_are_looked_up_listed_and_translated(
    place: Any, tmp_path: Path
) -> None:
    async with _hub(place, tmp_path) as (_, client):

        async def said(url: str, body: Any = None) -> dict[str, Any]:
            answer = await (client.get(url) if body is None else client.post(url, json=body))
            assert answer.status_code == 200, answer.text
            tree: dict[str, Any] = answer.json()
            return tree

        looked = await said(f"/fhir/CodeSystem/$lookup?system={ITEM}&code=K&displayLanguage=en")
        assert {"name": "display", "valueString": "Potassium"} in looked["parameter"]
        listed = await said(f"/fhir/ValueSet/$expand?url={CANONICAL}/ValueSet/item&filter=钾")
        assert [one["code"] for one in listed["expansion"]["contains"]] == ["K"]
        pages = [
            (
                await said(
                    f"/fhir/ValueSet/$expand?url={CANONICAL}/ValueSet/item&count=20&offset={n}"
                )
            )
            for n in (0, 20, 40, 60)
        ]
        codes = [c["code"] for page in pages for c in page["expansion"].get("contains", ())]
        assert len(codes) == len(set(codes)) == pages[0]["expansion"]["total"] >= 33
        for system, code, item in (
            ("http://loinc.org", "2823-3", "K"),
            ("http://loinc.org", "2828-2", None),
            ("urn:nowhere", "K", None),
        ):
            body = {
                "resourceType": "Parameters",
                "parameter": [{"name": "coding", "valueCoding": {"system": system, "code": code}}],
            }
            for found in (
                await said(f"/fhir/ConceptMap/$translate?system={system}&code={code}"),
                await said("/fhir/ConceptMap/$translate", body),
            ):
                first = found["parameter"][0]
                assert first == {"name": "result", "valueBoolean": item is not None}
                if item is not None:
                    parts = found["parameter"][1]["part"]
                    assert parts[0]["valueCode"] == "equivalent"
                    assert parts[1]["valueCoding"]["code"] == item
        for url, status in (
            ("CodeSystem/$lookup?code=K", 400),
            (f"CodeSystem/$lookup?system={ITEM}&code=nothing", 404),
            ("CodeSystem/$lookup?system=urn:x&code=K", 404),
            ("ValueSet/$expand?url=urn:x", 404),
            (f"ValueSet/$expand?url={CANONICAL}/ValueSet/item&count=x", 400),
            (f"CodeSystem/$lookup?system={ITEM}&code=K&colour=x", 400),
        ):
            assert (await client.get(f"/fhir/{url}")).status_code == status, url


def _operations(*listed: dict[str, Any]) -> dict[str, Any]:
    def part(name: str, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return {"name": name, "valueHumanName": value}
        return {"name": name, "valueInteger" if isinstance(value, int) else "valueString": value}

    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "operation", "part": [part(name, value) for name, value in one.items()]}
            for one in listed
        ],
    }


async def test_a_patch_by_paths_is_done_whole_or_not_at_all(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path) as (_, client):
        patient = await _patient(client)
        url = f"/fhir/Patient/{patient}"
        done = await client.patch(
            url,
            json=_operations(
                {"type": "add", "path": "Patient", "name": "gender", "value": "male"},
                {
                    "type": "add",
                    "path": "Patient",
                    "name": "name",
                    "value": {"use": "old", "text": "旧名"},
                },
                {"type": "replace", "path": "Patient.birthDate", "value": "1971"},
                {"type": "insert", "path": "Patient.name", "index": 0, "value": {"text": "首名"}},
                {"type": "move", "path": "Patient.name", "source": 0, "destination": 1},
                {"type": "delete", "path": "Patient.name.where(use = 'old')"},
                {"type": "delete", "path": "Patient.telecom"},
            ),
        )
        assert done.status_code == 200, done.text
        tree = done.json()
        assert [one["text"] for one in tree["name"]] == ["示例甲", "首名"]
        assert (tree["gender"], tree["birthDate"]) == ("male", "1971")
        whole = await client.patch(
            url, json=_operations({"type": "delete", "path": "Patient.name[1]"})
        )
        assert len(whole.json()["name"]) == 1
        none = await client.patch(
            url, json=_operations({"type": "delete", "path": "Patient.name[0]"})
        )
        assert "name" not in none.json()
        for body, status in (
            (_operations({"type": "replace", "path": "Patient.nothing", "value": "x"}), 422),
            (_operations({"type": "replace", "path": "Observation.status", "value": "x"}), 422),
            (_operations({"type": "replace", "path": "Patient.gender", "value": "blue"}), 422),
            (_operations({"type": "replace", "path": "Patient.a(b)", "value": "x"}), 422),
            (
                _operations(
                    {"type": "insert", "path": "Patient.identifier", "index": 9, "value": "x"}
                ),
                422,
            ),
            (_operations({"type": "replace", "path": "Patient.id", "value": "x"}), 422),
            (_operations({"type": "fly", "path": "Patient.gender"}), 400),
            (_operations({"type": "add"}), 400),
            ({"resourceType": "Parameters"}, 400),
        ):
            assert (await client.patch(url, json=body)).status_code == status, body
        assert (await client.get(url)).headers["etag"] == none.headers["etag"]


async def test_a_result_written_over_fhir_may_stand_in_for_an_order(
    place: Any, tmp_path: Path
) -> None:
    async with _hub(place, tmp_path) as (hub, client):
        number = "11010519491231002X"
        patient = await _patient(
            client,
            identifier=[{"system": "urn:oid:2.16.156.10011.1.3", "value": number}],
            gender="female",
            birthDate="1949-12-31",
        )
        taken = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
        tree = json.loads(observation(patient, "4.10"))
        tree["effectiveDateTime"] = taken
        institution = {"system": f"{CANONICAL}/sid/institution", "value": CASE.institution}
        tree["performer"] = [{"identifier": institution}]
        made = await client.post("/fhir/Observation", json=tree)
        assert made.status_code == 201, made.text
        report = _report(f"Patient/{patient}", f"Observation/{made.json()['id']}")
        report |= {
            "issued": taken,
            "effectiveDateTime": taken,
            "resultsInterpreter": [{"display": "示例审核"}],
        }
        sent = await client.post("/fhir/DiagnosticReport", json=report)
        assert sent.status_code == 201, sent.text
        asked = json.loads(CASE.order_check)
        asked["patient"] = {"identifiers": [{"type": "resident-id", "value": number}]}
        asked["orders"] = [{"ref": "1", "item": "K"}]
        asked.pop("on", None)
        answer = await run(hub, "order-check", {"request": json.dumps(asked)})
        (order,) = answer["orders"]
        (found,) = order["candidates"]
        assert found["resource"] == f"Observation/{made.json()['id']}/_history/1"
        assert found["value"].startswith("4.1")
        assert found["institution"]["code"] == CASE.institution
        said = {one["rule"]: one for one in found["findings"]}
        assert [rule for rule in ("R-004", "R-006", "R-102") if said[rule]["fired"]] == []
        assert not said["R-004"]["unknown"]
        assert order["outcome"] in {"recognise", "clinician_review"}


async def test_what_was_deleted_is_there_once_when_its_source_says_it_again(
    place: Any, tmp_path: Path
) -> None:
    async with _hub(place, tmp_path) as (hub, client):
        packed = [_packed(TEXT.encode())]
        await run(hub, "receive", {"site": CASE.site, "files": packed})
        patients = (await client.get("/fhir/Patient")).json()["entry"]
        patient = patients[0]["resource"]["id"]
        url = f"/fhir/Observation?patient={patient}&code=K"
        (entry,) = (await client.get(url)).json()["entry"]
        path = f"/fhir/Observation/{entry['resource']['id']}"
        assert (await client.delete(path)).status_code == 204
        assert "entry" not in (await client.get(url)).json()
        control = TEXT.split("|", 10)[9]
        for number, status, told in ((1, "F", "final"), (2, "C", "corrected")):
            text = TEXT.replace(control, f"{control}-{number}", 1).replace("|F|||", f"|{status}|||")
            sent = {"site": CASE.site, "files": [_packed(text.encode())]}
            (receipt,) = (await run(hub, "receive", sent))["receipts"]
            assert receipt["state"] == "stored"
            (entry,) = (await client.get(url)).json()["entry"]
            assert entry["resource"]["status"] == told
        assert (await client.get(f"{path}/_history")).json()["entry"][0]["request"][
            "method"
        ] == "DELETE"


async def test_an_identifier_stays_with_whoever_took_it_first(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path, "hie/client-ids") as (_, client):
        for key in ("first", "second"):
            made = await client.put(f"/fhir/Patient/{key}", json={**PATIENT, "id": key})
            assert made.status_code == 201, made.text
        assert (await client.delete("/fhir/Patient/second")).status_code == 204
        assert (await client.post("/fhir/Patient", json=PATIENT)).status_code == 409
        assert (await client.delete("/fhir/Patient/first")).status_code == 204
        assert (await client.post("/fhir/Patient", json=PATIENT)).status_code == 201


async def test_no_bundle_stands_in_a_bundle(place: Any, tmp_path: Path) -> None:
    async with _hub(place, tmp_path) as (_, client):
        inner = _bundle("batch", _entry("GET", "Patient"))
        for url in ("/", "?x=1", "http://localhost:8000/fhir"):
            answer = await client.post("/fhir", json=_bundle("batch", _entry("POST", url, inner)))
            assert answer.json()["entry"][0]["response"]["status"] == "400"
