"""Token searches (FHIR R4 search.html#token): codes, systems, value sets, hierarchies, text."""

from pathlib import Path
from typing import Any

import pytest

from hie.fhir import ITEM
from tests.integration.fhir.search.support import (
    CATEGORY,
    LOCAL,
    LOINC,
    a_person,
    a_result,
    found,
    refused,
    searched,
    write,
)

pytestmark = pytest.mark.anyio
ANIMALS = "http://codes.example/animals"
MINE = "http://sets.example/ValueSet/mine"
RESULTS = (
    a_result(
        "many",
        code={
            "coding": [
                {"system": LOINC, "code": "2823-3"},
                {"system": LOINC, "code": "6298-4"},
                {"system": LOCAL, "code": "KA"},
                {"system": "http://other.example", "code": "KB", "display": "Kalium plasma"},
                {"code": "KC"},
            ]
        },
        category=[
            {"coding": [{"system": "http://wards.example", "code": "icu"}]},
            {"coding": [{"system": CATEGORY, "code": "laboratory"}]},
            {"coding": [{"system": CATEGORY, "code": "vital-signs"}]},
        ],
    ),
    a_result("words", code={"text": "Sodium, serum"}, status="preliminary"),
    a_result(
        "ward",
        code={"coding": [{"system": ANIMALS, "code": "cat"}], "text": "Katze"},
        category=[{"coding": [{"system": "http://wards.example", "code": "laboratory"}]}],
        status="amended",
    ),
)


async def _written(client: Any) -> None:
    tree = {
        "resourceType": "CodeSystem", "id": "animals", "url": ANIMALS, "status": "active",
        "content": "complete", "concept": [
            {"code": "mammal", "concept": [{"code": "cat"}, {"code": "dog"}]},
            {"code": "fish"},
        ],
    }  # fmt: skip
    mine = {
        "resourceType": "ValueSet", "id": "mine", "url": MINE, "version": "2", "status": "active",
        "compose": {"include": [
            {"system": LOINC, "concept": [{"code": "6298-4"}]},
            {"system": ANIMALS, "filter": [{"property": "concept", "op": "is-a", "value": "mammal"}]},
        ]},
    }  # fmt: skip
    await write(client, a_person("p"), tree, mine, *RESULTS)


async def test_every_coding_of_a_resource_is_found(place: Any, tmp_path: Path) -> None:
    async with searched(place, tmp_path) as (_, client):
        await _written(client)
        for query, expected in {
            f"code={LOINC}|2823-3": ["many"],
            f"code={LOINC}|6298-4": ["many"],
            "code=6298-4": ["many"],
            f"code={LOCAL}|KA": ["many"],
            "code=http://other.example|KB": ["many"],
            "code=KB": ["many"],
            "code=|KC": ["many"],
            "code=|KB": [],
            f"code={LOCAL}|KB": [],
            "code=http://other.example|": ["many"],
            "code=KB,cat": ["many", "ward"],
            "code=KA&code=KB": ["many"],
            "code=KA&code=cat": [],
            "code:not=KB": ["ward", "words"],
            "code:not=KB,cat": ["words"],
            "code:not=KB&code:not=cat": ["words"],
            "code=nothing": [],
            f"category={CATEGORY}|laboratory": ["many"],
            "category=laboratory": ["many", "ward"],
            "category=vital-signs": ["many"],
            "category=icu": ["many"],
            "category=http://wards.example|laboratory": ["ward"],
            "category=http://wards.example|": ["many", "ward"],
            "category=|laboratory": [],
            f"category:not={CATEGORY}|laboratory": ["ward", "words"],
            "category:missing=true": ["words"],
            "status=final,amended": ["many", "ward"],
            "status:not=final": ["ward", "words"],
            "code:text=kalium": ["many"],
            "code:text=sodium": ["words"],
            "code:text=katze": ["ward"],
            "code:missing=false": ["many", "ward", "words"],
        }.items():
            asked = f"Observation?patient=p&_sort=_id&{query}"
            assert await found(client, asked) == expected, query


