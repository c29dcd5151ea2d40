"""A CDS Hooks client proves itself at one service, once."""

from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import ActorKind
from hie.access.reason import reason_of
from hie.errors import NotAuthenticated
from hie.oauth.cds_client import authenticate_cds
from hie.oauth.refusals import stranger
from hie.oauth.registration import set_client_active
from tests.integration.oauth.asking import ask, form, get
from tests.integration.oauth.conftest import OPERATOR, Hub, Making, register
from tests.integration.oauth.tokens.key_server import certificate
from tests.integration.oauth.tokens.test_senders import LOOPBACK, SECRET, gateway
from tests.unit.access.tokens import FHIR, HUB, INSTITUTION, NOW, TOKEN_URL, ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio
SERVICE = f"{HUB}/cds-services/hie-order-sign"
ISSUER = "https://his.example/cds"
KEY = 61


@pytest.fixture(autouse=True)
async def cds(hub: Hub) -> None:
    key = jwk_of(ec_key("P-384", KEY), kid="c1")
    await register(hub, client="cds-1", key=key, cds_issuer=ISSUER)


def a_call(header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {"iss": ISSUER, "aud": SERVICE, "iat": NOW, "exp": NOW + 200, "jti": "c-1"} | changes
    head = {"alg": "ES384", "kid": "c1", "typ": "JWT"} | (header or {})
    kept = {name: value for name, value in claims.items() if value is not None}
    return signed(head, kept, ec_key("P-384", KEY))


async def call(hub: Hub, text: str, service: str = SERVICE) -> Any:
    return await authenticate_cds(hub.entrance, text, service, stranger("10.1.2.3", "r1"))


async def refusal(hub: Hub, text: str, service: str = SERVICE) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        await call(hub, text, service)
    return reason_of(caught.value)


async def test_a_registered_client_is_known_by_its_issuer(hub: Hub) -> None:
    actor = await call(hub, a_call(sub="anything", tenant="ward-7"))
    assert (actor.kind, actor.client, actor.institution) == (
        ActorKind.CLIENT,
        "cds-1",
        INSTITUTION,
    )
    assert (actor.token, actor.network) == ("c-1", "10.1.2.3")


async def test_a_call_is_made_once(hub: Hub) -> None:
    await call(hub, a_call())
    assert await refusal(hub, a_call()) == "replay"
    await call(hub, a_call(jti="c-2"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (a_call(aud=f"{HUB}/cds-services/hie-order-select"), "aud"),
        (a_call(aud=f"{SERVICE}/"), "aud"),
        (a_call(aud=HUB), "aud"),
        (a_call(aud=FHIR), "aud"),
        (a_call(aud=TOKEN_URL), "aud"),
        (a_call(aud=[SERVICE]), "aud"),
        (a_call(iss="https://other.example/"), "status"),
        (a_call(iss="cds-1"), "status"),
        (a_call(iss=None), "status"),
        (a_call(exp=NOW + 301), "lifetime"),
        (a_call(exp=NOW - 31, iat=NOW - 200), "lifetime"),
        (a_call(iat=None), "claim"),
        (a_call(jti=None), "jti"),
        (a_call({"typ": "at+jwt"}), "type"),
        (a_call({"jku": "https://his.example/jwks.json"}), "hdr"),
        (a_call({"kid": "k1"}), "cross-client"),
        (a_call({"kid": "c9"}), "kid"),
        (a_call(hub={"inst": "12110102400000101U"}), "org-spoof"),
    ],
)
async def test_a_call_that_is_not_for_this_service_by_this_client_is_refused(
    hub: Hub, text: str, reason: str
) -> None:
    assert await refusal(hub, text) == reason
    await call(hub, a_call())


async def test_what_is_told_of_a_card_may_name_the_service_or_the_address_below_it(
    hub: Hub,
) -> None:
    await call(hub, a_call(), f"{SERVICE}/feedback")
    await call(hub, a_call(aud=f"{SERVICE}/feedback", jti="c-2"), f"{SERVICE}/feedback")
    assert await refusal(hub, a_call(aud=f"{SERVICE}/feedback", jti="c-3")) == "aud"


async def test_a_client_registered_with_a_certificate_shows_it_with_each_call(
    making: Making, tmp_path: Path
) -> None:
    made = making(gateway_secret=SECRET)
    pem = certificate(tmp_path)[0].read_text()
    key = jwk_of(ec_key("P-384", KEY), kid="c1")
    await register(made, client="cds-2", key=key, cds_issuer="https://b.example", sender=pem)
    path = SERVICE.removeprefix(HUB)
    async with made.client(LOOPBACK) as http:
        for number, (headers, status) in enumerate(
            [({}, 401), (gateway(pem), 404), (gateway(pem, "x" * 40), 401)]
        ):
            token = a_call(iss="https://b.example", jti=f"d-{number}")
            sent = {"Authorization": f"Bearer {token}"} | headers
            assert (await http.post(path, headers=sent)).status_code == status
    assert await made.reasons() == ["cnf", "cnf"]
    await made.ledger.close()


async def test_a_suspended_client_calls_nothing(hub: Hub) -> None:
    await set_client_active(hub.entrance, OPERATOR, "cds-1", active=False)
    assert await refusal(hub, a_call()) == "status"
    await set_client_active(hub.entrance, OPERATOR, "cds-1", active=True)
    hub.region.status[INSTITUTION] = "suspended"
    assert await refusal(hub, a_call()) == "status"
    hub.region.status[INSTITUTION] = "active"
    await call(hub, a_call())


async def test_a_call_is_no_client_assertion_and_no_access_token(hub: Hub) -> None:
    assert (await ask(hub, form(a_call(), scope=None))).status_code == 401
    assert (await get(hub, a_call())).status_code == 401
