"""The rounds of one database, with `kill -9` in the middle of some."""

import asyncio
import random
import sys
import time
from dataclasses import dataclass

from tests.once.clients import Clients
from tests.once.hubs import Hubs, hubs_on
from tests.once.kept import check
from tests.once.rounds import KINDS, SYSTEM, Told
from tests.places import Place

HUBS = 3  # processes, on PostgreSQL
_BETWEEN = 40  # rounds between two kills
_PATIENT = {
    "resourceType": "Patient",
    "identifier": [{"system": SYSTEM, "value": "base"}],
    "name": [{"text": "示例"}],
}


@dataclass(frozen=True)
class Report:
    """What was done, and what was found to be so afterwards."""

    rounds: int
    hubs: int
    seconds: float
    requests: int
    kills: int
    unanswered: int
    resources: int
    versions: int
    told: int


async def proven(place: Place, rounds: int, *, between: int = _BETWEEN) -> Report:
    """Do the rounds, all kinds at once; in every `between`th a hub is killed, and started again for the next."""
    hubs = await asyncio.to_thread(hubs_on, place, HUBS if place.url else 1)
    told, kills, began = Told(), 0, time.monotonic()
    chance = random.Random(rounds)  # noqa: S311 - when a hub is killed
    try:
        for port in hubs.ports:
            hubs.start(port)
            await hubs.ready(port)
        async with Clients(hubs) as clients:
            patient = (await clients.ask(0, "POST", "/Patient", _PATIENT)).id
            for n in range(rounds):
                killer = None
                if n % between == between // 2:
                    killer = asyncio.create_task(_kill(hubs, chance))
                who = f"Patient/{patient}"
                await asyncio.gather(*(kind(clients, told, who, n) for kind in KINDS))
                if killer is not None:
                    kills += 1
                    await killer
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{n + 1}/{rounds}")
            requests, unanswered = clients.asked, clients.unanswered
    finally:
        await asyncio.to_thread(hubs.stop)
    seconds = time.monotonic() - began
    looked = await check(place, told)
    return Report(rounds, len(hubs.ports), seconds, requests, kills, unanswered, **looked)


async def _kill(hubs: Hubs, chance: random.Random) -> None:
    """Kill one hub somewhere in the middle of a round, and start it again."""
    await asyncio.sleep(chance.uniform(0.0, 0.6))
    port = chance.choice(hubs.ports)
    hubs.kill(port)
    hubs.start(port)
    await hubs.ready(port)
