"""Resources written over FHIR to be searched for; all people are invented."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from hie.exchange.hub import Hub
from tests.integration.fhir.support import hub_of_writer

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
LOCAL = "http://lab.example/codes"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


@asynccontextmanager
async def searched(place: Any, tmp_path: Path) -> AsyncIterator[tuple[Hub, httpx.AsyncClient]]:
    """A hub and a client that may choose ids and leave references open."""
    more = ("hie/client-ids", "hie/open-references")
    async with hub_of_writer(place, tmp_path, *more) as (hub, client):
        yield hub, client


def a_person(id_: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, **members}


def a_result(id_: str, patient: str = "p", **members: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "2823-3"}]},
        "subject": {"reference": f"Patient/{patient}"},
        **members,
    }


async def write(client: httpx.AsyncClient, *trees: dict[str, Any]) -> None:
    for tree in trees:
        answer = await client.put(f"/fhir/{tree['resourceType']}/{tree['id']}", json=tree)
        assert answer.status_code in (200, 201), answer.text


async def found(client: httpx.AsyncClient, query: str) -> list[str]:
    """The ids of the matches, in their order."""
    answer = await client.get(f"/fhir/{quote(query, safe='?&=:/|,$')}")
    assert answer.status_code == 200, (query, answer.text)
    entries = answer.json().get("entry", ())
    return [one["resource"]["id"] for one in entries if one["search"]["mode"] == "match"]


async def refused(client: httpx.AsyncClient, query: str) -> tuple[str, str]:
    """The issue's code and expression of a search that is refused with 400."""
    answer = await client.get(f"/fhir/{quote(query, safe='?&=:/|,$%')}")
    assert answer.status_code == 400, (query, answer.text)
    (issue,) = answer.json()["issue"]
    return issue["code"], issue["expression"][0] if "expression" in issue else ""
