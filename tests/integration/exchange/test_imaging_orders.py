"""Orders of images, asked of stored studies and reports: judged, shown, recorded and decided."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir import INSTITUTION, ITEM, SECTION, Resource, extension
from hie.recognition.parameters import read_parameters, write_parameters
from hie.store import checks, resources
from hie.store.resources import Put
from hie.synthetic import example
from hie.synthetic.institutions import BY_SITE
from tests.integration.test_road import TODAY, _connected, _packed, _settings
from tests.unit.recognition.records import study_facts

pytestmark = pytest.mark.anyio
SITE = "bj-lis"
CODE = BY_SITE[SITE].institution.code
TAKEN = f"{TODAY - timedelta(days=10)}T09:00:00+08:00"
HERE = {
    "reference": "Organization/o1",
    "identifier": {"system": INSTITUTION, "value": CODE},
    "display": "示例医院",
}


def a_study(key: str, taken: str = TAKEN, *, status: str = "available", **facts: Any) -> Resource:
    good = {
        "class": "CT", "body_part": "HEAD", "contrast": "none", "texts": True, "expected": 2,
        "received": 2, "retrievable": True, "original": True, "complete": True, "identity": "same",
    }  # fmt: skip
    return {
        "resourceType": "ImagingStudy",
        "id": key,
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:2.25.{key}"}],
        "status": status,
        "modality": [{"code": "CT"}],
        "started": taken,
        "extension": [
            *study_facts(**{**good, **facts}),
            {"url": extension("performing-institution"), "valueReference": HERE},
        ],
    }


def a_report(
    key: str, *studies: str, item: str | None = "CT", taken: str = TAKEN, status: str = "final"
) -> Resource:
    coding = {
        "system": ITEM,
        "code": item,
        "extension": [{"url": extension("mapping"), "valueCode": "confirmed"}],
    }
    local = {"system": "urn:site:exam", "code": "E1", "userSelected": True}
    found: Resource = {
        "resourceType": "DiagnosticReport",
        "id": key,
        "identifier": [{"system": "urn:site:filler", "value": key}],
        "status": status,
        "category": [{"coding": [{"system": SECTION, "code": "RAD"}]}],
        "code": {"coding": [coding, local] if item else [local]},
        "effectiveDateTime": taken,
        "issued": taken,
        "performer": [HERE],
        "resultsInterpreter": [{"reference": "Practitioner/p1", "display": "示例医师"}],
        "imagingStudy": [{"reference": f"ImagingStudy/{one}"} for one in studies],
    }
    if not studies:
        del found["imagingStudy"]
    return found


async def _put(hub: Hub, home: str, *found: Resource, now_us: int | None = None) -> None:
    async with hub.db.unit() as unit:
        puts = [Put(one["resourceType"], home, one["id"], one) for one in found]
        await resources.put(unit, puts, now_us=now_us or time.time_ns() // 1000)


async def _home(hub: Hub, tmp_path: Path) -> str:
    """The Patient of the example's invented person, at the site that sends their results."""
    await _connected(hub, tmp_path)
    case = example(today=TODAY)
    await run(hub, "receive", {"site": SITE, "files": [_packed(case.message)]})
    async with hub.db.reading() as reader:
        home: str = await reader.fetchval("SELECT id FROM patient")
    return home


