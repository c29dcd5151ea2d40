"""Keys read at a client's registered address: which addresses, which answers, how often."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hie.errors import UnprocessableRequest
from hie.oauth.jwks_fetch import JwksFetcher, NotFetched
from hie.oauth.jwks_sets import LAST_GOOD
from hie.oauth.registration import set_client_key
from tests.integration.oauth.asking import ask, form, status
from tests.integration.oauth.conftest import OPERATOR, Clock, Hub, Making, register
from tests.integration.oauth.tokens.key_server import NAME, KeyServer, a_set, answering
from tests.unit.access.tokens import CLIENT, NOW, a_header, an_assertion, ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio
FAR = "far-1"


def far(number: int, key: int = 1, header: dict[str, Any] | None = None, **claims: Any) -> str:
    head = a_header(kid=f"f{key}") | (header or {})
    said = an_assertion(iss=FAR, sub=FAR, jti=f"far-{number}", **claims)
    return signed(head, said, ec_key("P-384", key))


@pytest.fixture
async def hub(making: Making, served: tuple[KeyServer, JwksFetcher]) -> AsyncIterator[Hub]:
    made = making(fetcher=served[1])
    await register(made)
    await register(made, client=FAR, key={"jwks_uri": served[0].url})
    yield made
    await made.ledger.close()


@pytest.fixture
def server(served: tuple[KeyServer, JwksFetcher]) -> KeyServer:
    return served[0]


async def test_a_set_is_read_once_and_serves_while_it_is_fresh(hub: Hub, server: KeyServer) -> None:
    assert server.calls == 1  # at registration
    for number in range(5):
        assert await status(hub, far(number)) == 200
    assert server.calls == 1
    (request,) = server.requests
    assert request.startswith(b"GET /jwks.json HTTP/1.1\r\nHost: " + NAME.encode())
    assert b"cookie" not in request.lower()


async def test_the_registered_address_may_stand_in_the_header_and_no_other(
    hub: Hub, server: KeyServer
) -> None:
    assert await status(hub, far(1, header={"jku": server.url})) == 200
    for number, other in enumerate((server.url + ".evil", server.url.replace("https", "http"))):
        assert await status(hub, far(10 + number, header={"jku": other})) == 401
    assert await hub.reasons() == ["hdr", "hdr"]
    assert server.calls == 1


async def test_unknown_key_ids_make_the_hub_look_once_in_ten_seconds(
    hub: Hub, server: KeyServer, making: Making
) -> None:
    other = making(fetcher=hub.entrance.clients.sets._fetcher, clock=hub.clock)
    hub.clock.now += 11  # since registration read it
    for number in range(12):
        text = far(number, header={"kid": f"guess-{number}"})
        assert await status(hub if number % 2 else other, text) in {401, 429}
    assert server.calls == 2
    hub.clock.now += 11
    assert await status(hub, far(90, header={"kid": "guess-x"})) in {401, 429}
    assert server.calls == 3


async def test_a_new_key_is_found_when_it_is_used_first(hub: Hub, server: KeyServer) -> None:
    hub.clock.now += 11
    server.answer = answering(a_set(1, 2))
    assert await status(hub, far(1, key=2)) == 200
    assert await status(hub, far(2, key=1)) == 200
    assert server.calls == 2


async def test_a_key_that_was_taken_away_counts_no_more_when_the_set_is_over(
    hub: Hub, server: KeyServer
) -> None:
    server.answer = answering(a_set(2))
    assert await status(hub, far(1)) == 200
    hub.clock.now += 301
    assert await status(hub, far(2, iat=NOW + 300, exp=NOW + 500)) == 401
    assert await status(hub, far(3, key=2, iat=NOW + 300, exp=NOW + 500)) == 200


async def test_a_set_is_read_by_its_length_in_chunks_and_to_the_end_of_the_connection(
    served: tuple[KeyServer, JwksFetcher],
) -> None:
    server, fetcher = served
    body = a_set(1)
    half = len(body) // 2
    parts = (body[:half], body[half:], b"")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    ways = [
        answering(body),
        answering(chunks, Content_Length="", Transfer_Encoding="chunked"),
        answering(body, Content_Length=""),
        answering(body, Content_Type="application/json; charset=utf-8"),
    ]
    for way in ways:
        server.answer = way
        assert (await fetcher.fetch(server.url)).text == body.decode()
    server.answer = answering(chunks[:-20], Content_Length="", Transfer_Encoding="chunked")
    with pytest.raises(NotFetched, match="no-answer"):
        await fetcher.fetch(server.url)


@pytest.mark.parametrize(
    ("control", "fresh"),
    [
        (None, 300),
        ("max-age=0", 60),
        ("no-store", 60),
        ("public, max-age=600", 600),
        ("max-age=999999999", 86_400),
        ("max-age=x", 300),
    ],
)
async def test_cache_control_is_heeded_between_a_minute_and_a_day(
    served: tuple[KeyServer, JwksFetcher], control: str | None, fresh: int
) -> None:
    server, fetcher = served
    server.answer = answering(a_set(1), Cache_Control=control or "")
    assert (await fetcher.fetch(server.url)).fresh == fresh


async def test_the_last_good_set_serves_a_day_and_then_the_client_is_refused(
    hub: Hub, server: KeyServer
) -> None:
    server.answer = answering(b"", "500 Internal Server Error")
    hub.clock.now += 3600
    assert await status(hub, far(1, iat=NOW + 3600, exp=NOW + 3700)) == 200
    late = LAST_GOOD + 60
    hub.clock.now = NOW + late
    answer = await ask(hub, form(far(2, iat=NOW + late, exp=NOW + late + 100)))
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"]
    assert (await hub.reasons())[-1] == "key-gone"
    mine = signed(a_header(), an_assertion(iat=NOW + late, exp=NOW + late + 100), ec_key())
    assert await status(hub, mine) == 200
    server.answer = answering(a_set(1))
    hub.clock.now += 11
    assert await status(hub, far(3, iat=NOW + late, exp=NOW + late + 100)) == 200


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.2)


BAD: list[tuple[str, Any, str]] = [
    ("a redirect", answering(b"", "302 Found", Location="https://evil.example/"), "redirect"),
    ("a permanent redirect", answering(b"", "308 Permanent Redirect", Location="/"), "redirect"),
    ("an error", answering(b"", "404 Not Found"), "status-404"),
    ("another type", answering(a_set(1), Content_Type="text/html"), "media-type"),
    ("no type", answering(a_set(1), Content_Type=""), "media-type"),
    ("an encoding", answering(a_set(1), Content_Encoding="gzip"), "media-type"),
    ("ten megabytes", answering(b" " * 10_000_000), "too-large"),
    ("no length and much", answering(b" " * 200_000, Content_Length=""), "too-large"),
    ("a head without end", answering(b"", X="y" * 40_000), "too-large"),
    ("a drip", drip, "slow"),
    ("an answer cut short", answering(a_set(1), Content_Length="4000"), "no-answer"),
    ("no HTTP", None, "http"),
    ("bytes that are no text", answering(b'{"keys": ["\xff"]}'), "json"),
]


@pytest.mark.parametrize(
    ("answer", "problem"), [(a, p) for _, a, p in BAD], ids=[n for n, _, _ in BAD]
)
async def test_what_is_no_good_answer_is_no_set_and_harms_nobody(
    hub: Hub, server: KeyServer, answer: Any, problem: str
) -> None:
    async def no_http(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()

    server.answer = answer or no_http
    hub.clock.now += 301
    later = {"iat": NOW + 300, "exp": NOW + 500}
    mine = signed(a_header(), an_assertion(**later), ec_key())
    first, other = await asyncio.gather(status(hub, far(1, **later)), status(hub, mine))
    assert (first, other) == (200, 200)  # the last good set serves; others are not held up
    (row,) = await hub.audit("refused")
    assert row["reason"] == ("ssrf" if problem == "redirect" else "jwks")
    assert (row["client"], row["detail"]) == (FAR, f"keys: {problem}")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"keys": []}',
        b'{"keys": {}}',
        b'{"keys": [1]}',
        b'{"keys": [], "keys": []}',
        a_set(*range(1, 10)),
        a_set(1, use="enc"),
        json.dumps({"keys": [jwk_of(ec_key("P-384", 1), kid="f1")] * 2}).encode(),
        json.dumps({"keys": [{"kty": "oct", "k": "AAAA", "kid": "f1"}]}).encode(),
        json.dumps({"keys": [jwk_of(ec_key("P-384", 1), kid=None)]}).encode(),
        b'{"keys": [' + b"[" * 9 + b"]" * 9 + b"]}",
    ],
)
async def test_a_set_of_no_use_is_not_taken(hub: Hub, server: KeyServer, body: bytes) -> None:
    server.answer = answering(body)
    with pytest.raises(UnprocessableRequest):
        await set_client_key(hub.entrance, OPERATOR, FAR, {"jwks_uri": server.url})
    assert await status(hub, far(1)) == 200  # what was registered stands


async def test_keys_for_others_do_not_spoil_a_set_and_are_never_verified_with(
    hub: Hub, server: KeyServer
) -> None:
    keys = [
        jwk_of(ec_key("P-384", 1), kid="f1"),
        jwk_of(ec_key("P-384", 2), kid="f2") | {"use": "enc"},
        jwk_of(ec_key("P-384", 3), kid="f3") | {"use": None, "key_ops": ["encrypt"]},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "weak"},
        {"kty": "EC", "crv": "P-521", "kid": "other"},
    ]
    keys[2].pop("use")
    server.answer = answering(json.dumps({"keys": keys}).encode())
    await set_client_key(hub.entrance, OPERATOR, FAR, {"jwks_uri": server.url})
    assert await status(hub, far(1)) == 200
    assert await status(hub, far(2, key=2)) == 401
    assert await status(hub, far(3, key=3)) == 401
    assert await hub.reasons() == ["key-use", "key-use"]


async def test_an_address_takes_the_place_of_keys_and_the_reverse(
    hub: Hub, server: KeyServer
) -> None:
    await set_client_key(hub.entrance, OPERATOR, FAR, jwk_of(ec_key("P-384", 4), kid="f4"))
    assert await status(hub, far(1)) == 401
    assert await status(hub, far(2, key=4)) == 200
    await set_client_key(hub.entrance, OPERATOR, FAR, {"jwks_uri": server.url})
    assert await status(hub, far(3)) == 200
    assert await status(hub, far(4, key=4)) == 401


async def test_a_name_that_leads_inside_is_not_connected_to(
    making: Making, served: tuple[KeyServer, JwksFetcher]
) -> None:
    server, fetcher = served
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        """A partner's address first, this machine's beside it, then alone."""
        asked.append(host)
        return [["127.0.0.1", "10.0.0.1"], ["169.254.169.254"], []][len(asked) - 1]

    from dataclasses import replace

    hub = making(fetcher=replace(fetcher, resolve=rebinding))
    for _ in range(3):
        with pytest.raises(UnprocessableRequest) as caught:
            await register(hub, client=FAR, key={"jwks_uri": server.url})
        assert caught.value.faults[0].code == "ssrf"
    assert (server.calls, len(asked)) == (0, 3)
    assert await hub.reasons() == ["ssrf"] * 3
    await hub.ledger.close()


async def test_a_server_with_another_name_in_its_certificate_is_no_partner(
    served: tuple[KeyServer, JwksFetcher],
) -> None:
    server, fetcher = served
    with pytest.raises(NotFetched, match="no-answer"):
        await fetcher.fetch(server.url.replace(NAME, "keys.other.example"))
    assert server.calls == 0


async def test_many_at_once_wait_for_one_answer(hub: Hub, server: KeyServer) -> None:
    hub.clock.now += 11
    server.answer = answering(a_set(1, 2))
    found = await asyncio.gather(*(status(hub, far(n, key=2)) for n in range(8)))
    assert (set(found), server.calls) == ({200}, 2)


async def test_a_client_of_inline_keys_makes_the_hub_call_nobody(
    hub: Hub, server: KeyServer
) -> None:
    for number in range(5):
        text = signed(a_header(kid=f"k-{number}"), an_assertion(), ec_key())
        assert await status(hub, text) in {401, 429}
    assert server.calls == 1
    assert (CLIENT, Clock().now) == ("lis-1", NOW)
