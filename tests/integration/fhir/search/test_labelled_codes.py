"""A restricted result says its codes by marks, and is found by them all the same: by whom may see."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hie.exchange.commands import run
from hie.fhir import ITEM
from tests.integration.fhir.support import PATIENT, hub_of_writer
from tests.integration.two_hospitals import CASE

pytestmark = pytest.mark.anyio

LOINC = "http://loinc.org"
HIV, K = "75622-1", "2823-3"
OFFICER = {"reason": "reviewed with the source", "officer": "so1"}


def _result(patient: str, loinc: str, number: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:lab", "value": number}],
        "category": [{"coding": [{"system": "urn:other", "code": "serology"}]}],
        "code": {"coding": [{"system": LOINC, "code": loinc},
                            {"system": "urn:local", "code": f"L-{loinc}"},
                            {"system": "urn:more", "code": f"M-{loinc}"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-06-01T08:00:00+08:00",
        "valueString": "示例",
    }  # fmt: skip


async def _written(client: Any) -> tuple[list[str], dict[str, str]]:
    patients, results = [], {}
    for n in (1, 2):
        number = {"system": "urn:people", "value": f"P-{n}"}
        made = await client.post("/fhir/Patient", json={**PATIENT, "identifier": [number]})
        assert made.status_code == 201, made.text
        patients.append(str(made.json()["id"]))
        for loinc in (HIV, K):
            tree = _result(patients[-1], loinc, f"{loinc}-{n}")
            made = await client.post("/fhir/Observation", json=tree)
            assert made.status_code == 201, made.text
            results[f"{loinc}-{n}"] = str(made.json()["id"])
    return patients, results


async def _found(client: Any, question: str) -> list[str]:
    answer = await client.get(f"/fhir/Observation?{question}&_total=accurate")
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    ids = [one["resource"]["id"] for one in bundle.get("entry", ())]
    assert bundle["total"] == len(ids)
    return sorted(ids)


async def _officer(hub: Any) -> None:
    asked = {
        "login": OFFICER["officer"], "name": "示例", "role": "security-officer",
        "institution": CASE.institution, "password": "a long pass phrase",
    }  # fmt: skip
    await run(hub, "user-add", asked)


async def _columns(hub: Any, key: str) -> tuple[Any, ...]:
    async with hub.db.reading() as reader:
        sql = "SELECT code_system, code, local_code, item, codes FROM observation WHERE id = $1"
        return tuple(await reader.fetchrow(sql, key))


async def test_what_is_restricted_is_found_by_its_codes_through_its_patient(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        (one, two), keys = await _written(client)
        hidden, clear = await _columns(hub, keys[f"{HIV}-1"]), await _columns(hub, keys[f"{K}-1"])
        other = await _columns(hub, keys[f"{HIV}-2"])
        assert hidden[0] == clear[0] == "LN"
        assert hidden[1].startswith("~")
        assert hidden[1] != other[1]
        assert not any(HIV in str(value) for value in hidden)
        assert clear[1] == K
        asked = {
            f"code={HIV}": HIV,
            f"code={LOINC}%7C{HIV}": HIV,
            f"code=L-{HIV}": HIV,
            f"code=urn:local%7CL-{HIV}": HIV,
            f"code=M-{HIV}": HIV,
            f"code=urn:more%7CM-{HIV}": HIV,
            f"code={K}": K,
            f"code=L-{K}": K,
            f"code:not={K}": HIV,
            f"code:not={HIV}": K,
            f"code:not=M-{HIV}": K,
        }
        for question, loinc in asked.items():
            mine = [keys[f"{loinc}-1"]]
            assert await _found(client, f"patient={one}&{question}") == mine, question
            assert await _found(client, f"patient.identifier=P-1&{question}") == mine, question
            ids = ",".join(keys.values())
            both = sorted([*mine, keys[f"{loinc}-2"]])
            assert await _found(client, f"_id={ids}&{question}") == both, question
            assert await _found(client, f"patient={one},{two}&{question}") == both, question
            assert await _found(client, f"identifier=urn:lab%7C{loinc}-1&{question}") == mine
        every = sorted([keys[f"{HIV}-1"], keys[f"{K}-1"]])
        assert await _found(client, f"patient={one}&code={HIV},{K}") == every
        assert await _found(client, f"patient={one}&category=serology") == every
        assert await _found(client, f"patient={one}&category=urn:other%7Cserology") == every
        assert await _found(client, f"patient={one}&code=urn:more%7C") == every


async def test_the_newest_of_each_item_is_that_whether_said_in_clear_or_by_a_mark(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        (one, _), keys = await _written(client)
        await _officer(hub)
        later = _result(one, K, "later")
        later["effectiveDateTime"] = "2026-06-02T08:00:00+08:00"
        made = (await client.post("/fhir/Observation", json=later)).json()
        question = f"/fhir/Observation/$lastn?patient={one}&code={quote(ITEM)}%7CK"
        for act in (None, {"to": "R", "topics": ["PSY"]}):
            if act is not None:
                told = {"resource": f"Observation/{made['id']}", **act, **OFFICER}
                await run(hub, "label-raise", told)
                assert (await _columns(hub, made["id"]))[3].startswith("~")
            for most, expected in ((1, [made["id"]]), (2, [made["id"], keys[f"{K}-1"]])):
                answer = await client.get(f"{question}&max={most}")
                found = [one["resource"]["id"] for one in answer.json()["entry"]]
                assert found == expected, (act, most)


async def test_a_label_that_changes_takes_its_columns_with_it(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        await _officer(hub)
        _, keys = await _written(client)
        key = keys[f"{HIV}-1"]
        before = await _columns(hub, key)
        lowered = {"resource": f"Observation/{key}", "to": "N", **OFFICER}
        await run(hub, "label-lower", lowered)
        assert (await _columns(hub, key))[1] == HIV
        await run(hub, "label-raise", {**lowered, "to": "R"})
        assert await _columns(hub, key) == before
        told = await run(hub, "reindex", {"types": ["Observation"], "dry_run": True})
        while told["at"] is not None:
            told = await run(hub, "reindex", {"at": told["at"]})
        assert told["counts"]["Observation"]["columns"] == 0
