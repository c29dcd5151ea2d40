"""A client that was registered with networks gets its token from there alone."""

import pytest

from hie.errors import UnprocessableRequest
from tests.integration.oauth.asking import ask, bearer, form, numbered, token
from tests.integration.oauth.conftest import Hub, register
from tests.unit.access.tokens import CLIENT, a_header, an_assertion, ec_key, signed

pytestmark = pytest.mark.anyio
HELD = "held-1"


def _of(client: str, number: int) -> str:
    claims = an_assertion(iss=client, sub=client, jti=f"net-{number}")
    return signed(a_header(), claims, ec_key())


async def test_a_token_is_given_to_a_clients_own_networks_alone(hub: Hub) -> None:
    await register(hub, client=HELD, networks=["10.1.2.0/24"])
    inside = await ask(hub, form(_of(HELD, 1)), address="10.1.2.9")
    assert inside.status_code == 200, inside.text
    outside = await ask(hub, form(_of(HELD, 2)), address="10.1.3.9")
    assert (outside.status_code, outside.json()["error"]) == (401, "invalid_client")
    assert (await hub.reasons())[-1] == "network"
    anywhere = await ask(hub, form(numbered(3)), address="10.1.3.9")
    assert anywhere.status_code == 200


async def test_a_good_token_is_of_no_use_elsewhere(hub: Hub) -> None:
    await register(hub, client=HELD, networks=["10.1.2.0/24"])
    text = await token(hub, HELD)
    for address, status in (("10.1.2.9", 200), ("10.1.3.9", 403)):
        async with hub.client(address) as http:
            answer = await http.get("/fhir/Observation/1", headers=bearer(text))
        assert answer.status_code == status
    assert (await hub.reasons())[-1] == "network"
    text = await token(hub, CLIENT)
    async with hub.client("10.1.3.9") as http:
        assert (await http.get("/fhir/Observation/1", headers=bearer(text))).status_code == 200


@pytest.mark.parametrize("wrong", ["10.1.2.3/24", "10.1.2", "all", "", "10.0.0.0/33", "::1/x"])
async def test_what_is_no_network_is_not_registered(hub: Hub, wrong: str) -> None:
    with pytest.raises(UnprocessableRequest) as refused:
        await register(hub, client=HELD, networks=["10.1.2.0/24", wrong])
    assert [fault.path for fault in refused.value.faults] == ["networks[1]"]
