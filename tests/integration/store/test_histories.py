"""Versions of a type and of one resource: what may be seen, in order, by index alone."""

import re

import pytest

from hie.access.policy import Restriction
from hie.store import histories, resources, rewriting
from hie.store.database import Database
from hie.store.histories import Span, Versions
from hie.store.resources import Put
from tests.builders import an_observation, an_organization
from tests.integration.store.plans import plan_of, watched

pytestmark = pytest.mark.anyio
ALL = Restriction()


def observed(key: str, home: str, value: str = "4.1", message: str | None = None) -> Put:
    return Put("Observation", home, key, an_observation(key, home, value=value), message)


async def filled(db: Database, many: int = 0) -> None:
    """o1 of h1 in three versions, o2 of h2 in one and deleted; and `many` more of h3."""
    async with db.unit() as unit:
        await resources.put(unit, [observed("o1", "h1")], now_us=1_000)
        await resources.put(unit, [observed("o2", "h2")], now_us=2_000)
        await resources.put(unit, [observed("o1", "h1", "5.0")], now_us=3_000)
        await resources.put(unit, [observed("o1", "h1", "6.0")], now_us=3_000)
        (o2,) = (await resources.current(unit, [("Observation", "o2")])).values()
        await rewriting.delete(unit, o2, None, 4_000)
        tree = an_organization("org1")
        await resources.put(unit, [Put("Organization", "", "org1", tree)], now_us=5_000)
        for n in range(0, many, 500):
            puts = [observed(f"m{n + i}", f"h{i % 20 + 3}") for i in range(500)]
            await resources.insert(unit, puts, now_us=10_000 + n)
            await resources.put(unit, puts, now_us=20_000 + n)


def told(page: Versions) -> list[tuple[str, int, bool]]:
    return [(one.id, one.version, one.deleted) for one in page.found]


async def test_a_types_versions_are_newest_first_and_only_those_in_sight(
    database: Database,
) -> None:
    await filled(database)
    every = [
        ("o2", 2, True),
        ("o1", 3, False),
        ("o1", 2, False),
        ("o2", 1, False),
        ("o1", 1, False),
    ]
    async with database.reading() as reader:
        page = await histories.of_type(reader, "Observation", ALL, Span(), 50)
        assert (told(page), page.following) == (every, None)
        for home, seen in (("h1", "o1"), ("h2", "o2"), ("h9", "")):
            only = Restriction(homes=frozenset({home}))
            page = await histories.of_type(reader, "Observation", only, Span(), 50)
            assert told(page) == [one for one in every if one[0] == seen]
        for hidden in (
            Restriction(types=frozenset({"Patient"})),
            Restriction(sites=frozenset({"lis-9"})),
            Restriction(homes=frozenset()),
        ):
            page = await histories.of_type(reader, "Observation", hidden, Span(), 50)
            assert told(page) == []
        page = await histories.of_type(reader, "Nonsense", ALL, Span(), 50)
        assert told(page) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
async def test_pages_are_cut_within_one_instant(database: Database, limit: int) -> None:
    await filled(database)
    async with database.reading() as reader:
        every = told(await histories.of_type(reader, "Observation", ALL, Span(), 50))
        found, place = [], None
        while True:
            page = await histories.of_type(reader, "Observation", ALL, Span(), limit, place)
            found += told(page)
            place = page.following
            if place is None:
                break
            assert len(page.found) == limit
        assert found == every


async def test_a_long_look_goes_on_from_where_it_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST_LOOKED", 100)
    monkeypatch.setattr(histories, "_CHUNK", 40)
    await filled(database, 500)
    # At this instant the first 500 stood in their first versions, which are the oldest of all.
    at = Span(start=15_000, end=15_001)
    async with database.reading() as reader:
        found, place, pages = [], None, 0
        while True:
            page = await histories.of_type(reader, "Observation", ALL, at, 20, place)
            assert len(page.found) <= 20
            found += told(page)
            place, pages = page.following, pages + 1
            if place is None:
                break
        assert len(found) == len(set(found)) == 501
        assert {version for _, version, _ in found} == {1, 3}
        assert pages < 60


async def test_histories_are_read_by_index(database: Database) -> None:
    await filled(database, 6_000)
    async with database.unit() as unit:
        for table in ("observation", "resource_history"):
            await unit.execute(f"ANALYZE {table}")
    narrow = Restriction(homes=frozenset({"h5"}))
    async with database.reading() as reader:
        with watched(reader) as seen:
            first = await histories.of_type(reader, "Observation", ALL, Span(), 50)
            await histories.of_type(reader, "Observation", ALL, Span(), 50, first.following)
            await histories.of_type(reader, "Observation", ALL, Span(since=20_000), 50)
            await histories.of_type(
                reader, "Observation", ALL, Span(start=12_000, end=12_001), 50, first.following
            )
            await histories.of_one(reader, "Observation", "m77", ALL, Span(), 50)
            await histories.of_one(reader, "Observation", "m77", narrow, Span(), 50)
        assert len(seen) >= 8
        for statement in seen:
            plan = await plan_of(reader, statement)
            assert not re.search(
                r"Seq Scan|SCAN (observation|resource_history|v|h)\b(?! USING)", plan
            ), f"{statement[0]}\n{plan}"
