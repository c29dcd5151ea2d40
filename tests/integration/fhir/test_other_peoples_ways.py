"""What clients send that R4 does not name, and the hub takes: it can mean one thing only."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.fhir.support import PATIENT, SYSTEM, hub_of_writer, observation, patient_of

pytestmark = pytest.mark.anyio
MERGE = {"Content-Type": "application/merge-patch+json"}
PLAIN = {"Content-Type": "application/json"}


def _expressions(answer: httpx.Response) -> list[str]:
    return [one["expression"][0] for one in answer.json()["issue"]]


@pytest.mark.parametrize("media", [MERGE, PLAIN])
async def test_a_merge_patch_replaces_merges_and_takes_away(
    place: Any, tmp_path: Path, media: dict[str, str]
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        made = await client.post("/fhir/Observation", content=observation(await patient_of(client)))
        address = f"/fhir/Observation/{made.json()['id']}"
        wanted = '{"valueQuantity":{"value":5.20,"code":null},"issued":null,"status":"amended"}'
        done = await client.patch(address, content=wanted, headers=media)
        assert done.status_code == 200, done.text
        assert '"value":5.20' in done.text
        assert done.json()["valueQuantity"]["unit"] == "mmol/L"
        assert done.json()["status"] == "amended"
        gone = await client.patch(address, content='{"effectiveDateTime":null}', headers=media)
        assert "effectiveDateTime" not in gone.json()
        unsound = await client.patch(address, content='{"status":null}', headers=media)
        assert unsound.status_code == 422
        other = await client.patch(address, content='{"id":"other"}', headers=media)
        assert other.status_code == 422
        stale = {**media, "If-Match": 'W/"1"'}
        assert (await client.patch(address, content=wanted, headers=stale)).status_code == 412
        for wrong in ("[]", "1", '{"a":1,"a":2}'):
            assert (await client.patch(address, content=wrong, headers=media)).status_code == 400


async def test_a_resource_is_no_patch_where_fhir_json_is_said(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        address = f"/fhir/Patient/{await patient_of(client)}"
        answer = await client.patch(address, json=PATIENT)
        assert answer.status_code == 400
        assert _expressions(answer) == ["Parameters.parameter"]


async def test_a_condition_in_the_address_of_a_create_counts(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        address = f"/fhir/Patient?identifier={SYSTEM}|W-1"
        first = await client.post(address, json=PATIENT)
        again = await client.post(address, json=PATIENT)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json()["id"] == first.json()["id"]
        twice = {"If-None-Exist": f"identifier={SYSTEM}|W-1"}
        assert (await client.post(address, json=PATIENT, headers=twice)).status_code == 400
        unknown = await client.post("/fhir/Patient?nonsense=1", json=PATIENT)
        assert (unknown.status_code, _expressions(unknown)) == (400, ["nonsense"])
        other = {**PATIENT, "identifier": [{"system": SYSTEM, "value": "W-2"}]}
        formed = await client.post("/fhir/Patient?_format=json&_pretty=true", json=other)
        assert formed.status_code == 201


async def test_pages_by_id_have_each_once_and_a_count_of_nothing_is_a_total(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        for number in range(7):
            content = observation(patient, number=f"R-{number}")
            assert (await client.post("/fhir/Observation", content=content)).status_code == 201
        for sort, backwards in (("_id", False), ("-_id", True)):
            url, ids = f"/fhir/Observation?patient={patient}&_sort={sort}&_count=3", []
            while url:
                page = (await client.get(url)).json()
                ids += [one["resource"]["id"] for one in page["entry"]]
                url = next((one["url"] for one in page["link"] if one["relation"] == "next"), "")
            assert len(ids) == 7
            assert ids == sorted(ids, reverse=backwards)
        status = f"patient={patient}&value-quantity=gt1"  # looked at one by one
        url = f"/fhir/Observation?{status}&_sort=_id&_count=5"
        first = (await client.get(url)).json()
        second = (await client.get(first["link"][1]["url"])).json()
        assert [len(one["entry"]) for one in (first, second)] == [5, 2]
        none = (await client.get(f"/fhir/Observation?patient={patient}&_count=0")).json()
        assert (none["total"], "entry" in none) == (7, False)
        chained = f"patient={patient}&patient:Patient.identifier={SYSTEM}|W-1"
        assert len((await client.get(f"/fhir/Observation?{chained}")).json()["entry"]) == 7
