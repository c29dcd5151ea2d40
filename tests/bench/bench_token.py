"""What a token costs at the door, and what 500 bad assertions a second do to somebody else.

The check is measured in processor time of this process: a token the door remembers, and one it
sees for the first time (signature, claims, revocation, client, institution). The flood comes from a
process of its own, well formed and signed with a wrong key, from one source and from a hundred; a
good client meanwhile asks for tokens and reads with them, at its usual pace.

`python -m tests.bench token [--seconds 10]`
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from hie.access.actor import Purpose
from hie.access.mint import Grant, mint
from hie.oauth.bearer_door import BearerDoor
from hie.oauth.client_proof import prove
from hie.store.database import Database
from hie.store.migrate import migrate
from tests.bench.figure import Figure
from tests.bench.token_server import GOOD, KEY, assertion, opened, prepared
from tests.unit.access.tokens import INSTITUTION

ROUNDS = 2000
PACE = 0.05  # seconds between two requests of the good client
FLOOD = 500  # bad assertions a second


def run(options: Sequence[str] = ()) -> list[Figure]:
    """All figures, on SQLite."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args(list(options))
    with tempfile.TemporaryDirectory(prefix="hie-token-") as folder:
        os.environ[KEY] = str(Path(folder) / "good.key")
        return [*asyncio.run(_check()), *_floods(asked.seconds)]


async def _check() -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="hie-token-"))
    try:
        migrate(None, folder)
        db = await Database.open(None, folder)
        entrance = await opened(db, folder, "http://localhost:1")
        await prepared(entrance)
        now = int(entrance.clock())
        grant = Grant(
            entrance.issuer,
            entrance.audience,
            GOOD,
            INSTITUTION,
            Purpose.TREATMENT,
            ("system/Observation.rs",),
        )
        key = entrance.ring.signer(now)
        texts = [mint(grant, key, f"{n:032x}", now) for n in range(ROUNDS)]
        door = BearerDoor(entrance)
        await door.actor(texts[0])
        cached = await _spent([texts[0]] * ROUNDS, door)
        uncached = await _spent(texts[1:], door)
        began = time.process_time()
        for _ in range(300):
            entrance.rates.token.forget(GOOD)
            await prove(entrance, None, assertion(entrance.issuer))
        proof = (time.process_time() - began) / 300 * 1000
        await entrance.ledger.close()
        await db.close()
    finally:
        shutil.rmtree(folder)
    return [
        Figure("an access token the door remembers", cached, "ms", "at most 0.3"),
        Figure("an access token seen for the first time", uncached, "ms", "at most 0.6"),
        Figure("a client assertion (RS384), made and verified", proof, "ms"),
    ]


async def _spent(texts: Sequence[str], door: BearerDoor) -> float:
    """Milliseconds of processor time a token."""
    began = time.process_time()
    for text in texts:
        await door.actor(text)
    return (time.process_time() - began) / len(texts) * 1000


def _floods(seconds: float) -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="hie-token-"))
    server = subprocess.Popen(  # noqa: S603 - this project's own program
        [sys.executable, "-m", "tests.bench.token_server", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        asyncio.run(_usual(address, 2.0))
        figures: list[Figure] = []
        for sources in (1, 100):
            still = asyncio.run(_usual(address, seconds))
            words = (address, str(FLOOD), str(seconds + 4), str(sources))
            flood = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "tests.bench.token_flood", *words],
                stdout=subprocess.PIPE,
                text=True,
            )
            time.sleep(2)
            loaded = asyncio.run(_usual(address, seconds))
            sent, refused = flood.communicate()[0].split()
            name = f"{sources} source{'s' if sources > 1 else ''}"
            figures += [
                Figure(f"p95 of the good client, alone ({name})", still * 1000, "ms"),
                Figure(f"p95 under {FLOOD}/s from {name}", loaded * 1000, "ms"),
                Figure(f"so much longer under {FLOOD}/s from {name}", loaded / still, "x", "< 2"),
                Figure(f"bad assertions a second really sent ({name})", float(sent), "/s"),
                Figure(f"of these answered 401 or 429 ({name})", float(refused), ""),
            ]
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)
    return figures


async def _usual(address: str, seconds: float) -> float:
    """The p95 of a good client that gets a token now and then, and reads with it."""
    spans: list[float] = []
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.250")
    async with httpx.AsyncClient(transport=transport, base_url=address, timeout=30) as http:
        text, until = "", time.monotonic() + seconds
        for number in range(1_000_000):
            if time.monotonic() > until:
                break
            began = time.perf_counter()
            if number % 20 == 0:
                answer = await http.post("/oauth/token", data=_form(address))
                text = answer.json()["access_token"]
            else:
                headers = {"Authorization": f"Bearer {text}"}
                answer = await http.get("/fhir/Observation/1", headers=headers)
            assert answer.status_code == 200, answer.text
            spans.append(time.perf_counter() - began)
            await asyncio.sleep(PACE)
    return sorted(spans)[int(len(spans) * 0.95)]


def _form(address: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(address),
    }
