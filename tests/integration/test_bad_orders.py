"""Bad questions at the real doors of orders: refused with each field, or answered without error."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_road import TODAY
from tests.integration.two_hospitals import CASE, asked_with, faults_of, opened_doors, token_for

pytestmark = pytest.mark.anyio
NO_JSON = [
    (b"", "line 1 column 1", "not-json"),
    (b'{"patient": ', "line 1 column 13", "not-json"),
    (b'{"orders": [], "orders": []}', "orders", "duplicate-member"),
    (b'{"orders": NaN}', "body", "not-a-number"),
    (b'{"orders": -Infinity}', "body", "not-a-number"),
    (b'{"orders": 1e99999}', "body", "number-out-of-range"),
    (b'{"on": "\xff"}', "body", "not-utf-8"),
    (b"\xef\xbb\xbf{}", "body", "not-utf-8"),
    ("{}".encode("utf-16"), "body", "not-utf-8"),
    (b'{"on": "\\ud800"}', "on", "lone-surrogate"),
    (b'{"on": "\\u0000"}', "on", "control-character"),
    (b"[" * 100_000, "body", "too-deep"),
    (b"[]", "body", "not-an-object"),
    (b"null", "body", "not-an-object"),
]


async def test_what_is_no_json_is_refused_with_its_place(place: Any, tmp_path: Path) -> None:
    async with opened_doors(place, tmp_path) as doors:
        for content, where, code in NO_JSON:
            for path in ("/v1/order-check", "/v1/decisions"):
                assert faults_of(await doors.ask(content, path), 400) == {where: code}
            outcome = await doors.ask(content, "/fhir/Patient/x/$assess")
            assert outcome.status_code == 400
            assert outcome.headers["content-type"] == "application/fhir+json; charset=utf-8"
            issue = outcome.json()["issue"][0]
            assert outcome.json()["resourceType"] == "OperationOutcome"
            assert issue["severity"] == "error"
            assert issue["expression"] == [where] or content == b"null"  # no null under /fhir
            assert "expected" in issue["diagnostics"]


NOT_ASKABLE: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"patient": "required", "receiver": "required", "orders": "required"}),
    (asked_with(orders=[{"ref": "1", "item": "NOPE"}]), {"orders[0].item": "unknown-item"}),
    (
        asked_with(orders=[{"ref": "1", "code": {"system": "http://loinc.org", "code": "1-8"}}]),
        {"orders[0].code": "unknown-code"},
    ),
    (asked_with(orders=[]), {"orders": "empty"}),
    (asked_with(orders=[{"ref": str(n), "item": "K"} for n in range(101)]), {"orders": "too-many"}),
    (
        asked_with(orders=[{"ref": "1", "item": "K"}, {"ref": "1", "item": "NA"}]),
        {"orders[1].ref": "repeated-ref"},
    ),
    (asked_with(on="2026-06-15T10:00:00"), {"on": "no-offset"}),
    (asked_with(on="2026-02-30T10:00:00+08:00"), {"on": "not-a-time"}),
    (asked_with(on="2001-01-01T10:00:00+08:00"), {"on": "before-first-policy"}),
    (asked_with(on=5), {"on": "wrong-type"}),
    (
        asked_with(patient={"identifiers": [{"type": "nope", "value": 1}], "birth_date": "2999"}),
        {
            "patient.identifiers[0].type": "unknown-identifier-type",
            "patient.identifiers[0].value": "wrong-type",
            "patient.birth_date": "after-on",
        },
    ),
    (asked_with(more=1), {"more": "unknown-key"}),
]


async def test_what_cannot_be_asked_is_refused_with_each_field(place: Any, tmp_path: Path) -> None:
    async with opened_doors(place, tmp_path) as doors:
        for body, faults in NOT_ASKABLE:
            assert faults_of(await doors.ask(body), 422) == faults
        assert await doors.count("order_check") == 0


async def test_an_institution_nobody_registered_and_another_than_the_callers_are_refused(
    place: Any, tmp_path: Path
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        other = asked_with(receiver={"institution": CASE.institution}, orders="nonsense")
        assert faults_of(await doors.ask(other), 403) == {"access": "org-spoof"}
        outside = "121301024000001027"  # invented, its check character right
        stranger = await token_for(doors.hub, "stranger", outside)
        asked = asked_with(receiver={"institution": outside})
        unknown = await doors.client.post("/v1/order-check", json=asked, headers=stranger)
        assert faults_of(unknown, 422) == {"receiver.institution": "unknown-institution"}


async def test_a_hundred_orders_are_answered_and_one_item_twice_is_judged_alike(
    place: Any, tmp_path: Path
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        await doors.send(doors.message().encode())
        orders = [{"ref": str(n), "item": "K"} for n in range(100)]
        answer = await doors.ask(asked_with(orders=orders))
        assert answer.status_code == 200
        lines = answer.json()["orders"]
        assert [line["ref"] for line in lines] == [str(n) for n in range(100)]
        alike = [{**line, "ref": "", "saves": None, "candidates": []} for line in lines]
        assert all(line == alike[0] for line in alike)
        assert {line["candidates"][0]["resource"] for line in lines} == {
            lines[0]["candidates"][0]["resource"]
        }
        amounts = [line["saves"]["amount"] for line in lines if line["saves"]]
        assert all(amount == "0.00" for amount in amounts[1:])


async def test_a_day_ahead_finds_results_older_and_is_no_error(place: Any, tmp_path: Path) -> None:
    async with opened_doors(place, tmp_path) as doors:
        await doors.send(doors.message().encode())
        orders = [{"ref": "1", "item": "K"}]
        now = (await doors.ask(asked_with(orders=orders))).json()["orders"][0]["candidates"][0]
        later = f"{TODAY + timedelta(days=30)}T10:00:00+08:00"
        ahead = await doors.ask(asked_with(orders=orders, on=later))
        assert ahead.status_code == 200
        then = ahead.json()["orders"][0]["candidates"][0]
        assert then["age_days"] >= now["age_days"] + 29
        assert then["outcome"] == "do_not_recognise"
        for far in ("9999-12-31T23:59:59+08:00", "9999-12-31T23:59:59-12:00"):
            assert (await doors.ask(asked_with(orders=orders, on=far))).status_code in {200, 422}


async def test_several_people_found_are_answered_without_details(
    place: Any, tmp_path: Path
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        await doors.send(doors.message().encode())
        other = doors.message(PID_3="P9^^^bj-lis^PI", PID_5="李^四^^^^^L", PID_7="19800101")
        number = "E12345678"
        passports = f"P9^^^bj-lis^PI~{number}^^^^PPN"
        other = other.replace("P9^^^bj-lis^PI", passports)
        assert (await doors.send(other.encode())).json()["state"] == "stored"
        identifiers = [
            *json.loads(CASE.order_check)["patient"]["identifiers"],
            {"type": "passport", "value": number},
        ]
        answer = await doors.ask(asked_with(patient={"identifiers": identifiers}))
        assert answer.status_code == 200
        assert answer.json()["identity"] == "ambiguous"
        assert {order["outcome"] for order in answer.json()["orders"]} == {"none"}
        assert all(order["candidates"] == [] for order in answer.json()["orders"])
        assert "李四" not in answer.text
