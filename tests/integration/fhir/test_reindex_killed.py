"""`hie reindex` beside a hub that is written to, and kill -9: taken up, and all is right after."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.commands import run
from hie.settings import Settings
from hie.store import progress, relations, resources
from hie.store.database import Database
from hie.store.resources import Put
from tests.once.clients import Clients
from tests.once.hubs import INSTITUTION, Hubs, hubs_on
from tests.once.rounds import result
from tests.places import Place

pytestmark = pytest.mark.anyio
HOME, RESULTS = "home1", 6_000


async def test_a_killed_run_is_taken_up_while_writes_go_on(durable_place: Place) -> None:
    hubs = await asyncio.to_thread(hubs_on, durable_place, 1)
    await _spoilt(durable_place)
    hubs.start(hubs.ports[0])
    try:
        await hubs.ready(hubs.ports[0])
        async with Clients(hubs) as clients:
            stop = asyncio.Event()
            writes = asyncio.create_task(_write(clients, stop))
            first = await _started(hubs)
            await _under_way(durable_place)
            os.killpg(first.pid, signal.SIGKILL)
            await first.wait()
            if durable_place.url is None:  # there the hub does the work
                hubs.kill(hubs.ports[0])
                hubs.start(hubs.ports[0])
                await hubs.ready(hubs.ports[0])
            told = json.loads((await (await _started(hubs)).communicate())[0])
            assert told["resumed"]
            assert told["counts"]["Observation"]["looked"] >= RESULTS
            stop.set()
            assert await writes > 0
    finally:
        await asyncio.to_thread(hubs.stop)
    async with opened(_settings(durable_place)) as hub:
        answer = await run(hub, "reindex", {"dry_run": True})
        while answer["at"] is not None:
            answer = await run(hub, "reindex", {"at": answer["at"]})
        for counts in answer["counts"].values():
            assert counts["looked"] == sum(counts.values())
        async with hub.db.reading() as reader:
            assert (
                await reader.fetchval("SELECT count(*) FROM observation WHERE item = 'K'") > RESULTS
            )
            assert await progress.find(reader, "reindex") is None


def _settings(place: Place) -> Settings:
    return Settings(data_dir=place.data_dir, database_url=place.url)


async def _spoilt(place: Place) -> None:
    """A patient with results whose columns are all wrong."""
    patient = {"resourceType": "Patient", "name": [{"text": "示例"}]}
    writer = f"institution:{INSTITUTION}"
    puts = [Put("Patient", HOME, HOME, patient, writer)]
    puts += [
        Put("Observation", HOME, f"r{n}", result(f"Patient/{HOME}", f"S-{n}"), writer)
        for n in range(RESULTS)
    ]
    async with opened(_settings(place)) as hub, hub.db.unit() as unit:
        await resources.put(unit, puts)
        await relations.own(unit, [HOME])
        await unit.execute("UPDATE observation SET item = 'Na', code = 'x', status = 'y'")
        await unit.execute("DELETE FROM resource_identifier")


async def _started(hubs: Hubs) -> asyncio.subprocess.Process:
    """The command, as an operator gives it."""
    environment = {name: value for name, value in os.environ.items() if name[:4] != "HIE_"}
    environment |= {"HIE_DATA_DIR": str(hubs.place.data_dir), "HIE_LOG_LEVEL": "error"}
    if hubs.place.url:
        environment["HIE_DATABASE_URL"] = hubs.place.url
    words = ["-m", "hie", "reindex", "--json"]
    return await asyncio.create_subprocess_exec(
        sys.executable, *words, env=environment, start_new_session=True,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def _under_way(place: Place) -> None:
    """Wait until some of it is done."""
    db = await Database.open(place.url, place.data_dir, exclusive=False)
    try:
        for _ in range(6_000):
            async with db.reading() as reader:
                if await progress.find(reader, "reindex") is not None:
                    return
            await asyncio.sleep(0.01)
    finally:
        await db.close()
    raise AssertionError("it does not begin")


async def _write(clients: Clients, stop: asyncio.Event) -> int:
    """Change results, and add others, until told to stop; how many."""
    count = 0

    async def one(number: int) -> None:
        value: Any = 7 * count + number
        path = f"/Observation?identifier=urn:once|W-{value % 40}"
        told = await clients.ask(
            number, "PUT", path, result(f"Patient/{HOME}", f"W-{value % 40}", count)
        )
        assert told.status in {200, 201}, told.body
        key = f"r{(97 * value) % RESULTS}"
        tree = {**result(f"Patient/{HOME}", f"S-{key[1:]}", count + 1), "id": key}
        told = await clients.ask(number, "PUT", f"/Observation/{key}", tree)
        assert told.status == 200, told.body

    while not stop.is_set():
        await asyncio.gather(*(one(number) for number in range(4)))
        count += 1
    return count
