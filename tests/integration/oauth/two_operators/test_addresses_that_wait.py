"""An address of keys is read when it is proposed, and again when it is approved."""

from collections.abc import AsyncIterator

import pytest

from hie.errors import NotPermitted, UnprocessableRequest
from hie.oauth.jwks_fetch import JwksFetcher
from tests.integration.oauth.asking import status
from tests.integration.oauth.conftest import Hub, Making, register
from tests.integration.oauth.tokens.key_server import KeyServer, a_set, answering
from tests.integration.oauth.two_operators.operators import ALICE, BOB, act, told, waiting
from tests.unit.access.tokens import CLIENT, a_header, an_assertion, ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio


def by(key: int, number: int) -> str:
    """What the client signs with a key of its set."""
    return signed(a_header(kid=f"f{key}"), an_assertion(jti=f"a-{number}"), ec_key("P-384", key))


@pytest.fixture
async def hub(making: Making, served: tuple[KeyServer, JwksFetcher]) -> AsyncIterator[Hub]:
    made = making(fetcher=served[1])
    await register(made, key=jwk_of(ec_key("P-384", 9), kid="f9"))
    demanding = making(fetcher=served[1], clock=made.clock, dual_control=True)
    yield demanding
    await demanding.ledger.close()
    await made.ledger.close()


async def test_what_lies_at_the_address_when_it_is_approved_counts(
    hub: Hub, served: tuple[KeyServer, JwksFetcher]
) -> None:
    server = served[0]
    answer = await act(hub, ALICE, "client-key", client=CLIENT, key={"jwks_uri": server.url})
    (shown,) = await waiting(hub)
    items = {one["item"]: one for one in shown["changes"]}
    assert items["jwks_uri"]["then"] == [server.url]
    assert len(items["keys"]["now"]) == 1
    assert await status(hub, by(9, 1)) == 200
    assert await status(hub, by(1, 2)) == 401
    server.answer = answering(a_set(2))
    await act(hub, BOB, "client-approve", proposal=answer["proposal"])
    assert server.calls == 2
    assert await status(hub, by(2, 3)) == 200
    assert await status(hub, by(1, 4)) == 401
    assert await status(hub, by(9, 5)) == 401


async def test_an_address_that_cannot_be_read_waits_still(
    hub: Hub, served: tuple[KeyServer, JwksFetcher]
) -> None:
    server = served[0]
    answer = await act(hub, ALICE, "client-key", client=CLIENT, key={"jwks_uri": server.url})
    server.answer = answering(b"{}")
    with pytest.raises(UnprocessableRequest):
        await act(hub, BOB, "client-approve", proposal=answer["proposal"])
    assert await status(hub, by(9, 1)) == 200
    assert len(await waiting(hub)) == 1
    server.answer = answering(a_set(1))
    await act(hub, BOB, "client-approve", proposal=answer["proposal"])
    assert await status(hub, by(1, 2)) == 200
    assert [action for _, action, _ in await told(hub)] == ["C", "U"]


async def test_who_may_not_approve_makes_the_hub_read_nothing(
    hub: Hub, served: tuple[KeyServer, JwksFetcher]
) -> None:
    server = served[0]
    answer = await act(hub, ALICE, "client-key", client=CLIENT, key={"jwks_uri": server.url})
    with pytest.raises(NotPermitted):
        await act(hub, ALICE, "client-approve", proposal=answer["proposal"])
    assert server.calls == 1
    assert await hub.reasons() == ["operator"]
