"""Conditions on versions, in headers and bundles: what holds, what does not, what is no condition."""

import asyncio
import json
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    bundle_of,
    codes_of,
    entry_of,
    hub_of_writer,
    patient_of,
)

pytestmark = pytest.mark.anyio
GONE = "2100-01-01"
# Whether a tag names version 2, when version 2 stands; None: it is no tag.
TAGS = [
    ('W/"2"', True),
    ('"2"', True),
    ("*", True),
    ('W/"1", W/"2"', True),
    ('W/"1","2"', True),
    ('W/"1"', False),
    ('"22"', False),
    ('W/"abc"', False),
    ('""', False),
    ("2", None),
    ("W/2", None),
    ('w/"2"', None),
    ('W/"2', None),
    ('W/"2" W/"3"', None),
    ('*, W/"2"', None),
    ("", None),
    (",", None),
]


async def second_version(
    client: httpx.AsyncClient, name: str = "W-1"
) -> tuple[str, dict[str, Any]]:
    """A Patient whose version 2 stands."""
    identifier = [{"system": SYSTEM, "value": name}]
    key = await patient_of(client, identifier=identifier)
    tree = {**PATIENT, "identifier": identifier, "id": key, "gender": "male"}
    assert (await client.put(f"/fhir/Patient/{key}", json=tree)).headers["etag"] == 'W/"2"'
    return key, tree


