"""The token door over HTTP: what is given, what is refused, and what the audit log says of it."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hie.access.compact import encode_segment, read_compact
from hie.access.keys import VerificationKey
from hie.access.profile import Profile
from hie.access.token import verify_text
from hie.oauth import token_request
from tests.integration.oauth.asking import ask, form, numbered
from tests.integration.oauth.conftest import SCOPES, Hub, Making, register
from tests.unit.access.tokens import (
    CLIENT,
    FHIR,
    HUB,
    INSTITUTION,
    NOW,
    TOKEN_URL,
    a_header,
    an_assertion,
    ec_key,
    jwk_of,
    of_hub,
    rsa_key,
    signed,
)

pytestmark = pytest.mark.anyio

P384_ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffff"
    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    16,
)


async def test_a_registered_key_gets_a_short_token_bound_to_its_institution(hub: Hub) -> None:
    answer = await ask(hub, form())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("bearer", 300)
    assert body["scope"] == "system/Observation.rs"
    keys = hub.entrance.ring.accepted(NOW)
    claims = verify_text(body["access_token"], Profile.ACCESS_TOKEN, of_hub(keys=keys), NOW)
    assert claims.members["hub"] == {"inst": INSTITUTION}
    assert claims.audience == FHIR
    assert read_compact(body["access_token"]).header["typ"] == "at+jwt"


async def test_the_issue_of_a_token_is_recorded_with_its_id(hub: Hub) -> None:
    answer = await ask(hub, form())
    token_id = read_compact(answer.json()["access_token"]).payload["jti"]
    (row,) = await hub.audit("token-issued")
    assert (row["client"], row["institution"], row["token"]) == (CLIENT, INSTITUTION, token_id)
    assert (row["outcome"], row["network"]) == ("0", "10.1.2.3")
    assert row["request"] == answer.headers["x-request-id"]


async def test_without_a_scope_everything_registered_is_given(hub: Hub) -> None:
    answer = await ask(hub, form(scope=None))
    assert answer.json()["scope"].split() == sorted(SCOPES)


async def test_less_than_registered_may_be_asked_for(hub: Hub) -> None:
    answer = await ask(hub, form(scope="system/Observation.r hie/order-check"))
    assert answer.json()["scope"] == "hie/order-check system/Observation.r"


@pytest.mark.parametrize(
    "scope",
    [
        "system/Patient.rs",
        "system/Observation.cruds",
        "system/Observation.dus",
        "system/Observation.sr",
        "system/Observation.",
        "system/Observation",
        "system/*.cruds",
        "system/*.*",
        "system/Observation.*",
        "system/Observation.read",
        "user/Observation.rs",
        "patient/Observation.rs",
        "system/Observation.cruds?category=laboratory",
        "system/Observation.rs?code:in=http://evil.example/vs",
        "hie/registers",
        "hie/*",
        "openid",
        "system/Observation.rs  system/Patient.r",
        " system/Observation.rs",
        "system/Observation.rs\tsystem/Patient.r",
        "system/Observation.rs system/Patient.rs",
        " ".join(["system/Observation.rs"] * 1000),
    ],
)
async def test_a_scope_beyond_the_registration_is_refused_whole(hub: Hub, scope: str) -> None:
    answer = await ask(hub, form(scope=scope))
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_scope"
    assert "evil" not in answer.text
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["kind"], row["client"]) == ("scope", "client", CLIENT)


async def test_a_malleated_signature_makes_no_second_use(hub: Hub) -> None:
    assertion = numbered(1)
    body, _, tail = assertion.rpartition(".")
    raw = base64.urlsafe_b64decode(tail + "=" * (-len(tail) % 4))
    other = raw[:48] + (P384_ORDER - int.from_bytes(raw[48:])).to_bytes(48)
    assert (await ask(hub, form(assertion))).status_code == 200
    answer = await ask(hub, form(f"{body}.{encode_segment(other)}"))
    assert answer.status_code == 401
    assert await hub.reasons() == ["replay"]


async def test_a_client_is_held_to_its_rate(hub: Hub) -> None:
    statuses = [(await ask(hub, form(numbered(n)))).status_code for n in range(32)]
    assert statuses == [200] * 30 + [429] * 2
    hub.clock.now += 1
    assert (await ask(hub, form(numbered(99)))).status_code == 200


async def test_rates_can_be_off_on_loopback_only(making: Making) -> None:
    from hie.errors import HubMisconfigured

    with pytest.raises(HubMisconfigured):
        making(rate_limits=False)
    making("http://localhost:8000", rate_limits=False)


def other_clients_key() -> str:
    return signed(a_header(kid="k2"), an_assertion(), ec_key("P-384", 2))


ATTACKS: list[tuple[str, Any, str]] = [
    ("unsigned", lambda: "eyJhbGciOiJub25lIn0.e30.", "jws-alg"),
    ("no token", lambda: "x", "shape"),
    ("another audience", lambda: signed(a_header(), an_assertion(aud=FHIR), ec_key()), "aud"),
    ("an unknown key", lambda: signed(a_header(kid="k9"), an_assertion(), ec_key()), "kid"),
    ("a wrong signature", lambda: signed(a_header(), an_assertion(), ec_key("P-384", 5)), "sig"),
    ("too long a life", lambda: numbered(1, exp=NOW + 301), "lifetime"),
    ("an unknown client", lambda: numbered(1, iss="ghost", sub="ghost"), "status"),
    ("a list as issuer", lambda: numbered(1, iss=[CLIENT]), "status"),
    ("a key address", lambda: signed(a_header(jku="http://x"), an_assertion(), ec_key()), "hdr"),
    ("another kind", lambda: signed(a_header(typ="at+jwt"), an_assertion(), ec_key()), "type"),
    ("duplicate members", lambda: signed(a_header(), b'{"iss":"a","iss":"b"}', ec_key()), "dup"),
]


@pytest.mark.parametrize(("assertion", "reason"), [(a, r) for _, a, r in ATTACKS])
async def test_every_refused_assertion_sounds_the_same(
    hub: Hub, assertion: Any, reason: str
) -> None:
    answer = await ask(hub, form(assertion()))
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_client",
        "error_description": "client authentication failed",
    }
    (row,) = await hub.audit("refused")
    assert row["reason"] == reason
    assert not await hub.audit("token-issued")
    assert (await ask(hub, form())).status_code == 200


async def test_one_clients_key_under_anothers_name_is_an_attack(hub: Hub) -> None:
    await register(hub, client="ris-1", key=jwk_of(ec_key("P-384", 2), kid="k2"))
    answer = await ask(hub, form(other_clients_key()))
    assert answer.status_code == 401
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["outcome"]) == ("cross-client", "8")


async def test_a_client_id_beside_the_assertion_must_agree(hub: Hub) -> None:
    assert (await ask(hub, form(client_id="other"))).status_code == 401
    assert await hub.reasons() == ["claim"]
    assert (await ask(hub, form(client_id=CLIENT))).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, 400, "invalid_request"),
        ({"client_assertion_type": None}, 400, "invalid_request"),
        ({"client_assertion": ""}, 401, "invalid_client"),
        ({"client_secret": "s"}, 400, "invalid_request"),
        ({"client_secret": "s", "client_assertion": ""}, 401, "invalid_client"),
        ({"scope": ["system/Patient.r", "system/Observation.r"]}, 400, "invalid_request"),
        ({"grant_type": ["client_credentials"] * 2}, 400, "invalid_request"),
        ({f"x{n}": "1" for n in range(30)}, 400, "invalid_request"),
        ({"purpose_of_use": "BTG"}, 400, "invalid_request"),
    ],
)
async def test_a_malformed_request_is_told_what_is_expected(
    hub: Hub, fields: dict[str, Any], status: int, error: str
) -> None:
    answer = await ask(hub, form() | fields)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert len(await hub.audit("refused")) == 1


async def test_a_secret_in_the_header_is_no_authentication(hub: Hub) -> None:
    options = {"auth": ("lis-1", "secret")}
    both = await ask(hub, form(), **options)
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    alone = await ask(hub, {"grant_type": "client_credentials"}, **options)
    assert (alone.status_code, alone.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("media", ["application/json", "text/plain", "multipart/form-data", ""])
async def test_only_a_form_is_read(hub: Hub, media: str) -> None:
    async with hub.client() as http:
        body = json.dumps(form()).encode()
        answer = await http.post("/oauth/token", content=body, headers={"Content-Type": media})
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a", b"grant_type=%ff", b"&", b"a=\xe2\x98\x83"])
async def test_a_broken_form_is_refused(hub: Hub, body: bytes) -> None:
    media = {"Content-Type": "application/x-www-form-urlencoded"}
    async with hub.client() as http:
        answer = await http.post("/oauth/token", content=body, headers=media)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_the_token_door_takes_post_only(hub: Hub) -> None:
    async with hub.client() as http:
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            assert (await http.request(method, "/oauth/token")).status_code == 401


async def test_a_suspended_client_gets_no_token(hub: Hub) -> None:
    from hie.oauth.registration import set_client_active
    from tests.integration.oauth.conftest import OPERATOR

    await set_client_active(hub.entrance, OPERATOR, CLIENT, active=False)
    assert (await ask(hub, form())).status_code == 401
    assert await hub.reasons() == ["status"]
    await set_client_active(hub.entrance, OPERATOR, CLIENT, active=True)
    assert (await ask(hub, form())).status_code == 200


@pytest.mark.parametrize("status", ["withdrawn", "suspended"])
async def test_a_client_of_an_institution_that_is_shut_out_gets_no_token(
    hub: Hub, status: str
) -> None:
    hub.region.status[INSTITUTION] = status
    assert (await ask(hub, form())).status_code == 401
    assert await hub.reasons() == ["status"]
    hub.region.status[INSTITUTION] = "active"
    assert (await ask(hub, form(numbered(2)))).status_code == 200


async def test_failures_of_one_network_back_off_and_harm_nobody_else(hub: Hub) -> None:
    statuses = [(await ask(hub, form("a.b.c"))).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert (await ask(hub, form(numbered(1)))).status_code == 200
    flood = [(await ask(hub, form("a.b.c"))).status_code for _ in range(30)]
    assert set(flood) == {429}
    assert (await ask(hub, form(numbered(2)), address="10.9.9.9")).status_code == 200
    hub.clock.now += 60
    assert (await ask(hub, form("a.b.c"))).status_code == 401


async def test_two_clients_may_use_one_token_id(hub: Hub) -> None:
    await register(hub, client="ris-1", key=jwk_of(rsa_key(), kid="k1"))
    mine = numbered(1)
    theirs = signed(
        a_header(alg="RS384"),
        an_assertion(iss="ris-1", sub="ris-1", jti="id-1"),
        rsa_key(),
        "RS384",
    )
    assert (await ask(hub, form(mine))).status_code == 200
    assert (await ask(hub, form(theirs))).status_code == 200


async def test_the_issuer_may_be_the_audience(hub: Hub) -> None:
    assert (await ask(hub, form(numbered(1, aud=TOKEN_URL)))).status_code == 200
    assert (await ask(hub, form(numbered(2, aud=hub.entrance.issuer)))).status_code == 200


async def test_a_registered_purpose_is_in_the_token(hub: Hub) -> None:
    key = jwk_of(rsa_key(), kid="k1")
    await register(hub, client="ris-1", key=key, purposes=("TREAT", "HOPERAT"))
    assertion = signed(
        a_header(alg="RS384"), an_assertion(iss="ris-1", sub="ris-1"), rsa_key(), "RS384"
    )
    answer = await ask(hub, form(assertion, purpose_of_use="HOPERAT"))
    payload = read_compact(answer.json()["access_token"]).payload
    assert json.dumps(payload).count("HOPERAT") == 1


async def test_the_published_keys_verify_the_tokens(hub: Hub) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    answer = await ask(hub, form())
    async with hub.client() as http:
        keys = (await http.get("/.well-known/jwks.json")).json()
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"} for key in keys["keys"])
    token = jwt.decode(answer.json()["access_token"], KeySet.import_key_set(keys), ["ES256"])
    assert token.claims["client_id"] == CLIENT


async def test_the_metadata_tell_what_the_doors_do(hub: Hub) -> None:
    async with hub.client() as http:
        smart = (await http.get("/.well-known/smart-configuration")).json()
        below = (await http.get("/fhir/.well-known/smart-configuration")).json()
        rfc8414 = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert smart == below
    assert smart["token_endpoint"] == rfc8414["token_endpoint"] == TOKEN_URL
    assert {"RS384", "ES384"} <= set(smart["token_endpoint_auth_signing_alg_values_supported"])
    assert "private_key_jwt" in smart["token_endpoint_auth_methods_supported"]
    assert "client-confidential-asymmetric" in smart["capabilities"]
    assert smart["introspection_endpoint"] == f"{HUB}/oauth/introspect"
    assert smart["revocation_endpoint"] == f"{HUB}/oauth/revoke"
    assert {"client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"} <= set(
        smart["grant_types_supported"]
    )


def test_a_verification_key_has_no_private_part() -> None:
    assert set(VerificationKey.__slots__) == {"kid", "algorithm", "public", "uses", "operations"}


async def test_a_form_is_read_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def watched(text: str, **options: Any) -> list[tuple[str, str]]:
        read.append(text)
        return parse_qsl(text, **options)

    monkeypatch.setattr(token_request, "parse_qsl", watched)
    assert (await ask(hub, form())).status_code == 200
    assert (await ask(hub, form(grant_type="authorization_code"))).status_code == 400
    assert (await ask(hub, form(grant_type="password"))).status_code == 400
    assert len(read) == 3
