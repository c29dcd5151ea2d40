"""A clinician decides on the page: the app called in-process, forms as browsers send.

Twice, too late, beside a colleague, on a result that changed: nothing is recorded that she did not
mean, and every page says how to go on.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.commands import operator
from hie.exchange.indicators import indicators
from hie.synthetic import example
from tests.integration.deciding import (
    CORRECTION,
    colleague,
    fields,
    institution_of,
    ordered,
    patient,
    repeating,
    sign_in,
    using,
)
from tests.integration.exchange.reopening import received, sent_again
from tests.integration.exchange.test_imaging_orders import _put, a_report, a_study
from tests.integration.test_doors import _client, _ready, _settings
from tests.integration.test_road import TODAY

pytestmark = pytest.mark.anyio


async def test_she_orders_sees_every_reason_decides_and_changes_her_mind(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K", "CRE", "HBA1C")
            page = (await client.get(f"{check}?order=1&lang=en&both=1")).text
            for rule in ("R-001", "R-104", "R-308", "R-401", "R-508"):
                assert rule in page
            assert 'lang="zh-CN">' in page
            assert "https://www.nhc.gov.cn/" in page
            form = using(page)
            first = await client.post(f"{check}?order=1", data=form)
            assert first.status_code == 303
            shown = (await client.get(first.headers["location"])).text
            assert "The decision that stands" in shown
            assert f"/decisions/{_id(shown)}/record" in shown
            again = await client.post(check, data=form)  # the form sent twice
            assert again.status_code == 303
            one = f"{check}?order=1"
            nothing = await client.post(one, data=fields(shown, "data-decide"))
            assert nothing.status_code == 422
            assert "Nothing was chosen" in nothing.text
            lacking = await client.post(one, data=repeating(shown, "N6_OTHER_NECESSARY", " "))
            assert lacking.status_code == 422
            assert "needs a sentence" in lacking.text
            assert re.search(r'value="N6_OTHER_NECESSARY"[^>]* checked', lacking.text)
            repeat = repeating(shown, "N6_OTHER_NECESSARY", "new symptoms")
            changed = await client.post(one, data=repeat)
            assert changed.status_code == 303
            shown = (await client.get(changed.headers["location"])).text
            assert "new symptoms" in shown
            assert "How it was decided" in shown
            assert "changed since" in shown
            assert f"/decisions/{_id(shown)}/notice" in shown
            stale = await client.post(one, data=form | {"key": "another"})  # a page gone back to
            assert stale.status_code == 409
            assert "Somebody decided first" in stale.text
        async with hub.db.reading() as reader:
            states = await reader.fetch("SELECT state, decision FROM decision ORDER BY at_us")
            views = await reader.fetch("SELECT ref, reminded FROM order_view ORDER BY ref")
        assert [tuple(row) for row in states] == [("replaced", "use"), ("recorded", "repeat")]
        assert len(views) == 3


def _id(page: str) -> str:
    return re.findall(r"/decisions/([A-Za-z0-9]+)/", page)[0]


async def test_the_second_of_two_clinicians_sees_the_first_ones_decision(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        await colleague(hub, await institution_of(hub))
        async with _client(hub) as one, _client(hub) as two:
            await sign_in(one)
            await sign_in(two, "second")
            check = await ordered(one, "K")
            mine, theirs = [(await c.get(f"{check}&lang=en")).text for c in (one, two)]
            assert (await one.post(check, data=using(mine))).status_code == 303
            answer = await two.post(check, data=repeating(theirs, "N1_CONDITION_CHANGED"))
            assert answer.status_code == 409
            assert "Somebody decided first" in answer.text
            assert "医生" in answer.text
            way = repeating(answer.text, "N1_CONDITION_CHANGED")
            assert way["replaces-1"]
            assert (await two.post(check, data=way)).status_code == 303
            shown = (await one.get(f"{check}&lang=en")).text
            assert "第二位医生" in shown


async def test_a_result_that_changes_under_her_hands_is_not_used(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        case = example(today=TODAY)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K")
            page = (await client.get(f"{check}&lang=en")).text
            await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
            refused = await client.post(check, data=using(page))
            assert refused.status_code == 409
            assert "The result has changed since this check" in refused.text
            assert "5.62 mmol/L" in refused.text
            way = fields(refused.text, "Check again")
            again = await client.post(f"{check.split('?')[0]}/again", data=way)
            assert again.status_code == 303
            assert "5.62" in (await client.get(again.headers["location"])).text
        async with hub.db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM decision") == 0


async def test_nothing_is_chosen_beforehand_of_what_was_decided_nor_in_an_emergency(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K", "NA")
            first = (await client.get(f"{check}?lang=en")).text
            assert first.count("data-use checked") == 2
            form = using((await client.get(f"{check}?order=1")).text)
            assert (await client.post(f"{check}?order=1", data=form)).status_code == 303
            same = (await client.get(await ordered(client, "K"))).text
            assert "data-use>" in same
            assert "Decided on in this encounter already" in same
            urgent = (await client.get(await ordered(client, "CRE", **{"class": "emergency"}))).text
            assert "In an emergency nobody is reminded" in urgent
            assert "data-use checked" not in urgent


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "Choose at least one item."),
        ({"image": "CT", "body_part": "xyzzy", "laterality": "L"}, ""),
        ({"item-K": "on", "event": "surgery", "event_date": ""}, "date of the event"),
        ({"item-NOPE": "on"}, "cannot be ordered at present"),
    ],
)
async def test_an_order_that_cannot_be_asked_about_is_told_beside_the_form(
    place: Any, tmp_path: Path, sent: dict[str, str], says: str
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with _client(hub) as client:
            await sign_in(client)
            base = await patient(client)
            token = fields((await client.get(f"{base}/orders?lang=en")).text, "class")["csrf"]
            answer = await client.post(f"{base}/orders", data={"csrf": token, **sent})
            if says:
                assert answer.status_code == 422
                assert says in answer.text
            else:
                assert answer.status_code == 303
                shown = (await client.get(answer.headers["location"])).text
                assert "xyzzy" in shown


async def test_images_are_ordered_judged_and_used_on_the_page(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with hub.db.reading() as reader:
            home = await reader.fetchval("SELECT id FROM patient")
        report = a_report("r1", "s1") | {"conclusion": "未见异常"}
        await _put(hub, home, a_study("s1"), report)
        async with _client(hub) as client:
            await sign_in(client)
            said = {"image": "CT", "body_part": "头部", "contrast": "plain"}
            check = await ordered(client, **said)
            shown = (await client.get(f"{check}&lang=en")).text
            assert "Computed tomography" in shown
            assert "R-603" in shown
            assert f"/patients/{home}/images/s1" in shown
            assert "The result, compared" not in shown
            assert (await client.post(check, data=using(shown))).status_code == 303
            # The same examination again in this encounter: no reminder; another part is another.
            same = (await client.get(await ordered(client, **said))).text
            assert "Decided on in this encounter already" in same
            other = (await client.get(await ordered(client, **said | {"body_part": "CHEST"}))).text
            assert "Decided on in this encounter already" not in other
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT type, role FROM decision_use ORDER BY type")
        assert [tuple(row) for row in rows] == [
            ("DiagnosticReport", "result"),
            ("ImagingStudy", "result"),
        ]


async def test_a_look_at_a_patient_is_no_order_that_indicators_count(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with _client(hub) as client:
            await sign_in(client)
            base = await patient(client)
            for _ in range(2):
                assert (await client.get(base)).status_code == 200
            assert (await client.get(await ordered(client, "K"))).status_code == 200
        period = {"from": str(TODAY - timedelta(days=1)), "to": str(TODAY)}
        report = await indicators(hub, operator(), period)
        counted = {one["key"]: one["value"] for one in report["total"]["indicators"]}
        assert (counted["asked"], counted["offered"], counted["viewed"]) == ("1", "1", "1")
