"""What the doors remember, on both databases: used assertions, sessions, suspensions, counts."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hie.errors import Conflict, NotAuthenticated
from hie.oauth.people import set_password, set_person_active
from hie.oauth.registration import set_client_active
from hie.oauth.sign_in import sign_out
from hie.oauth.upkeep import tidy, upkeep
from hie.store.database import Database
from tests.integration.oauth.asking import (
    a_scope,
    ask,
    enter,
    form,
    get,
    home,
    numbered,
    run,
    token,
)
from tests.integration.oauth.conftest import OPERATOR, Hub, Making, register
from tests.places import Place
from tests.unit.access.tokens import CLIENT, NOW, a_header, an_assertion, jwk_of, rsa_key, signed

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """On SQLite, then on PostgreSQL."""
    db = await Database.open(place.url, place.data_dir)
    yield db
    await db.close()


async def test_a_second_use_of_an_assertion_is_a_replay(hub: Hub) -> None:
    assertion = numbered(1)
    assert (await ask(hub, form(assertion))).status_code == 200
    again = await ask(hub, form(assertion))
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["outcome"], row["client"]) == ("replay", "8", CLIENT)
    assert (await ask(hub, form(numbered(2)))).status_code == 200


async def test_a_replay_after_a_restart_is_a_replay(hub: Hub, making: Making) -> None:
    assertion = numbered(1)
    assert (await ask(hub, form(assertion))).status_code == 200
    assert (await ask(making(), form(assertion))).status_code == 401


async def test_sixteen_uses_at_once_give_one_token(hub: Hub) -> None:
    assertion = numbered(1)
    answers = await asyncio.gather(*(ask(hub, form(assertion)) for _ in range(16)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 429}
    assert len(await hub.audit("token-issued")) == 1


async def test_the_use_of_an_assertion_is_forgotten_after_its_end(hub: Hub) -> None:
    assert (await ask(hub, form(numbered(1)))).status_code == 200
    hub.clock.now += 400
    assert (await ask(hub, form(numbered(2, iat=NOW + 400, exp=NOW + 600)))).status_code == 200
    async with hub.entrance.db.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM jti") == 1


async def test_one_clients_flood_of_assertions_ends_at_its_quota(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hie.oauth import client_proof

    monkeypatch.setattr(client_proof, "MOST_LIVE", 3)
    for number in range(3):
        assert (await ask(hub, form(numbered(number)))).status_code == 200
    over = await ask(hub, form(numbered(3)))
    assert over.status_code == 429
    assert int(over.headers["retry-after"]) > 0
    await register(hub, client="ris-1", key=jwk_of(rsa_key(), kid="k2"))
    other = signed(
        a_header(alg="RS384", kid="k2"), an_assertion(iss="ris-1", sub="ris-1"), rsa_key(), "RS384"
    )
    assert (await ask(hub, form(other))).status_code == 200


async def test_noise_is_counted_exactly_and_does_not_fill_the_log(hub: Hub) -> None:
    for _ in range(9):
        await ask(hub, form("a.b.c"))
    assert len(await hub.audit("refused")) == 5
    await hub.entrance.refusals.flush()
    rows = await hub.audit("refused")
    assert len(rows) == 6
    assert rows[-1]["detail"] == "count=4"
    await hub.entrance.refusals.flush()
    assert len(await hub.audit("refused")) == 6


async def test_a_suspended_clients_token_dies_within_five_seconds(hub: Hub, making: Making) -> None:
    other = making(clock=hub.clock)  # another process of the same hub
    text = await token(hub)
    assert (await get(other, text)).status_code == 200
    await set_client_active(hub.entrance, OPERATOR, CLIENT, active=False)
    assert (await get(hub, text)).status_code == 401
    hub.clock.now += 5
    assert (await get(other, text)).status_code == 401
    await set_client_active(hub.entrance, OPERATOR, CLIENT, active=True)
    hub.clock.now += 5
    assert (await get(other, text)).status_code == 200


async def test_a_scope_that_was_taken_from_the_client_is_taken_from_its_token(hub: Hub) -> None:
    text = await token(hub)
    async with hub.entrance.db.unit() as unit:
        await unit.execute("UPDATE client SET scopes = 'system/Observation.r', updated_us = 1")
    hub.clock.now += 3
    answer = await get(hub, text)
    assert answer.json()["scopes"] == []


async def test_a_session_ends_after_fifteen_idle_minutes(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    for _ in range(3):
        hub.clock.now += 14 * 60
        assert (await home(hub, secret)).status_code == 200
    hub.clock.now += 15 * 60 + 1
    assert (await home(hub, secret)).status_code == 401


async def test_a_session_ends_with_sign_out(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    await sign_out(hub.entrance, a_scope(cookie=secret), OPERATOR)
    assert (await home(hub, secret)).status_code == 401
    assert len(await hub.audit("sign-out")) == 1


async def test_signing_in_makes_a_new_session_and_ends_the_old_one(hub: Hub) -> None:
    first = (await enter(hub)).secret
    second = (await enter(hub, cookie=first)).secret
    assert first != second
    assert (await home(hub, first)).status_code == 401
    assert (await home(hub, second)).status_code == 200


async def test_a_suspended_persons_session_ends_at_once(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    await set_person_active(hub.entrance, OPERATOR, "wang", active=False)
    assert (await home(hub, secret)).status_code == 401
    with pytest.raises(NotAuthenticated):
        await enter(hub)
    await set_person_active(hub.entrance, OPERATOR, "wang", active=True)
    await enter(hub)


async def test_a_new_password_ends_the_sessions(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    await set_password(hub.entrance, OPERATOR, "wang", "sieben blaue Fische im Tal")
    assert (await home(hub, secret)).status_code == 401
    with pytest.raises(NotAuthenticated):
        await enter(hub)
    await enter(hub, "sieben blaue Fische im Tal")


async def test_a_client_id_is_taken_once(hub: Hub) -> None:
    with pytest.raises(Conflict):
        await register(hub)


async def test_changes_to_clients_are_recorded(hub: Hub) -> None:
    await run(hub, "client-suspend", client=CLIENT)
    await run(hub, "client-resume", client=CLIENT)
    details = [row["detail"] for row in await hub.audit("client-change")]
    assert details == [f"add {CLIENT}", f"suspended {CLIENT}", f"active {CLIENT}"]


async def test_what_is_over_is_removed_and_counts_are_written(hub: Hub) -> None:
    await enter(hub)
    assert (await ask(hub, form(numbered(1)))).status_code == 200
    for _ in range(7):
        await ask(hub, form("a.b.c"))
    hub.clock.now += 3600
    await tidy(hub.entrance)
    async with hub.entrance.db.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM jti") == 0
        assert await reader.fetchval("SELECT count(*) FROM session") == 0
    assert (await hub.audit("refused"))[-1]["detail"] == "count=2"


async def test_the_counts_are_written_at_the_end(hub: Hub) -> None:
    for _ in range(8):
        await ask(hub, form("a.b.c"))
    task = asyncio.create_task(upkeep(hub.entrance))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert (await hub.audit("refused"))[-1]["detail"] == "count=3"
