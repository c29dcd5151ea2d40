"""The versions of a resource and of a type: newest first, paged, bounded in time, only what is seen."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from hie.fhir.profile import check
from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    codes_of,
    hub_of_writer,
    observation,
    patient_of,
    writer,
)

pytestmark = pytest.mark.anyio


def below(url: str) -> str:
    """A link of the hub as the path the test's client asks."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def walked(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """The entries of every page."""
    found: list[dict[str, Any]] = []
    for _ in range(100):
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        found += answer.json().get("entry", [])
        links = {one["relation"]: one["url"] for one in answer.json()["link"]}
        if "next" not in links:
            return found
        path = below(links["next"])
    raise AssertionError("no end of pages")


def told(entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Method, status and etag of each entry."""
    return [
        (one["request"]["method"], one["response"]["status"], one["response"]["etag"])
        for one in entries
    ]


async def changed(client: httpx.AsyncClient, key: str, patient: str, value: str) -> None:
    tree = json.loads(observation(patient, value))
    answer = await client.put(f"/fhir/Observation/{key}", json={**tree, "id": key})
    assert answer.status_code in (200, 201), answer.text


async def test_a_history_says_how_each_version_came_about(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path, "hie/client-ids") as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient))
        key = made.json()["id"]
        await changed(client, key, patient, "6")
        assert (await client.delete(f"/fhir/Observation/{key}")).status_code == 204
        await changed(client, key, patient, "7")
        answer = await client.get(f"/fhir/Observation/{key}/_history")
        bundle = answer.json()
        assert (bundle["type"], bundle["total"]) == ("history", 4)
        assert check(bundle) == []
        expected = [
            ("PUT", "201", 'W/"4"'),
            ("DELETE", "204", 'W/"3"'),
            ("PUT", "200", 'W/"2"'),
            ("POST", "201", 'W/"1"'),
        ]
        assert told(bundle["entry"]) == expected
        urls = [one["request"]["url"] for one in bundle["entry"]]
        assert urls == [*[f"Observation/{key}"] * 3, "Observation"]
        for one in bundle["entry"]:
            assert one["fullUrl"].endswith(f"/fhir/Observation/{key}")
            assert ("resource" in one) is (one["request"]["method"] != "DELETE")
            if "resource" in one:
                meta = one["resource"]["meta"]
                assert one["response"]["lastModified"] == meta["lastUpdated"]
                assert one["response"]["etag"] == f'W/"{meta["versionId"]}"'
        of_type = (await client.get("/fhir/Observation/_history")).json()
        assert told(of_type["entry"]) == expected
        assert "total" not in of_type
        assert check(of_type) == []
        assert '"value":5.10' in (await client.get("/fhir/Observation/_history")).text


async def test_pages_hold_every_version_once_while_others_write(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        keys = []
        for number in range(4):
            text = observation(patient, number=f"H-{number}")
            keys.append((await client.post("/fhir/Observation", content=text)).json()["id"])
            for value in range(3):
                tree = json.loads(observation(patient, str(value + 1), f"H-{number}"))
                tree["id"] = keys[-1]
                await client.put(f"/fhir/Observation/{keys[-1]}", json=tree)
        before = {
            (one["fullUrl"], one["response"]["etag"])
            for one in await walked(client, "/fhir/Observation/_history?_count=200")
        }
        assert len(before) == 16
        first = (await client.get("/fhir/Observation/_history?_count=5")).json()
        late = observation(patient, number="H-late")
        await client.post("/fhir/Observation", content=late)
        assert (await client.delete(f"/fhir/Observation/{keys[0]}")).status_code == 204
        link = next(one["url"] for one in first["link"] if one["relation"] == "next")
        rest = first["entry"] + await walked(client, below(link))
        seen = [(one["fullUrl"], one["response"]["etag"]) for one in rest]
        assert len(seen) == len(set(seen))
        assert set(seen) == before
        times = [one["response"]["lastModified"] for one in rest]
        assert times == sorted(times, reverse=True)
        for count in (1, 2, 3, 7):
            path = f"/fhir/Observation/{keys[1]}/_history?_count={count}"
            etags = [one["response"]["etag"] for one in await walked(client, path)]
            assert etags == ['W/"4"', 'W/"3"', 'W/"2"', 'W/"1"']


async def test_since_and_at_bound_a_history_in_time(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient))
        key = made.json()["id"]
        await changed(client, key, patient, "6")
        await changed(client, key, patient, "7")
        await client.delete(f"/fhir/Observation/{key}")
        entries = (await client.get(f"/fhir/Observation/{key}/_history")).json()["entry"]
        at = [one["response"]["lastModified"] for one in reversed(entries)]

        async def versions(**asked: str) -> list[list[str]]:
            """Etags by both histories."""
            found = []
            for path in (f"/fhir/Observation/{key}/_history", "/fhir/Observation/_history"):
                answer = await client.get(path, params=asked)
                assert answer.status_code == 200, answer.text
                etags = [one["response"]["etag"][3:-1] for one in answer.json().get("entry", ())]
                found.append(etags)
            return found

        assert await versions(_since=at[1]) == [["4", "3", "2"]] * 2
        assert await versions(_since=at[3]) == [["4"]] * 2
        assert await versions(_since="2100-01-01") == [[]] * 2
        assert await versions(_at=at[0]) == [["1"]] * 2
        assert await versions(_at=at[2]) == [["3"]] * 2
        assert await versions(_at=at[3]) == [["4"]] * 2
        assert await versions(_at="2100-01-01") == [[]] * 2
        assert await versions(_at="1999") == [[]] * 2
        assert await versions(_at=f"ge{at[2]}") == [["4", "3"]] * 2
        assert await versions(_at=f"lt{at[1]}") == [["1"]] * 2
        assert await versions(_at=f"le{at[1]}") == [["2", "1"]] * 2
        assert await versions(_at=at[0][:4]) == [["4", "3", "2", "1"]] * 2
        assert await versions(_since=at[1], _at=at[1]) == [["2"]] * 2
        offset = at[1].replace("Z", "+00:00")
        assert await versions(_since=offset) == [["4", "3", "2"]] * 2


WRONG = [
    ("_since=yesterday", "not-a-date"),
    ("_at=2026-13-01", "not-a-date"),
    ("_at=ne2026", "not-a-date"),
    ("_since=", "empty"),
    ("_count=x", "invalid-value"),
    ("_count=-1", "invalid-value"),
    ("_count=1&_count=2", "repeated"),
    ("_sort=date", "unknown-parameter"),
    ("page=AAAA", "invalid-value"),
    ("_summary=count", "invalid-value"),
    ("patient=x", "unknown-parameter"),
]


async def test_a_wrong_question_is_named(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        for query, code in WRONG:
            for path in (f"/fhir/Patient/{patient}/_history", "/fhir/Patient/_history"):
                answer = await client.get(f"{path}?{query}")
                assert (answer.status_code, codes_of(answer)) == (400, [code]), query


async def test_a_page_belongs_to_its_caller_and_its_question(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        for number in range(3):
            await patient_of(client, identifier=[{"system": SYSTEM, "value": f"P-{number}"}])
        first = (await client.get("/fhir/Patient/_history?_count=1")).json()
        link = below(next(one["url"] for one in first["link"] if one["relation"] == "next"))
        other = {"Authorization": (await writer(hub, "other"))["Authorization"]}
        assert (await client.get(link, headers=other)).status_code == 400
        elsewhere = link.replace("/Patient/", "/Observation/")
        assert (await client.get(elsewhere)).status_code == 400
        wider = link.replace("_count=1", "_count=2")
        assert (await client.get(wider)).status_code == 400
        assert (await client.get(link)).status_code == 200


async def test_what_may_not_be_seen_has_no_history(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        answer = await client.get("/fhir/_history")
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")
        unknown = await client.get("/fhir/Rocket/_history")
        assert unknown.status_code == 404
        assert "Observation" in unknown.json()["issue"][0]["diagnostics"]
        absent = await client.get("/fhir/Patient/nobody/_history")
        assert (absent.status_code, absent.json()["issue"][0]["code"]) == (404, "not-found")
        head = await client.head(f"/fhir/Patient/{patient}/_history")
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) > 100
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT a.detail, s.home FROM audit_access AS a LEFT JOIN audit_subject AS s"
                " ON s.access = a.id WHERE a.type = 'history'"
            )
        assert [tuple(row) for row in rows] == [("history-instance", patient)]


async def test_histories_of_many_are_written_and_listed_at_once(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):

        async def made(number: int) -> None:
            tree = {**PATIENT, "identifier": [{"system": SYSTEM, "value": f"M-{number}"}]}
            assert (await client.post("/fhir/Patient", json=tree)).status_code == 201

        await asyncio.gather(*(made(number) for number in range(24)))
        for count in (1, 5, 24, 200):
            entries = await walked(client, f"/fhir/Patient/_history?_count={count}")
            ids = [one["resource"]["id"] for one in entries]
            assert len(ids) == len(set(ids)) >= 24
