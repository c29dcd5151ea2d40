"""Who left, was suspended, or signed out is out within five seconds, in every process."""

from typing import Any

import pytest

from hie.access.actor import Purpose
from hie.access.mint import SESSION_LIFETIME, Grant
from hie.oauth.people import set_person_active
from hie.oauth.sign_in import sign_out
from hie.oauth.token_answer import token_answer
from hie.store import sessions, users
from tests.integration.oauth.asking import a_scope, enter, get, home, run, token
from tests.integration.oauth.conftest import OPERATOR, Hub, Making
from tests.integration.oauth.tokens.people import HIS, OWN, person_token, register_his
from tests.unit.access.tokens import FHIR, HUB, INSTITUTION

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def his(hub: Hub) -> None:
    await register_his(hub)


async def account_token(hub: Hub, session: str | None = None, **changes: Any) -> str:
    """A token of a person with an account here, as a launch would give it."""
    async with hub.entrance.db.reading() as reader:
        account = await users.by_login(reader, "wang")
    assert account is not None
    values: dict[str, Any] = {
        "issuer": HUB,
        "audience": FHIR,
        "client": HIS,
        "institution": INSTITUTION,
        "purpose": Purpose.TREATMENT,
        "scopes": ("user/Observation.rs",),
        "subject": account.id,
        "role": "clinician",
        "session": session,
        "lifetime": SESSION_LIFETIME if session else 300,
    }
    return str(token_answer(hub.entrance, Grant(**(values | changes)), "ab" * 16)["access_token"])


@pytest.mark.parametrize("status", ["suspended", "withdrawn"])
async def test_tokens_of_an_institution_die_with_it(hub: Hub, status: str) -> None:
    texts = [await token(hub), await person_token(hub), await account_token(hub)]
    secret = (await enter(hub)).secret
    for text in texts:
        assert (await get(hub, text)).status_code == 200
    hub.region.status[INSTITUTION] = status
    for text in texts:
        assert (await get(hub, text)).status_code == 401
    assert (await home(hub, secret)).status_code == 401
    assert set(await hub.reasons()) == {"status"}
    hub.region.status[INSTITUTION] = "active"
    for text in texts:
        assert (await get(hub, text)).status_code == 200
    assert (await home(hub, secret)).status_code == 200


async def test_a_leavers_live_token_dies_within_five_seconds(hub: Hub, making: Making) -> None:
    other = making(clock=hub.clock)
    text, stays = await person_token(hub, 1), await person_token(hub, 2, sub="staff-4712")
    assert (await get(other, text)).status_code == 200
    await run(hub, "user-leaver", institution=INSTITUTION, number="staff-4711")
    assert (await get(hub, text)).status_code == 401
    hub.clock.now += 5
    assert (await get(other, text)).status_code == 401
    assert (await get(other, stays)).status_code == 200
    assert set(await hub.reasons()) == {"status"}
    assert "4711" not in str(await hub.audit())


async def test_a_suspended_accounts_live_token_dies_within_five_seconds(
    hub: Hub, making: Making
) -> None:
    other = making(clock=hub.clock)
    text = await account_token(hub)
    assert (await get(other, text)).status_code == 200
    await set_person_active(hub.entrance, OPERATOR, "wang", active=False)
    hub.clock.now += 5
    assert (await get(other, text)).status_code == 401
    await set_person_active(hub.entrance, OPERATOR, "wang", active=True)
    hub.clock.now += 5
    assert (await get(other, text)).status_code == 200


async def test_a_token_ends_with_its_session(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    text = await account_token(hub, sessions.hash_of(hub.entrance.db, secret))
    assert (await get(hub, text)).status_code == 200
    await sign_out(hub.entrance, a_scope(cookie=secret), OPERATOR)
    hub.clock.now += 5
    assert (await get(hub, text)).status_code == 401


async def test_a_token_of_a_session_that_never_was_opens_nothing(hub: Hub) -> None:
    assert (await get(hub, await account_token(hub, "nobody"))).status_code == 401
    assert await hub.reasons() == ["status"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"role": "administrator"}, "role"),
        ({"role": None}, "role"),
        ({"institution": "91110000MA0000002J"}, "org-spoof"),
        ({"subject": "nobody"}, "status"),
        ({"subject": f"{INSTITUTION}|p|nobody"}, "status"),
        ({"subject": ""}, "role"),  # the system itself has no role
        ({"purpose": Purpose.PUBLIC_HEALTH}, "purpose"),
    ],
    ids=str,
)
async def test_a_token_that_is_not_what_its_person_is_now_opens_nothing(
    hub: Hub, changes: dict[str, Any], reason: str
) -> None:
    assert (await get(hub, await account_token(hub, **changes))).status_code == 401
    assert await hub.reasons() == [reason]


async def test_a_scope_that_is_not_the_roles_is_taken_from_the_token(hub: Hub) -> None:
    text = await account_token(hub, scopes=("user/Observation.rs", "hie/intake", "system/*.rs"))
    assert (await get(hub, text)).json()["scopes"] == ["user/Observation.rs"]
    async with hub.entrance.db.unit() as unit:
        await unit.execute("UPDATE user_account SET role = 'manager'")
    hub.clock.now += 5
    assert (await get(hub, text)).status_code == 401
    assert set(OWN) >= {"hie/intake"}


async def test_who_a_pseudonym_means_is_told_to_the_operator_and_recorded(hub: Hub) -> None:
    await person_token(hub)
    (row,) = await hub.audit("token-issued")
    async with hub.entrance.db.reading() as reader:
        subject = await reader.fetchval(
            "SELECT subject FROM audit_access WHERE token = $1", row["token"]
        )
    assert "4711" not in subject
    found = await run(hub, "user-who", person=subject)
    assert (found["institution"], found["number"]) == (INSTITUTION, "staff-4711")
    assert len(await hub.audit("audit-view")) == 1
