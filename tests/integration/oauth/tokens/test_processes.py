"""Two processes of one hub on PostgreSQL: what ends in one has ended in the other within 5 seconds."""

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from hie.oauth.entrance import Entrance, open_entrance
from hie.oauth.leavers import set_leaver
from hie.oauth.registration import Registration, add_client, set_client_active
from hie.oauth.rotation import open_ring, replace_all
from hie.oauth.token_request import ASSERTION_TYPE, GrantType
from hie.store.database import Database
from hie.store.ledger import Ledger
from tests.integration.oauth.conftest import OPERATOR
from tests.integration.oauth.tokens.people import HIS, iua
from tests.places import Place
from tests.unit.access.tokens import INSTITUTION, a_header, ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio
ADDRESS = "http://localhost:1"
SOON = 5.0


@dataclass
class Pair:
    """Two processes, and a third hand on the same database."""

    entrance: Entrance
    first: httpx.AsyncClient
    second: httpx.AsyncClient

    async def status(self, text: str) -> tuple[int, int]:
        """What each answers to a read with this token."""
        headers = {"Authorization": f"Bearer {text}"}
        answers = [
            await one.get("/fhir/Observation/1", headers=headers)
            for one in (self.first, self.second)
        ]
        return answers[0].status_code, answers[1].status_code

    async def within_five_seconds(self, text: str, wanted: tuple[int, int]) -> float:
        """How long until both answer so; fails after five seconds."""
        began = time.monotonic()
        while await self.status(text) != wanted:
            assert time.monotonic() - began < SOON
        return time.monotonic() - began


def said(number: int, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": HIS, "sub": HIS, "aud": ADDRESS, "iat": now, "exp": now + 100}
    return signed(a_header(kid="h1"), claims | {"jti": f"p-{number}"} | changes, ec_key())


async def ask(where: httpx.AsyncClient, text: str, path: str = "/oauth/token", **more: str) -> Any:
    proof = {"client_assertion": text, "client_assertion_type": ASSERTION_TYPE}
    return await where.post(path, data={"grant_type": GrantType.CLIENT.value} | proof | more)


async def for_person(where: httpx.AsyncClient, number: int) -> str:
    now = int(time.time())
    claims = {"iss": HIS, "sub": "staff-1", "aud": ADDRESS, "iat": now, "exp": now + 100}
    context = claims | {"jti": f"c-{number}", "extensions": iua()}
    head = a_header(kid="h1", typ="hub-user-context+jwt")
    fields = {
        "grant_type": GrantType.USER_CONTEXT.value,
        "assertion": signed(head, context, ec_key()),
    }
    answer = await where.post("/oauth/token", data=fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
async def pair(postgres_place: Place) -> AsyncIterator[Pair]:
    place = postgres_place
    assert place.url is not None
    db = await Database.open(place.url, place.data_dir)

    async def status(code: str) -> str | None:
        return "active"

    ledger = Ledger(db)
    entrance = open_entrance(
        db, ledger, open_ring(place.data_dir), ADDRESS, status, rate_limits=False
    )
    key = jwk_of(ec_key(), kid="h1")
    scopes = ("system/Observation.rs", "user/Observation.rs")
    await add_client(entrance, OPERATOR, Registration(HIS, INSTITUTION, key, scopes))
    ports = [free_port(), free_port()]
    command = [sys.executable, "-m", "tests.integration.oauth.tokens.a_process"]
    running = [
        subprocess.Popen([*command, place.url, str(place.data_dir), str(port)])  # noqa: S603
        for port in ports
    ]
    clients = [httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") for port in ports]
    try:
        for client in clients:
            await answering(lambda client=client: client.get("/healthz"))  # type: ignore[misc]
        yield Pair(entrance, *clients)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(10)
        for client in clients:
            await client.aclose()
        await ledger.close()
        await db.close()


async def answering(call: Callable[[], Any]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            await call()
        except httpx.ConnectError:
            assert time.monotonic() < until
        else:
            return


async def test_what_ends_in_one_process_has_ended_in_the_other_within_five_seconds(
    pair: Pair,
) -> None:
    # an assertion is used once, whichever process it comes to
    one = said(1)
    answer = await ask(pair.first, one)
    assert answer.status_code == 200
    assert (await ask(pair.second, one)).status_code == 401
    text = answer.json()["access_token"]
    assert await pair.status(text) == (200, 200)
    # a token that is revoked in one
    answer = await ask(pair.first, said(2), "/oauth/revoke", token=text)
    assert answer.status_code == 200
    await pair.within_five_seconds(text, (401, 401))
    # a leaver
    person = await for_person(pair.second, 1)
    assert await pair.status(person) == (200, 200)
    await set_leaver(pair.entrance, OPERATOR, INSTITUTION, "staff-1")
    await pair.within_five_seconds(person, (401, 401))
    # a suspended client, which then comes back
    text = (await ask(pair.first, said(3))).json()["access_token"]
    assert await pair.status(text) == (200, 200)
    await set_client_active(pair.entrance, OPERATOR, HIS, active=False)
    await pair.within_five_seconds(text, (401, 401))
    await set_client_active(pair.entrance, OPERATOR, HIS, active=True)
    await pair.within_five_seconds(text, (200, 200))
    # the signing keys, replaced by a third
    replace_all(pair.entrance.ring.folder, int(time.time()))
    await pair.within_five_seconds(text, (401, 401))
    text = (await ask(pair.second, said(4))).json()["access_token"]
    await pair.within_five_seconds(text, (200, 200))
