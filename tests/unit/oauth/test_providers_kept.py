"""How long a provider's keys serve without it, and that nobody waits for another's provider."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import cast

import pytest

from hie.access.jwk import public_members
from hie.errors import Unavailable
from hie.oauth.jwks_fetch import FetchedText, JwksFetcher, NotFetched
from hie.oauth.oidc_provider import LAST_GOOD, LOOK_EVERY, Providers
from hie.store.providers import Provider
from tests.unit.access.tokens import ec_key

pytestmark = pytest.mark.anyio
KEY = {**public_members(ec_key("P-256", 3).public_key()), "kid": "e"}


@dataclass
class Net:
    """Providers out there: when `away` none answers, and those in `slow` wait for their event."""

    now: float = 1_000_000.0
    away: bool = False
    asked: list[str] = field(default_factory=list)
    slow: dict[str, asyncio.Event] = field(default_factory=dict)

    async def fetch(self, url: str) -> FetchedText:
        issuer = url.removesuffix("/.well-known/openid-configuration").removesuffix("/jwks")
        self.asked.append(url)
        if issuer in self.slow:
            await self.slow[issuer].wait()
        if self.away:
            raise NotFetched("connect")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        document = {"issuer": issuer, **dict.fromkeys(names, f"{issuer}/jwks")}
        said = {"keys": [KEY]} if url.endswith("/jwks") else document
        return FetchedText(json.dumps(said), 300)


def a_provider(name: str = "a") -> Provider:
    issuer = f"https://{name}.example"
    return Provider(name, issuer, "91110000MA0000001L", "hub", "none", None, "ES256", name)


def providers(net: Net) -> Providers:
    return Providers(cast(JwksFetcher, net), lambda: net.now)


async def test_keys_of_yesterday_are_never_served() -> None:
    net = Net()
    known, one = providers(net), a_provider()
    assert [key.kid for key in await known.keys(one, "e")] == ["e"]
    net.away = True
    net.now += LAST_GOOD - 5
    assert [key.kid for key in await known.keys(one, "e")] == ["e"]
    net.now += LOOK_EVERY - 1  # a day is over, and it was looked a moment ago
    for _ in range(2):
        with pytest.raises(Unavailable):
            await known.keys(one, "e")
    net.now += LOOK_EVERY
    net.away = False
    assert [key.kid for key in await known.keys(one, "e")] == ["e"]


async def test_a_provider_that_does_not_answer_is_asked_seldom() -> None:
    net = Net(away=True)
    known = providers(net)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await known.configuration(a_provider())
    assert len(net.asked) == 1


async def test_nobody_waits_for_a_provider_of_others_or_for_what_is_fresh() -> None:
    net = Net()
    known, slow, other = providers(net), a_provider("slow"), a_provider("other")
    await known.keys(slow, "e")
    net.slow[slow.issuer] = asyncio.Event()
    net.now += LOOK_EVERY
    waiting = asyncio.create_task(known.keys(slow, "unknown"))
    while len(net.asked) < 3:
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert (await known.configuration(slow)).token_endpoint == "https://slow.example/jwks"
        assert [key.kid for key in await known.keys(other, "e")] == ["e"]
    assert not waiting.done()
    net.slow[slow.issuer].set()
    assert [key.kid for key in await waiting] == ["e"]
    assert len(net.asked) == 6


async def test_many_at_once_ask_a_provider_once() -> None:
    net = Net()
    known = providers(net)
    await asyncio.gather(*(known.keys(a_provider(), "e") for _ in range(8)))
    assert len(net.asked) == 2
