"""What a search says of its own answer: order, number, form (FHIR R4 search.html#return)."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.search.support import (
    UCUM,
    a_person,
    a_result,
    found,
    refused,
    searched,
    write,
)

pytestmark = pytest.mark.anyio


def _of(id_: str, day: str | None, value: str | None, code: str) -> dict[str, Any]:
    more: dict[str, Any] = {"code": {"coding": [{"system": "urn:c", "code": code}]}}
    if day is not None:
        more["effectiveDateTime"] = f"2026-06-{day}"
    if value is not None:
        more["valueQuantity"] = {"value": float(value), "system": UCUM, "code": "g/L"}
    return a_result(id_, **more)


RESULTS = (
    _of("a", "01", "10", "x"),
    _of("b", "01", "9", "y"),
    _of("c", "02", None, "x"),
    _of("d", None, "9", "x"),
)


async def test_any_parameter_can_be_the_order_of_what_a_search_leaves(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (_, client):
        await write(client, a_person("p"), *RESULTS)
        for sort, expected in {
            "date": "abcd",
            "-date": "cbad",
            "-date,_id": "cabd",
            "_id": "abcd",
            "-_id": "dcba",
            "code,-date": "cadb",
            "-code,_id": "bacd",
            "value-quantity,_id": "bdac",
            "-value-quantity,-_id": "adbc",
            "_lastUpdated": "abcd",
            "-_lastUpdated": "dcba",
            "code,value-quantity,-date": "dacb",
        }.items():
            asked = f"Observation?patient=p&_sort={sort}"
            assert await found(client, asked) == list(expected), sort
            paged: list[str] = []
            link: str | None = f"/fhir/{asked}&_count=1&_total=accurate"
            while link is not None:
                page = (await client.get(link)).json()
                assert page["total"] == 4
                paged += [one["resource"]["id"] for one in page["entry"]]
                link = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
            assert paged == list(expected), sort
        for sort in (
            "colour",
            "code-value-quantity",
            "date,date",
            "date,-date",
            "",
            "-",
            "a,b,c,d,e",
        ):
            await refused(client, f"Observation?patient=p&_sort={sort}")
        code, _ = await refused(client, "Patient?_sort=name")
        assert code == "too-costly"


async def test_a_name_that_is_sorted_by_does_not_stand_in_the_link_to_the_next_page(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (_, client):
        for n, name in enumerate(("zhaoyi", "qianer", "sunsan")):
            await write(client, a_person(f"p{n}", name=[{"family": name}]))
        asked = "/fhir/Patient?_id=p0,p1,p2&_sort=family&_count=1"
        page = (await client.get(asked)).json()
        link = next(one["url"] for one in page["link"] if one["relation"] == "next")
        assert [one["resource"]["id"] for one in page["entry"]] == ["p1"]
        token = link.partition("page=")[2]
        assert "qianer" not in token
        assert (await client.get(asked)).json()["link"] == page["link"]


async def test_how_many_there_are_and_how_many_are_shown(place: Any, tmp_path: Path) -> None:
    async with searched(place, tmp_path) as (_, client):
        await write(client, a_person("p"), *RESULTS)
        for query, total, shown in (
            ("_count=0", 4, 0),
            ("_summary=count", 4, 0),
            ("_count=0&value-quantity=9", 2, 0),
            ("_count=2", None, 2),
            ("_count=2&_total=accurate", 4, 2),
            ("_count=2&_total=estimate", 4, 2),
            ("_total=none", None, 4),
            ("_count=1000000", None, 4),
            ("_total=accurate&code=nothing", 0, 0),
        ):
            answer = (await client.get(f"/fhir/Observation?patient=p&{query}")).json()
            assert answer["type"] == "searchset"
            assert answer.get("total") == total, query
            assert len(answer.get("entry", ())) == shown, query
        answer = (await client.get("/fhir/Observation?patient=p&_count=1000000")).json()
        assert answer["link"][0]["url"].endswith("_count=200")
        for wrong in ("-1", "x", "1.5", "", "1e2", "９"):
            assert (await refused(client, f"Observation?patient=p&_count={wrong}"))[1] == "_count"
        for wrong in ("_total=all", "_summary=yes", "_pretty=maybe", "_elements=a.b"):
            assert (await refused(client, f"Observation?patient=p&{wrong}"))[1] in wrong


async def test_what_nobody_knows_is_refused_or_left_out_and_told(
    place: Any, tmp_path: Path
) -> None:
    lenient = {"Prefer": "handling=lenient"}
    first = {"subject": "&subject%3APatient=p", "_count": "&_count=1", "_sort": "&_sort=date"}
    async with searched(place, tmp_path) as (_, client):
        await write(client, a_person("p"), *RESULTS)
        for query, name in (
            ("colour=red", "colour"),
            ("patinet=p", "patinet"),
            ("code=", "code"),
            ("code", "code"),
            ("patient=p", "patient"),
            ("subject:Patient=p&subject=p", "subject"),
            ("_count=1&_count=1", "_count"),
            ("_sort=date&_sort=code", "_sort"),
            ("_filter=code eq x", "_filter"),
            ("_text=x", "_text"),
            ("_content=x", "_content"),
            ("_list=x", "_list"),
            ("_query=x", "_query"),
            ("_contained=true", "_contained"),
            ("_type=Patient", "_type"),
        ):
            asked = f"Observation?patient=p&{query}"
            assert (await refused(client, asked))[1] == name, query
            answer = await client.get(f"/fhir/{asked}", headers=lenient)
            assert answer.status_code == 200, (query, answer.text)
            tree = answer.json()
            told = [one for one in tree["entry"] if one["search"]["mode"] == "outcome"]
            assert name in told[0]["resource"]["issue"][0]["diagnostics"], query
            url = next(one["url"] for one in tree["link"] if one["relation"] == "self")
            kept = first.get(name, "")
            assert url.partition("?")[2] == f"patient=p{kept}", (query, url)
        for query in ("code:odd=x", "date=nonsense", "_sort=colour", "_count=x"):
            answer = await client.get(f"/fhir/Observation?patient=p&{query}", headers=lenient)
            assert answer.status_code == 400, query


async def test_a_form_may_stand_beside_an_address(place: Any, tmp_path: Path) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with searched(place, tmp_path) as (_, client):
        await write(client, a_person("p"), *RESULTS)
        url = "/fhir/Observation/_search?patient=p"
        answer = await client.post(url, content="code=x&_sort=_id", headers=form)
        assert [one["resource"]["id"] for one in answer.json()["entry"]] == ["a", "c", "d"]
        link = answer.json()["link"][0]["url"]
        assert link.endswith("/fhir/Observation?patient=p&code=x&_sort=_id")
        for media in ("application/json", "text/plain", "multipart/form-data", ""):
            answer = await client.post(url, content="code=x", headers={"Content-Type": media})
            assert answer.status_code == 415, media
        answer = await client.post(url, content="patient=p", headers=form)
        assert answer.status_code == 400
        for spoken, status in (("json", 200), ("application/fhir%2Bjson", 200), ("xml", 406)):
            answer = await client.post(url, content=f"_format={spoken}", headers=form)
            assert answer.status_code == status, spoken
