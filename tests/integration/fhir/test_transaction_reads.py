"""The reads of a transaction: they see what it wrote, and the first that fails undoes it."""

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import opened
from hie.exchange.hub import Hub
from hie.settings import Settings
from tests.integration.fhir.auditing import client_with
from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    bundle_of,
    entry_of,
    hub_of_writer,
    observation,
    patient_of,
    writer,
)
from tests.integration.test_doors import _client as client_of
from tests.integration.test_road import _connected
from tests.integration.two_hospitals import CASE

pytestmark = pytest.mark.anyio

GOOD = "GET", "Patient?identifier=urn:none|1"


async def _log(hub: Hub) -> list[tuple[str, str | None]]:
    async with hub.db.reading() as reader:
        rows = await reader.fetch("SELECT type, reason FROM audit_access ORDER BY at_us, n")
    return [(row[0], row[1]) for row in rows]


async def _since(hub: Hub, before: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    return sorted((await _log(hub))[len(before) :], key=str)


async def _total(client: httpx.AsyncClient, patient: str) -> int:
    answer = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
    return int(answer.json()["total"])


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        ("GET", "Patient/none", 404, "not-found"),
        ("HEAD", "Patient/none", 404, "not-found"),
        ("GET", "Patient/none/_history/1", 404, "not-found"),
        ("GET", "Observation?colour=blue", 400, "invalid"),
        ("GET", "Rocket/1", 404, "not-found"),
        ("GET", "Observation/$rise?patient=x", 400, "not-supported"),
        ("GET", "_history", 403, "forbidden"),
    ],
)
async def test_a_read_that_fails_undoes_the_whole_and_is_named(
    method: str, url: str, status: int, code: str, place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        before = await _log(hub)
        answer = await client.post(
            "/fhir",
            json=bundle_of(
                "transaction",
                entry_of(*GOOD),
                entry_of(method, url),
                entry_of("POST", "Observation", observation(patient)),
            ),
        )
        assert answer.status_code == status, answer.text
        (told,) = answer.json()["issue"]
        assert told["expression"][0].split(".")[:2] == ["Bundle", "entry[1]"]
        assert told["code"] == code
        # the look before is recorded, and the refusal; no write is, for nothing was written
        kinds = await _since(hub, before)
        assert len(kinds) == 2
        assert {kind for kind, reason in kinds if reason is None} == {"search"}
        assert await _total(client, patient) == 0
        good = bundle_of(
            "transaction",
            entry_of(*GOOD),
            entry_of("POST", "Observation", observation(patient)),
        )
        assert (await client.post("/fhir", json=good)).status_code == 200
        assert await _total(client, patient) == 1


async def test_reads_see_what_the_transaction_wrote_and_nobody_else_does(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        made = (await client.post("/fhir/Observation", content=observation(patient))).json()["id"]
        before = await _log(hub)
        done = await client.post(
            "/fhir",
            json=bundle_of(
                "transaction",
                entry_of("GET", f"Observation?patient={patient}&_total=accurate"),
                entry_of("GET", f"Observation/{made}"),
                entry_of("GET", f"Observation/{made}/_history"),
                entry_of("GET", f"Patient/{patient}/$everything"),
                entry_of("GET", "Observation?identifier=urn:lab|R-2&_include=Observation:subject"),
                entry_of("GET", f"Patient?_has:Observation:subject:identifier=urn:lab|R-2&_id={patient}"),
                entry_of("GET", f"Patient?identifier={SYSTEM}|W-9"),
                entry_of("POST", "Observation", observation(patient, number="R-2")),
                entry_of("PUT", f"Observation/{made}", {"id": made, **json.loads(observation(patient, "7.0"))}),
                entry_of("POST", "Patient", {**PATIENT, "identifier": [{"system": SYSTEM, "value": "W-9"}]}),
            ),
        )  # fmt: skip
        assert done.status_code == 200, done.text
        total, read, history, everything, found, having, other = (
            one["resource"] for one in done.json()["entry"][:7]
        )
        assert total["total"] == 2
        assert read["meta"]["versionId"] == "2"
        assert history["total"] == 2
        assert len(everything["entry"]) == 3
        assert [one["search"]["mode"] for one in found["entry"]] == ["match", "include"]
        assert len(having["entry"]) == 1
        assert len(other["entry"]) == 1
        kinds = [kind for kind, _ in await _since(hub, before)]
        assert len(kinds) == 10  # one for each look and each write
        assert kinds.count("write") == 3


async def test_deleted_is_deleted_for_a_read_beside_it(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = (await client.post("/fhir/Observation", content=observation(patient))).json()["id"]
        gone = bundle_of(
            "transaction",
            entry_of("DELETE", f"Observation/{made}"),
            entry_of("GET", f"Observation/{made}"),
        )
        answer = await client.post("/fhir", json=gone)
        assert answer.status_code == 410, answer.text
        assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
        assert (await client.get(f"/fhir/Observation/{made}")).status_code == 200
        gone["entry"][1] = entry_of("GET", f"Observation?_id={made}&_summary=count")
        answer = await client.post("/fhir", json=gone)
        assert answer.json()["entry"][1]["resource"]["total"] == 0
        assert (await client.get(f"/fhir/Observation/{made}")).status_code == 410


async def test_a_conditional_read_of_what_did_not_change_is_no_failure(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        write = entry_of("POST", "Observation", observation(patient))
        same = entry_of("GET", f"Patient/{patient}", ifNoneMatch='W/"1"')
        answer = await client.post("/fhir", json=bundle_of("transaction", same, write))
        said = [one["response"]["status"] for one in answer.json()["entry"]]
        assert said == ["304", "201"]


async def test_reads_alone_are_whole_as_well_and_need_no_right_to_write(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        client.headers.update(await client_with(hub, "searcher", "system/Patient.s"))
        search = entry_of("GET", f"Patient?_id={patient}")
        answer = await client.post("/fhir", json=bundle_of("transaction", search, search))
        assert [one["response"]["status"] for one in answer.json()["entry"]] == ["200", "200"]
        read = entry_of("GET", f"Patient/{patient}")  # has no scope to read
        answer = await client.post("/fhir", json=bundle_of("transaction", search, read))
        assert answer.status_code == 403
        assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
        batch = await client.post("/fhir", json=bundle_of("batch", search, read))
        assert [e["response"]["status"] for e in batch.json()["entry"]] == ["200", "403"]


async def test_many_transactions_that_read_do_not_wait_for_each_other(
    place: Any, tmp_path: Path
) -> None:
    """More at once than there are connections: no read of one asks for a second connection."""
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)

        async def one(n: int) -> httpx.Response:
            bad = [entry_of("GET", "Patient/none")] if n % 3 == 0 else []
            entries = [
                entry_of("POST", "Observation", observation(patient, number=f"M-{n}")),
                entry_of("GET", f"Observation?identifier=urn:lab|M-{n}"),
                *bad,
            ]
            found: httpx.Response = await client.post(
                "/fhir", json=bundle_of("transaction", *entries)
            )
            return found

        answers = await asyncio.wait_for(asyncio.gather(*(one(n) for n in range(24))), 60)
        said = [answer.status_code for answer in answers]
        assert said == [404 if n % 3 == 0 else 200 for n in range(24)]
        assert all(
            len(a.json()["entry"][1]["resource"]["entry"]) == 1
            for a in answers
            if a.status_code == 200
        )
        assert await _total(client, patient) == 16


async def test_a_transaction_is_counted_once_however_much_it_reads(
    place: Any, tmp_path: Path
) -> None:
    settings = Settings(data_dir=place.data_dir, database_url=place.url)
    async with opened(settings) as hub:
        await _connected(hub, tmp_path)
        headers, now = await writer(hub), time.time()
        stopped = replace(hub, entrance=replace(hub.entrance, clock=lambda: now))
        async with client_of(stopped) as client:
            client.headers.update(headers)
            await _asks_much(client)


async def _asks_much(client: httpx.AsyncClient) -> None:
    patient = await patient_of(client)
    reads = [entry_of("GET", f"Patient/{patient}") for _ in range(110)]
    write = entry_of("POST", "Observation", observation(patient))
    answer = await client.post("/fhir", json=bundle_of("transaction", *reads, write))
    assert answer.status_code == 200, answer.text
    batch = await client.post("/fhir", json=bundle_of("batch", *reads))
    said = {one["response"]["status"] for one in batch.json()["entry"]}
    assert said == {"200", "429"}  # the entries of a batch are requests of their own


async def test_what_another_may_not_see_fails_a_transaction_like_what_is_not_there(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        client.headers.update(await client_with(hub, "other", "system/Observation.rs"))
        for url in (f"Patient/{patient}", "Patient/none"):
            answer = await client.post("/fhir", json=bundle_of("transaction", entry_of("GET", url)))
            assert answer.status_code == 403
        assert CASE.institution not in answer.text
