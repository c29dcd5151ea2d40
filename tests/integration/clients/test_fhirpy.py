"""fhirpy (Python, async and sync) as its users write it."""

import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import (
    AuthorizationError,
    MultipleResourcesFound,
    OperationOutcome,
    ResourceNotFound,
)

from tests.integration.clients.support import NAME, NUMBERS, RESULTS, Connected

pytestmark = pytest.mark.anyio


def _async(hub: Connected, **more: str) -> AsyncFHIRClient:
    headers = {"Prefer": "handling=lenient"} if more else None
    return AsyncFHIRClient(hub.base, authorization=f"Bearer {hub.token}", extra_headers=headers)


def _sync(hub: Connected) -> SyncFHIRClient:
    return SyncFHIRClient(hub.base, authorization=f"Bearer {hub.token}")


def _patient(client: Any, number: str = "P-1", **more: Any) -> Any:
    identifier = [{"system": NUMBERS, "value": number}]
    return client.resource("Patient", identifier=identifier, name=[{"text": "司马示例"}], **more)


async def test_a_resource_lives_from_create_to_delete(hub: Connected) -> None:
    client = _async(hub)
    patient = await _patient(client).create()
    assert patient["meta"]["versionId"] == "1"
    patient["gender"] = "male"
    await patient.update()
    assert patient["meta"]["versionId"] == "2"
    await patient.patch(birthDate="1970-01-02", gender=None)
    assert (patient["birthDate"], "gender" in patient) == ("1970-01-02", False)
    patient["active"] = True
    await patient.save(fields=["active"])
    await patient.refresh()
    assert (patient["active"], patient["meta"]["versionId"]) == (True, "4")
    read = await client.reference("Patient", patient.id).to_resource()
    assert read == patient
    assert (await client.get("Patient", patient.id))["name"][0]["text"] == "司马示例"
    await patient.delete()
    with pytest.raises(ResourceNotFound):
        await patient.refresh()


async def test_searches_are_built_followed_over_pages_and_counted(hub: Connected) -> None:
    client = _async(hub)
    results = client.resources("Observation").search(patient=hub.patient)
    assert len(await results.limit(10).fetch()) == 10
    assert len(await results.limit(4).fetch_all()) == RESULTS
    dates = [one["effectiveDateTime"] async for one in results.sort("-date").limit(7)]
    assert dates == sorted(dates, reverse=True)
    late = results.search(date__ge=datetime.date(2026, 5, 20), code="http://loinc.org|2823-3")
    assert [one.get_by_path("code.text") for one in await late.fetch_all()] == ["钾"] * 3
    assert await results.search(code__not="2823-3").limit(50).fetch_all()
    newest = await results.sort("-date").first()
    assert newest is not None
    assert newest.get_by_path("valueQuantity.value") == 24.10  # a float: of 24.10 it keeps 24.1
    await newest.patch(note=[{"text": "复核"}])
    kept = httpx.get(
        f"{hub.base}/{newest.reference}", headers={"Authorization": f"Bearer {hub.token}"}
    )
    assert '"value":24.10,' in kept.text
    with_patient = await results.limit(1).include("Observation", "subject").fetch_raw()
    assert [one["search"]["mode"] for one in with_patient["entry"]] == ["match", "include"]
    found = client.resources("Patient").search(_id=hub.patient)
    back = await found.revinclude("DiagnosticReport", "subject").fetch_raw()
    assert [one.resource.resource_type for one in back["entry"]] == ["Patient", "DiagnosticReport"]
    has = found.has("Observation", "patient", code="2823-3")
    assert (await has.get())["name"][0]["text"] == NAME
    chained = client.resources("Observation").search(
        patient__Patient__identifier=f"{NUMBERS}|C-1", code="2823-3"
    )
    assert len(await chained.fetch_all()) == RESULTS // 2
    few = await results.elements("status").limit(1).fetch()
    assert "valueQuantity" not in few[0]


async def test_count_needs_leniency_for_it_sends_a_parameter_of_another_server(
    hub: Connected,
) -> None:
    results = _async(hub).resources("Observation").search(patient=hub.patient)
    with pytest.raises(OperationOutcome, match="_totalMethod"):
        await results.count()
    lenient = _async(hub, handling="lenient").resources("Observation")
    assert await lenient.search(patient=hub.patient).count() == RESULTS


