"""What a token is worth, and its early end: RFC 7662 and RFC 7009 over HTTP."""

import asyncio
from typing import Any

import pytest

from hie.access.agreement import Agreement
from hie.access.token import Claims, verify_text
from hie.oauth import bearer_door
from hie.oauth.registration import set_client_active
from hie.oauth.token_request import ASSERTION_TYPE
from hie.oauth.upkeep import tidy
from hie.store import agreements
from tests.integration.oauth.asking import bearer, get, numbered, token
from tests.integration.oauth.conftest import OPERATOR, SCOPES, Hub, Making, register
from tests.integration.oauth.tokens.people import HIS, his_assertion, person_token, register_his
from tests.unit.access.tokens import CLIENT, INSTITUTION, NOW, ec_key, jwk_of

pytestmark = pytest.mark.anyio
DOORS = ["/oauth/introspect", "/oauth/revoke"]


def proof(assertion: str) -> dict[str, str]:
    return {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}


async def care(hub: Hub, path: str, /, headers: Any = None, **fields: str) -> Any:
    async with hub.client() as http:
        return await http.post(path, data=fields, headers=headers)


async def introspect(hub: Hub, text: str, assertion: str) -> dict[str, Any]:
    answer = await care(hub, "/oauth/introspect", token=text, **proof(assertion))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found: dict[str, Any] = answer.json()
    return found


async def test_a_client_learns_what_its_token_is_worth(hub: Hub) -> None:
    text = await token(hub)
    found = await introspect(hub, text, numbered(1))
    assert found["active"] is True
    assert (found["client_id"], found["token_type"]) == (CLIENT, "bearer")
    assert set(found["scope"].split()) == set(SCOPES)
    assert found["hub"] == {"inst": INSTITUTION}
    (row,) = await hub.audit("token-view")
    assert (row["client"], row["detail"]) == (CLIENT, found["jti"])


