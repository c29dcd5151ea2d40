"""Links of a few records, made and taken back in any order, leave the connected components of those
that stand; whoever was whom at each earlier instant is found again."""

import asyncio
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hie.errors import Conflict
from hie.store import persons
from hie.store.database import Database
from hie.store.persons_then import persons_then
from hie.store.session import Unit
from tests.places import Place

# (first, second, which): a join of two records, or the undo of one of the links there are
STEPS = st.integers(3, 6).flatmap(
    lambda size: st.tuples(
        st.just(size),
        st.lists(
            st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))
            | st.integers(0, 20).map(lambda which: (which,)),
            max_size=14,
        ),
    )
)
Groups = set[frozenset[str]]


def components(homes: list[str], pairs: list[tuple[str, str]]) -> Groups:
    """The model: what is connected by these pairs."""
    groups = {home: frozenset([home]) for home in homes}
    for one, other in pairs:
        whole = groups[one] | groups[other]
        groups.update(dict.fromkeys(whole, whole))
    return set(groups.values())


def grouped(owners: dict[str, str], homes: list[str]) -> Groups:
    return {
        frozenset(home for home in homes if owners[home] == person)
        for person in {owners[home] for home in homes}
    }


async def join(unit: Unit, one: str, other: str, at_us: int) -> str | None:
    return await persons.join(unit, one, other, reason="r", score=None, author="u", at_us=at_us)


async def play(unit: Unit, homes: list[str], steps: list[tuple[int, ...]]) -> None:
    """Do these steps to fresh homes, and compare with the model after each."""
    began = await persons.settle_in(unit, homes)
    stand: dict[str, tuple[str, str]] = {}
    seen: list[dict[str, str]] = [began]
    for at_us, step in enumerate(steps, 1):
        if len(step) == 2:
            one, other = homes[step[0]], homes[step[1]]
            made = await join(unit, one, other, at_us)
            if made is not None:
                stand[made] = (one, other)
        elif stand:
            gone = list(stand)[step[0] % len(stand)]
            parting = await persons.undo(unit, gone, author="u", at_us=at_us)
            assert set(stand.pop(gone)) <= parting.homes
        now = await persons.persons_of(unit, homes)
        assert grouped(now, homes) == components(homes, list(stand.values()))
        seen.append(now)
    assert stand or seen[-1] == began
    for at_us, state in enumerate(seen):
        then = await persons_then(unit, homes, at_us)
        assert {home: then[home] for home in homes} == state


def test_what_stands_is_what_the_links_that_stand_connect(place: Place) -> None:
    numbers = count()
    with asyncio.Runner() as runner:
        db = runner.run(Database.open(place.url, place.data_dir))

        async def played(size: int, steps: list[tuple[int, ...]]) -> None:
            homes = [f"h{next(numbers)}" for _ in range(size)]
            async with db.unit() as unit:
                await play(unit, homes, steps)

        @settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
        @given(STEPS)
        def holds(example: tuple[int, list[tuple[int, ...]]]) -> None:
            runner.run(played(*example))

        try:
            holds()
        finally:
            runner.run(db.close())


@pytest.mark.anyio
async def test_an_older_undo_leaves_what_a_newer_link_says(database: Database) -> None:
    async with database.unit() as unit:
        await persons.settle_in(unit, ["ha", "hb", "hc"])
        first = await join(unit, "hb", "ha", 1)
        second = await join(unit, "hc", "hb", 2)
        assert first
        assert second
        await persons.undo(unit, first, author="u", at_us=3)
        assert await join(unit, "hc", "ha", 4)
        await persons.undo(unit, second, author="u", at_us=5)
        now = await persons.persons_of(unit, ["ha", "hb", "hc"])
        assert now["ha"] == now["hc"] != now["hb"]


@pytest.mark.anyio
async def test_a_link_goes_with_the_record_it_is_of(database: Database) -> None:
    async with database.unit() as unit:
        await persons.settle_in(unit, ["ha", "hb", "hc"])
        wrong = await join(unit, "ha", "hb", 1)
        assert wrong
        await join(unit, "hb", "hc", 2)  # hc has the number of hb; of ha it says nothing
        await persons.undo(unit, wrong, author="u", at_us=3)
        now = await persons.persons_of(unit, ["ha", "hb", "hc"])
        assert now["hb"] == now["hc"] != now["ha"]
        with pytest.raises(Conflict):
            await persons.undo(unit, wrong, author="u", at_us=4)


@pytest.mark.anyio
async def test_what_an_earlier_version_left_with_the_wrong_person_is_put_right(
    database: Database,
) -> None:
    homes = ["ha", "hb", "hc", "hd"]
    async with database.unit() as unit:
        began = await persons.settle_in(unit, homes)
        first = await join(unit, "hb", "ha", 1)
        second = await join(unit, "hc", "hb", 2)
        await persons.undo(unit, str(first), author="u", at_us=3)
        await join(unit, "hc", "ha", 4)
        last = await join(unit, "hd", "hb", 5)
        # as an earlier version kept it: no homes, no partings; ha went with hb, to the wrong person
        await unit.execute("UPDATE link SET one = NULL, other = NULL, parted = NULL")
        await unit.execute("UPDATE link SET undone_us = 6 WHERE id = $1", second)
        rows = [(home, began["hd"]) for home in ("ha", "hb", "hd")]
        await unit.executemany("UPDATE person_home SET person = $2 WHERE home = $1", rows)
        parting = await persons.undo(unit, str(last), author="u", at_us=7)
        now = await persons.persons_of(unit, homes)
        assert grouped(now, homes) == {
            frozenset(["ha", "hc"]),
            frozenset(["hb"]),
            frozenset(["hd"]),
        }
        assert parting.homes == set(homes)
        assert (await persons_then(unit, homes, 7)).items() >= now.items()
