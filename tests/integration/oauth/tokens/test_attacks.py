"""Attacks on the token door over HTTP: each is refused, told sparingly, recorded, and leaves no mark.

The letters are those of the token attacks the doors are designed against. Each attack differs from
a good request in one thing; the good request is made after it and is answered.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hie.access.compact import encode_segment
from hie.access.reason import ALERTS, Reason
from tests.integration.oauth.asking import ask, form, get, numbered, token
from tests.integration.oauth.conftest import Hub, Making, register
from tests.integration.oauth.tokens.people import (
    ask_for_person,
    context,
    person_token,
    register_his,
)
from tests.unit.access.tokens import (
    CLIENT,
    FHIR,
    HUB,
    NOW,
    TOKEN_URL,
    a_header,
    an_access_header,
    an_access_payload,
    an_assertion,
    ec_key,
    jwk_of,
    rsa_key,
    segment,
    signed,
)

pytestmark = pytest.mark.anyio
CANARY = "zaunkoenig-4711"
OTHER = 2  # `ec_key("P-384", OTHER)`, of the client ris-1


def good(header: dict[str, Any] | None = None, /, **claims: Any) -> str:
    return signed(a_header(**(header or {})), an_assertion(**claims), ec_key())


def unsigned(alg: Any) -> str:
    return f"{segment(a_header(alg=alg))}.{segment(an_assertion())}."


def by_secret(alg: str, encoding: Encoding) -> str:
    secret = ec_key().public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    body = f"{segment(a_header(alg=alg))}.{segment(an_assertion())}"
    return f"{body}.{encode_segment(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def twice(name: str) -> str:
    text = json.dumps(an_assertion(**{name: CANARY}))
    again = json.dumps({name: an_assertion()[name]})[1:-1]
    return signed(a_header(), (text[:-1] + "," + again + "}").encode(), ec_key())


def spelt(spoil: Callable[[str], str]) -> str:
    return spoil(good())


def serialised() -> str:
    head, body, tail = good().split(".")
    return json.dumps({"protected": head, "payload": body, "signature": tail})


ATTACKS: list[tuple[str, Callable[[], str], Reason]] = [
    *(
        (f"alg {alg}", (lambda alg=alg: unsigned(alg)), Reason.JWS_ALG)
        for alg in ("none", "NONE", "")
    ),
    ("HS256 by the PEM", lambda: by_secret("HS256", Encoding.PEM), Reason.ALG_CONFUSION),
    ("HS256 by the DER", lambda: by_secret("HS256", Encoding.DER), Reason.ALG_CONFUSION),
    ("another algorithm", lambda: good({"alg": "ES512"}), Reason.KEY_MISMATCH),
    ("the algorithm of another key", lambda: good({"alg": "RS384"}), Reason.KEY_MISMATCH),
    ("crit", lambda: good({"crit": [CANARY]}), Reason.HDR),
    ("empty crit", lambda: good({"crit": []}), Reason.HDR),
    ("b64", lambda: good({"crit": ["b64"], "b64": False}), Reason.HDR),
    ("crit exp", lambda: good({"crit": ["exp"]}), Reason.HDR),
    ("zip", lambda: good({"zip": "DEF"}), Reason.HDR),
    ("cty", lambda: good({"cty": "JWT"}), Reason.HDR),
    ("p2c", lambda: good({"p2c": 10**9}), Reason.HDR),
    ("jwk", lambda: good({"jwk": jwk_of(ec_key("P-384", 8))}), Reason.HDR),
    *(
        (f"kid {kid!r:.20}", (lambda kid=kid: good({"kid": kid})), Reason.KID)
        for kid in ("../../dev/null", "' OR 1=1--", "k" * 4096, 7, "\N{KEY}", "", "k1\x00", ["k1"])
    ),
    (
        "another client's key",
        lambda: signed(a_header(kid="r1"), an_assertion(), ec_key("P-384", OTHER)),
        Reason.CROSS_CLIENT,
    ),
    (
        "another client's key under this one's id",
        lambda: signed(a_header(), an_assertion(), ec_key("P-384", OTHER)),
        Reason.SIG,
    ),
    *(
        (f"aud {aud!r:.40}", (lambda aud=aud: good(aud=aud)), Reason.AUD)
        for aud in (
            *(
                "https://other.example/oauth/token",
                [TOKEN_URL],
                [TOKEN_URL, "https://evil.example"],
            ),
            *(TOKEN_URL[:-1], TOKEN_URL + "/", FHIR, "", 7),
        )
    ),
    ("no aud", lambda: good(aud=None), Reason.AUD),
    *(
        (f"jti {jti!r:.20}", (lambda jti=jti: good(jti=jti)), Reason.JTI)
        for jti in (7, "", "x" * 4000, ["a"])
    ),
    ("no jti", lambda: good(jti=None), Reason.JTI),
    *(
        (f"{name} twice", (lambda name=name: twice(name)), Reason.DUP)
        for name in ("iss", "sub", "aud", "exp", "jti")
    ),
    (
        "nested twice",
        lambda: signed(
            a_header(), json.dumps(an_assertion())[:-1].encode() + b',"x":{"a":1,"a":2}}', ec_key()
        ),
        Reason.DUP,
    ),
    ("padding", lambda: spelt(lambda t: t + "="), Reason.ENC),
    ("space", lambda: spelt(lambda t: t[:-5] + " " + t[-5:]), Reason.ENC),
    ("newline", lambda: spelt(lambda t: t + "\n"), Reason.ENC),
    ("other alphabet", lambda: spelt(lambda t: t[:-3] + "+/" + t[-1]), Reason.ENC),
    ("JSON", serialised, Reason.SHAPE),
    ("four segments", lambda: spelt(lambda t: t + ".AAAA"), Reason.SHAPE),
    ("five segments", lambda: spelt(lambda t: t + ".AAAA.AAAA"), Reason.SHAPE),
    ("too long", lambda: good(x="y" * 9000), Reason.SHAPE),
    ("exp as text", lambda: good(exp=str(NOW + 100)), Reason.CLAIM),
    ("exp in the year 9999", lambda: good(exp=253_402_300_799), Reason.LIFETIME),
    ("of a client nobody registered", lambda: good(iss="ghost", sub="ghost"), Reason.STATUS),
    ("for another subject", lambda: good(sub="ris-1"), Reason.CLAIM),
]


@pytest.fixture(autouse=True)
async def others(hub: Hub) -> None:
    await register(hub, client="ris-1", key=jwk_of(ec_key("P-384", OTHER), kid="r1"))
    await register_his(hub)


async def test_every_attack_is_refused_alike_recorded_by_its_reason_and_leaves_no_mark(
    hub: Hub,
) -> None:
    for number, (name, make, reason) in enumerate(ATTACKS):
        near = f"10.{number // 200}.{number % 200}.7"
        answer = await ask(hub, form(make()), address=near)
        assert answer.status_code == 401, name
        assert answer.json() == {
            "error": "invalid_client",
            "error_description": "client authentication failed",
        }, name
        assert CANARY not in answer.text + str(answer.headers), name
        row = (await hub.audit("refused"))[-1]
        assert (row["reason"], row["network"]) == (reason, near), name
        assert row["outcome"] == ("8" if reason in ALERTS else "4"), name
    assert len(await hub.audit("refused")) == len(ATTACKS)
    assert not await hub.audit("token-issued")
    assert CANARY not in str(await hub.audit())
    assert (await ask(hub, form(numbered(9)))).status_code == 200


async def test_an_address_in_the_header_is_never_called(hub: Hub) -> None:
    """The addresses lead to a listener, which hears nothing."""
    heard: list[str] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append("called")
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = f"https://127.0.0.1:{port}/jwks.json"
    members = {
        "jku": [
            address,
            address.replace("https", "http"),
            f"{address}.evil",
            f"//127.0.0.1:{port}",
        ],
        "x5u": [address],
    }
    for name, values in members.items():
        for number, value in enumerate(values):
            near = f"10.3.{number}.{len(name)}"
            assert (await ask(hub, form(good({name: value})), address=near)).status_code == 401
    await asyncio.sleep(0.05)
    assert heard == []
    assert set(await hub.reasons()) == {"hdr"}
    server.close()


async def test_a_token_of_one_kind_fails_at_every_other_door(hub: Hub) -> None:
    """What is good at one door, shown at the others."""
    system, person = await token(hub), await person_token(hub)
    assertion, said = numbered(1), context(2)
    # an id_token as a hospital's provider would make one
    id_token = signed(
        a_header(alg="ES256", kid="k1"),
        an_assertion(iss=HUB, sub="p", aud=CLIENT, nonce="n", jti=None),
        ec_key("P-256"),
        "ES256",
    )
    for number, text in enumerate((system, person, said, id_token)):
        asked = form(text, scope=None)
        assert (await ask(hub, asked, address=f"10.4.1.{number}")).status_code == 401
    for number, text in enumerate((system, person, assertion, id_token)):
        answer = await ask_for_person(hub, text)
        assert answer.status_code == 401, number
    for text in (assertion, said, id_token):
        assert (await get(hub, text, address="10.4.3.1")).status_code == 401
    assert set(await hub.reasons()) <= {"type", "status"}
    assert (await get(hub, system)).status_code == 200
    assert (await get(hub, person)).status_code == 200
    assert (await ask(hub, form(assertion))).status_code == 200
    assert (await ask_for_person(hub, said)).status_code == 200


async def test_one_way_of_authentication_is_offered(hub: Hub) -> None:
    """Secrets, in the form or the header, and two ways at once."""
    secret = {"client_id": CLIENT, "client_secret": CANARY}
    plain = {"grant_type": "client_credentials"}
    basic = base64.b64encode(f"{CLIENT}:{CANARY}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    assert (await ask(hub, plain | secret)).status_code == 401
    assert (await ask(hub, form() | secret)).status_code == 400
    async with hub.client() as http:
        for fields, status in ((plain, 401), (form(), 400)):
            answer = await http.post("/oauth/token", data=fields, headers=headers)
            assert answer.status_code == status
            assert CANARY not in answer.text
    assert set(await hub.reasons()) == {"method"}
    assert CANARY not in str(await hub.audit())
    assert (await ask(hub, form())).status_code == 200


async def test_an_access_token_for_another_server_opens_nothing(hub: Hub) -> None:
    """Everything about a token only this hub could have signed."""
    key = hub.entrance.ring.signer(NOW)
    head = an_access_header(kid=key.kid)

    def own(**claims: Any) -> str:
        return signed(head, an_access_payload(**claims), key.signer.private, "ES256")  # type: ignore[attr-defined]

    others = {"aud": "https://other.example/fhir", "iss": f"{HUB}/", "client_id": "ghost"}
    for name, value in others.items():
        assert (await get(hub, own(**{name: value}))).status_code == 401, name
    for life in (301, 901):
        assert (await get(hub, own(exp=NOW + life))).status_code == 401
    assert await hub.reasons() == ["aud", "claim", "status", "lifetime", "lifetime"]
    assert (await get(hub, own())).status_code == 200


@pytest.fixture
async def elsewhere(making: Making, hub: Hub) -> AsyncIterator[Hub]:
    """Another process of the same hub."""
    made = making(clock=hub.clock)
    yield made
    await made.ledger.close()


async def test_a_flood_of_ids_ends_at_the_quota_and_harms_nobody(
    hub: Hub, elsewhere: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quota is one over all processes, and of one client alone."""
    from hie.oauth import client_proof

    monkeypatch.setattr(client_proof, "MOST_LIVE", 6)
    statuses = []
    for number in range(10):
        where = hub if number % 2 else elsewhere
        statuses.append((await ask(where, form(numbered(number)))).status_code)
    assert statuses == [200] * 6 + [429] * 4
    other = signed(
        a_header(kid="r1"), an_assertion(iss="ris-1", sub="ris-1"), ec_key("P-384", OTHER)
    )
    assert (await ask(hub, form(other))).status_code == 200
    hub.clock.now += 400
    late = numbered(99, iat=NOW + 400, exp=NOW + 500)
    assert (await ask(hub, form(late))).status_code == 200
    assert (await hub.reasons()).count("quota") == 4


async def test_a_flood_from_everywhere_is_looked_at_seldom_and_harms_nobody(hub: Hub) -> None:
    """Exhaustion: a hundred networks that failed too often share one measure."""
    bad = signed(a_header(alg="RS384"), an_assertion(), rsa_key(), "RS384")
    networks = [f"10.7.0.{n}" for n in range(30)]
    for near in networks:
        for _ in range(10):
            hub.entrance.rates.failed.take(near, hub.clock.now)
    statuses = [(await ask(hub, form(bad), address=near)).status_code for near in networks * 5]
    assert statuses.count(429) == len(statuses)
    looked = [row for row in await hub.audit("refused") if row["reason"] != "back-off"]
    assert len(looked) <= 100
    assert (await ask(hub, form(), address="10.8.0.1")).status_code == 200
