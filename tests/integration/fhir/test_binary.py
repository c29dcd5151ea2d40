"""A Binary is written and read as the bytes it holds, or as the resource when FHIR is named."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import hub_of_writer, patient_of

pytestmark = pytest.mark.anyio
PDF = b"%PDF-1.7\n\x00\xff invented"
RAW = {"Content-Type": "application/pdf"}
FHIR = {"Accept": "application/fhir+json"}


async def test_bytes_go_in_and_come_out(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        made = await client.post("/fhir/Binary", content=PDF, headers=RAW)
        assert made.status_code == 201, made.text
        assert made.json()["data"] == b64encode(PDF).decode()
        address = f"/fhir/Binary/{made.json()['id']}"
        for accept in ("*/*", "application/pdf", "text/html,*/*;q=0.8", "image/png"):
            read = await client.get(address, headers={"Accept": accept})
            assert (read.status_code, read.content) == (200, PDF), accept
            assert read.headers["content-type"] == "application/pdf"
            assert read.headers["content-disposition"] == "attachment"
            assert read.headers["etag"] == 'W/"1"'
        for asked, more in ((address, FHIR), (f"{address}?_format=json", {})):
            assert (await client.get(asked, headers=more)).json() == made.json()
        pretty = await client.get(f"{address}?_pretty=true")
        assert pretty.content == PDF
        head = await client.head(address)
        assert (head.headers["content-type"], head.content) == ("application/pdf", b"")
        same = await client.get(address, headers={"If-None-Match": 'W/"1"'})
        assert same.status_code == 304
        text = {"Content-Type": "text/plain; charset=utf-8"}
        put = await client.put(address, content="新".encode(), headers=text)
        assert (put.status_code, put.json()["contentType"]) == (200, "text/plain; charset=utf-8")
        assert (await client.get(address)).text == "新"
        assert (await client.get(f"{address}/_history/1")).content == PDF
        assert (await client.get("/fhir/Binary/none")).json()["resourceType"] == "OperationOutcome"


async def test_a_binary_belongs_to_what_its_security_context_names(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = f"Patient/{await patient_of(client)}"
        made = await client.post(
            "/fhir/Binary", content=PDF, headers={**RAW, "X-Security-Context": patient}
        )
        assert made.json()["securityContext"] == {"reference": patient}
        lost = {**RAW, "X-Security-Context": "Patient/none"}
        refused = await client.post("/fhir/Binary", content=PDF, headers=lost)
        assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (
            422,
            ["Binary.securityContext"],
        )


async def test_fhir_json_is_the_resource_and_a_batch_reads_resources(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        tree = {"resourceType": "Binary", "contentType": "text/plain", "data": "5paw"}
        made = await client.post("/fhir/Binary", json=tree)
        assert (await client.get(f"/fhir/Binary/{made.json()['id']}")).text == "新"
        entry = {"request": {"method": "GET", "url": f"Binary/{made.json()['id']}"}}
        batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
        (answer,) = (await client.post("/fhir", json=batch)).json()["entry"]
        assert answer["resource"]["data"] == "5paw"
        wrong = await client.post("/fhir/Binary", json={"resourceType": "Patient"})
        assert wrong.status_code == 400
        none = await client.request(
            "POST", "/fhir/Binary", content=PDF, headers={"Content-Type": ""}
        )
        assert none.status_code == 415
