"""At every door a client that waits is refused like one nobody ever heard of, and let in after."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hie.access.reason import reason_of
from hie.errors import NotAuthenticated
from hie.oauth.cds_client import authenticate_cds
from hie.oauth.refusals import stranger
from hie.oauth.token_request import ASSERTION_TYPE, GrantType
from tests.integration.oauth.asking import ask, form
from tests.integration.oauth.conftest import Hub
from tests.integration.oauth.tokens.people import iua
from tests.integration.oauth.two_operators.operators import (
    ALICE,
    BOB,
    NEW,
    NEW_KEY,
    act,
    propose_new,
)
from tests.unit.access.tokens import CLIENT, HUB, INSTITUTION, NOW, ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio
SERVICE = f"{HUB}/cds-services/hie-order-sign"
BACK = "https://app.example/back"
GHOST = "ghost-1"
Asking = Callable[[Hub, str, int], Awaitable[tuple[Any, ...]]]


def says(client: str, number: int, **changes: Any) -> str:
    """What the client that waits signs, by its own name or by that of nobody."""
    typ = changes.pop("typ", "JWT")
    claims = {"iss": client, "sub": client, "aud": HUB, "iat": NOW, "exp": NOW + 100}
    head = {"alg": "ES384", "kid": "n1", "typ": typ}
    return signed(head, claims | {"jti": f"w-{number}"} | changes, NEW_KEY)


async def for_itself(hub: Hub, client: str, number: int) -> tuple[Any, ...]:
    answer = await ask(hub, form(says(client, number)))
    return answer.status_code, answer.json().get("error")


async def for_a_person(hub: Hub, client: str, number: int) -> tuple[Any, ...]:
    context = says(client, number, sub="staff-1", typ="hub-user-context+jwt", extensions=iua())
    answer = await ask(hub, {"grant_type": GrantType.USER_CONTEXT.value, "assertion": context})
    return answer.status_code, answer.json().get("error")


async def _care(hub: Hub, path: str, client: str, number: int) -> tuple[Any, ...]:
    proof = {"client_assertion": says(client, number), "client_assertion_type": ASSERTION_TYPE}
    async with hub.client() as http:
        answer = await http.post(path, data={"token": "x", **proof})
    return answer.status_code, answer.json().get("error") if answer.content else None


async def to_introspect(hub: Hub, client: str, number: int) -> tuple[Any, ...]:
    return await _care(hub, "/oauth/introspect", client, number)


async def to_revoke(hub: Hub, client: str, number: int) -> tuple[Any, ...]:
    return await _care(hub, "/oauth/revoke", client, number)


async def of_a_service(hub: Hub, client: str, number: int) -> tuple[Any, ...]:
    issuer = "https://ris.example/cds" if client == NEW else "https://nobody.example/cds"
    call = says(client, number, iss=issuer, aud=SERVICE)
    try:
        await authenticate_cds(hub.entrance, call, SERVICE, stranger("10.1.2.3", "r1"))
    except NotAuthenticated as refused:
        return 401, reason_of(refused)
    return 200, None


DOORS: list[Asking] = [for_itself, for_a_person, to_introspect, to_revoke, of_a_service]


@pytest.mark.parametrize("door", DOORS)
async def test_who_waits_is_nobody_and_then_somebody(hub: Hub, door: Asking) -> None:
    proposal = await propose_new(hub)
    assert await door(hub, NEW, 1) == await door(hub, GHOST, 1)
    assert (await door(hub, NEW, 2))[0] == 401
    assert set(await hub.reasons()) <= {"status"}
    await act(hub, BOB, "client-approve", proposal=proposal)
    assert (await door(hub, NEW, 3))[0] == 200


@pytest.mark.parametrize("door", DOORS)
async def test_who_was_rejected_stays_nobody(hub: Hub, door: Asking) -> None:
    await act(hub, ALICE, "client-reject", proposal=await propose_new(hub))
    assert await door(hub, NEW, 1) == await door(hub, GHOST, 1)
    assert (await door(hub, NEW, 2))[0] == 401


@pytest.mark.parametrize("has_key", [True, False])
async def test_an_app_that_waits_changes_no_code_and_is_asked_nothing(
    hub: Hub, has_key: bool
) -> None:
    key = {"key": jwk_of(NEW_KEY, kid="n1")} if has_key else {}
    app = {"institution": INSTITUTION, "redirect_uris": [BACK], "scopes": ["user/Patient.r"]}
    answer = await act(hub, ALICE, "app-add", client=NEW, **app, **key)

    async def tried(client: str, number: int) -> tuple[int, str]:
        fields = {"grant_type": "authorization_code", "code": "c" * 43, "redirect_uri": BACK}
        fields |= {"code_verifier": "v" * 43, "client_id": client}
        if has_key:
            proof = says(client, number)
            fields |= {"client_assertion": proof, "client_assertion_type": ASSERTION_TYPE}
        refused = await ask(hub, fields)
        return refused.status_code, refused.json()["error"]

    assert await tried(NEW, 1) == await tried(GHOST, 1) == (401, "invalid_client")
    await act(hub, BOB, "client-approve", proposal=answer["proposal"])
    assert await tried(NEW, 2) == (400, "invalid_grant")  # it is known; there is no such code


async def test_a_key_that_waits_opens_nothing_and_the_old_one_does(hub: Hub) -> None:
    new = ec_key("P-384", 72)
    answer = await act(hub, ALICE, "client-key", client=CLIENT, key=jwk_of(new, kid="k2"))

    def by(private: Any, kid: str, number: int) -> dict[str, Any]:
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": HUB, "iat": NOW, "exp": NOW + 100}
        head = {"alg": "ES384", "kid": kid, "typ": "JWT"}
        return form(signed(head, claims | {"jti": f"k-{number}"}, private))

    assert (await ask(hub, by(new, "k2", 1))).status_code == 401
    assert (await ask(hub, by(ec_key(), "k1", 2))).status_code == 200
    await act(hub, BOB, "client-approve", proposal=answer["proposal"])
    assert (await ask(hub, by(new, "k2", 3))).status_code == 200
    assert (await ask(hub, by(ec_key(), "k1", 4))).status_code == 401
