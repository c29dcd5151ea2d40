"""Patients are found by name without a name in clear: as the meaning of a search says, and fast."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hie.fhir.search.asked import read_value
from hie.fhir.search.match import matches
from hie.store import names
from hie.store.search.registry import PARAMETERS
from hie.store.served import STORED, stored
from tests.integration.fhir.support import PATIENT, hub_of_writer

pytestmark = pytest.mark.anyio

PEOPLE: tuple[dict[str, Any], ...] = (
    {"text": "张小明", "family": "张", "given": ["小明"]},
    {"text": "张伟"},
    {"text": "章子怡示"},
    {"text": "欧阳修远", "family": "欧阳"},
    {"text": "曾国示"},
    {"text": "John Smith", "family": "Smith", "given": ["John", "Q."]},
    {"text": "Müller-Lüdenscheid, Jörg"},
    {"text": "O'Brien"},
    {"text": "SMITHSON"},
    {"text": "单于示例"},
)
ASKED = (
    "张小", "张小明", "小明", "张伟", "zhang", "zhangs", "zhangxiaoming", "zxm", "zx", "欧阳", "阳修", "ouyang",
    "zeng", "ceng", "chan", "shan", "dan", "smith", "SMITHS", "john", "jo", "muller", "müller-l", "obrien",
    "o'b", "nobody", "王小明", "张%", "zhangxiaominglong",
)  # fmt: skip
TOO_SHORT = ("z", "q.", "张", "%")


async def _put(client: Any) -> list[str]:
    ids = []
    for n, name in enumerate(PEOPLE):
        number = {"system": "urn:names", "value": f"N-{n}"}
        made = await client.post(
            "/fhir/Patient", json={**PATIENT, "identifier": [number], "name": [name]}
        )
        assert made.status_code == 201, made.text
        ids.append(str(made.json()["id"]))
    return ids


async def _found(client: Any, question: str) -> set[str]:
    answer = await client.get(f"/fhir/Patient?{question}&_count=50")
    assert answer.status_code == 200, answer.text
    return {one["resource"]["id"] for one in answer.json().get("entry", ())}


async def test_names_find_whom_the_meaning_of_the_search_says(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        ids = await _put(client)
        async with hub.db.reading() as reader:
            rows = await reader.fetch(f"SELECT {STORED} FROM patient")  # noqa: S608
            trees = {row[1]: stored(hub.db, "Patient", row).resource() for row in rows}
        hits = 0
        for name in ("name", "family", "given"):
            parameter = PARAMETERS["Patient"][name]
            for modifier in ("", "exact", "contains"):
                for text in ASKED:
                    value = read_value(parameter, modifier, text, "")
                    meant = {
                        key for key in ids if matches(parameter, modifier, (value,), trees[key])
                    }
                    key = f"{name}:{modifier}" if modifier else name
                    assert await _found(client, f"{key}={quote(text)}") == meant, (key, text)
                    hits += len(meant)
        assert hits > 50
        assert await _found(client, f"name={quote('张伟')},{quote('欧阳')}") == {ids[1], ids[3]}
        assert await _found(client, "family=smith&given=john") == {ids[5]}


async def test_what_half_of_all_begin_with_is_too_costly(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        await _put(client)
        for question in [f"name={quote(one)}" for one in TOO_SHORT] + ["name:contains=z"]:
            answer = await client.get(f"/fhir/Patient?{question}")
            assert answer.status_code == 400, question
            assert answer.json()["issue"][0]["code"] == "too-costly"


async def test_a_changed_name_is_found_the_old_one_finds_nothing_a_deleted_none(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        key = (await _put(client))[0]
        changed = (await client.get(f"/fhir/Patient/{key}")).json()
        changed["name"] = [{"text": "示例新名"}]
        assert (await client.put(f"/fhir/Patient/{key}", json=changed)).status_code == 200
        assert await _found(client, f"name={quote('示例新')}") == {key}
        assert await _found(client, f"name={quote('张小明')}") == set()
        assert (await client.delete(f"/fhir/Patient/{key}")).status_code == 204
        assert await _found(client, f"name={quote('示例新')}") == set()
        async with hub.db.reading() as reader:
            assert (
                await reader.fetchval("SELECT count(*) FROM name_token WHERE home = $1", key) == 0
            )


async def test_tokens_are_32_bits_of_a_keyed_hash(database: Any) -> None:
    async with database.reading() as reader:
        tokens = names.tokens_of(reader, {"name": [{"text": "张小明"}]})
        assert tokens == names.tokens_of(reader, {"name": [{"text": "张小明"}]})
        assert all(-(2**31) <= one < 2**31 for one in tokens)
        assert 5 < len(tokens) < 40
        assert names.tokens_of(reader, {"name": [{"text": ""}, {}]}) == set()
