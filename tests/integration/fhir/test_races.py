"""What two do at the same moment ends as if one had come after the other: on both databases."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.exchange.commands import operator
from hie.exchange.process import process_waiting
from hie.exchange.receive import receive
from hie.fhir import CANONICAL
from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    bundle_of,
    entry_of,
    hub_of_writer,
    observation,
    patient_of,
)
from tests.integration.two_hospitals import CASE, FILLER, NUMBER, TEXT

pytestmark = pytest.mark.anyio
RESIDENT = "urn:oid:2.16.156.10011.1.3"


def _statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(one.status_code for one in answers)


async def test_conditions_in_other_words_that_mean_one_thing_make_it_once(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        for n in range(6):
            tree = json.loads(observation(patient, number=f"A-{n}"))
            tree["identifier"].append({"system": "urn:other", "value": f"B-{n}"})
            words = (f"identifier=urn:lab|A-{n}", f"identifier=urn:other|B-{n}")
            answers = await asyncio.gather(
                *(
                    client.post(
                        "/fhir/Observation", json=tree, headers={"If-None-Exist": words[i % 2]}
                    )
                    for i in range(12)
                )
            )
            assert _statuses(answers) == {201: 1, 200: 11}
            assert len({one.json()["id"] for one in answers}) == 1


async def test_conditions_without_an_identifier_that_one_result_meets_make_it_once(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for n in range(6):
            patient = await patient_of(client, identifier=[{"system": SYSTEM, "value": f"N-{n}"}])
            tree = json.loads(observation(patient))
            del tree["identifier"]
            words = (f"patient={patient}&code=2823-3", f"patient={patient}&date=2026-06-01")
            answers = await asyncio.gather(
                *(
                    client.post(
                        "/fhir/Observation", json=tree, headers={"If-None-Exist": words[i % 2]}
                    )
                    for i in range(12)
                )
            )
            assert _statuses(answers) == {201: 1, 200: 11}


async def test_a_patient_is_not_deleted_while_something_of_theirs_is_written(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for n in range(20):
            patient = await patient_of(client, identifier=[{"system": SYSTEM, "value": f"D-{n}"}])
            text = observation(patient, number=f"D-{n}")
            calls = [
                client.delete(f"/fhir/Patient/{patient}"),
                client.post("/fhir/Observation", content=text),
            ]
            gone, made = await asyncio.gather(*(calls if n % 2 else calls[::-1]))
            if n % 2 == 0:
                gone, made = made, gone
            assert (gone.status_code, made.status_code) in {(204, 422), (409, 201)}


async def test_of_changes_to_one_version_one_is_made(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        for n in range(4):
            made = await client.post(
                "/fhir/Observation", content=observation(patient, number=f"{n}")
            )
            url = f"/fhir/Observation/{made.json()['id']}"
            trees = [{**made.json(), "valueQuantity": {"value": i}} for i in range(8)]
            only = {"If-Match": 'W/"1"'}
            answers = await asyncio.gather(
                *(client.put(url, json=tree, headers=only) for tree in trees),
                client.delete(url, headers=only),
            )
            done = [one for one in answers if one.status_code != 412]
            assert len(done) == 1 or {one.status_code for one in done} <= {204, 405}
            history = (await client.get(f"{url}/_history")).json()["entry"]
            assert len(history) == 2


async def test_an_update_and_a_deletion_follow_one_another(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        for n in range(6):
            made = await client.post(
                "/fhir/Observation", content=observation(patient, number=f"{n}")
            )
            url = f"/fhir/Observation/{made.json()['id']}"
            answers = await asyncio.gather(
                *(
                    client.put(url, json={**made.json(), "note": [{"text": f"{i}"}]})
                    for i in range(4)
                ),
                client.delete(url),
                *(
                    client.put(url, json={**made.json(), "note": [{"text": f"{i}"}]})
                    for i in range(4)
                ),
            )
            assert _statuses(answers).keys() <= {200, 204, 405}
            tags = [
                one["response"]["etag"]
                for one in (await client.get(f"{url}/_history")).json()["entry"]
            ]
            assert tags == [f'W/"{v}"' for v in range(len(tags), 0, -1)]
            assert (await client.get(url)).status_code == 410


async def test_bundles_with_very_many_conditions_wait_for_one_another_too(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        entries = [
            entry_of(
                "POST", "Observation", observation(patient, number=f"{n}"),
                ifNoneExist=f"identifier=urn:lab|{n}",
            )
            for n in range(120)
        ]  # fmt: skip
        few = bundle_of("transaction", *entries[50:60])
        answers = await asyncio.gather(
            *(
                client.post("/fhir", json=few if i % 2 else bundle_of("transaction", *entries))
                for i in range(6)
            )
        )
        assert _statuses(answers) == {200: 6}
        total = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
        assert total.json()["total"] == 120


async def test_no_version_is_older_than_the_one_before_it(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = (await client.post("/fhir/Observation", content=observation(patient))).json()
        url = f"/fhir/Observation/{made['id']}"
        for _ in range(3):
            await asyncio.gather(
                *(client.put(url, json={**made, "note": [{"text": f"{i}"}]}) for i in range(12))
            )
        await client.delete(url)
        history = (await client.get(f"{url}/_history?_count=100")).json()["entry"]
        stamps = [one["response"]["lastModified"] for one in history]
        assert len(stamps) >= 36
        assert stamps == sorted(stamps, reverse=True)


async def test_what_a_bundle_found_is_there_when_it_is_done(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for n in range(12):
            identifier = [{"system": SYSTEM, "value": f"F-{n}"}]
            patient = await patient_of(client, identifier=identifier)
            entries = (
                entry_of(
                    "POST", "Patient", {**PATIENT, "identifier": identifier}, "urn:uuid:p",
                    ifNoneExist=f"identifier={SYSTEM}|F-{n}",
                ),
                entry_of("POST", "Observation", {
                    **json.loads(observation("x", number=f"F-{n}")),
                    "subject": {"reference": "urn:uuid:p"},
                }),
            )  # fmt: skip
            calls = [
                client.post("/fhir", json=bundle_of("transaction", *entries)),
                client.delete(f"/fhir/Patient/{patient}"),
            ]
            answers = await asyncio.gather(*(calls if n % 2 else calls[::-1]))
            done, gone = answers if n % 2 else answers[::-1]
            assert done.status_code == 200, done.text
            found = done.json()["entry"][0]["response"]["status"]
            assert (found, gone.status_code) in {("200", 409), ("201", 204)}


async def test_bundles_that_take_the_same_in_another_order_do_not_wait_for_ever(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for n in range(4):
            people = [
                {
                    **PATIENT,
                    "identifier": [
                        {"system": SYSTEM, "value": f"{n}-{i}"},
                        {"system": RESIDENT, "value": _resident(2 * n + i)},
                    ],
                }
                for i in range(2)
            ]
            entries = [entry_of("POST", "Patient", tree) for tree in people]
            bodies = [bundle_of("transaction", *one) for one in (entries, entries[::-1])]
            answers = await asyncio.gather(
                *(client.post("/fhir", json=bodies[i % 2]) for i in range(12))
            )
            assert _statuses(answers) == {200: 1, 409: 11}


async def test_bundles_that_change_a_patient_and_add_to_it_do_not_wait_for_ever(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        change = {
            "resourceType": "Parameters",
            "parameter": [
                {
                    "name": "operation",
                    "part": [
                        {"name": "type", "valueCode": "replace"},
                        {"name": "path", "valueString": "Patient.birthDate"},
                        {"name": "value", "valueDate": "1971-01-01"},
                    ],
                }
            ],
        }
        answers = await asyncio.gather(
            *(
                client.post(
                    "/fhir",
                    json=bundle_of(
                        "transaction",
                        entry_of("POST", "Observation", observation(patient, number=f"{i}")),
                        entry_of("PATCH", f"Patient/{patient}", change),
                    ),
                )
                for i in range(12)
            )
        )
        assert _statuses(answers) == {200: 12}


async def test_a_message_and_a_write_of_the_same_patient_make_one(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        own = f"{CANONICAL}/sid/site/{CASE.site}/patient"
        for n in range(8):
            number = f"BJ9{n:05}"
            await _received(hub, n, number, _resident(n))
            tree = {**PATIENT, "identifier": [{"system": own, "value": number}]}
            taken, made, put = await asyncio.gather(
                process_waiting(hub),
                client.post("/fhir/Patient", json=tree),
                client.put(f"/fhir/Patient?identifier={own}|{number}", json=tree),
            )
            assert taken == 1
            assert made.status_code in {201, 409}, made.text
            assert put.status_code in {200, 201}, put.text
            found = await client.get(f"/fhir/Patient?identifier={own}|{number}")
            assert len(found.json()["entry"]) == 1
        async with hub.db.reading() as reader:
            states = await reader.fetch("SELECT DISTINCT state FROM message")
        assert [row[0] for row in states] == ["stored"]


async def test_a_message_and_a_write_with_one_persons_number_find_each_other(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        for n in range(8):
            number = _resident(n)
            await _received(hub, n, f"BJ9{n:05}", number)
            identifiers = [
                {"system": SYSTEM, "value": f"{n}"},
                {"system": RESIDENT, "value": number.lower()},
            ]
            person = {"name": [{"text": "王示例"}], "birthDate": number[6:10], "gender": "male"}
            _, made = await asyncio.gather(
                process_waiting(hub),
                client.post("/fhir/Patient", json={**PATIENT, **person, "identifier": identifiers}),
            )
            assert made.status_code == 201, made.text
        async with hub.db.reading() as reader:
            homes = await reader.fetchval("SELECT count(*) FROM person_home")
            persons = await reader.fetchval("SELECT count(DISTINCT person) FROM person_home")
        assert (homes, persons) == (16, 8)


async def _received(hub: Any, n: int, number: str, resident: str) -> None:
    """A message of the example's site, of another patient and order."""
    text = TEXT.replace("BJ100037", number).replace("BJEXAMPLE0001", f"RACE{n}")
    text = text.replace(FILLER[2:], f"F{n}").replace(NUMBER, resident)
    lines = text.split("\r")
    patient = lines[1].split("|")
    patient[5], patient[7], patient[8] = "王示例^^^^^^L", f"{resident[6:10]}0102", "M"
    lines[1] = "|".join(patient)
    content = "\r".join(lines).encode()
    await receive(hub, operator(), CASE.site, content, channel="test", media="")


def _resident(n: int) -> str:
    """A resident number with its check digit, of a man who is invented."""
    digits = f"11010519700102{n:02}1"
    total = sum(int(one) * 2 ** (17 - place) for place, one in enumerate(digits))
    return digits + "10X98765432"[total % 11]
