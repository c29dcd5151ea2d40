"""What a FHIR developer who does not know this hub gets wrong, and what is said."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import PATIENT, hub_of_writer, patient_of

pytestmark = pytest.mark.anyio


async def test_a_slash_behind_an_address_changes_nothing(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        key = await patient_of(client)
        for path in ("Patient", f"Patient/{key}", f"Patient/{key}/_history", "metadata"):
            assert (await client.get(f"/fhir/{path}/")).status_code == 200, path
        other = {**PATIENT, "identifier": [{"system": "urn:x", "value": "1"}]}
        assert (await client.post("/fhir/Patient/", json=other)).status_code == 201
        assert (await client.get("/fhir//")).status_code == 405


async def test_what_is_no_element_or_no_json_is_told_as_what_it_is(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        answer = await client.post("/fhir/Patient", json={**PATIENT, "nane": [], "王": 1})
        (issue,) = answer.json()["issue"]
        assert issue["diagnostics"] == "structure: expected elements of R4 only, not nane"
        cut = await client.post("/fhir/Patient", content='{"resourceType" "Patient"}')
        (issue,) = cut.json()["issue"]
        assert issue["diagnostics"] == "not-json: expected JSON (Expecting ':' delimiter)"
        assert issue["expression"] == ["line 1 column 17"]
