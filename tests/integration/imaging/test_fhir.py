"""ImagingStudy and Endpoint as FHIR resources: read, found, recorded; what they lead to is there."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.imaging.support import headers_of, imaging_hub, instance, take, web

pytestmark = pytest.mark.anyio
UID = "1.2.826.0.1.3680043.8.498.1"


async def test_a_study_is_found_and_leads_to_its_images(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        other = instance(
            StudyInstanceUID="1.2.77",
            SeriesInstanceUID="1.2.77.1",
            AccessionNumber="A2",
            StudyDate="20260620",
            Modality="MR",
        )
        await take(hub, tmp_path / "in", instance(), other)
        headers = await headers_of(hub)

        async def found(query: str) -> list[dict[str, Any]]:
            answer = await client.get(f"/fhir/ImagingStudy?{query}", headers=headers)
            assert answer.status_code == 200, answer.text
            return [entry["resource"] for entry in answer.json().get("entry", ())]

        (study,) = await found(f"identifier=urn:dicom:uid|urn:oid:{UID}")
        patient = study["subject"]["reference"]
        for query, number in (
            (f"identifier={UID}", 1),
            (f"identifier=urn:oid:{UID}", 1),
            ("identifier=A2", 1),
            ("identifier=https://hie.example/fhir/sid/site/pacs/accession|A2", 1),
            ("identifier=https://hie.example/fhir/sid/site/other/accession|A2", 0),
            (f"patient={patient}", 2),
            (f"patient={patient}&modality=CT", 1),
            (f"patient={patient}&modality=C", 0),
            (f"patient={patient}&modality=CT,MR", 2),
            (f"patient={patient}&modality:not=CT", 1),
            (f"patient={patient}&started=2026-06-10", 1),
            (f"patient={patient}&started=ge2026-06-11", 1),
            (f"patient={patient}&status=available", 2),
            (f"patient={patient}&status=registered", 0),
        ):
            assert len(await found(query)) == number, query
        newest = await found(f"patient={patient}&_sort=-started")
        assert newest[-1]["id"] == study["id"]
        assert [one["id"] for one in await found(f"patient={patient}")] == [
            one["id"] for one in newest
        ]
        refused = await client.get("/fhir/ImagingStudy?modality=CT", headers=headers)
        assert refused.json()["issue"][0]["code"] == "too-costly"

        history = await client.get(f"/fhir/ImagingStudy/{study['id']}/_history", headers=headers)
        assert [e["resource"]["status"] for e in history.json()["entry"]] == [
            "available",
            "registered",
        ]
        endpoint = await client.get(f"/fhir/{study['endpoint'][0]['reference']}", headers=headers)
        base = endpoint.json()["address"]
        images = await client.get(f"{base}/studies/{UID}", headers=headers)
        assert images.headers["content-type"].startswith("multipart/related")
        statement = (await client.get("/fhir/metadata")).json()
        types = {one["type"] for one in statement["rest"][0]["resource"]}
        assert {"ImagingStudy", "Endpoint"} <= types


async def test_a_structured_report_is_a_document_of_its_study_and_no_image(
    place: Any, tmp_path: Path
) -> None:
    """A dose report comes with the slices: kept, listed, found by patient, counted as no image."""
    async with imaging_hub(place) as hub, web(hub) as client:
        report = instance(
            SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67",
            SOPInstanceUID=f"{UID}.99.1",
            SeriesInstanceUID=f"{UID}.99",
            SeriesDescription="Dose report",
            Modality="SR",
        )
        await take(hub, tmp_path / "in", instance(), report)
        headers = await headers_of(hub)
        studies = await client.get("/fhir/ImagingStudy?identifier=" + UID, headers=headers)
        (study,) = [entry["resource"] for entry in studies.json()["entry"]]
        facts = next(one["extension"] for one in study["extension"] if "study-facts" in one["url"])
        assert {"url": "class", "valueCode": "CT"} in facts
        query = f"/fhir/DocumentReference?patient={study['subject']['reference']}"
        answer = await client.get(query, headers=headers)
        (document,) = [entry["resource"] for entry in answer.json()["entry"]]
        assert document["masterIdentifier"]["value"] == f"urn:oid:{UID}.99.1"
        assert document["context"]["related"] == [{"reference": f"ImagingStudy/{study['id']}"}]
        (content,) = document["content"]
        assert content["attachment"]["title"] == "Dose report"
        url = content["attachment"]["url"]
        assert url.endswith(f"/studies/{UID}/series/{UID}.99/instances/{UID}.99.1")
        accept = {"accept": 'multipart/related; type="application/dicom"', **headers}
        as_stored = await client.get(url[url.index("/dicom-web") :], headers=accept)
        assert as_stored.status_code == 200
        assert f"{UID}.99.1".encode() in as_stored.content
        observations = f"/fhir/Observation?patient={study['subject']['reference']}"
        assert "entry" not in (await client.get(observations, headers=headers)).json()
        # Sent again, it is the same document.
        await take(hub, tmp_path / "again", report)
        again = (await client.get(query, headers=headers)).json()["entry"]
        assert [entry["resource"]["meta"]["versionId"] for entry in again] == ["1"]
