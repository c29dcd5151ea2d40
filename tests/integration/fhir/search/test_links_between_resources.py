"""Chains, `_has`, `_include` and `_revinclude` (FHIR R4 search.html#chaining, #has, #include)."""

from pathlib import Path
from typing import Any

import httpx
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


def _tree(kind: str, id_: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": id_, **members}


async def _written(client: httpx.AsyncClient) -> None:
    number = {"system": "urn:n", "value": "N-1"}
    p, q = {"reference": "Patient/p"}, {"reference": "Patient/q"}
    await write(
        client,
        a_person("p", identifier=[number], name=[{"family": "Alpha"}], gender="female"),
        a_person("q", name=[{"family": "Beta"}]),
        _tree("Organization", "big", name="Big house"),
        _tree("Organization", "part", name="Ward", partOf={"reference": "Organization/big"}),
        _tree("Specimen", "s", subject=p, type={"coding": [{"code": "SER"}]}),
        a_result("a", specimen={"reference": "Specimen/s"}, performer=[{"reference": "Organization/part"}]),
        a_result("b", performer=[{"reference": "Organization/big"}], status="amended"),
        a_result("c", "q", hasMember=[{"reference": "Observation/d"}]),
        a_result("d", "q"),
        _tree("DiagnosticReport", "r", status="final", code={"text": "x"}, subject=p,
              result=[{"reference": "Observation/a"}]),
        _tree("DiagnosticReport", "t", status="final", code={"text": "x"}, subject=q,
              result=[{"reference": "Observation/c"}]),
        _tree("Provenance", "v", target=[{"reference": "DiagnosticReport/r"}],
              recorded="2026-06-01T00:00:00Z", agent=[{"who": {"display": "x"}}]),
    )  # fmt: skip


async def test_a_chain_leads_on_and_has_leads_back(place: Any, tmp_path: Path) -> None:
    async with searched(place, tmp_path) as (_, client):
        await _written(client)
        for query, expected in {
            "Observation?patient.identifier=urn:n|N-1": ["a", "b"],
            "Observation?subject:Patient.identifier=N-1": ["a", "b"],
            "Observation?patient=p&performer:Organization.name=ward": ["a"],
            "Observation?patient=p&performer:Organization.partof.name=big": ["a"],
            "Observation?patient=p&performer:Organization.name=nothing": [],
            "Observation?patient=p&specimen.type=SER": ["a"],
            "Observation?patient=p&specimen.type=URN": [],
            "Observation?patient=p&patient.name=alpha": ["a", "b"],
            "Observation?patient=p&patient.name=beta": [],
            "Observation?patient=p&subject:Patient.gender:not=male": ["a", "b"],
            "DiagnosticReport?patient=p&result.specimen.type=SER": ["r"],
            "DiagnosticReport?patient=q&result.has-member:Observation.status=final": ["t"],
            "Patient?_id=p,q&_has:Observation:patient:status=amended": ["p"],
            "Patient?_id=p,q&_has:Observation:patient:status:not=final": ["p"],
            "Patient?_id=p,q&_has:Observation:patient:performer:Organization.name=ward": ["p"],
            "Patient?_id=p,q&_has:Observation:patient:_has:DiagnosticReport:result:status=final": [
                "p",
                "q",
            ],
            "Patient?_id=p,q&_has:Observation:patient:_has:DiagnosticReport:result:"
            "_has:Provenance:target:recorded=2026-06-01": ["p"],
            "Patient?_id=p,q&_has:Specimen:subject:type=SER": ["p"],
            "Patient?_id=p,q&_has:Observation:patient:status=final,amended": ["p", "q"],
            "Observation?patient=p&_has:DiagnosticReport:result:status=final": ["a"],
            "Patient?identifier=N-1&_has:Observation:patient:status=amended": ["p"],
        }.items():
            assert await found(client, f"{query}&_sort=_id") == expected, query
        for query, code in {
            "Observation?patient.gender=male": "too-costly",
            "Observation?patient=p&performer.name=x": "invalid",
            "Observation?patient=p&code.name=x": "invalid",
            "Observation?patient=p&subject:Device.name=x": "invalid",
            "Patient?_id=p&_has:Observation:patient=x": "invalid",
            "Patient?_id=p&_has:Rocket:patient:status=x": "invalid",
            "Patient?_id=p&_has:Observation:code:status=x": "invalid",
            "Patient?_id=p&_has=x": "invalid",
            "Patient?_has:Observation:patient:status=final": "too-costly",
            "Organization?_id=big&_has:Observation:performer:status=final": "too-costly",
        }.items():
            assert (await refused(client, query))[0] == code, query


async def _with(client: httpx.AsyncClient, query: str) -> tuple[list[str], list[str]]:
    """The ids of matches, and "Type/id" of what came with them."""
    answer = await client.get(f"/fhir/{query}")
    assert answer.status_code == 200, (query, answer.text)
    entries = answer.json().get("entry", ())
    assert len({one["fullUrl"] for one in entries}) == len(entries)
    of = {"match": [], "include": []}  # type: dict[str, list[str]]
    for one in entries:
        tree = one["resource"]
        name = tree["id"] if one["search"]["mode"] == "match" else _named(tree)
        of[one["search"]["mode"]].append(name)
    return of["match"], sorted(of["include"])


def _named(tree: dict[str, Any]) -> str:
    return f"{tree['resourceType']}/{tree['id']}"


async def test_what_belongs_to_the_matches_comes_with_them(place: Any, tmp_path: Path) -> None:
    async with searched(place, tmp_path) as (_, client):
        await _written(client)
        one = "Observation?_id=a"
        for query, expected in {
            f"{one}&_include=Observation:subject": ["Patient/p"],
            f"{one}&_include=Observation:subject:Patient": ["Patient/p"],
            f"{one}&_include=Observation:subject:Group": [],
            f"{one}&_include=Observation:performer&_include=Observation:specimen": [
                "Organization/part",
                "Specimen/s",
            ],
            f"{one}&_include=Observation:*": ["Organization/part", "Patient/p", "Specimen/s"],
            f"{one}&_include=*": ["Organization/part", "Patient/p", "Specimen/s"],
            f"{one}&_include=Observation:performer&_include=Organization:partof": [
                "Organization/part",
            ],
            f"{one}&_include=Observation:performer&_include:iterate=Organization:partof": [
                "Organization/big",
                "Organization/part",
            ],
            f"{one}&_include=Observation:performer&_include:recurse=Organization:partof": [
                "Organization/big",
                "Organization/part",
            ],
            f"{one}&_revinclude=DiagnosticReport:result": ["DiagnosticReport/r"],
            f"{one}&_revinclude=DiagnosticReport:result&_revinclude:iterate=Provenance:target": [
                "DiagnosticReport/r",
                "Provenance/v",
            ],
            f"{one}&_revinclude=*": ["DiagnosticReport/r"],
            "Observation?patient=q&_sort=_id&_include=Observation:has-member": [],
            "Observation?_id=c&_include=Observation:has-member": ["Observation/d"],
            "Patient?_id=p&_revinclude=Observation:subject": ["Observation/a", "Observation/b"],
            "Patient?_id=p&_revinclude=Observation:subject:Patient": [
                "Observation/a",
                "Observation/b",
            ],
        }.items():
            assert (await _with(client, query))[1] == expected, query
        for query in (
            "_include=Observation:code", "_include=Rocket:x", "_include=Observation",
            "_include=Observation:subject:Rocket", "_include:odd=Observation:subject", "_include=",
        ):  # fmt: skip
            assert (await refused(client, f"{one}&{query}"))[1].startswith("_include"), query
        total = (await client.get(f"/fhir/{one}&_include=*&_total=accurate")).json()
        assert total["total"] == 1
