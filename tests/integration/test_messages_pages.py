"""Who connects systems finds what is held and why, mends it, and sees nothing of anybody's else."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import web_app
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store import sites
from hie.synthetic.institutions import BY_SITE, SHIJIAZHUANG
from tests.integration.deciding import PASSWORD, fields, sign_in
from tests.integration.two_hospitals import CASE, Doors, opened_doors

pytestmark = pytest.mark.anyio
OWN = BY_SITE[CASE.site].institution.code
NAME = next(s for s in CASE.message.decode().split("\r") if s.startswith("PID")).split("|")[5]
ODD = {"OBX_11": "已核"}  # a word of the laboratory's own for a status


@asynccontextmanager
async def _desk(place: Any, folder: Path) -> AsyncIterator[tuple[Doors, httpx.AsyncClient]]:
    """Doors and worker of a hub, and somebody who connects the systems of one hospital."""
    async with opened_doors(place, folder) as doors:
        await _person(doors.hub, "wang", "integrator", OWN)
        async with _browser(doors.hub) as client:
            await sign_in(client, "wang")
            yield doors, client


def _browser(hub: Hub) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=web_app(hub))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", timeout=60)


async def _person(hub: Hub, login: str, role: str, institution: str) -> None:
    person = {"login": login, "name": "某人", "role": role, "department": "", "password": PASSWORD}
    await run(hub, "user-add", person | {"institution": institution})


async def _looks(doors: Doors) -> list[str]:
    """What the log says of looks at messages, oldest first."""
    async with doors.hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT detail FROM audit_access WHERE type = 'message-view' ORDER BY at_us, n"
        )
    return [str(row[0]) for row in rows]


async def test_a_code_is_mapped_on_the_page_and_what_waited_for_it_is_stored(
    place: Any, tmp_path: Path
) -> None:
    async with _desk(place, tmp_path) as (doors, client):
        held = (await doors.send(CASE.message)).json()
        assert held["state"] == "held"
        assert (await client.get("/")).headers["location"] == "/messages"
        page = (await client.get("/messages?lang=en")).text
        assert "A local code has no map" in page
        assert re.search(r"bj-lis<small[^>]*>Holds messages", page)
        assert '<span class="sr">1 held</span>' in page
        assert NAME not in page
        assert (await _looks(doors))[-1] == "held messages of 1 sites"
        form = fields(page, 'name="item"')
        nothing = await client.post("/messages", data=form | {"item": ""})
        assert nothing.status_code == 422
        assert "choose an item" in nothing.text
        done = await client.post("/messages", data=form | {"item": "no-item"})
        assert done.status_code == 303
        page = (await client.get(done.headers["location"])).text
        assert "The map is decided; 1 message was processed again." in page
        assert "Nothing is held." in page
        assert "No code holds a message." in page
        late = await client.post("/messages", data=form | {"item": "K"})
        assert late.status_code == 409
        assert "Somebody else was quicker" in late.text
        stored = await client.get(f"/messages/{held['message']}?text=1")
        assert "Nothing is to be done" in stored.text
        assert NAME not in stored.text


async def test_a_cause_is_told_once_and_all_it_holds_is_processed_again(
    place: Any, tmp_path: Path
) -> None:
    async with _desk(place, tmp_path) as (doors, client):
        for _ in range(3):
            await doors.send(doors.message(**ODD).encode())
        page = (await client.get("/messages?lang=en")).text
        assert page.count("data-row href") == 1
        assert "OBX-11 · status-unknown" in page
        assert "3 messages since" in page
        assert "set status_codes in the site profile" in page
        assert "已核" not in page
        form = fields(page, 'value="again"')
        again = await client.post("/messages", data=form)
        assert "held=3" in again.headers["location"]
        one = re.findall(r'href="(/messages/[^"?]+)"', page)[0]
        shown = (await client.get(one)).text
        assert '<mark class="mono">已核</mark>' in shown
        assert NAME not in shown
        text = (await client.get(f"{one}?text=1")).text
        assert NAME in text
        assert "<mark>已核</mark>" in text
        assert [look.endswith("its text") for look in (await _looks(doors))[-2:]] == [False, True]
        await _allow_the_word(doors.hub)
        preview = await client.post(one, data={**fields(shown, "preview"), "do": "preview"})
        assert "Processed now, it would be stored." in preview.text
        done = await client.post("/messages", data=form)
        assert done.headers["location"] == "/messages?done=again&n=3&held=0&waits=0"
        assert "Nothing is held." in (await client.get(done.headers["location"])).text
        assert (await client.post("/messages", data=form)).status_code == 409


async def _allow_the_word(hub: Hub) -> None:
    """The hub's operator says what the laboratory's word means."""
    async with hub.db.reading() as reader:
        known = await sites.find(reader, CASE.site)
    assert known is not None
    named = {"site": CASE.site, "institution": OWN, "adapter": known.site.adapter}
    more = '\n[status_codes]\n"已核" = "F"\n'
    await run(hub, "site-add", {**named, "profile": known.profile + more})


async def test_what_is_given_up_has_a_reason_and_can_be_taken_up_again(
    place: Any, tmp_path: Path
) -> None:
    async with _desk(place, tmp_path) as (doors, client):
        first, second = [
            (await doors.send(doors.message(**ODD).encode())).json()["message"] for _ in "12"
        ]
        form = fields((await client.get("/messages?lang=en")).text, 'name="sure"')
        for missing in ({"reason": "sent anew"}, {"reason": " ", "sure": "yes"}):
            refused = await client.post("/messages", data=form | missing)
            assert refused.status_code == 422
            assert "give a reason and tick the box" in refused.text
        one = f"/messages/{first}"
        drop = fields((await client.get(one)).text, 'name="reason"')
        assert (await client.post(one, data=drop | {"reason": ""})).status_code == 422
        given = await client.post(one, data=drop | {"reason": "sent anew"})
        assert given.status_code == 303
        assert "sent anew" in (await client.get(one)).text
        assert (await client.post(one, data=drop | {"reason": "again"})).status_code == 409
        rest = await client.post("/messages", data=form | {"reason": "old", "sure": "yes"})
        assert rest.headers["location"] == "/messages?done=drop&n=1"
        listed = (await client.get("/messages?state=dropped")).text
        assert first in listed
        assert second in listed
        again = await client.post(one, data=drop | {"do": "again"})
        assert "held=1" in again.headers["location"]


async def test_another_hospital_and_another_role_see_and_change_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with _desk(place, tmp_path) as (doors, client):
        held = (await doors.send(CASE.message)).json()["message"]
        own = (await client.get("/messages?lang=en")).text
        await _person(doors.hub, "elsewhere", "integrator", SHIJIAZHUANG.code)
        async with _browser(doors.hub) as other:
            await sign_in(other, "elsewhere")
            page = (await other.get("/messages?lang=en")).text
            assert "bj-lis" not in page
            assert "Nothing is held." in page
            csrf = {"csrf": fields(page, "sign-out")["csrf"]}
            assert (await other.get(f"/messages/{held}")).status_code == 404
            for do in ("again", "preview", "drop"):
                asked = {**csrf, "do": do, "reason": "x"}
                assert (await other.post(f"/messages/{held}", data=asked)).status_code == 404
            mapped = fields(own, 'name="item"') | csrf | {"item": "K"}
            assert (await other.post("/messages", data=mapped)).status_code == 404
            cause = fields(own, 'value="again"') | csrf
            assert (await other.post("/messages", data=cause)).status_code == 409
        for role in ("clinician", "auditor", "manager", "administrator", "security-officer"):
            await _person(doors.hub, role, role, OWN)
            async with _browser(doors.hub) as other:
                await sign_in(other, role)
                assert (await other.get("/messages")).status_code == 403
                assert (await other.get(f"/messages/{held}")).status_code == 403
        forged = fields(own, 'value="again"') | {"csrf": "x"}
        assert (await client.post("/messages", data=forged)).status_code == 403
        assert (await run(doors.hub, "message-show", {"message": held}))["state"] == "held"
