"""Whoever asks pages too often is told so, and when to come back."""

from pathlib import Path
from typing import Any

import pytest

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
        entrance = at.hub.entrance
        now = entrance.clock()
        object.__setattr__(entrance, "rates", Rates())
        object.__setattr__(entrance, "clock", lambda: now)
        subject = await _subject(at.hub)
        for _ in range(USER.burst):
            assert entrance.rates.user.take(subject, now) == 0
        answer = await at.authorize(lang=lang)
        assert answer.status_code == 429
        assert WORDS[lang] in answer.text
        assert answer.headers["retry-after"] == "1"


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
