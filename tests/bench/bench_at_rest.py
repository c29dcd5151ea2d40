"""What sealing costs: taking messages in and searching, with and without, in one run by turns.

Without: the vault of the hub is changed for one that only puts a byte before the data, so that all
else is done as always. Processor time of this process for a result; of several rounds the median.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from hie.access.policy import Restriction
from hie.app import opened
from hie.exchange.commands import operator
from hie.exchange.hub import Hub
from hie.exchange.process import process_waiting
from hie.exchange.receive import receive
from hie.settings import Settings
from hie.store.search import search as searching
from hie.store.search.query import parse_query
from hie.store.suites import Suite, ciphers, fresh_key
from hie.store.vault import Vault
from hie.synthetic import generate, many
from tests.bench.bench_road import RESULTS, connect
from tests.bench.figure import Figure
from tests.postgres import server

ROUNDS, MESSAGES, SEARCHES = 7, 60, 150
_CODES = "K,NA,CL,CA,P,MAG,GLU,UREA,CRE,UA,TP,ALB,TBIL,DBIL,ALT,AST,GGT,LDH,CK,TC,TG,HDLC,LDLC,WBC,RBC,HGB,PLT"
_ITEM = "https://hie.example/fhir/CodeSystem/item|"


class Bare:
    """A vault that seals nothing, and opens what either put there."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)

    def seal(self, _klass: str, _owner: str, data: bytes, *_place: str) -> bytes:
        return b"\0" + data

    def opened(self, sealed: bytes, *place: str) -> tuple[bytes, str]:
        if sealed[:1] == b"\0":
            return sealed[1:], ""
        return self._vault.opened(sealed, *place)

    def opened_at(self, sealed: bytes, place: str) -> tuple[bytes, str]:
        return self.opened(sealed, place)

    def unseal(self, sealed: bytes, *place: str) -> bytes:
        return self.opened(sealed, *place)[0]


def run() -> list[Figure]:
    """One cell by itself; then SQLite and PostgreSQL."""
    figures = _cells()
    with tempfile.TemporaryDirectory() as folder:
        figures += asyncio.run(_measured(None, Path(folder)))
    with tempfile.TemporaryDirectory() as folder, server(durable=False) as url:
        figures += asyncio.run(_measured(url, Path(folder)))
    return figures


def _cells() -> list[Figure]:
    figures = []
    data, bound = os.urandom(300), b"Observation|body|home|id|1|91420100MA4K0001XA"
    for suite in (Suite.AES, Suite.SM):
        encrypt, decrypt = ciphers(suite, fresh_key(suite))
        for size in (300, 4096):
            data, times = os.urandom(size), []
            for _ in range(5):
                start = time.process_time()
                for _ in range(5_000):
                    nonce = os.urandom(12)
                    decrypt(nonce, encrypt(nonce, data, bound), bound)
                times.append((time.process_time() - start) / 5_000 * 1e6)
            figures.append(
                Figure(f"{suite.name}: {size} bytes sealed and opened", median(times), "µs")
            )
    return figures


async def _measured(url: str | None, folder: Path) -> list[Figure]:
    today = datetime.now(timezone(timedelta(hours=8))).date()
    name = "PostgreSQL" if url else "SQLite"
    async with opened(Settings(data_dir=folder, database_url=url, rate_limits=False)) as hub:
        region = generate(folder / "region", seed=1, today=today, people=33)
        await connect(hub, region)
        site = region.sites[0].site
        contents = (one for _, one in many(2 * (ROUNDS + 1) * MESSAGES, results=RESULTS, day=today))
        sealed, bare = hub.db.vault, Bare(hub.db.vault)
        await _taken_in(hub, site, contents)
        await _taken_in(hub, site, contents)
        taken: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(ROUNDS):
            for with_seal in (True, False):
                hub.db.vault = sealed if with_seal else bare  # type: ignore[assignment]
                taken[with_seal].append(await _taken_in(hub, site, contents))
        hub.db.vault = bare  # type: ignore[assignment]
        homes = await _homes(hub)
        asked: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(ROUNDS):
            for with_seal in (True, False):
                asked[with_seal].append(await _asked(hub, homes[with_seal]))
    ingest, search = (
        {key: median(found) for key, found in times.items()} for times in (taken, asked)
    )
    return [
        Figure(f"{name}: a result taken in, sealed", ingest[True], "µs"),
        Figure(f"{name}: a result taken in, not sealed", ingest[False], "µs"),
        Figure(f"{name}: more for sealing", (ingest[True] / ingest[False] - 1) * 100, "%"),
        Figure(f"{name}: 27 tests of a patient searched, sealed", search[True], "µs"),
        Figure(f"{name}: 27 tests of a patient searched, not sealed", search[False], "µs"),
        Figure(f"{name}: more for sealing", (search[True] / search[False] - 1) * 100, "%"),
    ]


async def _taken_in(hub: Hub, site: str, contents: Iterator[bytes]) -> float:
    """Processor microseconds of a result, from its message to its rows."""
    start = time.process_time()
    for one in islice(contents, MESSAGES):
        await receive(hub, operator(), site, one, channel="bench", media="")
    while await process_waiting(hub):
        pass
    return (time.process_time() - start) / (MESSAGES * RESULTS) * 1e6


async def _homes(hub: Hub) -> dict[bool, list[str]]:
    """Patients whose results are sealed, and whose are not."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    async with hub.db.reading() as reader:
        for home, body in await reader.fetch("SELECT home, body FROM observation"):
            found[bytes(body)[:1] != b"\0"].add(home)
    return {key: sorted(homes) for key, homes in found.items()}


async def _asked(hub: Hub, homes: list[str]) -> float:
    codes = ",".join(f"{_ITEM}{one}" for one in _CODES.split(","))
    queries = [
        parse_query("Observation", [("patient", homes[n % len(homes)]), ("code", codes)])
        for n in range(SEARCHES)
    ]
    start = time.process_time()
    for query in queries:
        async with hub.db.reading() as reader:
            await searching.search(reader, query, Restriction())
    return (time.process_time() - start) / SEARCHES * 1e6
