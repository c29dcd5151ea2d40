"""Results that came as messages, searched: codes with separators, systems, dates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hie.app import opened
from hie.fhir import ITEM
from hie.fhir.search.asked import read_value
from hie.fhir.search.definitions import parameters
from hie.fhir.search.match import matches
from hie.fhir.search.numbers import PREFIXES
from tests.integration.fhir.search.messages import (
    LOCAL,
    ODD_FHIR,
    WRITTEN,
    filled,
    patient_id,
    total,
)
from tests.integration.test_doors import _client, _settings
from tests.integration.test_road import TODAY

pytestmark = pytest.mark.anyio


async def test_codes_are_found_by_system_and_code_with_their_separators_escaped(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = await patient_id(client, headers)
        all_results = await total(client, headers, f"Observation?patient={patient}")
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
            assert await total(client, headers, query) == count, code
        for wrong in ("A,B|C$D", "A\\B", "|", "a|b|c"):
            query = f"/fhir/Observation?patient={patient}&code={quote(wrong, safe='')}"
            answer = await client.get(query, headers=headers)
            assert answer.status_code == (200 if wrong == "A,B|C$D" else 400)


async def test_status_and_category_are_of_their_own_systems(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        mine = f"Observation?patient={await patient_id(client, headers)}"
        every = await total(client, headers, mine)
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
            found = await total(client, headers, f"{mine}&{quote(query, safe='=:')}")
            assert found == count, query


async def test_dates_are_searched_by_the_interval_they_mean(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        mine = f"Observation?patient={await patient_id(client, headers)}"
        every = await total(client, headers, mine)
        year, month = WRITTEN[:4], WRITTEN[:7]
        found: Sequence[str] = (
            WRITTEN, month, year, f"eq{WRITTEN}", f"ge{WRITTEN}", f"le{WRITTEN}", f"ge{year}",
            f"le{month}", f"ap{WRITTEN}", f"gt{int(year) - 1}", f"lt{int(year) + 1}",
            f"sa{int(year) - 1}", f"eb{int(year) + 1}", f"ge{WRITTEN}T00:00", "ne2001",
            f"le{WRITTEN}T23:59:59.999+08:00", f"2001,{WRITTEN}", f"ap{TODAY.isoformat()[:4]}",
        )  # fmt: skip
        for text in found:
            query = f"{mine}&date={quote(text)}"
            assert await total(client, headers, query) == every, text
        for text in (
            "2001", f"gt{year}", f"lt{year}", f"sa{WRITTEN}", f"eb{WRITTEN}", f"ne{WRITTEN}",
            f"gt{WRITTEN}", f"lt{WRITTEN}", f"ge{int(year) + 1}", f"le{int(year) - 1}",
            f"{WRITTEN}T00:00", "ap2001",
        ):  # fmt: skip
            query = f"{mine}&date={quote(text)}"
            assert await total(client, headers, query) == 0, text
        both = f"{mine}&date=ge{WRITTEN}&date=lt{year}"
        assert await total(client, headers, both) == 0


async def test_what_no_index_answers_is_looked_at_for_one_patient(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = await patient_id(client, headers)
        mine = f"Observation?patient={patient}"
        every = await total(client, headers, mine)
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
            found = await total(client, headers, f"{mine}&{quote(query, safe='=:&$')}")
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
        assert await total(client, headers, f"Patient?_id={patient}&name={text}") == 1
        answer = await client.get(f"/fhir/Patient?_id={patient}&name:in=x", headers=headers)
        assert answer.json()["issue"][0]["code"] == "not-supported"


async def test_an_index_answers_what_looking_at_each_would(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = await patient_id(client, headers)
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
