"""A session in a frame is one of its own: short, by its own forms, and opened by its own tickets."""

from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.oauth.sessions import FRAMED_IDLE
from hie.oauth.standing import FRAMED_LONGEST
from hie.store import users
from tests.integration.access.test_consent_reaches import order_check
from tests.integration.launch.frames import (
    FRAMED,
    HIS,
    HTML,
    HUB,
    SESSION,
    Clock,
    ask_for_ticket,
    framing,
    launched,
    sign_in,
    ticket,
)
from tests.integration.launch.support import (
    PASSWORD,
    csrf_of,
)

pytestmark = pytest.mark.anyio


async def test_a_session_of_a_window_is_none_in_a_frame_and_the_other_way_round(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        await launched(at, patient="P1a")
        inner = at.browser.cookies[FRAMED]
        await sign_in(at, "/patients", room="")
        outer = at.browser.cookies[SESSION]
        assert inner != outer
        both = {SESSION: outer, FRAMED: inner}
        for cookies, window, frame in (
            (both, 200, 200), ({SESSION: outer}, 200, 401), ({FRAMED: inner}, 401, 200),
            ({SESSION: inner}, 401, 401), ({FRAMED: outer}, 401, 401),
            ({SESSION: inner, FRAMED: outer}, 401, 401),
        ):  # fmt: skip
            said = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
            at.browser.cookies.clear()
            for path, expected in (
                (f"/patients/{patient}", window),
                (f"/framed/patients/{patient}", frame),
            ):
                answer = await at.browser.get(path, headers=said)
                assert answer.status_code == expected, (cookies, path)
        said = {"Cookie": f"{SESSION}={outer}; {FRAMED}={inner}"}
        page = await at.browser.get(f"/framed/patients/{patient}", headers=said)
        left = await at.browser.post(
            "/framed/sign-out", data={"csrf": csrf_of(page.text)}, headers=said
        )
        assert left.headers["location"] == "/framed/sign-in"
        assert f"{FRAMED}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None; Partitioned" in (
            left.headers.get_list("set-cookie")
        )
        assert (
            await at.browser.get(f"/framed/patients/{patient}", headers=said)
        ).status_code == 401
        assert (await at.browser.get(f"/patients/{patient}", headers=said)).status_code == 200


async def test_a_session_in_a_frame_is_short(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        clock = Clock(at.hub.entrance.clock())
        object.__setattr__(at.hub.entrance, "clock", clock)
        path = f"/framed/patients/{at.region.patients['P1a']}"
        begun = clock.now
        await launched(at, patient="P1a")
        while clock.now < begun + FRAMED_LONGEST - 61:
            clock.now += 60
            assert (await at.browser.get(path)).status_code == 200
        clock.now = begun + FRAMED_LONGEST + 1
        assert (await at.browser.get(path)).status_code == 401
        await sign_in(at, "/patients")
        clock.now += FRAMED_IDLE - 1
        assert (await at.browser.get(path)).status_code == 404  # nobody was launched
        clock.now += FRAMED_IDLE + 1
        assert (await at.browser.get(path)).status_code == 401
        await sign_in(at, "/patients", room="")
        clock.now += FRAMED_IDLE + 1  # the twin: a window has more time
        assert (await at.browser.get(path.removeprefix("/framed"))).status_code == 200


FOREIGN: dict[str, dict[str, str]] = {
    "from the HIS around it": {"Origin": HIS},
    "from elsewhere": {"Origin": "https://evil.example"},
    "from nowhere that is said": {"Origin": "null"},
    "from another site": {"Sec-Fetch-Site": "cross-site"},
    "from the same site": {"Sec-Fetch-Site": "same-site"},
    "without its token": {},
}


@pytest.mark.parametrize("case", FOREIGN)
async def test_a_form_is_taken_from_the_hubs_own_page_in_the_frame_alone(
    place: Any, tmp_path: Path, case: str
) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        check = (await order_check(at.region, "a", patient))["check"]
        page = await launched(at, patient="P1a")
        good = {"csrf": csrf_of(page.text), "ref": "1"}
        sent = good if FOREIGN[case] else {"ref": "1"}
        path = f"/framed/checks/{check}/again"
        refused = await at.browser.post(path, data=sent, headers={**HTML, **FOREIGN[case]})
        assert refused.status_code == 403
        assert ("csrf", "4") in await at.refused()
        own = {"Origin": HUB, "Sec-Fetch-Site": "same-origin"}
        assert (await at.browser.post(path, data=good, headers=own)).status_code == 303
        login = {"login": at.login, "password": PASSWORD, "next": "/patients"}
        form = await at.browser.get("/framed/sign-in")
        if FOREIGN[case]:
            login["csrf"] = csrf_of(form.text)
        answer = await at.browser.post("/framed/sign-in", data=login, headers=FOREIGN[case])
        assert answer.status_code == 403
        assert FRAMED not in str(answer.headers)


async def test_a_ticket_opens_where_it_was_made_for(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        await launched(at, patient="P1a")
        await sign_in(at, "/patients", room="")
        window = (await ask_for_ticket(at, patient="P1a")).json()["url"].removeprefix(HUB)
        frame = await ticket(at, patient="P1a")
        forged = "/framed/launch?launch=framed." + window.partition("=")[2]
        bare = "/launch?launch=" + frame.partition("framed.")[2]
        for path in (f"/framed{window}", frame.removeprefix("/framed"), forged, bare):
            assert (await at.browser.get(path, headers=HTML)).status_code == 400
        assert [one for one in await at.refused() if one[0] == "oidc"] == [("oidc", "8")] * 4
        assert (await at.browser.get(window)).status_code == 303
        assert (await at.browser.get(frame)).status_code == 303
        assert (await at.browser.get(frame, headers=HTML)).status_code == 400  # once


NO_ANSWER = ["true", 1, "", []]


async def test_for_a_frame_is_yes_or_no(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        for said in NO_ANSWER:
            answer = await ask_for_ticket(at, patient="P1a", framed=said)
            assert answer.status_code == 422, said
            assert "framed" in answer.text, said
        plain = await ask_for_ticket(at, patient="P1a", framed=False)
        assert "/framed" not in plain.json()["url"]


async def test_a_person_who_is_suspended_is_out_of_the_frame(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        await launched(at, patient="P1a")
        path = f"/framed/patients/{at.region.patients['P1a']}"
        await run(at.hub, "user-suspend", {"login": at.login})
        assert (await at.browser.get(path)).status_code == 401
        async with at.hub.db.reading() as reader:
            account = await users.by_login(reader, at.login)
        assert account is not None
        assert account.status != "active"
