"""Every refusal of an order-check, at `POST /v1/order-check` of a real hub.

Each group is a sentence of what a request must not say; each member a request that says it, and the
faults that must be named: place to code, one for each field, all of them in one answer. What stands
next to each boundary and is *not* refused is a group of its own.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

import httpx
import pytest

from hie.app import opened, web_app
from hie.exchange.commands import run
from hie.settings import Settings
from tests.integration.test_road import _packed
from tests.integration.two_hospitals import faults_of, token_for

pytestmark = pytest.mark.anyio
RECEIVER, LATE, STRANGER = "121301024000001027", "12110102400000101U", "124201064000001034"
REGISTER = f"""code,name,region,level,status,from,to
{RECEIVER},示例市长安医院（合成）,130102,3A,active,2022-01-01,2026-12-31
{LATE},示例市西城医院（合成）,110102,3A,active,2026-06-16,
"""
GOOD: dict[str, Any] = {
    "patient": {
        "identifiers": [{"type": "resident-id", "value": "11010519491231002X"}],
        "name": "张三",
        "sex": "female",
        "birth_date": "1949-12-31",
    },
    "receiver": {"institution": RECEIVER, "department": "cardiology", "practitioner": "d-17"},
    "encounter": {
        "class": "outpatient",
        "purpose": "treatment",
        "before": None,
        "events": [{"type": "dialysis", "date": "2026-06-01"}],
    },
    "orders": [{"ref": "1", "item": "K"}, {"ref": "2", "item": "CT", "body_part": "CHEST"}],
    "on": "2026-06-15T10:00:00+08:00",
}
LOINC = "http://loinc.org"
Case = tuple[dict[str, Any], dict[str, str]]


def but(**changes: Any) -> dict[str, Any]:
    """The good request with some places changed ("orders__0__item"); `...` takes one out."""
    body = deepcopy(GOOD)
    for path, value in changes.items():
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("__")]
        place: Any = body
        for step in steps:
            place = place[step]
        if value is ...:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return body


def ordered(**said: Any) -> dict[str, Any]:
    """The good request with one order that says this."""
    return but(orders=[{"ref": "1", **said}])


def all_wrong(paths: dict[str, Any], code: str) -> list[Case]:
    """One request for each place: the place is written as in a fault."""
    cases = []
    for path, value in paths.items():
        key = path.replace("[", "__").replace("]", "").replace(".", "__")
        cases.append((but(**{key: value}), {path: code}))
    return cases


REFUSED: dict[str, list[Case]] = {
    "a key nobody knows, anywhere": [
        *all_wrong(
            {
                "until": 1,
                "patient.birthdate": "1949-12-31",
                "patient.identifiers[0].system": "x",
                "receiver.name": "x",
                "encounter.kind": "outpatient",
                "encounter.events[0].at": "2026-06-01",
                "orders[0].quantity": 1,
                "orders[1].side": "L",
            },
            "unknown-key",
        ),
        (
            ordered(code={"system": LOINC, "code": "2823-3", "display": "K"}),
            {"orders[0].code.display": "unknown-key"},
        ),
    ],
    "a value of another type": all_wrong(
        {
            "patient": [],
            "patient.identifiers": {},
            "patient.identifiers[0]": "11010519491231002X",
            "patient.identifiers[0].type": 1,
            "patient.identifiers[0].value": 11010519491231002,
            "patient.name": ["张三"],
            "patient.sex": True,
            "patient.birth_date": 1949,
            "receiver": RECEIVER,
            "receiver.institution": 121301024000001027,
            "receiver.department": {},
            "receiver.practitioner": 17,
            "encounter": "outpatient",
            "encounter.class": [],
            "encounter.purpose": 0,
            "encounter.before": False,
            "encounter.events": "dialysis",
            "encounter.events[0]": "dialysis",
            "encounter.events[0].type": 3,
            "encounter.events[0].date": 20260601,
            "encounter.pregnant": "true",
            "orders": {"ref": "1", "item": "K"},
            "orders[0]": "K",
            "orders[0].ref": 1,
            "orders[0].item": 7,
            "orders[0].method": 1,
            "orders[0].setting": True,
            "orders[0].conflict": "yes",
            "orders[1].body_part": ["CHEST"],
            "orders[1].laterality": 1,
            "orders[1].contrast": "plain",
            "orders[1].protocol": False,
            "orders[1].tracer": 18,
            "on": 1781488800,
            "as_known_at": ["2026-06-15T10:00:00+08:00"],
        },
        "wrong-type",
    ),
    "on without an offset": all_wrong({"on": "2026-06-15T10:00:00"}, "no-offset")
    + all_wrong({"on": "2026-06-15T10:00:00.5"}, "no-offset")
    + all_wrong({"as_known_at": "2026-06-15T10:00:00"}, "no-offset"),
    "on that is no real time": [
        case
        for text in (
            "2026-02-29T10:00:00+08:00",
            "2026-06-31T10:00:00+08:00",
            "2026-13-01T10:00:00+08:00",
            "2026-06-15T25:00:00+08:00",
            "2026-06-15T10:60:00+08:00",
            "2026-06-15T10:00:00+08",
            "2026-06-15T10:00:00+0800",
            "2026-06-15T10:00+08:00",
            "2026-06-15 10:00:00+08:00",
            "2026-06-15T10:00:00+25:00",
            "2026-06-15",
            "now",
            "",
        )
        for case in (*all_wrong({"on": text}, "not-a-time"),)
    ]
    + all_wrong({"as_known_at": "2026-02-30T10:00:00+08:00"}, "not-a-time"),
    "on before the first policy": all_wrong(
        {"on": "2022-02-28T23:59:59+08:00"}, "before-first-policy"
    )
    + all_wrong({"on": "2022-02-28T15:59:59Z"}, "before-first-policy")
    + all_wrong({"on": "1900-01-01T00:00:00+08:00"}, "before-first-policy"),
    "a birth date that is none": [
        case
        for text in (
            "1949-02-29",
            "1949-13",
            "1949-12-32",
            "49-12-31",
            "1949/12/31",
            "19491231",
            "1949-12-31T00:00:00+08:00",
            "0000",
            "",
        )
        for case in all_wrong({"patient.birth_date": text}, "not-a-date")
    ],
    "a birth date after the day asked about": all_wrong(
        {"patient.birth_date": "2026-06-16"}, "after-on"
    )
    + all_wrong({"patient.birth_date": "2026-07"}, "after-on")
    + all_wrong({"patient.birth_date": "2027"}, "after-on")
    + [
        (
            but(on="2026-06-15T16:00:00-12:00", patient__birth_date="2026-06-17"),
            {"patient.birth_date": "after-on"},
        )
    ],
    "orders empty, too many or missing": [
        (but(orders=[]), {"orders": "empty"}),
        (but(orders=...), {"orders": "required"}),
        (but(orders=None), {"orders": "required"}),
        (but(orders=[{"ref": str(n), "item": "K"} for n in range(101)]), {"orders": "too-many"}),
    ],
    "a ref that is repeated or missing": [
        (but(orders__1__ref="1"), {"orders[1].ref": "repeated-ref"}),
        (
            but(orders__1__ref="1", orders__2={"ref": "1", "item": "NA"}),
            {"orders[1].ref": "repeated-ref", "orders[2].ref": "repeated-ref"},
        ),
        (but(orders__0__ref=...), {"orders[0].ref": "required"}),
        (but(orders__0__ref=""), {"orders[0].ref": "empty"}),
    ],
    "both or neither of item and code": [
        (ordered(), {"orders[0].item": "item-or-code"}),
        (ordered(item=None, code=None), {"orders[0].item": "item-or-code"}),
        (
            ordered(item="K", code={"system": LOINC, "code": "2823-3"}),
            {"orders[0].item": "item-or-code"},
        ),
    ],
    "an item nobody knows": [
        (ordered(item=text), {"orders[0].item": "unknown-item"})
        for text in ("k", "钾", "K ", "DR", "NOPE", "")
    ],
    "a code nobody knows": [
        (ordered(code={"system": system, "code": code}), {"orders[0].code": "unknown-code"})
        for system, code in (
            (LOINC, "1-8"),
            (LOINC, "6298-4"),
            (LOINC, "22326-3"),
            (LOINC, "K"),
            (LOINC, " 2823-3"),
            ("https://loinc.org", "2823-3"),
            ("urn:oid:2.16.840.1.113883.6.1", "2823-3"),
        )
    ]
    + [
        (ordered(code={"code": "2823-3"}), {"orders[0].code.system": "required"}),
        (ordered(code={"system": LOINC}), {"orders[0].code.code": "required"}),
    ],
    "a receiver without a row on the day asked about": [
        (but(on="2027-01-01T00:00:00+08:00"), {"receiver.institution": "unknown-institution"}),
        (but(on="2026-12-31T16:00:00Z"), {"receiver.institution": "unknown-institution"}),
        (but(receiver__institution=...), {"receiver.institution": "required"}),
        (but(receiver__institution=None), {"receiver.institution": "required"}),
        (but(receiver=...), {"receiver": "required"}),
        (but(receiver=None), {"receiver": "required"}),
    ],
    "a word that is not on its list": [
        *all_wrong({"patient.identifiers[0].type": "ssn"}, "unknown-identifier-type"),
        *all_wrong({"patient.identifiers[0].type": "Passport"}, "unknown-identifier-type"),
        *all_wrong({"patient.sex": "F"}, "unknown-sex"),
        *all_wrong({"patient.sex": ""}, "unknown-sex"),
        *all_wrong({"encounter.class": "AMB"}, "unknown-class"),
        *all_wrong({"encounter.class": "Emergency"}, "unknown-class"),
        *all_wrong({"encounter.purpose": "research"}, "unknown-purpose"),
        *all_wrong({"encounter.purpose": "legal"}, "unknown-purpose"),
        *all_wrong({"encounter.before": "delivery"}, "unknown-before"),
        *all_wrong({"encounter.before": "none"}, "unknown-before"),
        *all_wrong({"encounter.events[0].type": "fall"}, "unknown-event-type"),
        *all_wrong({"encounter.events[0].type": "Surgery"}, "unknown-event-type"),
        *all_wrong({"orders[1].laterality": "left"}, "unknown-laterality"),
        *all_wrong({"orders[1].laterality": "l"}, "unknown-laterality"),
        *all_wrong({"orders[0].setting": "bedside"}, "unknown-setting"),
        *all_wrong({"orders[0].setting": "POCT"}, "unknown-setting"),
    ],
    "an identifier or event that says half": [
        *all_wrong({"patient.identifiers[0].type": None}, "required"),
        *all_wrong({"patient.identifiers[0].value": None}, "required"),
        *all_wrong({"encounter.events[0].type": None}, "required"),
        *all_wrong({"encounter.events[0].date": None}, "required"),
    ],
    "an event on no full day": [
        case
        for text in ("2026-06", "2026", "2026-06-31", "2026-06-01T10:00:00", "yesterday")
        for case in all_wrong({"encounter.events[0].date": text}, "not-a-date")
    ],
    "a method that is no group of the item": [
        (ordered(item=item, method=method), {"orders[0].method": "unknown-method"})
        for item, method in (
            ("CRE", "magic"),
            ("CRE", "Enzymatic"),
            ("LDH", "enzymatic"),
            ("K", "jaffe"),
        )
    ],
    "what belongs to images on a laboratory order": [
        (ordered(item="K", **{key: value}), {f"orders[0].{key}": "imaging-only"})
        for key, value in (
            ("body_part", "CHEST"),
            ("laterality", "L"),
            ("contrast", False),
            ("protocol", "CTA"),
            ("tracer", "18F-FDG"),
        )
    ]
    + [
        (
            ordered(code={"system": LOINC, "code": "2160-0"}, body_part="HEAD", contrast=True),
            {"orders[0].body_part": "imaging-only", "orders[0].contrast": "imaging-only"},
        )
    ],
    "method or setting on an order of images": [
        (ordered(item="CT", method="enzymatic"), {"orders[0].method": "laboratory-only"}),
        (ordered(item="US", setting="laboratory"), {"orders[0].setting": "laboratory-only"}),
        (
            ordered(item="MRI", method="x", setting="point-of-care"),
            {"orders[0].method": "laboratory-only", "orders[0].setting": "laboratory-only"},
        ),
    ],
    "a patient by both or neither of identifiers and reference": [
        (but(patient=...), {"patient": "required"}),
        (but(patient={}), {"patient": "identifiers-or-reference"}),
        (but(patient={"name": "张三"}), {"patient": "identifiers-or-reference"}),
        (but(patient__reference="Patient/p1"), {"patient": "identifiers-or-reference"}),
        (but(patient={"identifiers": []}), {"patient.identifiers": "empty"}),
        (but(patient={"reference": "p1"}), {"patient.reference": "not-a-reference"}),
        (
            but(patient={"reference": "http://a/fhir/Patient/p1"}),
            {"patient.reference": "not-a-reference"},
        ),
    ],
    "one bad order among good ones": [
        (but(orders__2={"ref": "3", "item": "NOPE"}), {"orders[2].item": "unknown-item"}),
        (
            but(orders=[{"ref": str(n), "item": "K" if n != 57 else "X"} for n in range(100)]),
            {"orders[57].item": "unknown-item"},
        ),
    ],
    "many things at once, each named once": [
        (
            {
                "patient": {
                    "identifiers": [{"type": "nope", "value": 1}, {"value": "x", "more": 1}],
                    "sex": "F",
                    "birth_date": "1949-02-30",
                },
                "receiver": {"institution": RECEIVER, "departement": "x"},
                "encounter": {"class": "x", "purpose": 1, "before": "x", "events": [{}]},
                "orders": [
                    {"ref": "1", "item": "NOPE", "setting": "x"},
                    {"ref": "1", "item": "K", "laterality": "left", "method": "x"},
                    {"item": "CT", "method": "x", "conflict": 1},
                    5,
                ],
                "on": "2026-06-15T10:00:00",
                "as_known_at": "x",
                "extra": None,
            },
            {
                "patient.identifiers[0].type": "unknown-identifier-type",
                "patient.identifiers[0].value": "wrong-type",
                "patient.identifiers[1].type": "required",
                "patient.identifiers[1].more": "unknown-key",
                "patient.sex": "unknown-sex",
                "patient.birth_date": "not-a-date",
                "receiver.departement": "unknown-key",
                "encounter.class": "unknown-class",
                "encounter.purpose": "wrong-type",
                "encounter.before": "unknown-before",
                "encounter.events[0].type": "required",
                "encounter.events[0].date": "required",
                "orders[0].item": "unknown-item",
                "orders[0].setting": "unknown-setting",
                "orders[1].ref": "repeated-ref",
                "orders[1].laterality": "unknown-laterality",
                "orders[1].method": "unknown-method",
                "orders[2].ref": "required",
                "orders[2].method": "laboratory-only",
                "orders[2].conflict": "wrong-type",
                "orders[3]": "wrong-type",
                "on": "no-offset",
                "as_known_at": "not-a-time",
                "extra": "unknown-key",
            },
        ),
        ({}, {"patient": "required", "receiver": "required", "orders": "required"}),
    ],
}

ANSWERED: dict[str, list[dict[str, Any]]] = {
    "the good request": [GOOD],
    "the first policy's first instant": [
        but(on="2022-03-01T00:00:00+08:00", encounter=None, patient__birth_date=None),
        but(on="2022-02-28T16:00:00Z", encounter=None, patient__birth_date=None),
    ],
    "an instant written otherwise": [
        but(on="2026-06-15t10:00:00z"),
        but(on="2026-06-15T10:00:00.123456+08:00"),
        but(on="2026-06-15T10:00:00-00:00"),
        but(on=...),
        but(on=None),
    ],
    "born on the day asked about, or in a year or month that has begun": [
        but(patient__birth_date=text)
        for text in ("2026-06-15", "2026-06", "2026", "1949", "1948-02-29")
    ],
    "a leap day": [but(on="2024-02-29T10:00:00+08:00", encounter=None)],
    "a hundred orders": [but(orders=[{"ref": str(n), "item": "K"} for n in range(100)])],
    "an identifier that is invalid or a placeholder is no error": [
        but(patient__identifiers=[{"type": kind, "value": value}])
        for kind, value in (
            ("resident-id", "110105194912310021"),
            ("resident-id", "x"),
            ("resident-id", "999999999999999999"),
            ("passport", "无"),
            ("other", ""),
        )
    ],
    "a reference that leads nowhere": [but(patient={"reference": "Patient/nobody"})],
    "null for what may be left out": [
        but(encounter={"class": None, "purpose": None, "before": None, "events": None}),
        but(encounter={"events": [], "pregnant": None}),
        but(receiver__department=None, receiver__practitioner=None, encounter=None),
        ordered(item="K", code=None, method=None, setting=None, conflict=None),
        ordered(item="K", body_part=None, laterality=None, contrast=None, protocol=None),
        ordered(item="CT", method=None, setting=None, tracer=None),
    ],
    "every word of the lists": [
        *(but(encounter={"class": one}) for one in ("inpatient", "emergency", "intensive-care")),
        *(but(encounter={"purpose": one}) for one in ("judicial", "disability", "sick-retirement")),
        *(but(encounter={"before": one}) for one in ("surgery", "transfusion", "major-measure")),
        *(ordered(item="MG", body_part="BREAST", laterality=one) for one in "LRB"),
        ordered(item="CRE", method="jaffe", setting="point-of-care", conflict=True),
        ordered(code={"system": LOINC, "code": "14805-6"}, method="lactate-to-pyruvate"),
    ],
    "an event on a day, or at an instant with its offset": [
        but(encounter__events__0__date="2026-06-01T10:00:00+08:00"),
        but(encounter__events__0__date="2027-06-01"),
    ],
}


@asynccontextmanager
async def a_door(place: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    chosen = Settings(data_dir=place.data_dir, database_url=place.url, rate_limits=False)
    async with opened(chosen) as hub:
        files = [_packed(REGISTER.encode(), "institutions.csv")]
        await run(hub, "register-import", {"files": files})
        headers = await token_for(hub, "his-sjz", RECEIVER)
        transport = httpx.ASGITransport(app=web_app(hub))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost:8000", headers=headers
        ) as client:
            yield client, hub


async def checks(hub: Any) -> int:
    async with hub.db.reading() as reader:
        return int(await reader.fetchval("SELECT count(*) FROM order_check"))


async def ask(client: httpx.AsyncClient, body: Any) -> httpx.Response:
    return await client.post("/v1/order-check", content=json.dumps(body).encode())


@pytest.mark.parametrize("sentence", REFUSED)
async def test_what_must_not_be_said_is_refused_with_each_field(place: Any, sentence: str) -> None:
    assert len(REFUSED[sentence]) >= 2
    async with a_door(place) as (client, hub):
        for body, faults in REFUSED[sentence]:
            assert faults_of(await ask(client, body), 422) == faults, body
        assert await checks(hub) == 0


async def test_what_stands_beside_a_boundary_is_answered(place: Any) -> None:
    async with a_door(place) as (client, hub):
        asked = [body for bodies in ANSWERED.values() for body in bodies]
        for body in asked:
            answer = await ask(client, body)
            assert answer.status_code == 200, (body, answer.text)
            assert answer.json()["identity"] == "none"
            assert {order["outcome"] for order in answer.json()["orders"]} == {"none"}
        assert await checks(hub) == len(asked)


async def test_another_receiver_is_forbidden_whatever_else_is_wrong(place: Any) -> None:
    async with a_door(place) as (client, hub):
        for institution in (LATE, STRANGER, "nobody", ""):
            for wrong in (
                GOOD,
                but(orders=[], on="x", extra=1),
                but(patient=5, encounter=7, orders=None),
                but(as_known_at="x", on="2001-01-01T00:00:00Z"),
            ):
                body = {**wrong, "receiver": {"institution": institution, "more": 1}}
                answer = await ask(client, body)
                assert faults_of(answer, 403) == {"access": "org-spoof"}
                assert "orders" not in answer.text
        assert await checks(hub) == 0


async def test_a_receiver_that_is_not_in_the_register_yet_is_told_so(place: Any) -> None:
    async with a_door(place) as (client, hub):
        headers = await token_for(hub, "his-late", LATE)
        early = but(receiver__institution=LATE)
        answer = await client.post("/v1/order-check", json=early, headers=headers)
        assert faults_of(answer, 422) == {"receiver.institution": "unknown-institution"}
        answer = await client.post(
            "/v1/order-check", json={**early, "on": "2026-06-16T00:00:00+08:00"}, headers=headers
        )
        assert answer.status_code == 200
        known = {**early, "on": "2026-06-16T00:00:00+08:00", "as_known_at": "2022-01-01T00:00:00Z"}
        answer = await client.post("/v1/order-check", json=known, headers=headers)
        assert faults_of(answer, 422) == {"receiver.institution": "unknown-institution"}