async def test_a_token_is_verified_once_wherever_it_is_shown(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, verified = await token(hub), []

    def watched(shown: str, *args: Any) -> Claims:
        verified.append(shown)
        return verify_text(shown, *args)

    monkeypatch.setattr(bearer_door, "verify_text", watched)
    answer = await care(hub, "/oauth/introspect", headers=bearer(text), token=text)
    assert answer.json()["active"] is True
    assert (await get(hub, text)).status_code == 200
    assert verified == [text]


@pytest.mark.parametrize("path", DOORS)
async def test_nobody_is_told_without_a_proof(hub: Hub, path: str) -> None:
    text = await token(hub)
    for fields in ({}, {"token": text}, {"token": text, "client_id": CLIENT}):
        answer = await care(hub, path, **fields)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert await hub.reasons() == ["method"] * 3
    assert (await get(hub, text)).status_code == 200
    assert (await care(hub, path, token=text, **proof(numbered(1)))).status_code == 200


@pytest.mark.parametrize("path", DOORS)
async def test_the_proof_is_used_up(hub: Hub, path: str) -> None:
    text = await token(hub)
    assert (await care(hub, path, token=text, **proof(numbered(1)))).status_code == 200
    assert (await care(hub, path, token=text, **proof(numbered(1)))).status_code == 401
    assert await hub.reasons() == ["replay"]


@pytest.mark.parametrize("path", DOORS)
async def test_the_proof_counts_from_the_clients_own_networks(hub: Hub, path: str) -> None:
    await register_his(hub, networks=["10.7.0.0/16"])
    text = await token(hub, HIS)
    for number, (address, status) in enumerate((("10.1.2.3", 401), ("10.7.2.3", 200))):
        async with hub.client(address) as http:
            fields = {"token": text, **proof(his_assertion(number))}
            assert (await http.post(path, data=fields)).status_code == status
    assert await hub.reasons() == ["network"]


async def test_the_proof_counts_within_what_was_agreed(hub: Hub) -> None:
    await register_his(hub, scopes=("hie/introspect",))
    text = await token(hub)
    await agree(hub, scopes=("system/*.rs",))
    assert await introspect(hub, text, his_assertion(1)) == {"active": False}
    await agree(hub, scopes=("system/*.rs", "hie/introspect"))
    assert (await introspect(hub, text, his_assertion(2)))["active"] is True
    await agree(hub, purposes=frozenset({"PUBHLTH"}))
    answer = await care(hub, DOORS[0], token=text, **proof(his_assertion(3)))
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert await hub.reasons() == ["introspect", "purpose"]


async def agree(hub: Hub, **agreed: Any) -> None:
    async with hub.entrance.db.unit() as unit:
        await agreements.put(unit, INSTITUTION, Agreement(**agreed), NOW)
    hub.entrance.agreements.forget()


@pytest.mark.parametrize("path", DOORS)
async def test_an_access_token_proves_the_client_as_well(hub: Hub, path: str) -> None:
    text, mine = await token(hub), await token(hub)
    answer = await care(hub, path, headers=bearer(mine), token=text)
    assert answer.status_code == 200
    both = await care(hub, path, headers=bearer(mine), token=text, **proof(numbered(1)))
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    assert (await care(hub, path, headers=bearer("a.b.c"), token=text)).status_code == 401
    basic = await care(hub, path, headers={"Authorization": "Basic bGlzOng="}, token=text)
    assert basic.status_code == 401


@pytest.mark.parametrize("path", DOORS)
async def test_a_persons_token_proves_no_client(hub: Hub, path: str) -> None:
    await register_his(hub)
    text = await person_token(hub)
    answer = await care(hub, path, headers=bearer(text), token=text)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_unrelated_client_learns_only_that_it_is_not_active(hub: Hub) -> None:
    await register_his(hub)
    text = await token(hub)
    assert await introspect(hub, text, his_assertion(1)) == {"active": False}
    assert await introspect(hub, "x.y.z", his_assertion(2)) == {"active": False}
    assert await hub.reasons() == ["introspect"]
    assert (await introspect(hub, text, numbered(1)))["active"] is True


async def test_with_the_scope_a_client_learns_of_its_own_institutions_tokens(hub: Hub) -> None:
    await register_his(hub, scopes=("hie/introspect",))
    await register(
        hub,
        client="far-1",
        institution="12110102400000101U",
        key=jwk_of(ec_key("P-384", 5), kid="f1"),
    )
    near, far = await token(hub), await token(hub, "far-1")
    assert (await introspect(hub, near, his_assertion(1)))["active"] is True
    assert await introspect(hub, far, his_assertion(2)) == {"active": False}


async def test_a_token_that_opens_nothing_is_not_active(hub: Hub) -> None:
    await register_his(hub)
    text = await token(hub, HIS)
    await set_client_active(hub.entrance, OPERATOR, HIS, active=False)
    await register(
        hub, client="gate-1", key=jwk_of(ec_key("P-384", 6), kid="g1"), scopes=("hie/introspect",)
    )
    mine = await token(hub, "gate-1")
    answer = await care(hub, "/oauth/introspect", headers=bearer(mine), token=text)
    assert answer.json() == {"active": False}
    await set_client_active(hub.entrance, OPERATOR, HIS, active=True)
    answer = await care(hub, "/oauth/introspect", headers=bearer(mine), token=text)
    assert answer.json()["active"] is True
    hub.clock.now += 300 + 31
    answer = await care(
        hub, "/oauth/introspect", headers=bearer(await token(hub, "gate-1")), token=text
    )
    assert answer.json() == {"active": False}


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "\u4e2d", "e30.e30.e30", "x" * 9000])
async def test_what_is_no_token_is_not_active_and_cannot_be_ended(hub: Hub, text: str) -> None:
    if text:
        assert await introspect(hub, text, numbered(1)) == {"active": False}
        answer = await care(hub, "/oauth/revoke", token=text, **proof(numbered(2)))
        assert answer.status_code == 200
    else:
        answer = await care(hub, "/oauth/introspect", token=text, **proof(numbered(1)))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_revoked_token_is_dead_here_at_once_and_within_five_seconds_everywhere(
    hub: Hub, making: Making
) -> None:
    other = making(clock=hub.clock)  # another process of the same hub
    text, twin = await token(hub), await token(hub)
    assert (await get(other, text)).status_code == 200
    answer = await care(hub, "/oauth/revoke", token=text, **proof(numbered(1)))
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await get(hub, text)).status_code == 401
    hub.clock.now += 5
    assert (await get(other, text)).status_code == 401
    assert (await get(other, twin)).status_code == 200
    assert set(await hub.reasons()) == {"revoked"}
    (row,) = await hub.audit("token-revoked")
    assert row["client"] == CLIENT
    assert await introspect(hub, text, numbered(2)) == {"active": False}
    again = await care(hub, "/oauth/revoke", token=text, **proof(numbered(3)))
    assert again.status_code == 200


async def test_a_revocation_survives_a_restart_and_is_forgotten_when_it_is_over(
    hub: Hub, making: Making
) -> None:
    text = await token(hub)
    assert (await care(hub, "/oauth/revoke", token=text, **proof(numbered(1)))).status_code == 200
    assert (await get(making(clock=hub.clock), text)).status_code == 401
    hub.clock.now += 400
    await tidy(hub.entrance)
    async with hub.entrance.db.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM revoked_token") == 0
    assert (await get(making(clock=hub.clock), text)).status_code == 401


async def test_a_client_ends_only_its_own(hub: Hub) -> None:
    await register_his(hub, scopes=("hie/introspect",))
    text = await token(hub)
    answer = await care(hub, "/oauth/revoke", token=text, **proof(his_assertion(1)))
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert await hub.reasons() == ["introspect"]
    assert (await get(hub, text)).status_code == 200


async def test_a_token_of_a_person_is_ended_by_the_system_that_asked_for_it(hub: Hub) -> None:
    await register_his(hub)
    text, other = await person_token(hub, 1), await person_token(hub, 2)
    assert (await get(hub, text)).status_code == 200
    await care(hub, "/oauth/revoke", token=text, **proof(his_assertion(1)))
    assert (await get(hub, text)).status_code == 401
    assert (await get(hub, other)).status_code == 200


async def test_sixteen_revocations_at_once_are_one(hub: Hub) -> None:
    text = await token(hub)
    answers = await asyncio.gather(
        *(care(hub, "/oauth/revoke", token=text, **proof(numbered(n))) for n in range(16))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert (await get(hub, text)).status_code == 401
