"""What is asked of a patient, a result, a resource or a code by an operation."""

import json
from pathlib import Path
from typing import Any

import pytest

from hie.fhir import CANONICAL, ITEM
from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    hub_of_writer,
    observation,
    patient_of,
    report_of,
)

pytestmark = pytest.mark.anyio


async def test_everything_of_a_patient_comes_in_pages_that_are_whole_and_disjoint(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        for number in range(5):
            text = observation(patient, number=f"E-{number}")
            assert (await client.post("/fhir/Observation", content=text)).status_code == 201
        tree = report_of(f"Patient/{patient}")
        del tree["result"]
        report = await client.post("/fhir/DiagnosticReport", json=tree)
        assert report.status_code == 201
        await patient_of(client, identifier=[{"system": SYSTEM, "value": "W-2"}])
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


async def test_everything_of_a_stretch_of_care(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        days = ["2026-05-31T23:00:00+08:00", "2026-06-01", "2026-06", "2026-07-02", None]
        for n, day in enumerate(days):
            tree = json.loads(observation(patient, number=f"D-{n}"))
            tree["effectiveDateTime"] = day
            if day is None:
                del tree["effectiveDateTime"]
            assert (await client.post("/fhir/Observation", json=tree)).status_code == 201
        url = f"/fhir/Patient/{patient}/$everything"
        for asked, wanted in (
            ("start=2026-06-01&end=2026-06-30", {"D-1", "D-2", "D-4"}),
            ("start=2026-07", {"D-3", "D-4"}),
            ("end=2026-05", {"D-0", "D-4"}),
            ("start=2020&end=2021", {"D-4"}),
        ):
            link: str | None = f"{url}?{asked}&_count=2"
            paged = []
            while link is not None:
                page = (await client.get(link)).json()
                paged += [one["resource"] for one in page.get("entry", ())]
                links = {one["relation"]: one["url"] for one in page["link"]}
                link = links.get("next")
            assert paged[0]["id"] == patient  # who is asked about has no date of care
            assert {one["identifier"][0]["value"] for one in paged[1:]} == wanted, asked
            assert len(paged) == len(wanted) + 1
        for wrong in ("start=x", "end=ge2026", "start=", "start=2026&start=2025"):
            assert (await client.get(f"{url}?{wrong}")).status_code == 400, wrong


async def test_the_newest_of_each_code(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
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
    async with hub_of_writer(place, tmp_path) as (_, client):
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
        patient = await patient_of(client, meta={"tag": [{"system": "urn:g", "code": "x"}]})
        said = (await client.get(f"/fhir/Patient/{patient}/$meta")).json()["parameter"][0][
            "valueMeta"
        ]
        assert (said["versionId"], said["tag"][0]["code"]) == ("1", "x")


async def test_codes_of_the_hub_are_looked_up_listed_and_translated(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):

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
