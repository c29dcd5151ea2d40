"""What counts as the same content: its digits do, the order of its members does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import hub_of_writer, observation, patient_of

pytestmark = pytest.mark.anyio


async def test_another_digit_is_another_version(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient, "5.10"))
        url = f"/fhir/Observation/{made.json()['id']}"
        turned = json.dumps(dict(reversed(made.json().items()))).replace("5.1,", "5.10,")
        assert (await client.put(url, content=turned)).headers["etag"] == 'W/"1"'
        for value, version in (("5.1", 2), ("5.100", 3), ("5.100", 3), ("51e-1", 4)):
            text = observation(patient, value)[:-1] + f',"id":"{made.json()["id"]}"}}'
            told = await client.put(url, content=text)
            assert told.headers["etag"] == f'W/"{version}"', value
            assert f'"value":{value}' in (await client.get(url)).text
