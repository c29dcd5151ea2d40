"""A clinician decides on the page: the app called in-process, forms as browsers send.

Twice, too late, beside a colleague, on a result that changed: nothing is recorded that she did not
mean, and every page says how to go on.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import opened
from hie.exchange import work_list
from hie.exchange.commands import operator, run
from hie.exchange.hub import Hub
from hie.exchange.indicators import indicators
from hie.synthetic import example
from tests.integration.exchange.test_imaging_orders import _put, a_report, a_study
from tests.integration.exchange.test_reopen import K, received, sent_again
from tests.integration.test_doors import _client, _ready, _settings
from tests.integration.test_road import TODAY

pytestmark = pytest.mark.anyio
PASSWORD = "a long pass phrase"
CORRECTION = (K, "|5.62|mmol/L|3.5-5.3|H|||C|")


def fields(page: str, form: str) -> dict[str, str]:
    """The hidden fields of the first form whose tag or body contains these words."""
    for one in re.findall(r"<form.*?</form>", page, re.S):
        if form in one:
            return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', one))
    raise AssertionError(f"no form with {form!r}")


async def sign_in(client: httpx.AsyncClient, login: str = "doctor") -> None:
    token = fields((await client.get("/sign-in")).text, "password")["csrf"]
    data = {"csrf": token, "next": "/patients", "login": login, "password": PASSWORD}
    assert (await client.post("/sign-in", data=data)).status_code == 303


async def patient(client: httpx.AsyncClient) -> str:
    """The address of the example's patient."""
    number = re.findall(r"\d{17}[\dX]", example(today=TODAY).order_check.decode())[0]
    token = fields((await client.get("/patients")).text, "value")["csrf"]
    data = {"csrf": token, "type": "resident-id", "value": number}
    found = await client.post("/patients", data=data)
    assert found.status_code == 303
    return found.headers["location"]


async def ordered(client: httpx.AsyncClient, *items: str, **more: str) -> str:
    """Items ordered on the page: the address of the check."""
    base = await patient(client)
    token = fields((await client.get(f"{base}/orders")).text, "class")["csrf"]
    data = {"csrf": token, "class": "outpatient", "purpose": "treatment", **more}
    answer = await client.post(f"{base}/orders", data=data | {f"item-{i}": "on" for i in items})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def colleague(hub: Hub, like: str) -> None:
    """A second clinician of the doctor's institution."""
    person = {"login": "second", "name": "第二位医生", "role": "clinician", "department": ""}
    await run(hub, "user-add", person | {"institution": like, "password": PASSWORD})


async def institution_of(hub: Hub) -> str:
    people = (await run(hub, "user-list", {}))["users"]
    return next(one["institution"] for one in people if one["login"] == "doctor")


