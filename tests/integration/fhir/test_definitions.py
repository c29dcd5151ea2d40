"""The definitions that ship are resources: read, searched, named, and changed by nobody."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.publish_definitions import publish_definitions
from hie.fhir import CANONICAL, ITEM
from hie.fhir.profile import check
from hie.fhir.shipped_profiles import SUPPORTED, shipped_definitions
from hie.terminology.shipped import own_terminology
from tests.integration.fhir.support import codes_of, hub_of_writer

pytestmark = pytest.mark.anyio


async def test_every_shipped_definition_is_read_at_its_address_and_found_by_it(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for one in (*shipped_definitions(), *own_terminology()):
            kind, key = one["resourceType"], one["id"]
            read = await client.get(f"/fhir/{kind}/{key}")
            assert read.status_code == 200, key
            assert {k: v for k, v in read.json().items() if k != "meta"} == one
            assert check(read.json()) == []
        url = f"{CANONICAL}/StructureDefinition/laboratory-result"
        found = await client.get(f"/fhir/StructureDefinition?url={url}")
        assert [one["resource"]["id"] for one in found.json()["entry"]] == ["laboratory-result"]
        items = (await client.get("/fhir/CodeSystem/item")).json()
        assert items["url"] == ITEM
        assert "K" in {one["code"] for one in items["concept"]}


async def test_the_capability_statement_names_the_profiles(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        told = (await client.get("/fhir/metadata")).json()
        assert check(told) == []
        named = {
            one["type"]: one["supportedProfile"]
            for one in told["rest"][0]["resource"]
            if "supportedProfile" in one
        }
        assert named == {kind: [url] for kind, url in SUPPORTED.items()}
        for urls in named.values():
            kind, key = urls[0].rsplit("/", 2)[1:]
            assert (await client.get(f"/fhir/{kind}/{key}")).status_code == 200


async def test_publishing_again_makes_no_version_and_a_stranger_changes_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path, "hie/client-ids") as (hub, client):
        assert await publish_definitions(hub) == 0
        read = await client.get("/fhir/ValueSet/decision")
        assert read.headers["ETag"] == 'W/"1"'
        changed = {**read.json(), "title": "other"}
        assert (await client.put("/fhir/ValueSet/decision", json=changed)).status_code == 403
        assert (await client.delete("/fhir/ValueSet/decision")).status_code == 403


async def test_a_new_edition_is_the_next_version(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        async with hub.db.unit() as unit:
            await unit.execute("DELETE FROM value_set WHERE id = $1", "decision")
        assert await publish_definitions(hub) == 1
        assert (await client.get("/fhir/ValueSet/decision")).status_code == 200


async def test_hubs_that_start_together_publish_once(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        async with hub.db.unit() as unit:
            await unit.execute("DELETE FROM value_set WHERE id = $1", "decision")
        made = await asyncio.gather(*(publish_definitions(hub) for _ in range(4)))
        assert sorted(made) == [0, 0, 0, 1]
        assert (await client.get("/fhir/ValueSet/decision")).headers["ETag"] == 'W/"1"'


async def test_an_id_that_somebody_has_is_left_alone(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path, "hie/client-ids") as (hub, client):
        async with hub.db.unit() as unit:
            await unit.execute("DELETE FROM value_set WHERE id = $1", "decision")
        own = {"resourceType": "ValueSet", "id": "decision", "status": "draft"}
        assert (await client.put("/fhir/ValueSet/decision", json=own)).status_code == 201
        assert await publish_definitions(hub) == 0
        assert (await client.get("/fhir/ValueSet/decision")).json()["status"] == "draft"


async def test_an_operation_that_is_not_offered_names_those_that_are(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for url in ("/fhir/Patient/$match", "/fhir/Encounter/1/$everything", "/fhir/$reindex"):
            answer = await client.get(url)
            assert answer.status_code == 400
            assert codes_of(answer) == ["not-offered"]
        told = (await client.get("/fhir/ValueSet/$nothing")).json()["issue"][0]
        assert "$expand" in told["diagnostics"]
        assert told["code"] == "not-supported"
