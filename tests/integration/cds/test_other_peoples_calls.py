"""Calls as others make them, and calls that are wrong in one place: each has an answer, none fails."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.synthetic.institutions import TIANJIN
from tests.integration.cds.support import (
    ITEM,
    PATIENT_ID,
    POTASSIUM,
    call_of,
    draft,
    encounter,
    patient,
    region,
    registered,
    sign,
)
from tests.unit.access.tokens import ec_key

pytestmark = pytest.mark.anyio
SELECT, SIGN, VIEW = "hie-order-select", "hie-order-sign", "hie-patient-view"
SANDBOX: dict[str, Any] = {
    "fhirServer": "https://launch.smarthealthit.org/v/r4/fhir",
    "fhirAuthorization": {
        "access_token": "a-living-secret",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/Patient.read",
        "subject": "48163c5e-88b5-4cb3-92d3-23b800caa927",
    },
}
WEIRD: tuple[Any, ...] = (None, 0, -1.5, True, "", "x" * 300, [], {}, [None], {"a": {"b": []}})


async def test_the_public_sandboxs_way_of_calling(place: Any, tmp_path: Path) -> None:
    """ES256 with a subject, one draft by its reference, a prefetched patient, no encounter."""
    async with region(place, tmp_path) as his:
        sandbox = await registered(
            his.hub,
            his.http,
            "sandbox",
            key=ec_key("P-256", 73),
            algorithm="ES256",
            issuer="https://sandbox.cds-hooks.org",
        )
        listed = (await sandbox.http.get("/cds-services")).json()["services"]
        assert len({(one["id"], one["hook"]) for one in listed}) == 3
        unknown = draft("example-request-id", ("http://www.ama-assn.org/go/cpt", "72133"))
        known = draft("example-request-id", (ITEM, "K"), intent="plan")
        for one, count in ((unknown, 0), (known, 1), (known, 0)):
            body = call_of("order-select", one, prefetch={"patient": patient()}, **SANDBOX)
            del body["context"]["encounterId"]
            path = f"/cds-services/{SELECT}"
            token = sandbox.token(path, sub="48163c5e-88b5-4cb3-92d3-23b800caa927")
            answer = await sandbox.post(path, body, token)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["cards"]) == count
        async with his.hub.db.reading() as reader:
            rows = await reader.fetch("SELECT query FROM audit_access WHERE type = 'order-check'")
        assert rows
        assert b"a-living-secret" not in b"".join(bytes(row[0] or b"") for row in rows)


async def test_a_hospital_that_treats_somebody_says_so_by_calling(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        other = await registered(
            his.hub, his.http, "tj", institution=TIANJIN.code, issuer="https://his.tj.example/cds"
        )
        async with his.hub.db.reading() as reader:
            home = await reader.fetchval("SELECT id FROM patient")
        (card,) = await other.cards(SIGN, sign(POTASSIUM))
        check = card["links"][0]["url"].rpartition("/")[2]
        assert ("order-check", None, f"check {check} rel=declared") in await other.log()
        own = draft("sr-own", (ITEM, "K"), subject={"reference": f"Patient/{home}"})

        async def by_id(key: str) -> tuple[int, bytes]:
            body = sign(own | {"subject": {"reference": f"Patient/{key}"}}, prefetch={})
            body["context"]["patientId"] = key
            answer = await other.call(SIGN, body)
            return answer.status_code, answer.content

        assert (await by_id(home))[0] == 200
        await run(his.hub, "agreement-put", {"institution": TIANJIN.code, "declares": False})
        assert await by_id(home) == await by_id("AAAAAAAAAAAAAAAAAAAAAA")
        assert (await by_id(home))[0] == 412
        assert await other.cards(SIGN, sign(draft("sr-2", (ITEM, "K")))) == []


async def test_a_call_that_is_wrong_in_any_one_place_is_answered(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        ct = draft(
            "sr-ct",
            ("http://dicom.nema.org/resources/ontology/DCM", "CT"),
            bodySite=[{"text": "胸部", "coding": [{"code": "CHEST"}]}],
            orderDetail=[{"text": "平扫"}],
            supportingInfo=[{"reference": "Condition/1"}],
        )
        where = encounter(type=[{"text": "x"}], location=[{"location": {"display": "x"}}])
        prefetch = {"patient": patient(), "encounter": where}
        good = call_of("order-select", POTASSIUM, ct, prefetch=prefetch)
        answers = set()
        for wrong in _spoilt(good):
            answer = await his.call(SELECT, wrong)
            assert answer.status_code in {200, 400, 404, 412, 422}, (wrong, answer.text)
            answers.add(answer.status_code)
        assert answers == {200, 400, 412}


def _spoilt(tree: Any) -> Iterator[Any]:
    """The tree with each of its places left out, and with something else there, in turns."""
    for n, place in enumerate(_places(tree, ())):
        for value in (KeyError, WEIRD[n % len(WEIRD)], WEIRD[(n * 7 + 3) % len(WEIRD)]):
            spoilt = json.loads(json.dumps(tree))
            inside = spoilt
            for key in place[:-1]:
                inside = inside[key]
            if value is KeyError:
                del inside[place[-1]]
            else:
                inside[place[-1]] = deepcopy(value)
            yield spoilt


def _places(tree: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield (*path, key)
        yield from _places(tree[key], (*path, key))


async def test_nothing_a_caller_calls_the_patient_reaches_the_log(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        await his.cards(VIEW, call_of("patient-view"))
        told = json.dumps(await his.log("type, detail, reason, client"), ensure_ascii=False)
        for word in (PATIENT_ID, patient()["name"][0]["text"], "00012345"):
            assert word not in told