async def test_she_orders_sees_every_reason_decides_and_changes_her_mind(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K", "CRE", "HBA1C")
            page = (await client.get(f"{check}?lang=en&both=1")).text
            for rule in ("R-001", "R-104", "R-308", "R-401", "R-508"):
                assert rule in page
            assert 'lang="zh-CN">' in page
            assert "https://www.nhc.gov.cn/" in page
            form = fields(page, "data-use")
            first = await client.post(check, data=form)
            assert first.status_code == 303
            shown = (await client.get(first.headers["location"])).text
            assert "The decision that stands" in shown
            assert f"/decisions/{_id(shown)}/record" in shown
            again = await client.post(check, data=form)  # the form sent twice
            assert again.status_code == 303
            repeat = fields(shown, 'name="reason"')
            wrong = await client.post(check, data=repeat)
            assert wrong.status_code == 422
            assert "Choose a reason." in wrong.text
            said = {"reason": "N6_OTHER_NECESSARY", "explained": "yes", "text": " "}
            lacking = await client.post(check, data=repeat | said)
            assert lacking.status_code == 422
            assert "needs a sentence" in lacking.text
            assert 'value="N6_OTHER_NECESSARY" required checked' in lacking.text
            changed = await client.post(check, data=repeat | said | {"text": "new symptoms"})
            assert changed.status_code == 303
            shown = (await client.get(changed.headers["location"])).text
            assert "new symptoms" in shown
            assert "How it was decided" in shown
            assert "changed since" in shown
            assert f"/decisions/{_id(shown)}/notice" in shown
            stale = await client.post(check, data=form | {"key": "another"})  # a page gone back to
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
            assert (await one.post(check, data=fields(mine, "data-use"))).status_code == 303
            late = fields(theirs, 'name="reason"') | {"reason": "N1_CONDITION_CHANGED"}
            answer = await two.post(check, data=late | {"explained": "no"})
            assert answer.status_code == 409
            assert "Somebody decided first" in answer.text
            assert "医生" in answer.text
            way = fields(answer.text, 'name="reason"') | {"reason": "N1_CONDITION_CHANGED"}
            assert way["replaces"]
            assert (await two.post(check, data=way | {"explained": "no"})).status_code == 303
            shown = (await one.get(f"{check}&lang=en")).text
            assert "第二位医生" in shown


async def test_a_correction_reaches_the_work_list_and_is_decided_anew(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        case = example(today=TODAY)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K")
            form = fields((await client.get(check)).text, "data-use")
            assert (await client.post(check, data=form)).status_code == 303
            assert 'class="badge"' not in (await client.get("/work?lang=en")).text
            await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
            work = (await client.get("/work")).text
            assert "1 waiting" in work
            assert re.search(r"<del>3.97 mmol/L</del></td><td><ins>5.62 mmol/L</ins>", work)
            assert "王" in work
            shown = (await client.get(f"{check}&lang=en")).text
            assert "decide anew" in shown
            anew = await client.post("/work", data=fields(work, 'value="again"'))
            assert anew.status_code == 303
            second = anew.headers["location"]
            page = (await client.get(second)).text
            assert "5.62" in page
            confirm = fields(page, "data-use")
            assert confirm["replaces"]
            assert (await client.post(second, data=confirm)).status_code == 303
            assert "Nothing waits." in (await client.get("/work")).text
            done = (await client.get("/work?state=done")).text
            assert "decided anew by" in done
            elsewhere = (await client.get(f"{check}&lang=en")).text
            assert "made on another check" in elsewhere


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
            refused = await client.post(check, data=fields(page, "data-use"))
            assert refused.status_code == 409
            assert "The result has changed since this check" in refused.text
            assert "5.62 mmol/L" in refused.text
            way = fields(refused.text, "Check again")
            again = await client.post(f"{check.split('?')[0]}/again", data=way)
            assert again.status_code == 303
            assert "5.62" in (await client.get(again.headers["location"])).text
        async with hub.db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM decision") == 0


async def test_another_correction_while_she_decides_anew_leads_on_to_the_same_item(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        case = example(today=TODAY)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K")
            await client.post(check, data=fields((await client.get(check)).text, "data-use"))
            await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
            work = (await client.get("/work?lang=en")).text
            second = await client.post("/work", data=fields(work, 'value="again"'))
            page = (await client.get(second.headers["location"])).text
            again = (K, "|5.71|mmol/L|3.5-5.3|H|||C|")
            await received(hub, case.site, sent_again(case.message, "C2", again))
            form = fields(page, "data-use")
            refused = await client.post(second.headers["location"], data=form)
            assert refused.status_code == 409
            way = fields(refused.text, "Check again")
            base = second.headers["location"].split("?")[0]
            third = (await client.post(f"{base}/again", data=way)).headers["location"]
            page = (await client.get(third)).text
            assert "5.71 mmol/L" in page
            assert "changed 2 times" in page
            done = await client.post(third, data=fields(page, "data-use"))
            assert done.status_code == 303
            assert "Nothing waits." in (await client.get("/work")).text


async def test_a_withdrawn_result_is_repeated_for_a_reason_and_the_item_ends(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        case = example(today=TODAY)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K")
            await client.post(check, data=fields((await client.get(check)).text, "data-use"))
            withdrawn = (K, "|3.97|mmol/L|3.5-5.3|N|||W|")
            await received(hub, case.site, sent_again(case.message, "W1", withdrawn))
            work = (await client.get("/work?lang=en")).text
            assert "withdrawn by its source" in work
            anew = await client.post("/work", data=fields(work, 'value="again"'))
            page = (await client.get(anew.headers["location"])).text
            assert "data-use" not in page
            form = fields(page, 'name="reason"') | {"reason": "D2_DATA_UNUSABLE"}
            sent = await client.post(anew.headers["location"], data=form | {"explained": "yes"})
            assert sent.status_code == 303
            assert "Nothing waits." in (await client.get("/work")).text
            assert "/notice" in (await client.get(sent.headers["location"])).text


async def test_an_item_is_closed_in_words_alone(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        case = example(today=TODAY)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K")
            form = fields((await client.get(check)).text, "data-use")
            await client.post(check, data=form)
            await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
            closing = fields((await client.get("/work?lang=en")).text, 'value="close"')
            empty = await client.post("/work", data=closing | {"note": "  "})
            assert empty.status_code == 422
            assert "Please say why." in empty.text
            noted = closing | {"note": "patient went home"}
            assert (await client.post("/work", data=noted)).status_code == 303
            assert (await client.post("/work", data=noted)).status_code == 409
            assert "patient went home" in (await client.get("/work?state=done")).text
            assert "to be decided anew" in (await client.get(f"{check}&lang=en")).text


async def test_what_is_refused_on_a_later_page_of_the_work_list_is_told_there(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_list, "PAGE", 1)
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        case = example(today=TODAY)
        async with _client(hub) as client:
            await sign_in(client)
            for _ in range(2):
                check = await ordered(client, "K")
                await client.post(check, data=fields((await client.get(check)).text, "data-use"))
            await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
            first = (await client.get("/work?lang=en")).text
            older = re.findall(r'href="(/work\?[^"]*before=[^"]+)"', first)[0].replace("&amp;", "&")
            page = (await client.get(older)).text
            assert fields(page, 'value="close"')["item"] != fields(first, 'value="close"')["item"]
            here = re.findall(r'action="(/work[^"]*)"', page)[0].replace("&amp;", "&")
            closing = fields(page, 'value="close"')
            refused = await client.post(here, data=closing | {"note": " "})
            assert refused.status_code == 422
            assert "Please say why." in refused.text
            assert fields(refused.text, 'value="close"') == closing
            done = await client.post(here, data=closing | {"note": "patient went home"})
            assert (done.status_code, done.headers["location"]) == (303, older)


async def test_nobody_is_reminded_twice_nor_in_an_emergency(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K", "NA")
            first = (await client.get(f"{check}?lang=en")).text
            assert "you decide:" in first
            assert "you decide:" not in (await client.get(check)).text
            form = fields((await client.get(f"{check}?order=1")).text, "data-use")
            assert (await client.post(f"{check}?order=1", data=form)).status_code == 303
            same = (await client.get(await ordered(client, "K"))).text
            assert "you decide:" not in same
            assert "Decided on in this encounter already" in same
            urgent = (await client.get(await ordered(client, "CRE", **{"class": "emergency"}))).text
            assert "In an emergency nobody is reminded" in urgent
            assert "you decide:" not in urgent


async def test_another_institutions_check_and_work_are_not_there(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        case = example(today=TODAY)
        await colleague(hub, case.institution)
        async with _client(hub) as one, _client(hub) as two:
            await sign_in(one)
            await sign_in(two, "second")
            check = await ordered(one, "K")
            form = fields((await one.get(check)).text, "data-use")
            await one.post(check, data=form)
            await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
            assert (await two.get(check)).status_code == 404
            token = fields((await two.get("/patients")).text, "value")["csrf"]
            assert (await two.post(check, data=form | {"csrf": token})).status_code == 404
            work = fields((await one.get("/work")).text, 'value="again"')
            assert (await two.post("/work", data=work | {"csrf": token})).status_code == 404
            assert "Nothing waits" in (await two.get("/work?lang=en")).text
            assert (await one.post(check, data=form | {"csrf": "x"})).status_code == 403


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
            form = fields(shown, "data-use")
            assert (await client.post(check, data=form)).status_code == 303
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