def _asked(*orders: dict[str, Any], **other: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(example(today=TODAY).order_check)
    body["orders"] = [{"ref": str(n), **order} for n, order in enumerate(orders, 1)]
    return {**body, **other}


async def _ask(hub: Hub, *orders: dict[str, Any], **other: Any) -> dict[str, Any]:
    return await run(hub, "order-check", {"request": json.dumps(_asked(*orders, **other))})


HEAD: dict[str, Any] = {"item": "CT", "body_part": "HEAD", "contrast": False}


def _fired(order: dict[str, Any]) -> set[str]:
    return {f["rule"] for f in order["candidates"][0]["findings"] if f["fired"]}


async def test_a_study_with_its_report_is_one_record_judged_shown_recorded_and_decided(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        await _put(hub, home, a_study("s1"), a_report("r1", "s1"))
        answer = await _ask(hub, HEAD, {**HEAD, "contrast": True}, {"item": "K"})
        plain, enhanced, potassium = answer["orders"]
        assert [len(one["candidates"]) for one in answer["orders"]] == [1, 1, 1]
        offered = plain["candidates"][0]
        assert offered["resource"] == "ImagingStudy/s1/_history/1"
        assert (offered["value"], offered["unit"]) == (None, None)
        assert (offered["age_days"], offered["limit_days"]) == (10, 30)
        assert offered["institution"]["code"] == CODE
        assert plain["outcome"] == "recognise"
        assert _fired(plain) <= {"R-104", "R-208"}
        assert plain["saves"] == {
            "amount": "135.00", "currency": "CNY", "billable": "CT",
            "basis": plain["saves"]["basis"],
        }  # fmt: skip
        assert enhanced["outcome"] == "do_not_recognise"
        assert "R-604" in _fired(enhanced)
        assert enhanced["reasons"][0] == "I4_PLAIN_VS_CONTRAST"
        assert potassium["candidates"][0]["resource"].startswith("Observation/")
        decisions = {
            "check": answer["check"], "key": "k1", "practitioner": "D0117",
            "decisions": [
                {"ref": "1", "assessment": offered["assessment"], "decision": "use"},
                {"ref": "2", "assessment": enhanced["candidates"][0]["assessment"],
                 "decision": "repeat", "reason": "I4_PLAIN_VS_CONTRAST",
                 "explained_to_patient": True},
            ],
        }  # fmt: skip
        made = await run(hub, "decide", {"request": json.dumps(decisions)})
        assert [one["state"] for one in made["decisions"]] == ["recorded", "recorded"]
        async with hub.db.reading() as reader:
            named = await reader.fetchval(
                "SELECT resources FROM audit_subject s JOIN audit_access a ON a.id = s.access"
                " WHERE a.type = 'order-check'"
            )
            kept = await checks.get(reader, answer["check"])
        assert "ImagingStudy/s1/_history/1" in named.split()
        facts = {one["resource"]: one for one in kept.body["facts"]["candidates"]}
        study = facts["ImagingStudy/s1/_history/1"]["study"]
        assert (study["expected"], study["contrast"], study["protocols"]) == (2, "none", [])


async def test_what_has_no_study_or_no_report_is_a_record_of_its_own(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        await _put(hub, home, a_report("r1"))
        (order,) = (await _ask(hub, HEAD))["orders"]
        assert order["candidates"][0]["resource"] == "DiagnosticReport/r1/_history/1"
        assert order["outcome"] == "do_not_recognise"
        assert "R-601" in _fired(order)
        assert order["reasons"][0] == "I1_IMAGES_MISSING"
        await _put(hub, home, a_study("s1", f"{TODAY - timedelta(days=1)}T09:00:00+08:00"))
        (order,) = (await _ask(hub, HEAD))["orders"]
        names = [one["resource"].split("/_")[0] for one in order["candidates"]]
        assert names == ["ImagingStudy/s1", "DiagnosticReport/r1"]
        unknown = {f["rule"] for f in order["candidates"][0]["findings"] if f["unknown"]}
        assert "R-004" in unknown


async def test_a_report_that_names_no_class_or_another_still_speaks_for_its_study(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        await _put(
            hub, home,
            a_study("s1"), a_report("r1", "s1", item=None),
            a_study("s2", **{"class": "MRI"}), a_report("r2", "s2", item="CT"),
            a_study("s3", **{"class": None}), a_report("r3", "s3", item="CT"),
        )  # fmt: skip
        ct, mri = (await _ask(hub, HEAD, {**HEAD, "item": "MRI"}))["orders"]
        assert {one["resource"].split("/")[1] for one in ct["candidates"]} == {"s1", "s3"}
        assert {one["resource"].split("/")[1] for one in mri["candidates"]} == {"s2"}
        for order in (ct, mri):
            for one in order["candidates"]:
                statuses = [f["data"] for f in one["findings"] if f["rule"] == "R-004"]
                assert statuses == [{"report_status": "final"}]


async def test_of_several_reports_of_one_study_the_latest_that_is_no_error_speaks(
    place: Any, tmp_path: Path
) -> None:
    later = f"{TODAY - timedelta(days=2)}T09:00:00+08:00"
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        await _put(
            hub, home, a_study("s1"), a_report("r1", "s1"),
            a_report("r2", "s1", taken=later, status="preliminary"),
            a_report("r3", "s1", taken=later, status="entered-in-error"),
        )  # fmt: skip
        (order,) = (await _ask(hub, HEAD))["orders"]
        assert len(order["candidates"]) == 1
        assert "R-004" in _fired(order)


async def test_a_study_in_error_and_another_persons_are_no_candidates(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        await _put(hub, home, a_study("s1", status="entered-in-error"))
        await _put(hub, "somebody-else", a_study("s2"), a_report("r2", "s2"))
        await _put(hub, home, a_report("r3", "s2"))
        (order,) = (await _ask(hub, HEAD))["orders"]
        assert [one["resource"] for one in order["candidates"]] == [
            "DiagnosticReport/r3/_history/1"
        ]


async def test_an_answer_as_known_then_knows_the_study_of_then(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        first = time.time_ns() // 1000 + 10**9
        await _put(hub, home, a_study("s1", received=1), a_report("r1", "s1"), now_us=first)
        await _put(hub, home, a_study("s1"), now_us=first + 10**9)
        then = datetime.fromtimestamp(first / 10**6 + 10, UTC).isoformat()
        on = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        (now,) = (await _ask(hub, HEAD, on=on))["orders"]
        (past,) = (await _ask(hub, HEAD, on=on, as_known_at=then))["orders"]
        assert now["candidates"][0]["resource"] == "ImagingStudy/s1/_history/2"
        assert past["candidates"][0]["resource"] == "ImagingStudy/s1/_history/1"
        assert "R-601" in _fired(past)
        before = datetime.fromtimestamp(first / 10**6 - 10, UTC).isoformat()
        (nothing,) = (await _ask(hub, HEAD, on=on, as_known_at=before))["orders"]
        assert nothing["outcome"] == "none"


def test_an_imaging_order_reads_the_same_as_parameters() -> None:
    body = _asked({**HEAD, "laterality": "L", "protocol": "CTA", "tracer": "FDG"})
    sent = {key: value for key, value in body.items() if key != "encounter"}
    assert read_parameters(write_parameters(sent)) == sent
