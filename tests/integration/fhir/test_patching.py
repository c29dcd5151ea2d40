"""Patches, of JSON and of FHIRPath, are done whole or not at all."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.fhir.support import hub_of_writer, patient_of

pytestmark = pytest.mark.anyio


async def test_a_patch_changes_what_it_names(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
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


def operations(*listed: dict[str, Any]) -> dict[str, Any]:
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
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        url = f"/fhir/Patient/{patient}"
        done = await client.patch(
            url,
            json=operations(
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
            url, json=operations({"type": "delete", "path": "Patient.name[1]"})
        )
        assert len(whole.json()["name"]) == 1
        none = await client.patch(
            url, json=operations({"type": "delete", "path": "Patient.name[0]"})
        )
        assert "name" not in none.json()
        for body, status in (
            (operations({"type": "replace", "path": "Patient.nothing", "value": "x"}), 422),
            (operations({"type": "replace", "path": "Observation.status", "value": "x"}), 422),
            (operations({"type": "replace", "path": "Patient.gender", "value": "blue"}), 422),
            (operations({"type": "replace", "path": "Patient.a(b)", "value": "x"}), 422),
            (
                operations(
                    {"type": "insert", "path": "Patient.identifier", "index": 9, "value": "x"}
                ),
                422,
            ),
            (operations({"type": "replace", "path": "Patient.id", "value": "x"}), 422),
            (operations({"type": "fly", "path": "Patient.gender"}), 400),
            (operations({"type": "add"}), 400),
            ({"resourceType": "Parameters"}, 400),
        ):
            assert (await client.patch(url, json=body)).status_code == status, body
        assert (await client.get(url)).headers["etag"] == none.headers["etag"]
