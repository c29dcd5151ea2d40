"""Who was who at any earlier instant: played again from the links, it is what really was."""

import random
from itertools import count

import pytest

from hie.errors import Conflict
from hie.store import identifiers, persons
from hie.store.database import Database
from hie.store.identifiers import PatientIdentifier
from hie.store.persons_then import persons_then
from hie.store.session import Unit

pytestmark = pytest.mark.anyio
HOMES = [f"h{n}" for n in range(7)]


async def _everyone(unit: Unit) -> dict[str, str]:
    return await persons.persons_of(unit, HOMES)


async def _step(unit: Unit, dice: random.Random, at_us: int) -> None:
    """Two persons become one, or a link is taken back, as chance has it."""
    links = [one for one in await persons.links(unit, 100) if one.undone_us is None]
    if links and dice.random() < 0.4:
        try:
            await persons.undo(unit, dice.choice(links).id, author="u", at_us=at_us)
        except Conflict:
            return
    else:
        one, other = dice.choice(HOMES), dice.choice(HOMES)
        await persons.join(unit, one, other, reason="r", score=None, author="u", at_us=at_us)


@pytest.mark.parametrize("seed", range(12))
async def test_every_earlier_state_is_found_again(database: Database, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    seen: list[tuple[int, dict[str, str]]] = []
    async with database.unit() as unit:
        await persons.settle_in(unit, HOMES)
        seen.append((0, await _everyone(unit)))
        for at_us in range(10, 200, 10):
            await _step(unit, dice, at_us)
            seen.append((at_us, await _everyone(unit)))
    async with database.reading() as reader:
        for at_us, state in seen:
            for asked in (HOMES, HOMES[:1], HOMES[3:5]):
                then = await persons_then(reader, asked, at_us)
                assert {home: then[home] for home in asked} == {h: state[h] for h in asked}
                # all homes of a person of then are there, so that nobody is left out
                for home in asked:
                    family = {h for h, person in state.items() if person == state[home]}
                    assert {h for h in then if then[h] == then[home]} == family
        last = seen[-1][1]
        assert await persons_then(reader, HOMES, 2**60) == last


async def test_joins_of_one_instant_follow_one_another(database: Database) -> None:
    async with database.unit() as unit:
        await persons.settle_in(unit, HOMES)
        apart = await _everyone(unit)
        for one, other in (("h1", "h0"), ("h2", "h1"), ("h3", "h2"), ("h3", "h4")):
            await persons.join(unit, one, other, reason="r", score=None, author="u", at_us=5)
        together = await _everyone(unit)
    async with database.reading() as reader:
        assert await persons_then(reader, ["h4"], 4) == {h: apart[h] for h in HOMES[:5]}
        assert await persons_then(reader, ["h4"], 5) == {h: together[h] for h in HOMES[:5]}
        assert await persons_then(reader, ["h6"], 5) == {"h6": together["h6"]}
        assert await persons_then(reader, ["unknown"], 5) == {}


async def test_a_number_a_patient_gave_up_still_leads_to_it(database: Database) -> None:
    instant = count(1)

    async def carry(home: str, *values: str) -> None:
        mine = [PatientIdentifier("urn:x", value, "passport", usable=True) for value in values]
        mine.append(PatientIdentifier("urn:y", f"local{next(instant)}", "site", usable=False))
        async with database.unit() as unit:
            await identifiers.replace(unit, {home: mine})

    await carry("h1", "AAAAA1", "BBBBB2")
    await carry("h2", "AAAAA1")
    await carry("h1", "CCCCC3")
    await carry("h1", "BBBBB2", "CCCCC3")
    await carry("h1")
    async with database.reading() as reader:
        ever = {
            value: await identifiers.ever_by_identifier(reader, "passport", value)
            for value in ("AAAAA1", "BBBBB2", "CCCCC3", "DDDDD4")
        }
        now = await identifiers.homes_by_identifier(reader, "passport", "AAAAA1")
        sites = await reader.fetchval("SELECT count(*) FROM identifier_former WHERE type = 'site'")
    assert ever == {"AAAAA1": ["h1", "h2"], "BBBBB2": ["h1"], "CCCCC3": ["h1"], "DDDDD4": []}
    assert (now, sites) == (["h2"], 0)
