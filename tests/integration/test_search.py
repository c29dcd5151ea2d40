"""Searches over HTTP on both databases: codes with separators, systems, dates, pages by caller."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir import CANONICAL, ITEM
from hie.fhir.search.asked import read_value
from hie.fhir.search.definitions import parameters
from hie.fhir.search.match import matches
from hie.fhir.search.numbers import PREFIXES
from tests.integration.test_bad_input import CASE, TEXT, _token
from tests.integration.test_doors import _client, _settings
from tests.integration.test_road import TODAY, _connected, _packed

pytestmark = pytest.mark.anyio
LOCAL = f"{CANONICAL}/CodeSystem/site/bj-lis/99BJ"
ODD = "A,B|C$D\\E"  # a local code, in HL7's escapes and in FHIR's
ODD_HL7, ODD_FHIR = "A,B\\F\\C$D\\E\\E", "A\\,B\\|C\\$D\\\\E"
DAY = TEXT.split("\rOBR|")[1].split("|")[6][:8]
WRITTEN = f"{DAY[:4]}-{DAY[4:6]}-{DAY[6:]}"


async def _filled(hub: Hub, tmp_path: Path) -> dict[str, str]:
    await _connected(hub, tmp_path)
    text = TEXT.replace("OBX|2|NM|Na^", f"OBX|2|NM|{ODD_HL7}^")
    await run(hub, "receive", {"site": CASE.site, "files": [_packed(text.encode())]})
    return await _token(hub, "reader", CASE.institution)


async def _patient(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    found = (await client.get("/fhir/Patient", headers=headers)).json()
    return str(found["entry"][0]["resource"]["id"])


async def _total(client: httpx.AsyncClient, headers: dict[str, str], query: str) -> int:
    answer = await client.get(f"/fhir/{query}&_summary=count", headers=headers)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])


async def test_codes_are_found_by_system_and_code_with_their_separators_escaped(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        patient = await _patient(client, headers)
        all_results = await _total(client, headers, f"Observation?patient={patient}")
        expected = {
            ODD_FHIR: 1,
            f"{LOCAL}|{ODD_FHIR}": 1,
            f"http://loinc.org|{ODD_FHIR}": 0,
            f"|{ODD_FHIR}": 0,
            "A\\,B": 0,
            f"x,{ODD_FHIR}": 1,
            f"{ODD_FHIR},K": 2,
            "http://loinc.org|2823-3": 1,
            "2823-3": 1,
            "|2823-3": 0,
            "http://loinc.org|": all_results,
            f"{LOCAL}|": all_results,
            f"{ITEM}|K": 1,
            f"{ITEM}2|K": 0,
            "http://other.example/CodeSystem/item|K": 0,
            "K": 1,
            "k": 0,
        }
        for code, count in expected.items():
            query = f"Observation?patient={patient}&code={quote(code, safe='')}"
            assert await _total(client, headers, query) == count, code
        for wrong in ("A,B|C$D", "A\\B", "|", "a|b|c"):
            query = f"/fhir/Observation?patient={patient}&code={quote(wrong, safe='')}"
            answer = await client.get(query, headers=headers)
            assert answer.status_code == (200 if wrong == "A,B|C$D" else 400)


async def test_status_and_category_are_of_their_own_systems(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        mine = f"Observation?patient={await _patient(client, headers)}"
        every = await _total(client, headers, mine)
        categories = "http://terminology.hl7.org/CodeSystem/observation-category"
        for query, count in {
            "status=final": every,
            "status=http://hl7.org/fhir/observation-status|final": every,
            "status=http://other.example|final": 0,
            "status:not=final": 0,
            "category=laboratory": every,
            f"category={categories}|laboratory": every,
            f"category={categories}|": every,
            "category=|laboratory": 0,
            "category=http://other.example|laboratory": 0,
        }.items():
            found = await _total(client, headers, f"{mine}&{quote(query, safe='=:')}")
            assert found == count, query


async def test_dates_are_searched_by_the_interval_they_mean(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        mine = f"Observation?patient={await _patient(client, headers)}"
        every = await _total(client, headers, mine)
        year, month = WRITTEN[:4], WRITTEN[:7]
        found: Sequence[str] = (
            WRITTEN, month, year, f"eq{WRITTEN}", f"ge{WRITTEN}", f"le{WRITTEN}", f"ge{year}",
            f"le{month}", f"ap{WRITTEN}", f"gt{int(year) - 1}", f"lt{int(year) + 1}",
            f"sa{int(year) - 1}", f"eb{int(year) + 1}", f"ge{WRITTEN}T00:00", "ne2001",
            f"le{WRITTEN}T23:59:59.999+08:00", f"2001,{WRITTEN}", f"ap{TODAY.isoformat()[:4]}",
        )  # fmt: skip
        for text in found:
            query = f"{mine}&date={quote(text)}"
            assert await _total(client, headers, query) == every, text
        for text in (
            "2001", f"gt{year}", f"lt{year}", f"sa{WRITTEN}", f"eb{WRITTEN}", f"ne{WRITTEN}",
            f"gt{WRITTEN}", f"lt{WRITTEN}", f"ge{int(year) + 1}", f"le{int(year) - 1}",
            f"{WRITTEN}T00:00", "ap2001",
        ):  # fmt: skip
            query = f"{mine}&date={quote(text)}"
            assert await _total(client, headers, query) == 0, text
        both = f"{mine}&date=ge{WRITTEN}&date=lt{year}"
        assert await _total(client, headers, both) == 0


async def test_what_no_index_answers_is_looked_at_for_one_patient(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        patient = await _patient(client, headers)
        mine = f"Observation?patient={patient}"
        every = await _total(client, headers, mine)
        assert every > 6
        for query, count in {
            "code:text=Na": None,
            "value-quantity=gt0": None,
            "performer:missing=false": every,
            "performer:missing=true": 0,
            "code-value-quantity=K$gt0": 1,
            "code-value-quantity=K$lt0": 0,
            f"subject:Patient={patient}": every,
            "_source:below=urn:hie": 0,
            "status=final&value-quantity=lt-1": 0,
            "code:missing=false": every,
        }.items():
            found = await _total(client, headers, f"{mine}&{quote(query, safe='=:&$')}")
            assert found == count if count is not None else 0 < found <= every, query
        for query in (
            "Observation?value-quantity=gt0",
            "Patient?name=x",
            "Observation?code:text=a",
        ):
            answer = await client.get(f"/fhir/{query}", headers=headers)
            assert answer.status_code == 400, query
            assert answer.json()["issue"][0]["code"] == "too-costly"
        name = (await client.get(f"/fhir/Patient/{patient}", headers=headers)).json()["name"][0]
        text = quote(name["text"])
        assert await _total(client, headers, f"Patient?_id={patient}&name={text}") == 1
        answer = await client.get(f"/fhir/Patient?_id={patient}&name:in=x", headers=headers)
        assert answer.json()["issue"][0]["code"] == "not-supported"


async def test_references_are_followed_both_ways(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        patient = await _patient(client, headers)
        tree = (await client.get(f"/fhir/Patient/{patient}", headers=headers)).json()
        number = next(one for one in tree["identifier"] if one.get("value"))
        token = quote(f"{number['system']}|{number['value']}")
        every = await _total(client, headers, f"Observation?patient={patient}")
        for query, count in {
            f"Observation?patient.identifier={token}": every,
            f"Observation?subject:Patient.identifier={token}": every,
            f"Observation?subject.identifier={token}": every,
            f"Observation?patient.identifier={token}&code=K": 1,
            "Observation?patient.identifier=nobody": 0,
            f"Observation?patient={patient}&specimen.patient={patient}": every,
            f"Observation?patient={patient}&performer:Organization.identifier=nowhere": 0,
            f"Patient?_id={patient}&_has:Observation:patient:code=K": 1,
            f"Patient?_id={patient}&_has:Observation:patient:code=nothing": 0,
            f"Patient?identifier={token}&_has:Observation:subject:status=final": 1,
            f"Patient?_id={patient}&_has:Specimen:subject:status:missing=true": 0,
        }.items():
            assert await _total(client, headers, query) == count, query
        for query, code in {
            "Observation?patient.name=x": "too-costly",
            "Patient?_has:Observation:patient:code=K": "too-costly",
            "Observation?patient.colour=x": "invalid",
            "Observation?code.identifier=x": "invalid",
            f"Observation?patient={patient}&performer.name=x": "invalid",
            f"Observation?patient={patient}&_has:Observation:code:status=x": "invalid",
            "Observation?patient.link.link.link.link.name=x": "invalid",
            f"Observation?patient={patient}&_include=Observation:code": "invalid",
            f"Observation?patient={patient}&_include:some=Observation:subject": "invalid",
        }.items():
            answer = await client.get(f"/fhir/{query}", headers=headers)
            assert answer.status_code == 400, query
            assert answer.json()["issue"][0]["code"] == code, (query, answer.text)


async def _kinds(client: httpx.AsyncClient, headers: dict[str, str], query: str) -> list[Any]:
    answer = await client.get(f"/fhir/{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    entries = answer.json()["entry"]
    assert len({one["fullUrl"] for one in entries}) == len(entries)
    return [(one["search"]["mode"], one["resource"]["resourceType"]) for one in entries]


async def test_what_belongs_to_a_page_comes_with_it_once(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        patient = await _patient(client, headers)
        mine = f"Observation?patient={patient}&code=K"
        match = ("match", "Observation")
        assert await _kinds(client, headers, f"{mine}&_include=Observation:subject") == [
            match,
            ("include", "Patient"),
        ]
        found = await _kinds(client, headers, f"{mine}&_include=Observation:*")
        assert found[0] == match
        assert {("include", one) for one in ("Patient", "Specimen", "Organization")} <= set(found)
        found = await _kinds(client, headers, f"{mine}&_revinclude=DiagnosticReport:result")
        assert found == [match, ("include", "DiagnosticReport")]
        found = await _kinds(
            client, headers,
            f"{mine}&_revinclude=DiagnosticReport:result&_include:iterate=DiagnosticReport:performer",
        )  # fmt: skip
        assert ("include", "Organization") in found
        found = await _kinds(
            client, headers, f"Patient?_id={patient}&_revinclude=Provenance:target"
        )
        assert {kind for mode, kind in found if mode == "include"} == {"Provenance"}
        found = await _kinds(client, headers, f"{mine}&_include=Observation:subject:Device")
        assert found == [match]
        token = await run(
            hub, "client-token", {"client": "reader", "scopes": ["system/Observation.rs"]}
        )
        readers = {"Authorization": f"Bearer {token['access_token']}"}
        assert await _kinds(client, readers, f"{mine}&_include=Observation:subject") == [match]


async def test_less_of_a_resource_is_marked_as_less(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        patient = await _patient(client, headers)
        mine = f"/fhir/Observation?patient={patient}&code=K"

        async def only(query: str) -> dict[str, Any]:
            answer = await client.get(f"{mine}&{query}", headers=headers)
            assert answer.status_code == 200, answer.text
            tree: dict[str, Any] = answer.json()["entry"][0]["resource"]
            return tree

        whole = await only("_summary=false")
        assert "tag" not in whole["meta"]
        few = await only("_elements=value,status")
        assert few.keys() == {"resourceType", "id", "meta", "status", "code", "valueQuantity"}
        assert few["meta"]["tag"][-1]["code"] == "SUBSETTED"
        summary = await only("_summary=true")
        assert "referenceRange" in whole
        assert "referenceRange" not in summary
        assert summary["valueQuantity"] == whole["valueQuantity"]
        assert (await only("_summary=text")).keys() == {
            "resourceType", "id", "meta", "status", "code",
        }  # fmt: skip
        assert (await only("_summary=data"))["meta"]["tag"][-1]["code"] == "SUBSETTED"
        for wrong in ("_summary=all", "_elements=a.b", "_elements=code&_summary=true"):
            answer = await client.get(f"{mine}&{wrong}", headers=headers)
            assert answer.status_code == 400


async def test_pages_of_what_is_looked_at_are_whole_and_disjoint(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        patient = await _patient(client, headers)
        query = f"/fhir/Observation?patient={patient}&performer:missing=false&_total=accurate"
        whole = (await client.get(f"{query}&_count=200", headers=headers)).json()
        ids = [one["resource"]["id"] for one in whole["entry"]]
        assert whole["total"] == len(ids) == len(set(ids)) > 6
        paged: list[str] = []
        link: str | None = f"{query}&_count=3"
        while link is not None:
            page = (await client.get(link, headers=headers)).json()
            assert page["total"] == len(ids)
            paged += [one["resource"]["id"] for one in page["entry"]]
            link = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
        assert paged == ids


async def test_an_index_answers_what_looking_at_each_would(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        patient = await _patient(client, headers)
        url = f"/fhir/Observation?patient={patient}&_count=200"
        every = [
            one["resource"] for one in (await client.get(url, headers=headers)).json()["entry"]
        ]
        month, year = WRITTEN[:7], int(WRITTEN[:4])
        for name, text in (
            *(("date", f"{prefix}{WRITTEN}") for prefix in sorted(PREFIXES)),
            *(("date", f"{prefix}{month}") for prefix in sorted(PREFIXES)),
            *(("date", f"{prefix}{year - 1}") for prefix in sorted(PREFIXES)),
            ("code", "K"), ("code", "2823-3"), ("code", f"{ITEM}|K"), ("code", f"{LOCAL}|"),
            ("code", "http://loinc.org|"), ("code:not", "K"), ("status", "final"),
            ("status:not", "final"), ("category", "laboratory"), ("status", "urn:x|final"),
        ):  # fmt: skip
            key, _, modifier = name.partition(":")
            parameter = parameters("Observation")[key]
            values = [read_value(parameter, modifier, text)]
            expected = {one["id"] for one in every if matches(parameter, modifier, values, one)}
            answer = await client.get(f"{url}&{name}={quote(text)}", headers=headers)
            found = {one["resource"]["id"] for one in answer.json().get("entry", ())}
            assert found == expected, (name, text)


async def test_a_page_link_is_its_callers_and_its_querys_alone(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        other = await _token(hub, "other", CASE.institution)
        patient = await _patient(client, headers)
        url = f"/fhir/Observation?patient={patient}&_count=5"
        page = (await client.get(url, headers=headers)).json()
        links = {one["relation"]: one["url"] for one in page["link"]}
        following = links["next"]
        assert (await client.get(following, headers=headers)).status_code == 200
        for link, caller in (
            (following, other),
            (following.replace("_count=5", "_count=6"), headers),
            (following.replace("Observation", "DiagnosticReport"), headers),
            (following[:-1] + ("A" if following[-1] != "A" else "B"), headers),
            (following + "A", headers),
        ):
            refused = await client.get(link, headers=caller)
            assert refused.status_code == 400
            assert refused.json()["issue"][0]["expression"] == ["page"]


async def test_a_form_is_bounded_like_an_address(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await _filled(hub, tmp_path)
        patient = await _patient(client, headers)
        form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        many = "&".join(["code=a"] * 5_000)
        values = "&".join([f"code={'a,' * 49}a"] * 90)
        for body, status in (
            (f"patient={patient}", 200),
            (f"patient={patient}&code=a%00b", 400),
            (f"patient={patient}&{many}", 400),
            (f"patient={patient}&{values}", 400),
            (f"patient={patient}&code=%FF%FE", 200),
            (f"patient={patient}&_count={'0' * 6000}5", 400),
        ):
            url = "/fhir/Observation/_search"
            answer = await client.post(url, content=body, headers=form)
            assert answer.status_code == status, answer.text
            if status == 400:
                assert answer.json()["resourceType"] == "OperationOutcome"
