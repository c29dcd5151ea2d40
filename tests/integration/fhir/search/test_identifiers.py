"""An identifier finds its resource alone, of every type and however it came."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hie.app import opened
from hie.store.resource_identifiers import blind, ids_of
from tests.integration.fhir.search.messages import filled
from tests.integration.fhir.search.support import (
    a_person,
    a_result,
    found,
    refused,
    searched,
    write,
)
from tests.integration.fhir.support import writer
from tests.integration.test_doors import _client, _settings
from tests.treated import treats_everybody

pytestmark = pytest.mark.anyio
NUMBER = {"system": "urn:n", "value": "N,1|x"}
ASKED = "urn:n|N\\,1\\|x"


async def test_every_identifier_of_a_message_finds_what_has_it(place: Any, tmp_path: Path) -> None:
    asked = 0
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = (await client.get("/fhir/Patient", headers=headers)).json()["entry"][0]
        id_ = patient["resource"]["id"]
        whole = await client.get(f"/fhir/Patient/{id_}/$everything?_count=200", headers=headers)
        for entry in whole.json()["entry"]:
            tree = entry["resource"]
            for one in tree.get("identifier", ()):
                if "value" not in one:
                    continue
                text = f"{one['system']}|{_escaped(one['value'])}"
                url = f"/fhir/{tree['resourceType']}?identifier={quote(text)}"
                answer = (await client.get(url, headers=headers)).json()
                ids = [each["resource"]["id"] for each in answer.get("entry", ())]
                assert tree["id"] in ids, url
                url = f"/fhir/{tree['resourceType']}?identifier={quote('urn:other|' + _escaped(one['value']))}"
                answer = (await client.get(url, headers=headers)).json()
                assert "entry" not in answer, url
                asked += 1
    assert asked > 20


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in ",|$\\" else char for char in text)


async def test_what_was_written_is_found_by_each_of_its_identifiers(
    place: Any, tmp_path: Path
) -> None:
    second = {"system": "urn:m", "value": "M-1"}
    p = {"reference": "Patient/p"}
    async with searched(place, tmp_path) as (hub, client):
        await write(
            client, a_person("p", identifier=[NUMBER, second]),
            a_result("o", identifier=[NUMBER, second]),
            a_result("o2", identifier=[{"system": "urn:k", "value": "N,1|x"}]),
            {"resourceType": "Specimen", "id": "s", "subject": p, "identifier": [NUMBER, second]},
            {"resourceType": "Organization", "id": "g", "name": "x", "identifier": [NUMBER, second]},
            {"resourceType": "Bundle", "id": "b", "type": "collection", "identifier": NUMBER},
            {"resourceType": "DocumentReference", "id": "d", "status": "current", "subject": p,
             "content": [{"attachment": {"url": "http://x.example"}}],
             "masterIdentifier": NUMBER, "identifier": [second]},
        )  # fmt: skip
        for kind, id_ in (
            ("Patient", "p"), ("Observation", "o"), ("Specimen", "s"), ("Organization", "g"),
            ("Bundle", "b"), ("DocumentReference", "d"),
        ):  # fmt: skip
            assert await found(client, f"{kind}?identifier={ASKED}") == [id_], kind
            assert await found(client, f"{kind}?identifier=urn:z|M-1") == [], kind
            if kind != "Bundle":
                assert await found(client, f"{kind}?identifier=urn:m|M-1") == [id_], kind
                assert await found(client, f"{kind}?identifier=urn:m|M-1,urn:n|no") == [id_], kind
            if kind != "Observation":
                assert await found(client, f"{kind}?identifier=N\\,1\\|x") == [id_], kind
        assert await found(client, "Observation?patient=p&identifier=N\\,1\\|x&_sort=_id") == [
            "o", "o2",
        ]  # fmt: skip
        assert await refused(client, "Observation?identifier=M-1") == ("too-costly", "")
        assert await refused(client, "Specimen?identifier=urn:m|") == ("too-costly", "")
        await write(client, a_result("o", identifier=[second]))
        assert await found(client, f"Observation?identifier={ASKED}") == []
        assert await found(client, "Observation?identifier=urn:m|M-1") == ["o"]
        assert (await client.delete("/fhir/Observation/o")).status_code == 204
        assert await found(client, "Observation?identifier=urn:m|M-1") == []
        async with hub.db.reading() as reader:
            kept = await ids_of(reader, [blind(reader, "Observation", "M-1")])
            assert kept == []
        await write(client, a_result("o", identifier=[second]))
        assert await found(client, "Observation?identifier=urn:m|M-1") == ["o"]


async def test_an_institutions_identifiers_are_found_by_another_that_may_see_them(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (hub, client):
        await write(client, a_person("p"), a_result("o", identifier=[NUMBER]))
        other = await writer(hub, "other", "12110102400000101U")
        url = f"/fhir/Observation?identifier={quote(ASKED)}"
        assert "entry" not in (await client.get(url, headers=other)).json()
        await treats_everybody(hub, "12110102400000101U")
        answer = await client.get(f"/fhir/Observation?identifier={quote(ASKED)}", headers=other)
        assert [one["resource"]["id"] for one in answer.json()["entry"]] == ["o"]


async def test_pages_stay_whole_while_results_arrive(place: Any, tmp_path: Path) -> None:
    async with searched(place, tmp_path) as (_, client):
        await write(client, a_person("p"))
        for n in range(9):
            await write(client, a_result(f"r{n}", effectiveDateTime=f"2026-06-0{n + 1}"))
        for query in ("_sort=date", "_sort=-date", "performer:missing=true&_sort=code,-date"):
            before = await found(client, f"Observation?patient=p&{query}&_count=200")
            before = [one for one in before if one.startswith("r")]
            seen: list[str] = []
            link: str | None = f"/fhir/Observation?patient=p&{query}&_count=2"
            while link is not None:
                page = (await client.get(link)).json()
                seen += [one["resource"]["id"] for one in page["entry"]]
                link = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
                for day in ("01", "05", "09"):
                    id_ = f"new{query[-1]}{len(seen)}{day}"
                    await write(client, a_result(id_, effectiveDateTime=f"2026-06-{day}"))
            assert [one for one in seen if one.startswith("r")] == before
            assert len(seen) == len(set(seen))
