"""String, uri and reference searches (FHIR R4 search.html#string, #uri, #reference)."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.search.support import (
    a_person,
    a_result,
    found,
    refused,
    searched,
    write,
)

pytestmark = pytest.mark.anyio

PEOPLE = (
    a_person("zs", name=[{"text": "张三丰", "family": "张", "given": ["三丰"]}]),
    a_person("jm", name=[{"family": "Müller-Öz", "given": ["Jörg", "Émile"]}]),
    a_person("pc", name=[{"text": "100% _A\\B"}], address=[{"city": "石家庄市", "line": ["A,B|C$D"]}]),
    a_person("px", name=[{"text": "100x xAxB"}], address=[{"text": "Main Street 5", "country": "CN"}]),
    a_person("no"),
)  # fmt: skip


async def test_a_text_is_found_by_how_it_begins_and_every_character_is_itself(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (_, client):
        await write(client, *PEOPLE)
        ids = ",".join(one["id"] for one in PEOPLE)
        for query, expected in {
            "name=muller": ["jm"],
            "name=MÜLLER": ["jm"],
            "name=MUL": ["jm"],
            "name=emile": ["jm"],
            "name=uller": [],
            "name:contains=uller": ["jm"],
            "name:exact=Jörg": ["jm"],
            "name:exact=Jorg": [],
            "name:exact=jörg": [],
            "family=muller oz": ["jm"],
            "given=jorg": ["jm"],
            "given=muller": [],
            "name=张": ["zs"],
            "name=三": ["zs"],
            "name=丰": ["zs"],
            "name=丰三": [],
            "name=zsf": ["zs"],
            "name=zhangsan": ["zs"],
            "name=zhang": ["zs"],
            "family=zhang": ["zs"],
            "name=lisi": [],
            "name=100": ["pc", "px"],
            "name=100%25": ["pc"],
            "name:contains=_A\\\\B": ["pc"],
            "name:contains=_": ["pc"],
            "name:contains=%25": ["pc"],
            "name=%25": [],
            "name=_": [],
            "name=%25%25%25": [],
            "name:contains=\\\\": ["pc"],
            "name:contains=A%25B": [],
            "address=石家": ["pc"],
            "address-city=shijiazhuang": ["pc"],
            "address=A\\,B\\|C\\$D": ["pc"],
            "address=main street": ["px"],
            "address-country=cn": ["px"],
            "name=muller,zs": ["jm", "zs"],
            "name=jorg&name=emile": ["jm"],
            "name:missing=true": ["no"],
        }.items():
            asked = f"/fhir/Patient?_id={ids}&_sort=_id&{query.replace('&name', '&name')}"
            answer = await client.get(asked)
            assert answer.status_code == 200, (query, answer.text)
            entries = answer.json().get("entry", ())
            assert [one["resource"]["id"] for one in entries] == expected, query
        long = "%25" * 3_000
        answer = await client.post(
            "/fhir/Patient/_search",
            content=f"_id={ids}&name={long}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 400
        assert answer.json()["issue"][0]["expression"] == ["name"]


async def test_an_address_is_found_whole_or_by_the_part_it_stands_below(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (_, client):
        for id_, url in (("a", "http://x.example/fhir/a"), ("b", "http://x.example/fhir/a/b")):
            tree = {"resourceType": "ValueSet", "id": id_, "url": url, "status": "active"}
            await write(client, {**tree, "version": "1"})
        await write(client, {"resourceType": "ValueSet", "id": "o", "status": "draft"})
        await write(client, a_person("p", meta={"profile": ["http://x.example/profile|1.2"]}))
        for query, expected in {
            "ValueSet?url=http://x.example/fhir/a": ["a"],
            "ValueSet?url=http://x.example/fhir": [],
            "ValueSet?url=HTTP://x.example/fhir/a": [],
            "ValueSet?url:below=http://x.example/fhir": ["a", "b"],
            "ValueSet?url:below=http://x.example/fhir/": ["a", "b"],
            "ValueSet?url:below=http://x.example/fh": [],
            "ValueSet?url:above=http://x.example/fhir/a/b/c": ["a", "b"],
            "ValueSet?url:missing=true": ["o"],
            "ValueSet?url=http://x.example/fhir/a,http://x.example/fhir/a/b": ["a", "b"],
            "Patient?_id=p&_profile=http://x.example/profile": ["p"],
            "Patient?_id=p&_profile=http://x.example/profile|1.2": ["p"],
            "Patient?_id=p&_profile=http://x.example/profile|1.3": [],
            "Patient?_id=p&_profile:below=http://x.example": ["p"],
        }.items():
            assert await found(client, f"{query}&_sort=_id") == expected, query


async def test_a_reference_is_found_in_every_way_it_can_be_written(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (hub, client):
        base = hub.entrance.audience
        await write(
            client, a_person("p"), a_person("q"),
            a_result("own", performer=[{"reference": "Organization/o"}]),
            a_result("versioned", performer=[{"reference": "Organization/o/_history/2"}]),
            a_result("absolute", performer=[{"reference": f"{base}/Organization/o"}]),
            a_result("foreign", performer=[{"reference": "http://f.example/fhir/Organization/o"}]),
            a_result("named", performer=[{"identifier": {"system": "urn:i", "value": "9"}}]),
            a_result("person", performer=[{"reference": "Practitioner/o"}]),
        )  # fmt: skip
        ours = ["absolute", "own", "versioned"]
        for query, expected in {
            "performer=Organization/o": ours,
            "performer=o": ["absolute", "own", "person", "versioned"],
            "performer:Organization=o": ours,
            "performer:Organization=Organization/o": ours,
            f"performer={base}/Organization/o": ours,
            "performer=Organization/o/_history/2": ["versioned"],
            "performer=http://f.example/fhir/Organization/o": ["foreign"],
            "performer=http://f.example/fhir/Organization/x": [],
            "performer:identifier=urn:i|9": ["named"],
            "performer:identifier=9": ["named"],
            "performer:identifier=urn:j|9": [],
            "performer=Practitioner/o,http://f.example/fhir/Organization/o": ["foreign", "person"],
        }.items():
            asked = f"Observation?patient=p&_sort=_id&{query}"
            assert await found(client, asked) == expected, query
        every = sorted([*ours, "foreign", "named", "person"])
        for who in ("p", "Patient/p", f"{base}/Patient/p", "p,q"):
            for name in ("patient", "subject", "subject:Patient"):
                assert await found(client, f"Observation?{name}={who}&_sort=_id") == every, who
        assert await found(client, "Observation?patient=q") == []
        assert await found(client, "Observation?_id=own&subject=Group/p") == []
        for query, refusal in {
            "Observation?patient=p&performer=a/b/c": ("invalid", "performer"),
            "Observation?patient=p&subject:Device=x/y": ("invalid", "subject"),
            "Observation?patient=p&performer:Device=x": ("not-supported", "performer:Device"),
            "Observation?subject=Group/p": ("too-costly", ""),
            "Observation?patient=http://f.example/Patient/p": ("too-costly", ""),
        }.items():
            assert await refused(client, query) == refusal, query
