"""order-sign: one card for each draft order that has something to say, kept before it leaves."""

import json
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.store import checks
from tests.integration.cds.support import (
    CREATININE,
    HBA1C,
    MEDICINE,
    PATIENT_ID,
    POTASSIUM,
    RECEIVER,
    Cds,
    draft,
    encounter,
    outcome_of,
    patient,
    region,
    sign,
)
from tests.integration.test_doors import _client
from tests.security.callers import PASSWORD, sign_in

pytestmark = pytest.mark.anyio
SIGN = "hie-order-sign"
ENGLISH = {"Accept-Language": "en-GB,en;q=0.8"}
HOUSE = "urn:his.sj.example:orders"


async def test_each_draft_with_an_earlier_result_brings_one_card_that_is_kept(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        body = sign(MEDICINE, POTASSIUM, CREATININE, HBA1C)
        answer = await his.call(SIGN, body, **ENGLISH)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json().keys() == {"cards"}
        potassium, creatinine = answer.json()["cards"]
        assert potassium["summary"].startswith("Recognisable: Potassium 4.")
        assert creatinine["summary"].startswith("Recognisable: Creatinine ")
        check = potassium["links"][0]["url"].rpartition("/")[2]
        assert [row[:5] for row in await his.kept()] == [
            (card["uuid"], check, ref, SIGN, "his-cds")
            for card, ref in ((potassium, "sr-k"), (creatinine, "sr-cre"))
        ]
        use, keep = (one["uuid"] for one in potassium["suggestions"])
        assert (await his.kept())[0][5] == f"{use}:use {keep}:keep"
        await _is_recorded(his, check)
        await _can_be_read_of(his, potassium)


async def _is_recorded(his: Cds, check: str) -> None:
    """It was asked like any order-check, by who is treated here; who saw it is noted."""
    async with his.hub.db.reading() as reader:
        found = await checks.get(reader, check)
        views = await reader.fetch(
            "SELECT ref, practitioner, reminded FROM order_view ORDER BY ref"
        )
    assert (found.institution, found.practitioner) == (RECEIVER, "D0117")
    assert found.body["request"]["encounter"] == {"purpose": "treatment", "class": "outpatient"}
    assert [one["ref"] for one in found.body["request"]["orders"]] == ["sr-k", "sr-cre", "sr-a1c"]
    assert [tuple(map(str, row[:2])) for row in views] == [("sr-cre", "D0117"), ("sr-k", "D0117")]
    assert [row for row in await his.log() if row[0] == "order-check"] == [
        ("order-check", None, f"check {check} rel=hub"),
        ("order-check", None, f"check {check} shown: 2 orders"),
    ]


async def _can_be_read_of(his: Cds, card: dict[str, Any]) -> None:
    """The page a card leads to opens for a clinician, and what it attaches is there."""
    who = {"login": "doctor", "name": "医生", "role": "clinician", "department": ""}
    await run(his.hub, "user-add", who | {"institution": RECEIVER, "password": PASSWORD})
    async with _client(his.hub) as browser:
        await sign_in(browser, "doctor")
        assert (await browser.get(card["links"][0]["url"])).status_code == 200
    info = card["suggestions"][1]["actions"][0]["resource"]["supportingInfo"][0]["reference"]
    kind, key = info.removeprefix(f"{his.hub.settings.address}/fhir/").split("/")
    async with his.hub.db.reading() as reader:
        found = await reader.fetchval("SELECT count(*) FROM observation WHERE id = $1", key)
    assert (kind, found) == ("Observation", 1)


async def test_nobody_is_told_twice_and_nobody_in_an_emergency(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as his:
        urgent = {"patient": patient(), "encounter": encounter("EMER")}
        assert await his.cards(SIGN, sign(POTASSIUM, prefetch=urgent)) == []
        wards = encounter("IMP", location=[{"location": {"display": "ICU"}}])
        urgent = {"patient": patient(), "encounter": wards}
        assert await his.cards(SIGN, sign(POTASSIUM, prefetch=urgent)) == []
        (first,) = await his.cards(SIGN, sign(POTASSIUM))
        assert first["summary"].startswith("可互认：钾")  # the hub's own language
        assert await his.cards(SIGN, sign(POTASSIUM)) == []
        assert len(await his.cards(SIGN, sign(POTASSIUM, CREATININE))) == 1
        another = draft("sr-k2", ("http://loinc.org", "2823-3"))
        (second,) = await his.cards(SIGN, sign(another))  # another order of the same test
        check = second["links"][0]["url"].rpartition("/")[2]
        async with his.hub.db.reading() as reader:
            (order,) = (await checks.get(reader, check)).body["answer"]["orders"]
        chosen = order["candidates"][0]["assessment"]
        line = {"ref": "sr-k2", "assessment": chosen, "decision": "use"}
        decided = {"check": check, "key": "k", "practitioner": "D0117", "decisions": [line]}
        await run(his.hub, "decide", {"request": json.dumps(decided)})
        assert await his.cards(SIGN, sign(draft("sr-k3", ("http://loinc.org", "2823-3")))) == []


async def test_orders_are_known_by_the_hospitals_own_codes_once_a_person_mapped_them(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        own = draft("sr-own", (HOUSE, "0417"))
        unsaid = draft("sr-unsaid", (None, "K+"))
        assert await his.cards(SIGN, sign(own, unsaid)) == []
        async with his.hub.db.reading() as reader:
            sites = await reader.fetch(
                "SELECT id FROM site WHERE institution = $1 ORDER BY id", RECEIVER
            )
            others = await reader.fetchval("SELECT id FROM site WHERE institution <> $1", RECEIVER)
        site = sites[0][0]

        async def approve(at: str, rows: str) -> None:
            told = {"site": at, "name": "m.csv", "approve": True}
            await run(his.hub, "map-import", {**told, "content": f"system,code,item\n{rows}\n"})

        await approve(others, f"{HOUSE},0417,K\n,K+,K")  # another hospital's
        assert await his.cards(SIGN, sign(own, unsaid)) == []
        await approve(site, f"{HOUSE},0417,K\n,K+,K")
        cards = await his.cards(SIGN, sign(own, unsaid))
        assert [card["suggestions"][0]["actions"][0]["resourceId"] for card in cards] == [
            "ServiceRequest/sr-own",
            "ServiceRequest/sr-unsaid",
        ]


async def test_the_hubs_own_patient_and_encounter_need_no_prefetch(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        async with his.hub.db.reading() as reader:
            home = await reader.fetchval("SELECT home FROM observation LIMIT 1")
        own = draft(
            "sr-k", ("http://loinc.org", "2823-3"), subject={"reference": f"Patient/{home}"}
        )
        body = sign(own, prefetch={})
        body["context"]["patientId"] = home
        (card,) = await his.cards(SIGN, body)
        check = card["links"][0]["url"].rpartition("/")[2]
        async with his.hub.db.reading() as reader:
            asked = (await checks.get(reader, check)).body["request"]
        assert asked["patient"] == {"reference": f"Patient/{home}"}
        assert asked["encounter"] == {"purpose": "treatment"}
        here = sign(
            own | {"id": "sr-2"}, prefetch={}, fhirServer=f"{his.hub.settings.address}/fhir/"
        )
        here["context"]["patientId"] = home
        assert len(await his.cards(SIGN, here)) == 1
        # spelt alike, of another server, it is nobody's id here
        body = sign(own | {"id": "sr-3"}, prefetch={}, fhirServer="https://his.example/fhir")
        body["context"]["patientId"] = home
        (issue,) = outcome_of(await his.call(SIGN, body), 412)
        assert home not in str(issue)


async def test_who_is_not_known_here_brings_no_card(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as his:
        stranger = patient(identifier=[{"system": "urn:his.sj.example:mrn", "value": "1"}])
        nobody = patient(identifier=None)
        for who in (stranger, nobody):
            prefetch = {"patient": who, "encounter": encounter()}
            assert await his.cards(SIGN, sign(POTASSIUM, prefetch=prefetch)) == []
        assert await his.kept() == []
        assert [row for row in await his.log() if row[0] == "order-check"]
        assert PATIENT_ID not in json.dumps(await his.log())
