"""$validate: by R4, by profile, by mode; what it finds, and that nothing is kept."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.fhir import CANONICAL
from hie.fhir.profile import check
from hie.fhir.wire import read_object
from tests.integration.fhir.support import (
    PATIENT,
    hub_of_writer,
    observation,
    patient_of,
    report_of,
)

pytestmark = pytest.mark.anyio

LAB = f"{CANONICAL}/StructureDefinition/laboratory-result"
RESULT = {
    "resourceType": "Observation",
    "status": "final",
    "identifier": [{"system": "urn:lab", "value": "V-1"}],
    "category": [{"coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "laboratory"}]}],
    "code": {"text": "钾", "coding": [{"system": f"{CANONICAL}/CodeSystem/item", "code": "K"}]},
    "subject": {"reference": "Patient/p"},
    "performer": [{"display": "示例检验科"}],
    "valueQuantity": {"value": 4.1, "unit": "mmol/L"},
}  # fmt: skip


def told(answer: httpx.Response, severity: str = "error") -> list[tuple[str, str]]:
    """Issue type and place of the issues of one severity; the answer itself is valid R4."""
    assert answer.status_code == 200, answer.text
    tree = read_object(answer.content)
    assert check(tree) == []
    return [
        (one["code"], one.get("expression", [""])[0])
        for one in tree["issue"]
        if one["severity"] == severity
    ]


def parameters(**values: Any) -> dict[str, Any]:
    listed = []
    for name, value in values.items():
        kind = "resource" if isinstance(value, dict) else "valueUri"
        listed.append({"name": name, "resource" if kind == "resource" else kind: value})
    return {"resourceType": "Parameters", "parameter": listed}


async def test_several_faults_are_told_at_once_each_by_its_kind_and_place(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        wrong = {**RESULT, "status": "done", "bogus": 1, "issued": "yesterday"}
        del wrong["code"]
        answer = await client.post("/fhir/Observation/$validate", json=wrong)
        assert set(told(answer)) == {
            ("code-invalid", "Observation.status"),
            ("structure", "Observation"),
            ("value", "Observation.issued"),
            ("required", "Observation"),
        }
        issue = answer.json()["issue"][0]
        assert issue["details"]["text"]
        both = {**RESULT, "dataAbsentReason": {"text": "x"}}
        answer = await client.post("/fhir/Observation/$validate", json=both)
        assert told(answer) == [("invariant", "Observation")]


@pytest.mark.parametrize("way", ["query", "parameters", "meta"])
async def test_a_profile_is_named_in_three_ways(place: Any, tmp_path: Path, way: str) -> None:
    async def asked(client: httpx.AsyncClient, tree: dict[str, Any]) -> httpx.Response:
        url = "/fhir/Observation/$validate"
        if way == "query":
            return await client.post(f"{url}?profile={LAB}", json=tree)
        if way == "parameters":
            return await client.post(url, json=parameters(resource=tree, profile=LAB))
        return await client.post(url, json={**tree, "meta": {"profile": [f"{LAB}|1.0.0"]}})

    async with hub_of_writer(place, tmp_path) as (_, client):
        assert told(await asked(client, RESULT)) == []
        wrong = {**RESULT, "category": [{"text": "other"}]}
        del wrong["performer"]
        assert told(await asked(client, wrong)) == [
            ("required", "Observation.category:laboratory"),
            ("required", "Observation.performer"),
        ]


async def test_what_claims_a_profile_of_the_hub_s_and_departs_is_not_taken(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        claimed = {**RESULT, "subject": {"reference": f"Patient/{patient}"},
                   "meta": {"profile": [LAB, "urn:nobody"]}}  # fmt: skip
        wrong = {key: part for key, part in claimed.items() if key != "performer"}
        refused = await client.post("/fhir/Observation", json=wrong)
        assert refused.status_code == 422
        assert refused.json()["issue"][0]["expression"] == ["Observation.performer"]
        made = await client.post("/fhir/Observation", json=claimed)
        assert made.status_code == 201, made.text
        assert made.json()["meta"]["profile"] == [LAB, "urn:nobody"]
        changed = {**made.json(), "category": [{"text": "other"}]}
        url = f"/fhir/Observation/{changed['id']}"
        assert (await client.put(url, json=changed)).status_code == 422


async def test_a_profile_nobody_knows_is_refused_when_asked_and_a_warning_when_claimed(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        url = "/fhir/Observation/$validate"
        answer = await client.post(f"{url}?profile=urn:nobody", json=RESULT)
        assert answer.status_code == 400
        assert answer.json()["issue"][0]["diagnostics"].startswith("unknown-profile")
        assert (await client.post(f"{url}?profile={LAB}|9", json=RESULT)).status_code == 400
        claimed = {**RESULT, "meta": {"profile": ["urn:nobody"]}}
        answer = await client.post(url, json=claimed)
        assert told(answer) == []
        assert ("not-found", "meta.profile") in told(answer, "warning")
        other = f"{url}?profile={CANONICAL}/StructureDefinition/report"
        assert told(await client.post(other, json=RESULT)) == [("structure", "resourceType")]
        r4 = f"{url}?profile=http://hl7.org/fhir/StructureDefinition/Observation"
        assert told(await client.post(r4, json=RESULT)) == []


async def test_a_profile_that_was_written_here_is_checked_and_its_gaps_are_told(
    place: Any, tmp_path: Path
) -> None:
    own = {
        "resourceType": "StructureDefinition", "url": "urn:own", "name": "Own", "status": "active",
        "kind": "resource", "abstract": False, "type": "Observation", "derivation": "constraint",
        "baseDefinition": LAB, "differential": {"element": [
            {"id": "Observation", "path": "Observation", "constraint": [{
                "key": "own-1", "severity": "error", "human": "a rule", "expression": "true"}]},
            {"id": "Observation.interpretation", "path": "Observation.interpretation", "min": 1},
            {"id": "Observation.method", "path": "Observation.method",
             "binding": {"strength": "required", "valueSet": "urn:methods"}}]},
    }  # fmt: skip
    methods = {
        "resourceType": "ValueSet", "url": "urn:methods", "status": "active",
        "compose": {"include": [{"system": "urn:m", "concept": [{"code": "ise"}]}]},
    }  # fmt: skip
    async with hub_of_writer(place, tmp_path) as (_, client):
        for tree in (own, methods):
            made = await client.post(f"/fhir/{tree['resourceType']}", json=tree)
            assert made.status_code == 201, made.text
        url = "/fhir/Observation/$validate?profile=urn:own"
        wrong = {**RESULT, "method": {"coding": [{"system": "urn:m", "code": "other"}]}}
        answer = await client.post(url, json=wrong)
        assert told(answer) == [
            ("required", "Observation.interpretation"),
            ("code-invalid", "Observation.method"),
        ]
        assert ("informational", "Observation") in told(answer, "information")
        del wrong["performer"]
        assert ("required", "Observation.performer") in told(await client.post(url, json=wrong))


async def test_a_rehearsed_create_says_what_would_refuse_it_and_keeps_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        url = "/fhir/Observation/$validate?mode=create"
        good = json.loads(observation(patient))
        for _ in range(2):
            assert told(await client.post(url, json=good)) == []
        found = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
        assert found.json()["total"] == 0
        nobody = json.loads(observation("nobody"))
        assert len(told(await client.post(url, json=nobody))) == 1
        again = await client.post("/fhir/Patient/$validate?mode=create", json=PATIENT)
        assert len(told(again)) == 1  # the identifier is taken
        by_part = parameters(resource=PATIENT)
        by_part["parameter"].append({"name": "mode", "valueCode": "create"})
        assert len(told(await client.post("/fhir/Patient/$validate", json=by_part))) == 1


async def test_a_rehearsed_update_and_delete_are_of_one_resource(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        url = f"/fhir/Patient/{patient}/$validate"
        changed = {**PATIENT, "id": patient, "birthDate": "1970-01-03"}
        assert told(await client.post(f"{url}?mode=update", json=changed)) == []
        other = {**changed, "id": "other"}
        assert told(await client.post(f"{url}?mode=update", json=other)) != []
        assert told(await client.post(f"{url}?mode=delete")) == []
        read = await client.get(f"/fhir/Patient/{patient}")
        assert (read.status_code, read.headers["ETag"]) == (200, 'W/"1"')
        report = report_of(f"Patient/{patient}")
        del report["result"]
        assert (await client.post("/fhir/DiagnosticReport", json=report)).status_code == 201
        assert told(await client.post(f"{url}?mode=delete")) == [("conflict", "")]
        gone = await client.post("/fhir/Patient/nobody/$validate?mode=delete")
        assert [code for code, _ in told(gone)] == ["not-found"]


async def test_what_is_stored_is_looked_at_where_nothing_is_sent(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", content=observation(patient))
        url = f"/fhir/Observation/{made.json()['id']}/$validate"
        assert told(await client.post(url)) == []
        against = await client.post(f"{url}?mode=profile&profile={LAB}")
        assert ("required", "Observation.performer") in told(against)
        assert (await client.post("/fhir/Observation/nobody/$validate")).status_code == 404


WRONG: list[tuple[str, Any, str]] = [
    ("Observation/$validate", None, "resource"),
    ("Observation/$validate", PATIENT, "resourceType"),
    ("Observation/$validate?mode=wish", RESULT, "mode"),
    ("Observation/$validate?mode=delete", RESULT, "mode"),
    ("Observation/x/$validate?mode=create", RESULT, "mode"),
    ("Observation/$validate?colour=red", RESULT, "colour"),
    ("Observation/$validate?profile=", RESULT, "profile"),
    ("Observation/$validate?profile=a&profile=b", RESULT, "profile"),
    ("Observation/$validate", parameters(profile="urn:a"), "resource"),
    ("Observation/$validate", parameters(resource=RESULT, colour="a"), "colour"),
    ("Observation/$validate", {"resourceType": "Parameters", "parameter": [{"name": "mode"}]},
     "Parameters.parameter[0]"),
]  # fmt: skip


async def test_what_is_asked_wrongly_is_refused_by_name(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for path, body, name in WRONG:
            answer = await client.post(f"/fhir/{path}", **({} if body is None else {"json": body}))
            assert answer.status_code == 400, (path, answer.text)
            assert answer.json()["issue"][0]["expression"] == [name], path


async def test_lists_kept_in_step_by_nulls_are_kept_as_they_are(place: Any, tmp_path: Path) -> None:
    name = {
        "family": "示例",
        "given": ["a", "b"],
        "_given": [None, {"extension": [{"url": "urn:x", "valueString": "y"}]}],
    }
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client, name=[name])
        read = await client.get(f"/fhir/Patient/{patient}")
        assert read.json()["name"] == [name]
        assert told(await client.post("/fhir/Patient/$validate", content=read.content)) == []
        found = await client.get(f"/fhir/Patient?_id={patient}&given=b")
        assert found.json()["entry"][0]["resource"]["name"] == [name]
