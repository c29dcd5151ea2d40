"""What cannot be answered is told as an OperationOutcome, each fault by its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cds.support import (
    PATIENT_ID,
    POTASSIUM,
    call_of,
    draft,
    encounter,
    outcome_of,
    places_of,
    region,
    sign,
)

pytestmark = pytest.mark.anyio
SIGN, VIEW = "hie-order-sign", "hie-patient-view"
THERE = "aVeryGoodId12345"


async def test_what_is_missing_is_named_and_what_is_hidden_is_as_missing(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        for body in (
            sign(POTASSIUM, prefetch={}),
            sign(POTASSIUM, prefetch={"patient": None}),
            sign(POTASSIUM, prefetch={"encounter": encounter()}),
        ):
            (place_,) = places_of(await his.call(SIGN, body), 412)
            assert place_ == "prefetch.patient"
        (issue,) = outcome_of(await his.call(VIEW, call_of("patient-view", prefetch={})), 412)
        assert issue["code"] == "required"
        assert "Patient/{{context.patientId}}" in issue["diagnostics"]
        body = sign(POTASSIUM)
        body["context"]["draftOrders"]["entry"].append({"fullUrl": "urn:uuid:x"})
        assert places_of(await his.call(SIGN, body), 412).keys() == {
            "context.draftOrders.entry[1].resource"
        }
        # Only medicines: nobody needs to be known for that.
        drug = {"resourceType": "MedicationRequest", "id": "m", "status": "draft"}
        assert await his.cards(SIGN, sign(drug, prefetch={})) == []
        assert await his.kept() == []
        log = await his.log()
        assert ("order-check", None, f"{SIGN}: no order of a test or an examination") in log
        assert PATIENT_ID not in json.dumps(log)


async def test_what_is_malformed_or_unknown_is_refused(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as his:
        good = sign(POTASSIUM)
        named = places_of(await his.call(SIGN, good | {"hookInstance": "1", "context": {}}), 400)
        assert named.keys() == {"hookInstance", "context.userId", "context.patientId"}
        outcome_of(await his.call(SIGN, b'{"hook":"order-sign","hook":"order-sign"}'), 400)
        outcome_of(await his.call(SIGN, b"[]"), 400)
        outcome_of(await his.call(SIGN, good | {"hook": "medication-prescribe"}), 404)
        (issue,) = outcome_of(await his.call("hie-order-nothing", good), 404)
        assert issue["code"] == "not-found"
        form = await his.call(SIGN, good, **{"Content-Type": "text/plain"})
        outcome_of(form, 415)
        token = {"Authorization": f"Bearer {his.token('/cds-services/hie-order-sign')}"}
        outcome_of(await his.http.get("/cds-services/hie-order-sign", headers=token), 405)
        many = sign(*(draft(f"d{n}", ("http://loinc.org", "2823-3")) for n in range(101)))
        outcome_of(await his.call(SIGN, many), 422)
        other = draft("x", ("http://loinc.org", "2823-3"), subject={"reference": "Patient/other"})
        outcome_of(await his.call(SIGN, sign(other)), 400)
        reasons = [row[1] for row in await his.log() if row[0] == "refused"]
        assert reasons == ["param", "json", "json", "absent", "absent", "media", "fhir", "param"]
        assert await his.kept() == []
        assert len(await his.cards(SIGN, good)) == 1
