"""What is written over FHIR takes part in everything: orders, and what its source says later."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.fhir import CANONICAL
from tests.integration.fhir.support import hub_of_writer, observation, patient_of, report_of
from tests.integration.test_road import _packed
from tests.integration.two_hospitals import CASE, TEXT

pytestmark = pytest.mark.anyio


async def test_a_result_written_over_fhir_may_stand_in_for_an_order(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        number = "11010519491231002X"
        patient = await patient_of(
            client,
            identifier=[{"system": "urn:oid:2.16.156.10011.1.3", "value": number}],
            gender="female",
            birthDate="1949-12-31",
        )
        taken = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
        tree = json.loads(observation(patient, "4.10"))
        tree["effectiveDateTime"] = taken
        institution = {"system": f"{CANONICAL}/sid/institution", "value": CASE.institution}
        tree["performer"] = [{"identifier": institution}]
        made = await client.post("/fhir/Observation", json=tree)
        assert made.status_code == 201, made.text
        report = report_of(f"Patient/{patient}", f"Observation/{made.json()['id']}")
        report |= {
            "issued": taken,
            "effectiveDateTime": taken,
            "resultsInterpreter": [{"display": "示例审核"}],
        }
        sent = await client.post("/fhir/DiagnosticReport", json=report)
        assert sent.status_code == 201, sent.text
        asked = json.loads(CASE.order_check)
        asked["patient"] = {"identifiers": [{"type": "resident-id", "value": number}]}
        asked["orders"] = [{"ref": "1", "item": "K"}]
        asked.pop("on", None)
        answer = await run(hub, "order-check", {"request": json.dumps(asked)})
        (order,) = answer["orders"]
        (found,) = order["candidates"]
        assert found["resource"] == f"Observation/{made.json()['id']}/_history/1"
        assert found["value"].startswith("4.1")
        assert found["institution"]["code"] == CASE.institution
        said = {one["rule"]: one for one in found["findings"]}
        assert [rule for rule in ("R-004", "R-006", "R-102") if said[rule]["fired"]] == []
        assert not said["R-004"]["unknown"]
        assert order["outcome"] in {"recognise", "clinician_review"}


async def test_what_was_deleted_is_there_once_when_its_source_says_it_again(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        packed = [_packed(TEXT.encode())]
        await run(hub, "receive", {"site": CASE.site, "files": packed})
        patients = (await client.get("/fhir/Patient")).json()["entry"]
        patient = patients[0]["resource"]["id"]
        url = f"/fhir/Observation?patient={patient}&code=K"
        (entry,) = (await client.get(url)).json()["entry"]
        path = f"/fhir/Observation/{entry['resource']['id']}"
        assert (await client.delete(path)).status_code == 204
        assert "entry" not in (await client.get(url)).json()
        control = TEXT.split("|", 10)[9]
        for number, status, told in ((1, "F", "final"), (2, "C", "corrected")):
            text = TEXT.replace(control, f"{control}-{number}", 1).replace("|F|||", f"|{status}|||")
            sent = {"site": CASE.site, "files": [_packed(text.encode())]}
            (receipt,) = (await run(hub, "receive", sent))["receipts"]
            assert receipt["state"] == "stored"
            (entry,) = (await client.get(url)).json()["entry"]
            assert entry["resource"]["status"] == told
        assert (await client.get(f"{path}/_history")).json()["entry"][0]["request"][
            "method"
        ] == "DELETE"


async def test_a_result_that_was_changed_since_is_known_as_it_was(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        number = "11010519491231002X"
        patient = await patient_of(
            client, identifier=[{"system": "urn:oid:2.16.156.10011.1.3", "value": number}]
        )
        taken = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
        tree = json.loads(observation(patient, "4.10"))
        tree["effectiveDateTime"] = taken
        made = (await client.post("/fhir/Observation", json=tree)).json()
        then = datetime.now(UTC).isoformat()
        asked = json.loads(CASE.order_check)
        asked["patient"] = {"identifiers": [{"type": "resident-id", "value": number}]}
        asked["orders"] = [{"ref": "1", "item": "K"}]
        asked.pop("on", None)

        async def known(**more: str) -> list[tuple[str, str]]:
            answer = await run(hub, "order-check", {"request": json.dumps({**asked, **more})})
            (order,) = answer["orders"]
            return [(one["resource"], one["value"].split()[0]) for one in order["candidates"]]

        reference = f"Observation/{made['id']}/_history"
        assert await known() == [(f"{reference}/1", "4.1")]
        changed = {**made, "status": "corrected", "valueQuantity": {"value": 5.2, "unit": "mmol/L"}}
        sodium = [{"system": "http://loinc.org", "code": "2951-2"}]
        url = f"/fhir/Observation/{made['id']}"
        assert (await client.put(url, json=changed)).status_code == 200
        assert await known() == [(f"{reference}/2", "5.2")]
        assert await known(as_known_at=then) == [(f"{reference}/1", "4.1")]
        moved = {**changed, "code": {"coding": sodium}}
        assert (await client.put(url, json=moved)).status_code == 200
        assert await known() == []
        assert await known(as_known_at=then) == [(f"{reference}/1", "4.1")]
        assert (await client.delete(url)).status_code == 204
        assert await known(as_known_at=then) == [(f"{reference}/1", "4.1")]
