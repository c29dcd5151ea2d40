"""order-select speaks of what was selected, patient-view sums up; images are asked about as well."""

from pathlib import Path
from typing import Any

import pytest

from hie.cds.examination import DICOM
from hie.exchange.commands import run
from tests.integration.cds.support import (
    CREATININE,
    MEDICINE,
    POTASSIUM,
    RECEIVER,
    call_of,
    draft,
    encounter,
    patient,
    region,
    sign,
)
from tests.integration.exchange.test_imaging_orders import _put, a_report, a_study

pytestmark = pytest.mark.anyio
SELECT, SIGN, VIEW = "hie-order-select", "hie-order-sign", "hie-patient-view"
APP = {
    "client": "trends",
    "institution": RECEIVER,
    "redirect_uris": ["https://trends.sj.example/back"],
    "scopes": ["patient/*.rs"],
    "launch_url": "https://trends.sj.example/launch",
    "name": "趋势图",
}


async def test_a_line_that_was_shown_at_selection_is_not_shown_again_at_signing(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        one = call_of("order-select", POTASSIUM, CREATININE, MEDICINE, selections=["sr-k"])
        (card,) = await his.cards(SELECT, one)
        assert card["suggestions"][0]["actions"][0]["resourceId"] == "ServiceRequest/sr-k"
        (second,) = await his.cards(SIGN, sign(POTASSIUM, CREATININE))
        assert second["suggestions"][0]["actions"][0]["resourceId"] == "ServiceRequest/sr-cre"
        assert [row[3] for row in await his.kept()] == [SELECT, SIGN]


async def test_a_patient_who_is_looked_at_brings_one_card_that_sums_up(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        async with his.hub.db.reading() as reader:
            home = await reader.fetchval("SELECT id FROM patient")
        await _put(his.hub, home, a_study("s1"), a_report("r1", "s1"))
        await run(his.hub, "app-add", APP)
        body = call_of("patient-view")
        (card,) = await his.cards(VIEW, body, **{"Accept-Language": "en"})
        count = int(card["summary"].split()[0])
        assert count > 2
        assert card["summary"].startswith(f"{count} earlier results of this patient are")
        assert "- **Potassium** 4." in card["detail"]
        assert "- **Computed tomography**" in card["detail"]
        assert (card["indicator"], "suggestions" in card, "overrideReasons" in card) == (
            "info",
            False,
            False,
        )
        page, app = card["links"]
        assert page["url"] == f"{his.hub.settings.address}/patients/{home}"
        assert app == {
            "label": "趋势图",
            "url": "https://trends.sj.example/launch",
            "type": "smart",
            "appContext": app["appContext"],
        }
        ((uuid, check, ref, service, _, suggestions),) = await his.kept()
        assert (uuid, ref, service, suggestions) == (card["uuid"], None, VIEW, "")
        assert app["appContext"] == f'{{"check":"{check}"}}'
        assert ("order-check", None, f"check {check} summed up") in await his.log()
        async with his.hub.db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM order_view") == 0
        urgent = {"patient": patient(), "encounter": encounter("EMER")}
        assert await his.cards(VIEW, call_of("patient-view", prefetch=urgent)) == []
        nobody = {"patient": patient(identifier=None)}
        assert await his.cards(VIEW, call_of("patient-view", prefetch=nobody)) == []


async def test_an_examination_is_judged_by_its_part_and_its_contrast(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        async with his.hub.db.reading() as reader:
            home = await reader.fetchval("SELECT id FROM patient")
        await _put(his.hub, home, a_study("s1"), a_report("r1", "s1"))  # a plain CT of the head

        def ct(key: str, text: str) -> dict[str, Any]:
            coding = [{"system": DICOM, "code": "CT", "display": text}]
            return draft(key, code={"coding": coding, "text": text})

        plain, unsaid = ct("plain", "头颅CT平扫"), ct("unsaid", "CT")
        enhanced, chest = ct("enhanced", "头颅CT增强"), ct("chest", "胸部CT平扫")
        cards = await his.cards(SIGN, sign(plain, enhanced, chest, unsaid))
        told = {
            card["suggestions"][0]["actions"][0]["resourceId"].partition("/")[2]: card
            for card in cards
        }
        assert told.keys() == {"plain", "unsaid"}
        assert told["plain"]["indicator"] == "info"
        assert told["plain"]["summary"].startswith("可互认：头颅CT平扫，已有结果（")
        info = told["plain"]["suggestions"][1]["actions"][0]["resource"]["supportingInfo"]
        assert info[0]["reference"].endswith("/fhir/ImagingStudy/s1")
        assert told["unsaid"]["indicator"] == "warning"