async def test_a_tag_is_weak_or_strong_or_refused(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for number, (tag, holds) in enumerate(TAGS):
            await check_tag(client, f"T-{number}", tag, holds=holds)


async def check_tag(client: httpx.AsyncClient, name: str, tag: str, *, holds: bool | None) -> None:
    key, tree = await second_version(client, name)
    url = f"/fhir/Patient/{key}"
    read = await client.get(url, headers={"If-None-Match": tag})
    known = holds or tag == "2"  # a bare number, as fhirpy reads again
    assert read.status_code == (304 if known else 400 if holds is None else 200), tag
    match = {"If-Match": tag}
    patch = [{"op": "replace", "path": "/gender", "value": "female"}]
    media = {"Content-Type": "application/json-patch+json"}
    write = (
        await client.put(url, json=tree, headers=match),
        await client.patch(url, content=json.dumps(patch), headers={**match, **media}),
    )
    expected = 400 if holds is None else 200 if holds else 412
    assert [one.status_code for one in write] == [expected] * 2, tag
    for one in write:
        assert one.status_code < 400 or one.json()["resourceType"] == "OperationOutcome"
    stands = (await client.get(url)).headers["etag"]
    assert stands == ('W/"3"' if holds else 'W/"2"'), tag
    unless = {"If-None-Match": tag.replace("2", "3") if holds else tag}
    kept = await client.put(url, json=tree, headers=unless)
    assert kept.status_code == (400 if holds is None else 412 if holds else 200), tag


async def test_a_change_holds_to_its_condition_however_it_is_asked(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        key, tree = await second_version(client)
        by_condition = f"/fhir/Patient?identifier={SYSTEM}|W-1"
        stale, standing = {"If-Match": 'W/"1"'}, {"If-Match": 'W/"2"'}
        nowhere = f"/fhir/Patient?identifier={SYSTEM}|none"
        patch = json.dumps([{"op": "replace", "path": "/gender", "value": "male"}])
        media = {"Content-Type": "application/json-patch+json"}
        for url in (f"/fhir/Patient/{key}", by_condition):
            for method, body, more in (("PUT", json.dumps(tree), {}), ("PATCH", patch, media)):
                told = await client.request(method, url, content=body, headers={**stale, **more})
                assert told.status_code == 412, (method, url)
                told = await client.request(method, url, content=body, headers={**standing, **more})
                assert told.status_code == 200, (method, url)
            assert (await client.delete(url, headers=stale)).status_code == 412
        other = {key: value for key, value in tree.items() if key != "id"}
        assert (await client.put(nowhere, json=other, headers=standing)).status_code == 412
        assert (await client.delete(nowhere, headers=standing)).status_code == 412
        assert (await client.delete(nowhere)).status_code == 204
        unless = {"If-None-Match": "*"}
        assert (await client.put(by_condition, json=tree, headers=unless)).status_code == 412
        past = {"If-Unmodified-Since": formatdate(0, usegmt=True)}
        assert (await client.delete(by_condition, headers=past)).status_code == 412
        soon = {"If-Unmodified-Since": formatdate(4_000_000_000, usegmt=True)}
        assert (await client.delete(by_condition, headers=soon)).status_code == 204
        absent = await client.delete(f"/fhir/Patient/{key}", headers=standing)
        assert absent.status_code == 412
        assert (await client.delete(f"/fhir/Patient/{key}")).status_code == 204


async def test_an_address_with_an_id_takes_no_condition_beside_it(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        key, tree = await second_version(client)
        media = {"Content-Type": "application/json-patch+json"}
        for wrong in (f"identifier={SYSTEM}|W-1", "_cascade=delete", "_format=json&x=1"):
            url = f"/fhir/Patient/{key}?{wrong}"
            for answer in (
                await client.put(url, json=tree),
                await client.patch(url, content="[]", headers=media),
                await client.delete(url),
            ):
                assert (answer.status_code, codes_of(answer)) == (400, ["unknown-parameter"])
        assert (await client.put(f"/fhir/Patient/{key}?_format=json", json=tree)).status_code == 200
        assert (await client.delete(f"/fhir/Patient/{key}?_pretty=true")).status_code == 204


async def test_of_many_who_change_one_version_one_does(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        key, tree = await second_version(client)
        url, media = f"/fhir/Patient/{key}", {"Content-Type": "application/json-patch+json"}
        for turn in range(2, 8, 2):
            put = {"If-Match": f'W/"{turn}"'}
            days = [{**tree, "birthDate": f"1980-{turn:02}-{n + 1:02}"} for n in range(8)]
            answers = await asyncio.gather(
                *(client.put(url, json=one, headers=put) for one in days)
            )
            assert sorted(one.status_code for one in answers) == [200] + [412] * 7
            patch = {"If-Match": f'W/"{turn + 1}"', **media}
            texts = [
                json.dumps([{"op": "replace", "path": "/birthDate", "value": f"1990-01-{n + 10}"}])
                for n in range(8)
            ]
            answers = await asyncio.gather(
                *(client.patch(url, content=one, headers=patch) for one in texts)
            )
            assert sorted(one.status_code for one in answers) == [200] + [412] * 7
        gone = {"If-Match": 'W/"8"'}
        answers = await asyncio.gather(*(client.delete(url, headers=gone) for _ in range(8)))
        assert sorted(one.status_code for one in answers) == [204] + [412] * 7
        entries = (await client.get(f"{url}/_history")).json()["entry"]
        assert [one["response"]["etag"][3:-1] for one in entries] == list("987654321")


async def test_a_put_that_only_creates_creates_once(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path, "hie/client-ids") as (_, client):
        only = {"If-None-Match": "*"}
        for number in range(4):
            identifier = [{"system": SYSTEM, "value": f"only-{number}"}]
            tree = {**PATIENT, "identifier": identifier, "id": f"only-{number}"}
            url = f"/fhir/Patient/only-{number}"
            answers = await asyncio.gather(
                *(client.put(url, json=tree, headers=only) for _ in range(8))
            )
            assert sorted(one.status_code for one in answers) == [201] + [412] * 7
            assert (await client.get(url)).headers["etag"] == 'W/"1"'
        assert (await client.delete(url)).status_code == 204
        again = await client.put(url, json=tree, headers=only)
        assert (again.status_code, again.headers["etag"]) == (201, 'W/"3"')


async def test_a_bundle_states_conditions_as_members(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path, "hie/client-ids") as (_, client):
        key, tree = await second_version(client)

        async def status(kind: str, **more: Any) -> str:
            entry = entry_of("PUT", f"Patient/{key}", tree, **more)
            answer = await client.post("/fhir", json=bundle_of(kind, entry))
            if answer.status_code != 200:
                return str(answer.status_code)
            return str(answer.json()["entry"][0]["response"]["status"])[:3]

        for kind in ("batch", "transaction"):
            assert await status(kind, ifMatch='W/"1"') == "412"
            assert await status(kind, ifMatch='W/"2"') == "200"
            assert await status(kind, ifMatch='W/"abc"') == "412"
            assert await status(kind, ifMatch="2") == "400"
            assert await status(kind, ifNoneMatch="*") == "412"
            empty = entry_of("POST", "Patient", {**PATIENT, "identifier": []}, ifNoneExist="")
            answer = await client.post("/fhir", json=bundle_of(kind, empty))
            assert answer.status_code == 400 or answer.json()["entry"][0]["response"][
                "status"
            ].startswith("400")
            reads = [
                entry_of("GET", f"Patient/{key}", ifNoneMatch='W/"2"'),
                entry_of("GET", f"Patient/{key}", ifNoneMatch='W/"1"'),
                entry_of("GET", f"Patient/{key}", ifModifiedSince=f"{GONE}T00:00:00Z"),
                entry_of("GET", f"Patient/{key}", ifModifiedSince="1990-01-01T00:00:00Z"),
            ]
            answer = await client.post("/fhir", json=bundle_of(kind, *reads))
            told = [one["response"]["status"][:3] for one in answer.json()["entry"]]
            assert told[:2] == ["304", "200"]
            assert told[3] == "200"
