"""What is written about a patient who is not here yet: its writer sees it, and nobody else does."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import PATIENT, hub_of_writer, observation, writer

pytestmark = pytest.mark.anyio
ELSEWHERE = "121301024000001027"
SCOPES = ("hie/client-ids", "hie/open-references")


async def test_its_writer_alone_sees_it_until_the_patient_is_somebodys(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path, *SCOPES) as (hub, client):
        other = await writer(hub, "other", ELSEWHERE, *SCOPES)
        made = await client.post("/fhir/Observation", content=observation("later"))
        assert made.status_code == 201, made.text
        url = f"/fhir/Observation/{made.json()['id']}"
        for headers, status in (({}, 200), (other, 404)):
            assert (await client.get(url, headers=headers)).status_code == status
        asked = "/fhir/Observation?identifier=urn:lab|R-1&_total=accurate"
        assert (await client.get(asked)).json()["total"] == 1
        assert (await client.get(asked, headers=other)).json()["total"] == 0
        theirs = {**PATIENT, "id": "later"}
        put = await client.put("/fhir/Patient/later", json=theirs, headers=other)
        assert put.status_code == 201, put.text
        hidden = await client.get(url)
        absent = await client.get("/fhir/Observation/AAAAAAAAAAAAAAAA")
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert (await client.get("/fhir/Patient/later")).status_code == 404
