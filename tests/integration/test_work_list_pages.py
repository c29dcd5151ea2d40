"""What was decided and then corrected comes back on the work list, and is ended there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import opened
from hie.exchange import work_list
from hie.exchange.hub import Hub
from hie.synthetic import Example, example
from tests.integration.deciding import (
    CORRECTION,
    colleague,
    fields,
    ordered,
    repeating,
    sign_in,
    using,
)
from tests.integration.exchange.reopening import K_VALUE, K, received, sent_again
from tests.integration.test_doors import _client, _ready, _settings
from tests.integration.test_road import TODAY

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def used(
    place: Any, tmp_path: Path
) -> AsyncIterator[tuple[Hub, httpx.AsyncClient, Example, str]]:
    """A clinician who uses the example's potassium: the hub, her browser, the check."""
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, "K")
            form = using((await client.get(check)).text)
            assert (await client.post(check, data=form)).status_code == 303
            yield hub, client, example(today=TODAY), check


async def test_a_correction_reaches_the_work_list_and_is_decided_anew(
    place: Any, tmp_path: Path
) -> None:
    async with used(place, tmp_path) as (hub, client, case, check):
        assert 'class="badge"' not in (await client.get("/work?lang=en")).text
        await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
        work = (await client.get("/work")).text
        assert "1 waiting" in work
        assert f"<del>{K_VALUE} mmol/L</del></td><td><ins>5.62 mmol/L</ins>" in work
        assert "王" in work
        shown = (await client.get(f"{check}&lang=en")).text
        assert "decide anew" in shown
        anew = await client.post("/work", data=fields(work, 'value="again"'))
        assert anew.status_code == 303
        second = anew.headers["location"]
        page = (await client.get(second)).text
        assert "5.62" in page
        confirm = using(page)
        assert confirm["replaces-1"]
        assert (await client.post(second, data=confirm)).status_code == 303
        assert "Nothing waits." in (await client.get("/work")).text
        done = (await client.get("/work?state=done")).text
        assert "decided anew by" in done
        elsewhere = (await client.get(f"{check}&lang=en")).text
        assert "made on another check" in elsewhere


async def test_another_correction_while_she_decides_anew_leads_on_to_the_same_item(
    place: Any, tmp_path: Path
) -> None:
    async with used(place, tmp_path) as (hub, client, case, _):
        await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
        work = (await client.get("/work?lang=en")).text
        second = await client.post("/work", data=fields(work, 'value="again"'))
        page = (await client.get(second.headers["location"])).text
        again = (K, "|5.71|mmol/L|3.5-5.3|H|||C|")
        await received(hub, case.site, sent_again(case.message, "C2", again))
        form = using(page)
        refused = await client.post(second.headers["location"], data=form)
        assert refused.status_code == 409
        way = fields(refused.text, "Check again")
        base = second.headers["location"].split("?")[0]
        third = (await client.post(f"{base}/again", data=way)).headers["location"]
        page = (await client.get(third)).text
        assert "5.71 mmol/L" in page
        assert "changed 2 times" in page
        done = await client.post(third, data=using(page))
        assert done.status_code == 303
        assert "Nothing waits." in (await client.get("/work")).text


async def test_a_withdrawn_result_is_repeated_for_a_reason_and_the_item_ends(
    place: Any, tmp_path: Path
) -> None:
    async with used(place, tmp_path) as (hub, client, case, _):
        withdrawn = (K, K.replace("F|", "W|"))
        await received(hub, case.site, sent_again(case.message, "W1", withdrawn))
        work = (await client.get("/work?lang=en")).text
        assert "withdrawn by its source" in work
        anew = await client.post("/work", data=fields(work, 'value="again"'))
        page = (await client.get(anew.headers["location"])).text
        assert "data-use" not in page
        form = repeating(page, "D2_DATA_UNUSABLE")
        sent = await client.post(anew.headers["location"], data=form)
        assert sent.status_code == 303
        assert "Nothing waits." in (await client.get("/work")).text
        assert "/notice" in (await client.get(sent.headers["location"])).text


async def test_an_item_is_closed_in_words_alone(place: Any, tmp_path: Path) -> None:
    async with used(place, tmp_path) as (hub, client, case, check):
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
                await client.post(check, data=using((await client.get(check)).text))
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
            form = using((await one.get(check)).text)
            await one.post(check, data=form)
            await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
            assert (await two.get(check)).status_code == 404
            token = fields((await two.get("/patients")).text, "value")["csrf"]
            assert (await two.post(check, data=form | {"csrf": token})).status_code == 404
            work = fields((await one.get("/work")).text, 'value="again"')
            assert (await two.post("/work", data=work | {"csrf": token})).status_code == 404
            assert "Nothing waits" in (await two.get("/work?lang=en")).text
            assert (await one.post(check, data=form | {"csrf": "x"})).status_code == 403