async def test_conditions_make_one_resource(hub: Connected) -> None:
    client = _async(hub)
    which = client.resources("Patient").search(identifier=f"{NUMBERS}|P-2")
    patient, created = await which.get_or_create(_patient(client, "P-2"))
    again, second = await which.get_or_create(_patient(client, "P-2"))
    assert (created, second, again.id) == (True, False, patient.id)
    same = await _patient(client, "P-2").create(identifier=f"{NUMBERS}|P-2")
    assert same.id == patient.id
    updated, made = await which.update(_patient(client, "P-2", gender="other"))
    assert (updated.id, updated["gender"], made) == (patient.id, "other", False)
    _, status = await which.delete()
    assert status == 204


async def test_operations_and_bundles_are_executed(hub: Connected) -> None:
    client = _async(hub)
    observations = client.resources("Observation")
    newest = await observations.execute(
        "$lastn", method="get", params={"patient": hub.patient, "max": 1}
    )
    assert {one["resource"]["effectiveDateTime"][:10] for one in newest["entry"]} == {
        "2026-05-24",
        "2026-05-25",
    }
    reference = client.reference("Patient", hub.patient)
    everything = await reference.execute("$everything", method="get", params={"_count": 50})
    assert len(everything["entry"]) == RESULTS + 2
    assert await _patient(client).is_valid()
    bad = client.resource("Observation", status="final", code={"text": "钾"})
    bad["valueQuantity"] = {"value": 1, "comparator": "~"}
    with pytest.raises(OperationOutcome, match="comparator"):
        await bad.is_valid(raise_exception=True)
    get = {"request": {"method": "GET", "url": f"Patient/{hub.patient}"}}
    batch = await client.resource("Bundle", type="batch", entry=[get, get]).save()
    assert [one["response"]["status"][:3] for one in batch["entry"]] == ["200", "200"]
    statement = await client.execute("metadata", method="get")
    assert statement["fhirVersion"] == "4.0.1"


async def test_refusals_are_its_own_exceptions_with_our_words(hub: Connected) -> None:
    client = _async(hub)
    with pytest.raises(OperationOutcome) as unknown:
        await client.resources("Patient").search(nonsense="1").fetch()
    assert unknown.value.resource["issue"][0]["expression"] == ["nonsense"]
    with pytest.raises(OperationOutcome) as unsound:
        await client.resource("Observation", status="nonsense", code={"text": "x"}).create()
    assert "Observation.status" in str(unsound.value.resource["issue"])
    with pytest.raises(OperationOutcome) as taken:
        await _patient(client, "C-1").create()
    assert taken.value.resource["issue"][0]["code"] in ("conflict", "duplicate")
    results = client.resources("Observation").search(patient=hub.patient)
    with pytest.raises(MultipleResourcesFound):
        await results.update(client.resource("Observation", status="final", code={"text": "x"}))
    with pytest.raises(ResourceNotFound):
        await client.reference("Patient", "nobody").to_resource()
    stranger = AsyncFHIRClient(hub.base, authorization="Bearer nothing")
    with pytest.raises(AuthorizationError):
        await stranger.resources("Patient").fetch()


def test_the_sync_client_does_the_same(hub: Connected) -> None:
    client = _sync(hub)
    patient = _patient(client).create()
    value = {"value": 5.1, "unit": "mmol/L"}
    result = client.resource("Observation", status="final", code={"text": "钾"})
    result["subject"], result["valueQuantity"] = patient.to_reference(), value
    result.save()
    assert result.to_reference().to_resource()["code"]["text"] == "钾"
    result.patch(status="amended")
    assert result["status"] == "amended"
    found = client.resources("Observation").search(subject=patient.to_reference()).fetch_all()
    assert [Decimal(str(one["valueQuantity"]["value"])) for one in found] == [Decimal("5.1")]
    everyone = client.resources("Observation").search(patient=hub.patient).limit(6).fetch_all()
    assert len(everyone) == RESULTS
    assert client.resources("Patient").search(identifier=f"{NUMBERS}|C-1").get().id == hub.patient
    result.delete()
    with pytest.raises(ResourceNotFound):
        result.refresh()
    with pytest.raises(OperationOutcome):
        patient.patch(birthDate="not a day")
