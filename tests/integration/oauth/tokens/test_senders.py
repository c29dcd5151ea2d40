"""Tokens bound to what their sender alone has: a certificate (RFC 8705) or a key (RFC 9449)."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hie.access.compact import encode_segment, read_compact
from hie.access.dpop import hash_of
from hie.errors import Conflict, HubMisconfigured, NotAuthenticated, UnprocessableRequest
from hie.oauth.bearer_door import BearerDoor
from hie.oauth.registration import operator_token
from hie.oauth.sender import check_sender, nonce
from tests.integration.oauth.asking import ask, bearer, form, get, numbered, token
from tests.integration.oauth.conftest import OPERATOR, Hub, Making, register
from tests.integration.oauth.tokens.key_server import certificate
from tests.unit.access.tokens import (
    CLIENT,
    FHIR,
    HUB,
    NOW,
    TOKEN_URL,
    a_header,
    an_assertion,
    ec_key,
    jwk_of,
    signed,
)

pytestmark = pytest.mark.anyio
SECRET = "s" * 40
BOUND, PROVER = "bound-1", "prover-1"
READ = f"{FHIR}/Observation/1"
LOOPBACK = "127.0.0.1"


@pytest.fixture
def pem(tmp_path: Path) -> str:
    return certificate(tmp_path)[0].read_text()


@pytest.fixture
async def hub(making: Making, pem: str) -> AsyncIterator[Hub]:
    made = making(gateway_secret=SECRET)
    await register(made)
    await register(made, client=BOUND, key=jwk_of(ec_key("P-384", 31), kid="b1"), sender=pem)
    await register(made, client=PROVER, key=jwk_of(ec_key("P-384", 32), kid="p1"), sender="dpop")
    yield made
    await made.ledger.close()


def gateway(pem: str, secret: str = SECRET) -> dict[str, str]:
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    shown = f":{base64.b64encode(der).decode()}:"
    return {"X-Gateway-Secret": secret, "Client-Cert": shown}


def by(client: str, number: int = 1) -> dict[str, Any]:
    key, kid = {BOUND: (31, "b1"), PROVER: (32, "p1")}[client]
    claims = an_assertion(iss=client, sub=client, jti=f"{client}-{number}")
    return form(signed(a_header(kid=kid), claims, ec_key("P-384", key)))


async def post(hub: Hub, fields: dict[str, Any], headers: dict[str, str], near: str) -> Any:
    async with hub.client(near) as http:
        return await http.post("/oauth/token", data=fields, headers=headers)


async def read(hub: Hub, headers: dict[str, str], near: str = LOOPBACK) -> Any:
    async with hub.client(near) as http:
        return await http.get("/fhir/Observation/1", headers=headers)


async def test_a_token_bound_to_a_certificate_opens_with_it_alone(
    hub: Hub, pem: str, tmp_path: Path
) -> None:
    answer = await post(hub, by(BOUND), gateway(pem), LOOPBACK)
    assert answer.status_code == 200
    text = answer.json()["access_token"]
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    thumb = encode_segment(hashlib.sha256(der).digest())
    assert read_compact(text).payload["cnf"] == {"x5t#S256": thumb}
    assert (await read(hub, bearer(text) | gateway(pem))).status_code == 200
    other = certificate(tmp_path)[0].read_text()
    refused = [
        await read(hub, bearer(text)),  # no certificate
        await read(hub, bearer(text) | gateway(other)),
        await read(hub, bearer(text) | gateway(pem, "t" * 40)),  # not the gateway
        await read(hub, bearer(text) | gateway(pem), "10.9.9.9"),  # forged from outside
        await read(hub, bearer(text) | gateway(pem) | {"Client-Cert": ":AAAA"}),
    ]
    assert [one.status_code for one in refused] == [401] * 5
    assert await hub.reasons() == ["cnf"] * 5
    assert all(row["outcome"] == "8" for row in await hub.audit("refused"))
    assert SECRET not in str(await hub.audit())


async def test_a_client_registered_with_a_certificate_gets_no_token_without(
    hub: Hub, pem: str
) -> None:
    for number, headers in enumerate(
        ({}, gateway(pem, "t" * 40), {"X-Client-Cert": pem[:64].replace("\n", "")})
    ):
        answer = await post(hub, by(BOUND, number), headers, LOOPBACK)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (await post(hub, by(BOUND, 7), gateway(pem), "10.9.9.9")).status_code == 401
    assert await hub.reasons() == ["cnf"] * 4
    assert (await post(hub, by(BOUND, 8), gateway(pem), LOOPBACK)).status_code == 200


async def test_a_certificate_nobody_asked_for_binds_nothing(hub: Hub, pem: str) -> None:
    answer = await post(hub, form(), gateway(pem), LOOPBACK)
    text = answer.json()["access_token"]
    assert "cnf" not in read_compact(text).payload
    assert (await get(hub, text)).status_code == 200


async def test_the_gateway_has_a_long_secret(making: Making) -> None:
    with pytest.raises(HubMisconfigured):
        making(gateway_secret="short")


# --- proofs of possession


def a_proof(hub: Hub, key: int = 51, header: dict[str, Any] | None = None, **changes: Any) -> str:
    private = ec_key("P-256", key)
    jwk = jwk_of(private)
    head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": {k: jwk[k] for k in ("kty", "crv", "x", "y")}}
    claims = {"jti": "d-1", "htm": "GET", "htu": READ, "iat": NOW, "nonce": nonce(hub.entrance)}
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return signed(
        {k: v for k, v in (head | (header or {})).items() if v is not None}, kept, private, "ES256"
    )


def for_token(hub: Hub, **changes: Any) -> dict[str, str]:
    return {"DPoP": a_proof(hub, **({"htm": "POST", "htu": TOKEN_URL, "jti": "t-1"} | changes))}


async def dpop_token(hub: Hub, number: int = 1) -> str:
    answer = await post(hub, by(PROVER, number), for_token(hub, jti=f"t-{number}"), LOOPBACK)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP"), answer.text
    return str(answer.json()["access_token"])


def shown(hub: Hub, text: str, **changes: Any) -> dict[str, str]:
    proof = a_proof(hub, **({"ath": hash_of(text)} | changes))
    return {"Authorization": f"DPoP {text}", "DPoP": proof}


async def test_a_token_bound_to_a_key_opens_with_a_proof_of_it_once(
    hub: Hub, making: Making
) -> None:
    text = await dpop_token(hub)
    assert set(read_compact(text).payload["cnf"]) == {"jkt"}  # type: ignore[call-overload]
    assert (await read(hub, shown(hub, text))).status_code == 200
    assert (await read(hub, shown(hub, text))).status_code == 401
    assert (await read(making(clock=hub.clock), shown(hub, text))).status_code == 401
    assert await hub.reasons() == ["dpop", "dpop"]
    assert (await read(hub, shown(hub, text, jti="d-2"))).status_code == 200


async def test_what_a_token_is_shown_with_is_told_who_asks_what_it_is_worth(
    hub: Hub, pem: str
) -> None:
    by_key, plain = await dpop_token(hub), await token(hub)
    answer = await post(hub, by(BOUND), gateway(pem), LOOPBACK)
    by_certificate = answer.json()["access_token"]
    proofs = {by_key: by(PROVER, 2), by_certificate: by(BOUND, 2), plain: form(numbered(3))}
    told = []
    async with hub.client(LOOPBACK) as http:
        for text, proof in proofs.items():
            asked = {"token": text} | {k: v for k, v in proof.items() if "assertion" in k}
            answer = await http.post("/oauth/introspect", data=asked)
            told.append((answer.json()["active"], answer.json()["token_type"]))
    assert told == [(True, "DPoP"), (True, "bearer"), (True, "bearer")]


async def test_without_the_nonce_of_now_the_sender_is_told_it(hub: Hub) -> None:
    answer = await post(hub, by(PROVER), for_token(hub, nonce=None), LOOPBACK)
    assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
    again = await post(
        hub, by(PROVER), for_token(hub, nonce=answer.headers["dpop-nonce"], jti="t-2"), LOOPBACK
    )
    text = again.json()["access_token"]
    answer = await read(hub, shown(hub, text, nonce="yesterday"))
    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
    headers = shown(hub, text, nonce=answer.headers["dpop-nonce"], jti="d-2")
    assert (await read(hub, headers)).status_code == 200
    assert await hub.reasons() == ["nonce", "nonce"]


async def test_a_nonce_is_taken_until_the_next_one_is_over(hub: Hub) -> None:
    text, given = await dpop_token(hub), nonce(hub.entrance)
    hub.clock.now += 250
    soon = NOW + 250
    assert (await read(hub, shown(hub, text, nonce=given, iat=soon))).status_code == 200
    fresh = form(numbered(1, iat=NOW + 650, exp=NOW + 700))
    hub.clock.now += 400
    late = {"iat": NOW + 650, "jti": "t-9", "nonce": given}
    answer = await post(hub, fresh, for_token(hub, **late), LOOPBACK)
    assert answer.json()["error"] == "use_dpop_nonce"


PROOFS: list[tuple[str, dict[str, Any]]] = [
    ("another method", {"htm": "POST"}),
    ("another address", {"htu": f"{FHIR}/Observation/2"}),
    ("another host", {"htu": READ.replace(HUB, "https://evil.example")}),
    ("with a query", {"htu": f"{READ}?x=1"}),
    ("too old", {"iat": NOW - 61}),
    ("from the future", {"iat": NOW + 11}),
    ("no time", {"iat": None}),
    ("a time as text", {"iat": str(NOW)}),
    ("no id", {"jti": None}),
    ("of another token", {"ath": hash_of("a.b.c")}),
    ("of no token", {"ath": None}),
    ("another typ", {"header": {"typ": "JWT"}}),
    ("unsigned", {"header": {"alg": "none"}}),
    ("a secret's algorithm", {"header": {"alg": "HS256"}}),
    ("an address of the key", {"header": {"jku": "https://evil.example/"}}),
    ("no key", {"header": {"jwk": None}}),
    ("a private key", {"header": {"jwk": {**jwk_of(ec_key("P-256", 51)), "d": "AAAA"}}}),
    ("another's key in the header", {"header": {"jwk": jwk_of(ec_key("P-256", 52))}}),
]


async def test_a_proof_that_does_not_fit_opens_nothing(hub: Hub) -> None:
    text = await dpop_token(hub)
    for number, (name, changes) in enumerate(PROOFS):
        near = f"10.6.{number}.1"
        answer = await read(hub, shown(hub, text, **({"jti": f"x-{number}"} | changes)), near)
        assert answer.status_code == 401, name
        assert 'error="invalid_dpop_proof"' in answer.headers["www-authenticate"], name
    assert await hub.reasons() == ["dpop"] * len(PROOFS)
    assert (await read(hub, shown(hub, text))).status_code == 200


async def test_a_stolen_token_opens_nothing(hub: Hub) -> None:
    text, plain = await dpop_token(hub), await token(hub)
    thief = shown(hub, text, key=77)
    stolen = [
        await read(hub, thief),
        await read(hub, bearer(text)),
        await read(hub, bearer(text) | {"DPoP": thief["DPoP"]}),
        await read(hub, {"Authorization": f"DPoP {plain}"} | {"DPoP": thief["DPoP"]}),
        await read(hub, {"Authorization": f"DPoP {text}"}),
    ]
    assert [one.status_code for one in stolen] == [401] * 5
    assert set(await hub.reasons()) == {"cnf", "dpop"}
    whose = [(row["kind"], row["client"]) for row in await hub.audit("refused")]
    assert sorted(whose) == [("client", CLIENT)] + [("client", PROVER)] * 4
    assert (await read(hub, shown(hub, text))).status_code == 200
    assert (await read(hub, bearer(plain))).status_code == 200


async def test_of_a_thief_who_goes_on_a_count_is_kept(hub: Hub) -> None:
    text = await dpop_token(hub)
    for number in range(9):
        assert (await read(hub, shown(hub, text, key=77, jti=f"x-{number}"))).status_code == 401
    assert await hub.reasons() == ["cnf"] * 5
    hub.clock.now += 60
    await hub.entrance.refusals.flush()
    last = (await hub.audit("refused"))[-1]
    assert (last["reason"], last["client"], last["detail"]) == ("cnf", PROVER, "count=4")


async def test_who_is_no_client_any_more_sends_nothing(hub: Hub) -> None:
    text = await token(hub)
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
    claims = BearerDoor(hub.entrance).claims(text)
    await check_sender(hub.entrance, scope, claims, text, by_proof=False)
    gone = replace(claims, members={**claims.members, "client_id": "gone-1"})
    with pytest.raises(NotAuthenticated):
        await check_sender(hub.entrance, scope, gone, text, by_proof=False)


async def test_a_client_that_must_prove_gets_no_token_without(hub: Hub) -> None:
    answer = await ask(hub, by(PROVER))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    for changes in ({"htu": READ}, {"htm": "GET"}, {"iat": NOW - 100}):
        answer = await post(hub, by(PROVER), for_token(hub, **changes), LOOPBACK)
        assert answer.json()["error"] == "invalid_dpop_proof"
    assert (await post(hub, by(PROVER), for_token(hub), LOOPBACK)).status_code == 200
    assert (await post(hub, by(PROVER, 2), for_token(hub), LOOPBACK)).status_code == 400  # again


async def test_whoever_proves_a_key_gets_a_token_bound_to_it(hub: Hub) -> None:
    answer = await post(hub, form(), for_token(hub), LOOPBACK)
    assert answer.json()["token_type"] == "DPoP"


async def test_the_operator_gives_no_token_that_is_bound(hub: Hub) -> None:
    for client in (BOUND, PROVER):
        with pytest.raises(Conflict):
            await operator_token(hub.entrance, OPERATOR, client)


async def test_what_is_no_certificate_is_not_registered(hub: Hub) -> None:
    for sender in ("x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(UnprocessableRequest) as caught:
            await register(hub, client="new-1", sender=sender)
        assert caught.value.faults[0].path == "sender"
