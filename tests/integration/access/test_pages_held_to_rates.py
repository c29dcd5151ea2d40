"""Whoever asks pages too often is told so, and when to come back."""

from pathlib import Path
from typing import Any

import pytest

from hie.errors import Unavailable
from hie.oauth.entrance import Rates
from hie.oauth.limits import CODE, USER
from tests.integration.access.glass import plain
from tests.integration.access.support import region
from tests.integration.access.test_glass_pages import opening, person, signed_in
from tests.integration.launch.support import desk

pytestmark = pytest.mark.anyio
WORDS = {"en": "Too many requests in a short time.", "zh": "操作过于频繁"}


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_a_page_that_is_asked_too_often_says_so(
    place: Any, tmp_path: Path, lang: str
) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        assert (await at.authorize(lang=lang)).status_code == 200
        now = _at_a_standstill(at.hub)
        subject = await _subject(at.hub)
        for _ in range(USER.burst):
            assert at.hub.entrance.rates.user.take(subject, now) == 0
        answer = await at.authorize(lang=lang)
        assert answer.status_code == 429
        assert WORDS[lang] in answer.text
        assert answer.headers["retry-after"] == "1"


def _at_a_standstill(hub: Any) -> float:
    """Rates are on, and no time passes in which anybody gains by waiting; the time."""
    now: float = hub.entrance.clock()
    object.__setattr__(hub.entrance, "rates", Rates())
    object.__setattr__(hub.entrance, "clock", lambda: now)
    return now


async def _subject(hub: Any) -> str:
    async with hub.db.reading() as reader:
        return str(await reader.fetchval("SELECT id FROM user_account WHERE login = 'wang'"))


async def test_codes_tried_too_often_say_when_another_may_be_tried(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        secret = await person(found.hub, "doctor")
        async with signed_in(found.hub, "doctor") as client:
            object.__setattr__(found.hub.entrance, "rates", Rates())
            home, wrong = found.patients["P2b"], {"code": "000000"}
            for _ in range(CODE.burst):
                answer = await opening(client, home, secret, more=wrong)
                assert (answer.status_code, "retry-after" in answer.headers) == (403, False)
            answer = await opening(client, home, secret)
            assert answer.status_code == 429
            assert "Too many codes tried." in answer.text
            assert 100 < int(answer.headers["retry-after"]) <= 180


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_what_the_door_holds_back_is_a_page_to_a_browser_and_a_problem_to_a_program(
    place: Any, tmp_path: Path, lang: str
) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        _at_a_standstill(at.hub)
        for _ in range(USER.burst):
            assert (await at.browser.get("/patients", headers=BROWSER)).status_code == 200
        page = await at.browser.get(f"/patients?lang={lang}", headers=BROWSER)
        assert (page.status_code, page.headers["retry-after"]) == (429, "1")
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-store"
        assert WORDS[lang] in page.text
        assert "某人" in page.text, "who is signed in, with the way out"
        problem = await at.browser.get("/patients", headers={"Accept": "application/json"})
        assert (problem.status_code, problem.headers["retry-after"]) == (429, "1")
        assert problem.json() == {
            "type": "about:blank",
            "title": "too many requests",
            "status": 429,
        }
        async with at.hub.db.reading() as reader:
            held = await reader.fetchval("SELECT count(*) FROM audit_access WHERE reason = 'rate'")
        assert held == 2


async def test_a_form_from_elsewhere_is_refused_on_a_page(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        elsewhere = {**BROWSER, "Origin": "https://elsewhere.example"}
        page = await at.browser.post("/patients/find?lang=en", headers=elsewhere, data={"a": "b"})
        assert page.status_code == 403
        assert page.headers["content-type"].startswith("text/html")
        assert "This form is no longer valid, and nothing was sent." in page.text


async def test_a_log_that_takes_nothing_is_told_on_a_page(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(event: object) -> str:
        raise Unavailable("disk full")

    async with desk(place, tmp_path) as at:
        await at.sign_in()
        monkeypatch.setattr(at.hub.ledger, "record", away)
        elsewhere = {**BROWSER, "Origin": "https://elsewhere.example"}
        page = await at.browser.post("/patients/find?lang=en", headers=elsewhere, data={"a": "b"})
        assert (page.status_code, page.headers["retry-after"]) == (503, "1")
        assert "Not available at the moment" in page.text
        assert "disk full" not in page.text
