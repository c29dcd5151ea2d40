"""What a client's assertions may be made for: the hub's address, its token address, or either."""

from typing import Any

import pytest

from hie.errors import UnprocessableRequest
from hie.oauth.token_request import ASSERTION_TYPE
from tests.integration.oauth.asking import ask, form, run, token
from tests.integration.oauth.conftest import Hub, register
from tests.integration.oauth.tokens.people import (
    HIS,
    ask_for_person,
    context,
    his_assertion,
    register_his,
)
from tests.unit.access.tokens import FHIR, HUB, TOKEN_URL

pytestmark = pytest.mark.anyio
CASES = [
    ("issuer", HUB, True),
    ("issuer", TOKEN_URL, False),
    ("token-url", HUB, False),
    ("token-url", TOKEN_URL, True),
    ("either", HUB, True),
    ("either", TOKEN_URL, True),
    ("either", FHIR, False),
    ("issuer", FHIR, False),
    ("token-url", f"{TOKEN_URL}/", False),
    ("issuer", f"{HUB}/", False),
    ("token-url", [TOKEN_URL], False),
]


async def refused_as(hub: Hub) -> list[tuple[str, str, str]]:
    rows = await hub.audit("refused")
    return [(row["reason"], row["outcome"], row["client"]) for row in rows]


@pytest.mark.parametrize(("policy", "aud", "taken"), CASES)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/introspect", "/oauth/revoke"])
async def test_an_assertion_is_taken_for_what_was_registered(
    hub: Hub, path: str, policy: str, aud: Any, taken: bool
) -> None:
    await register_his(hub, aud_policy=policy)
    proof = {
        "client_assertion": his_assertion(1, aud=aud), "client_assertion_type": ASSERTION_TYPE,
    }  # fmt: skip
    more = {"grant_type": "client_credentials"} if path.endswith("token") else {"token": "x"}
    async with hub.client() as http:
        answer = await http.post(path, data=proof | more)
    assert answer.status_code == (200 if taken else 401)
    assert await refused_as(hub) == ([] if taken else [("aud", "8", HIS)])


async def test_by_default_either_is_taken(hub: Hub) -> None:
    await register_his(hub)
    for number, aud in enumerate((HUB, TOKEN_URL)):
        answer = await ask(hub, form(his_assertion(number, aud=aud), scope=None))
        assert answer.status_code == 200


@pytest.mark.parametrize("policy", ["issuer", "token-url", "either"])
async def test_a_user_context_is_made_for_the_hub_whatever_the_policy(
    hub: Hub, policy: str
) -> None:
    await register_his(hub, aud_policy=policy)
    assert (await ask_for_person(hub, context(1))).status_code == 200
    assert (await ask_for_person(hub, context(2, aud=TOKEN_URL))).status_code == 401


async def test_a_change_of_it_holds_within_two_seconds_in_every_process(
    hub: Hub, making: Any
) -> None:
    await register_his(hub)
    other = making(clock=hub.clock)
    assert (await ask(other, form(his_assertion(1), scope=None))).status_code == 200
    await run(hub, "client-change", client=HIS, aud_policy="token-url")
    assert (await ask(hub, form(his_assertion(2), scope=None))).status_code == 401
    hub.clock.now += 2
    assert (await ask(other, form(his_assertion(3), scope=None))).status_code == 401
    again = await ask(other, form(his_assertion(4, aud=TOKEN_URL), scope=None))
    assert again.status_code == 200
    await other.ledger.close()


async def test_a_token_that_was_given_is_good_whatever_it_was_asked_by(hub: Hub) -> None:
    text = await token(hub)
    await run(hub, "client-change", client="lis-1", aud_policy="issuer")
    async with hub.client() as http:
        answer = await http.get("/fhir/Observation/1", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("policy", ["", "both", "ISSUER", HUB])
async def test_another_policy_is_refused_by_its_field(hub: Hub, policy: str) -> None:
    with pytest.raises(UnprocessableRequest) as caught:
        await register(hub, client="ris-1", aud_policy=policy)
    assert [fault.path for fault in caught.value.faults] == ["aud_policy"]
    with pytest.raises(UnprocessableRequest):
        await run(hub, "client-change", client="lis-1", aud_policy=policy)


async def test_it_is_listed(hub: Hub) -> None:
    await register_his(hub, aud_policy="issuer")
    rows = {one["client"]: one for one in (await run(hub, "client-list"))["clients"]}
    assert rows[HIS]["aud_policy"] == "issuer"
