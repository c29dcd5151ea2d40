"""Messages, clients, joins, undos and Consents of the same few people at once: nobody waits for
each other in a circle, and in the end everything is as if they had come one after the other."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hie.errors import UnprocessableRequest
from hie.exchange.commands import operator, run
from hie.exchange.process import lanes, process_waiting
from hie.exchange.receive import receive
from hie.store import consents, relations
from hie.store.families import families_of
from tests.integration.access.consents import denying, give, treating
from tests.integration.access.support import Region, encounter_of, result_of
from tests.integration.two_hospitals import CASE, Doors
from tests.places import Place

pytestmark = pytest.mark.anyio
TIMES = 12
SOMEBODY = {"resourceType": "Patient", "name": [{"text": "示例"}]}


async def deadlocks(url: str | None) -> int:
    """How many the server has ended in this database; to be asked when the hub is closed."""
    connection = await asyncpg.connect(url)
    try:
        asked = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(await connection.fetchval(asked))
    finally:
        await connection.close()


async def arriving(found: Region, doors: Doors) -> None:
    """Reports come in on every lane of a process."""
    for _ in range(TIMES * 2):
        message = doors.message().encode()
        await receive(found.hub, operator(), CASE.site, message, channel="test", media="")

    async def lane() -> None:
        while await process_waiting(found.hub, 3):
            pass

    await asyncio.gather(*(lane() for _ in range(lanes(found.hub))))


async def joining(found: Region, patients: list[str]) -> None:
    """Somebody joins these, and takes it back."""
    for _ in range(TIMES):
        with suppress(UnprocessableRequest):  # somebody else's link made them one already
            asked = {"patients": patients, "reason": "the same"}
            answer = await run(found.hub, "identity-join", asked)
            for link in reversed(answer["links"]):
                await run(found.hub, "identity-undo", {"link": link})


async def times(step: Callable[[int], Awaitable[Any]]) -> None:
    for n in range(TIMES):
        await step(n)
        await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311 - who goes first


async def all_at_once(found: Region) -> tuple[set[str], list[str]]:
    """Whose links stand in the end, and who was joined to them and taken back each time."""
    doors = Doors(found.hub, found.client, {})
    first = doors.message().encode()
    await receive(found.hub, operator(), CASE.site, first, channel="test", media="")
    assert await process_waiting(found.hub) == 1
    async with found.hub.db.reading() as reader:
        sent = await reader.fetchval("SELECT home FROM diagnostic_report")
    extra = [await found.made("b", SOMEBODY) for _ in range(2)]
    p5a, p5b = found.patients["P5a"], found.patients["P5b"]
    await run(found.hub, "identity-join", {"patients": [sent, p5b], "reason": "the same"})

    async def wrote(who: str, patient: str, n: int) -> None:
        await found.made(who, result_of(patient, f"more-{who}-{patient}-{n}"))
        visit = await found.made(who, encounter_of(patient))
        answer = await found.client.delete(f"/fhir/Encounter/{visit}", headers=found.headers[who])
        assert answer.status_code in (200, 204), answer.text

    async def changed(n: int) -> None:
        tree = (await found.get(f"Patient/{p5b}", "b")).json()
        answer = await found.put(f"Patient/{p5b}", "b", {**tree, "birthDate": f"19{64 + n}-03-04"})
        assert answer.status_code == 200, answer.text

    await asyncio.gather(
        arriving(found, doors),
        joining(found, [extra[0], p5a]),
        joining(found, [sent, extra[1]]),
        times(lambda n: wrote("a", p5a, n)),
        times(lambda n: wrote("b", p5b, n)),
        times(lambda n: wrote("b", extra[0], n)),
        times(lambda n: give(found, "a", p5a, denying("c"))),
        times(lambda n: give(found, "b", p5b, denying("a"), dateTime=f"2026-06-{n + 2:02}")),
        times(changed),
    )
    return {p5a, p5b, sent}, extra


async def test_nobody_waits_in_a_circle(postgres_place: Place, tmp_path: Path) -> None:
    async with treating(postgres_place, tmp_path) as found:
        joined, others = await asyncio.wait_for(all_at_once(found), 120)
        async with found.hub.db.unit() as unit:
            ((_, family),) = await families_of(unit, [found.patients["P5a"]])
            assert set(family) == joined
            apart = await families_of(unit, others)
            assert sorted(homes for _, homes in apart) == sorted([one] for one in others)
            rules = [await consents.rules_of(unit, home) for home in family]
            assert rules[0]
            assert all(one == rules[0] for one in rules)
            await consents.recompile(unit, family)
            assert [await consents.rules_of(unit, home) for home in family] == rules
            every = await unit.fetch("SELECT home, institution, kind, until_us FROM reach")
            homes = [row[0] for row in await unit.fetch("SELECT id FROM patient")]
            await relations.spread(unit, homes)
            anew = await unit.fetch("SELECT home, institution, kind, until_us FROM reach")
            assert sorted(map(tuple, anew)) == sorted(map(tuple, every))
    assert await deadlocks(postgres_place.url) == 0