async def test_codes_of_a_value_set_and_of_a_hierarchy_are_found(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (_, client):
        await _written(client)
        status = "http://hl7.org/fhir/ValueSet/observation-status"
        for query, expected in {
            f"code:in={MINE}": ["many", "ward"],
            f"code:in={MINE}|2": ["many", "ward"],
            f"code:not-in={MINE}": ["words"],
            f"code:below={ANIMALS}|mammal": ["ward"],
            f"code:below={ANIMALS}|cat": ["ward"],
            f"code:below={ANIMALS}|fish": [],
            f"code:above={ANIMALS}|cat": ["ward"],
            f"code:above={ANIMALS}|mammal": [],
            f"code:below={ANIMALS}|fish,{ANIMALS}|mammal": ["ward"],
            f"status:in={status}": ["many", "ward", "words"],
            f"status:not-in={status}": [],
            "code:in=https://hie.example/fhir/ValueSet/item": [],
            f"code:below={ITEM}|K": [],
        }.items():
            asked = f"Observation?patient=p&_sort=_id&{query}"
            assert await found(client, asked) == expected, query
        asked = f"Patient?_id=p&_has:Observation:patient:code:in={MINE}"
        assert await found(client, asked) == ["p"]


async def test_a_set_or_system_that_is_not_known_here_is_refused_and_never_called(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (_, client):
        await _written(client)
        for query, expected in {
            "code:in=http://evil.example/vs": ("invalid", "code:in"),
            "code:not-in=http://127.0.0.1:1/vs": ("invalid", "code:not-in"),
            f"code:in={MINE}|3": ("invalid", "code:in"),
            "code:in=mine": ("invalid", "code:in"),
            "code:below=http://evil.example/cs": ("invalid", "code"),
            "code:below=cat": ("invalid", "code"),
            "code:below=http://evil.example/cs|x": ("not-supported", "code:below"),
            f"code:above={LOINC}|2823-3": ("not-supported", "code:above"),
            f"code:below={ANIMALS}|horse": ("code-invalid", "code:below"),
            "code:of-type=a|b|c": ("not-supported", "code:of-type"),
            "status:text=final": ("not-supported", "status:text"),
            "code:exact=KA": ("not-supported", "code:exact"),
            "code:=KA": ("invalid", "code:"),
        }.items():
            assert await refused(client, f"Observation?patient=p&{query}") == expected, query


async def test_booleans_contacts_and_identifiers_are_tokens(place: Any, tmp_path: Path) -> None:
    number = {
        "system": "urn:oid:1.2.3", "value": "W-7",
        "type": {"coding": [{"system": "urn:t", "code": "MR"}], "text": "病案号"},
    }  # fmt: skip
    async with searched(place, tmp_path) as (_, client):
        await write(
            client,
            a_person("p", active=True, identifier=[number], telecom=[
                {"system": "phone", "use": "mobile", "value": "13800000000"},
                {"system": "email", "use": "work", "value": "a@b.example"},
            ]),
            a_person("q", active=False, deceasedDateTime="2026-01-01"),
            a_person("r"),
        )  # fmt: skip
        for query, expected in {
            "active=true": ["p"],
            "active=false": ["q"],
            "active:not=true": ["q", "r"],
            "active=http://terminology.hl7.org/CodeSystem/special-values|true": ["p"],
            "active:missing=true": ["r"],
            "deceased=true": ["q"],
            "deceased=false": ["p", "r"],
            "phone=13800000000": ["p"],
            "phone=a@b.example": [],
            "email=a@b.example": ["p"],
            "telecom=a@b.example": ["p"],
            "telecom=work|a@b.example": ["p"],
            "identifier:of-type=urn:t|MR|W-7": ["p"],
            "identifier:of-type=urn:t|XX|W-7": [],
            "identifier:text=病案": ["p"],
            "identifier=urn:oid:1.2.3|W-7": ["p"],
            "identifier=urn:oid:9|W-7": [],
            "identifier:not=urn:oid:1.2.3|W-7": ["q", "r"],
        }.items():
            asked = f"Patient?_id=p,q,r&_sort=_id&{query}"
            assert await found(client, asked) == expected, query
        assert await found(client, "Patient?identifier:of-type=urn:t|MR|W-7") == ["p"]
