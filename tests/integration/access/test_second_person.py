"""Whoever agrees proves it no oftener than at the sign-in, and nobody learns what was right."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hie.access.totp import code_at
from hie.app import opened
from hie.errors import NotPermitted
from hie.exchange.hub import Hub
from hie.exchange.second_person import SecondPerson, agreed
from hie.oauth.limits import CODE, SIGN_IN
from hie.settings import Settings
from tests.integration.access.support import INSTITUTIONS
from tests.integration.access.test_glass_pages import PASSWORD, person, token_of
from tests.integration.test_doors import _client
from tests.integration.test_road import _connected
from tests.unit.access.test_scopes import an_actor

pytestmark = pytest.mark.anyio
DOCTOR = an_actor(institution=INSTITUTIONS["a"], subject="doctor")


@asynccontextmanager
async def held_to_rates(place: Any, tmp_path: Path) -> AsyncIterator[tuple[Hub, bytes]]:
    """A hub whose clock stands still, so that no bucket fills; and a colleague's secret."""
    async with opened(Settings(data_dir=place.data_dir, database_url=place.url)) as hub:
        await _connected(hub, tmp_path)
        hub = at(hub, time.time())
        yield hub, await person(hub, "colleague")


def at(hub: Hub, now: float) -> Hub:
    return replace(hub, entrance=replace(hub.entrance, clock=lambda: now))


def right(hub: Hub, secret: bytes, step: int = 0) -> SecondPerson:
    code = code_at(secret, int(hub.entrance.clock()) // 30 + step)
    return SecondPerson("colleague", PASSWORD, code)


async def refused(hub: Hub, second: SecondPerson) -> tuple[str, Any]:
    with pytest.raises(NotPermitted) as caught:
        await agreed(hub, DOCTOR, second)
    return str(caught.value), caught.value.faults


async def test_passwords_are_tried_no_oftener_than_at_the_sign_in(
    place: Any, tmp_path: Path
) -> None:
    async with held_to_rates(place, tmp_path) as (hub, secret):
        wrong = replace(right(hub, secret), password="another pass phrase")
        told = {await refused(hub, replace(wrong, login=f" {name} ")) for name in
                ["colleague", "COLLEAGUE"] * (SIGN_IN.burst // 2)}  # fmt: skip
        told.add(await refused(hub, right(hub, secret)))
        assert len(told) == 1  # the right one is refused like the wrong ones
        async with _client(hub) as client:
            form = {"csrf": token_of(await client.get("/sign-in")), "next": "/"}
            sent = {**form, "login": "colleague", "password": PASSWORD}
            assert (await client.post("/sign-in", data=sent)).status_code == 429
        later = at(hub, hub.entrance.clock() + 60)
        assert await agreed(later, DOCTOR, right(later, secret))


async def test_codes_tried_too_often_do_not_tell_that_the_password_was_right(
    place: Any, tmp_path: Path
) -> None:
    async with held_to_rates(place, tmp_path) as (hub, secret):
        code = replace(right(hub, secret), code="000000")
        told = {await refused(hub, code) for _ in range(CODE.burst + 1)}
        told.add(await refused(hub, replace(code, password="another pass phrase")))
        assert len(told) == 1


async def test_who_agrees_again_and_again_is_no_guesser(place: Any, tmp_path: Path) -> None:
    async with held_to_rates(place, tmp_path) as (hub, secret):
        for _ in range(SIGN_IN.burst + 1):
            assert await agreed(hub, DOCTOR, right(hub, secret))
            async with hub.db.unit() as unit:
                await unit.execute("UPDATE second_factor SET step = 0")
