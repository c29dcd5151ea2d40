"""What the entries of a transaction point at, in whatever order they stand and wherever it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import (
    PATIENT,
    SYSTEM,
    bundle_of,
    codes_of,
    entry_of,
    hub_of_writer,
    observation,
    patient_of,
)

pytestmark = pytest.mark.anyio
P, A, B, D = (f"urn:uuid:0b9c7c3e-0000-4000-8000-00000000000{n}" for n in range(4))


def _observation(patient: str, number: str, **more: Any) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(observation("x", number=number))
    return {**tree, "subject": {"reference": patient}, **more}


async def test_entries_may_point_at_one_another_in_a_circle(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        one = _observation(P, "1", hasMember=[{"reference": B}])
        other = _observation(P, "2", derivedFrom=[{"reference": A}])
        entries = [
            entry_of("POST", "Observation", one, A),
            entry_of("POST", "Observation", other, B),
            entry_of("POST", "Patient", PATIENT, P),
        ]
        done = await client.post("/fhir", json=bundle_of("transaction", *entries))
        assert done.status_code == 200, done.text
        first, second, patient = (one["resource"] for one in done.json()["entry"])
        assert first["hasMember"] == [{"reference": f"Observation/{second['id']}"}]
        assert second["derivedFrom"] == [{"reference": f"Observation/{first['id']}"}]
        assert second["subject"] == {"reference": f"Patient/{patient['id']}"}


async def test_links_are_replaced_wherever_r4_says_and_nowhere_else(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        text = f'<a href="{P}">P</a><img src="{A}" alt="{A}"/>'
        div = f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'
        tree = {
            "resourceType": "DocumentReference",
            "text": {"status": "generated", "div": div},
            "meta": {"profile": [A]},
            "extension": [
                {"url": "urn:x", "valueReference": {"reference": A}},
                {"url": "urn:y", "extension": [{"url": "urn:z", "valueUri": A}]},
                {"url": "urn:c", "valueCanonical": A},
                {"url": "urn:s", "valueString": A},
            ],
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": A}],
            "status": "current",
            "subject": {"reference": P},
            "content": [{"attachment": {"url": A, "title": A}}],
        }
        binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="}
        done = await client.post(
            "/fhir",
            json=bundle_of(
                "transaction",
                entry_of("POST", "DocumentReference", tree, D),
                entry_of("POST", "Binary", binary, A),
                entry_of("POST", "Patient", PATIENT, P),
            ),
        )
        assert done.status_code == 200, done.text
        found, kept, patient = (one["resource"] for one in done.json()["entry"])
        link = f"Binary/{kept['id']}"
        assert found["content"][0]["attachment"] == {"url": link, "title": A}
        assert found["extension"][0]["valueReference"] == {"reference": link}
        assert found["extension"][1]["extension"][0]["valueUri"] == link
        assert (found["extension"][2]["valueCanonical"], found["extension"][3]["valueString"]) == (
            A,
            A,
        )
        assert found["identifier"][0]["value"] == A
        assert found["meta"]["profile"] == [A]
        who = f"Patient/{patient['id']}"
        inner = f'<a href="{who}">P</a><img src="{link}" alt="{A}"/>'
        assert found["text"]["div"] == div.replace(text, inner)


async def test_a_relative_reference_is_read_beside_its_entrys_full_url(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        other = "https://other.example/fhir/"
        done = await client.post(
            "/fhir",
            json=bundle_of(
                "transaction",
                entry_of(
                    "POST", "Observation", _observation("Patient/7", "1"), f"{other}Observation/1"
                ),
                entry_of("POST", "Patient", PATIENT, f"{other}Patient/7"),
            ),
        )
        assert done.status_code == 200, done.text
        result, patient = (one["resource"] for one in done.json()["entry"])
        assert result["subject"]["reference"] == f"Patient/{patient['id']}"


async def test_a_conditional_reference_finds_what_the_bundle_leaves(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        here = {"reference": f"Patient/{patient}"}
        specimen = {
            "resourceType": "Specimen",
            "identifier": [{"system": "urn:lab", "value": "S-1"}],
            "subject": here,
        }

        async def sent(*entries: dict[str, Any]) -> Any:
            return await client.post("/fhir", json=bundle_of("transaction", *entries))

        def result(number: str, specimen: str) -> dict[str, Any]:
            tree = _observation(f"Patient/{patient}", number)
            return entry_of("POST", "Observation", {**tree, "specimen": {"reference": specimen}})

        made = await sent(
            result("1", "Specimen?identifier=urn:lab|S-1"), entry_of("POST", "Specimen", specimen)
        )
        assert made.status_code == 200, made.text
        first, kept = (one["resource"] for one in made.json()["entry"])
        assert first["specimen"]["reference"] == f"Specimen/{kept['id']}"
        renamed = {**kept, "identifier": [{"system": "urn:lab", "value": "S-2"}]}
        change = entry_of("PUT", f"Specimen/{kept['id']}", renamed)
        lost = await sent(change, result("2", "Specimen?identifier=urn:lab|S-1"))
        assert (lost.status_code, codes_of(lost)) == (412, ["no-match"])
        assert lost.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
        found = await sent(result("2", "Specimen?identifier=urn:lab|S-2"), change)
        assert found.status_code == 200, found.text
        gone = await sent(
            entry_of("DELETE", f"Specimen/{kept['id']}"),
            result("3", "Specimen?identifier=urn:lab|S-2"),
        )
        assert gone.status_code == 412
        for number in ("S-3", "S-4"):
            tree = {**specimen, "identifier": [{"system": "urn:lab", "value": number}]}
            await client.post("/fhir/Specimen", json=tree)
        several = await sent(
            result("4", f"Specimen?patient={patient}"),
            entry_of("POST", "Patient", {**PATIENT, "identifier": []} | {"active": True}),
        )
        assert several.status_code == 412
        assert several.json()["issue"][0]["expression"][0].startswith("Bundle.entry[0]")
        assert several.json()["issue"][0]["code"] == "multiple-matches"
        total = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
        assert total.json()["total"] == 2


async def test_a_bundle_does_the_same_whatever_the_order_of_its_entries(
    place: Any, tmp_path: Path
) -> None:
    scopes = ("hie/client-ids",)
    async with hub_of_writer(place, tmp_path, *scopes) as (_, client):
        for n, turn in enumerate((slice(None), slice(None, None, -1))):
            patient = await patient_of(client, identifier=[{"system": SYSTEM, "value": f"O-{n}"}])
            old = await client.post(
                "/fhir/Observation", content=observation(patient, number=f"R-{n}")
            )
            entries = [
                entry_of("POST", "Provenance", _provenance(A), D),
                entry_of("POST", "Observation", _observation(f"Patient/chosen-{n}", f"R-{n}"), A),
                entry_of("DELETE", f"Observation/{old.json()['id']}"),
                entry_of("PUT", f"Patient/chosen-{n}", {**PATIENT, "id": f"chosen-{n}", "identifier": [
                    {"system": SYSTEM, "value": f"P-{n}"}]}),
                entry_of("GET", f"Observation?patient=chosen-{n}"),
            ][turn]  # fmt: skip
            done = await client.post("/fhir", json=bundle_of("transaction", *entries))
            assert done.status_code == 200, done.text
            said = [one["response"]["status"] for one in done.json()["entry"]][turn]
            assert said == ["201", "201", "204", "201", "200"]
            read = done.json()["entry"][turn][4]["resource"]
            assert read["entry"][0]["resource"]["identifier"][0]["value"] == f"R-{n}"


async def test_what_is_deleted_or_given_up_in_a_bundle_makes_way_in_any_order(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        for n, turn in enumerate((slice(None), slice(None, None, -1))):
            patient = await patient_of(client, identifier=[{"system": SYSTEM, "value": f"G-{n}"}])
            one, other = [
                (await client.post("/fhir/Observation", content=observation(patient, number=number))).json()
                for number in (f"A-{n}", f"B-{n}")
            ]  # fmt: skip
            swapped = [
                entry_of("PUT", f"Observation/{one['id']}", {**one, "identifier": other["identifier"]}),
                entry_of("PUT", f"Observation/{other['id']}", {**other, "identifier": [
                    {"system": "urn:lab", "value": f"C-{n}"}]}),
                entry_of("POST", "Observation", observation(patient, number=f"A-{n}")),
            ][turn]  # fmt: skip
            done = await client.post("/fhir", json=bundle_of("transaction", *swapped))
            assert done.status_code == 200, done.text
            third = done.json()["entry"][turn][2]["resource"]["id"]
            gone = [
                entry_of("DELETE", f"Patient/{patient}"),
                *(
                    entry_of("DELETE", f"Observation/{key}")
                    for key in (one["id"], other["id"], third)
                ),
            ][turn]
            done = await client.post("/fhir", json=bundle_of("transaction", *gone))
            assert done.status_code == 200, done.text
            assert {one["response"]["status"] for one in done.json()["entry"]} == {"204"}


def _provenance(target: str) -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-06-01T08:00:00+08:00",
        "agent": [{"who": {"display": "示例"}}],
    }
