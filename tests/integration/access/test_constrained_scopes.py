"""A scope with search constraints permits what satisfies them, whichever way it is asked for."""

from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from tests.integration.fhir.support import bundle_of, entry_of, hub_of_writer, patient_of

pytestmark = pytest.mark.anyio
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
LABORATORY, IMAGING = "laboratory", "imaging"
WORDS = "canary of the imaging result"


def result(patient: str, category: str, number: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:lab", "value": number}],
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "subject": {"reference": f"Patient/{patient}"},
        **more,
    }


async def narrowed(hub: Hub, *scopes: str) -> dict[str, str]:
    asked = {"client": "writer", "scopes": list(scopes)}
    token = (await run(hub, "client-token", asked))["access_token"]
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}


async def test_only_what_satisfies_the_constraint_is_read_found_counted_and_included(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        ids = {}
        for category, words in ((LABORATORY, "of the laboratory"), (IMAGING, WORDS)):
            tree = result(patient, category, category, note=[{"text": words}])
            ids[category] = (await client.post("/fhir/Observation", json=tree)).json()["id"]
        report = {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": "示例"},
            "subject": {"reference": f"Patient/{patient}"},
            "result": [{"reference": f"Observation/{one}"} for one in ids.values()],
        }
        await client.post("/fhir/DiagnosticReport", json=report)
        headers = await narrowed(
            hub,
            "system/Observation.rs?category=laboratory",
            "system/Patient.rs",
            "system/DiagnosticReport.rs",
        )
        shown = [
            f"/fhir/Observation?patient={patient}&_total=accurate",
            f"/fhir/Observation?_id={ids[LABORATORY]},{ids[IMAGING]}",
            f"/fhir/DiagnosticReport?patient={patient}&_include=DiagnosticReport:result",
            f"/fhir/Patient?_id={patient}&_revinclude=Observation:patient",
            f"/fhir/Patient/{patient}/$everything",
            f"/fhir/Observation/$lastn?patient={patient}&max=9",
        ]
        for url in shown:
            answer = await client.get(url, headers=headers)
            assert answer.status_code == 200, answer.text
            found = {entry["resource"]["id"] for entry in answer.json()["entry"]}
            assert ids[LABORATORY] in found, url
            assert ids[IMAGING] not in found, url
            assert WORDS not in answer.text
            assert answer.json().get("total", 1) == 1
            whole = await client.get(url)
            assert WORDS in whole.text, url
        for id_, status in ((ids[LABORATORY], 200), (ids[IMAGING], 404)):
            answer = await client.get(f"/fhir/Observation/{id_}", headers=headers)
            assert answer.status_code == status
            assert WORDS not in answer.text
        asked = f"/fhir/Patient?_has:Observation:patient:category={IMAGING}&_id={patient}"
        assert "entry" not in (await client.get(asked, headers=headers)).json()
        assert (await client.get(asked)).json()["entry"]


async def test_only_what_satisfies_the_constraint_is_written(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        headers = await narrowed(
            hub, "system/Observation.cru?category=laboratory", "system/Patient.cr"
        )
        good = result(patient, LABORATORY, "1")
        made = await client.post("/fhir/Observation", json=good, headers=headers)
        assert made.status_code == 201, made.text
        bad = await client.post(
            "/fhir/Observation", json=result(patient, IMAGING, "2"), headers=headers
        )
        assert (bad.status_code, WORDS in bad.text) == (403, False)
        out = {**result(patient, IMAGING, "1"), "id": made.json()["id"]}
        url = f"/fhir/Observation/{made.json()['id']}"
        assert (await client.put(url, json=out, headers=headers)).status_code == 403
        both = bundle_of(
            "transaction",
            entry_of("POST", "Observation", result(patient, LABORATORY, "3")),
            entry_of("POST", "Observation", result(patient, IMAGING, "4")),
        )
        assert (await client.post("/fhir", json=both, headers=headers)).status_code == 403
        count = await client.get(f"/fhir/Observation?patient={patient}&_summary=count")
        assert count.json()["total"] == 1


async def test_a_letter_less_is_refused_by_name(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        made = await client.post("/fhir/Observation", json=result(patient, LABORATORY, "1"))
        read, search = (
            f"/fhir/Observation/{made.json()['id']}",
            f"/fhir/Observation?patient={patient}",
        )
        for letter, refused, given in (("s", read, search), ("r", search, read)):
            headers = await narrowed(
                hub, f"system/Observation.{letter}?category=laboratory", "system/Patient.r"
            )
            assert (await client.get(refused, headers=headers)).status_code == 403
            assert (await client.get(given, headers=headers)).status_code == 200


async def test_each_entry_of_a_transaction_is_held_to_the_scope_of_its_own_method(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        ids = []
        for category in (LABORATORY, IMAGING):
            tree = result(patient, category, category)
            ids.append((await client.post("/fhir/Observation", json=tree)).json()["id"])
        headers = await narrowed(
            hub,
            "system/Observation.d?category=laboratory",
            "system/Encounter.c",
            "system/Patient.r",
        )
        stay = {
            "resourceType": "Encounter",
            "status": "planned",
            "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/{patient}"},
        }
        for id_, standing in ((ids[1], 200), (ids[0], 410)):
            number = [{"system": "urn:his", "value": id_}]
            begun = entry_of("POST", "Encounter", {**stay, "identifier": number})
            gone = entry_of("DELETE", f"Observation/{id_}")
            answer = await client.post(
                "/fhir", json=bundle_of("transaction", begun, gone), headers=headers
            )
            assert answer.status_code == 200, answer.text  # hidden is absent
            assert (await client.get(f"/fhir/Observation/{id_}")).status_code == standing
