"""What a caller has is not sent again; deleted, absent and never there are told apart."""

from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import (
    PATIENT,
    codes_of,
    hub_of_writer,
    observation,
    patient_of,
)

pytestmark = pytest.mark.anyio


async def test_a_date_tells_what_a_caller_has(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        key = await patient_of(client)
        url = f"/fhir/Patient/{key}"
        read = await client.get(url)
        at = parsedate_to_datetime(read.headers["last-modified"]).timestamp()

        async def since(text: str, **more: str) -> int:
            headers = {"If-Modified-Since": text, **more}
            return (await client.get(url, headers=headers)).status_code

        assert await since(read.headers["last-modified"]) == 304
        assert await since(formatdate(at + 60, usegmt=True)) == 304
        assert await since(formatdate(at - 1, usegmt=True)) == 200
        assert await since("yesterday") == 200
        tags = {"If-None-Match": 'W/"9"'}
        assert await since(formatdate(at + 60, usegmt=True), **tags) == 200
        none = await client.get(url, headers={"If-Modified-Since": read.headers["last-modified"]})
        assert (none.content, none.headers["etag"]) == (b"", 'W/"1"')
        # Two versions of one second: the date alone would hide the second from whoever has the
        # first.
        tree = {**PATIENT, "id": key, "gender": "male"}
        assert (await client.put(url, json=tree)).status_code == 200
        async with hub.db.unit() as unit:
            for table in ("patient", "resource_history"):
                await unit.execute(f"UPDATE {table} SET updated_us = 1000000000000000")  # noqa: S608
        assert await since(formatdate(1_000_000_000, usegmt=True)) == 200
        past = f"{url}/_history/1"
        first = await client.get(past, headers={"If-None-Match": 'W/"1"'})
        assert first.status_code == 304


async def test_deleted_absent_and_never_there_are_told_apart(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient))
        key = made.json()["id"]
        url = f"/fhir/Observation/{key}"
        gone = await client.delete(url)
        assert (gone.status_code, gone.headers["etag"]) == (204, 'W/"2"')
        for path, status in (
            (url, 410),
            (f"{url}/_history/1", 200),
            (f"{url}/_history/2", 410),
            (f"{url}/_history/3", 404),
            (f"{url}/_history/0", 404),
            (f"{url}/_history/x", 404),
            (f"{url}/_history", 200),
            ("/fhir/Observation/nothing", 404),
            ("/fhir/Observation/nothing/_history/1", 404),
        ):
            answer = await client.get(path)
            assert answer.status_code == status, path
            head = await client.head(path)
            assert (head.status_code, head.content) == (status, b""), path
            assert head.headers["content-type"] == answer.headers["content-type"]
        told = await client.get(url)
        assert told.json()["issue"][0]["code"] == "deleted"
        patch = {"Content-Type": "application/json-patch+json"}
        nothing = await client.patch(url, content="[]", headers=patch)
        assert nothing.status_code in (400, 404, 410)
        empty = {"If-None-Exist": ""}
        answer = await client.post("/fhir/Patient", json=PATIENT, headers=empty)
        assert (answer.status_code, codes_of(answer)) == (400, ["not-a-condition"])
