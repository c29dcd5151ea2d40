"""What is asked of one patient costs one look at who they are, and shows what it would of many."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hie.access.restriction import NORMAL, RESTRICTED, Asking, Reach, Restriction
from hie.access.windows import EVER_US, Kind
from hie.consent.rule import DENY, OPEN, Rule
from hie.fhir import ITEM, Resource
from hie.store import consents, relations, resources
from hie.store.database import Database
from hie.store.of_home import kinds_of
from hie.store.search.latest import newest_of_items
from hie.store.search.query import parse_query
from hie.store.search.search import search
from hie.store.session import Reader
from hie.store.settled import settled
from hie.store.version_rows import Put
from hie.store.visible import visible
from tests.bench.growth.blocks import touched
from tests.bench.growth.data import Filed, Source
from tests.bench.growth.queries import Probe
from tests.places import Place

pytestmark = pytest.mark.anyio
MINE, OTHER = "91110000MA01234567", "91110000MA07654321"
NOW_US = 1_800_000_000_000_000
OWN, VISITS = frozenset({Kind.OWN, Kind.VISIT}), frozenset({Kind.VISIT, Kind.ORDER})
ASKING = Asking(MINE, "TREAT", NOW_US)
SYSTEM = Restriction(
    reach=Reach(MINE, NOW_US, OWN), clearance=NORMAL, own_clearance=RESTRICTED, asks=ASKING
)
PERSON = Restriction(
    reach=Reach(MINE, NOW_US, VISITS), clearance=RESTRICTED, own_clearance=RESTRICTED, asks=ASKING
)
SIGHTS = {
    "all": Restriction(),
    "a system": SYSTEM,
    "a person": PERSON,
    "reach alone": replace(SYSTEM, asks=None),
    "consent alone": Restriction(clearance=NORMAL, own_clearance=NORMAL, asks=ASKING),
    "the label alone": Restriction(clearance=NORMAL, own_clearance=NORMAL),
    "nobody's": replace(SYSTEM, reach=Reach(MINE, NOW_US, frozenset())),
    "one type": replace(SYSTEM, types=frozenset({"Patient"})),
    "another purpose": replace(SYSTEM, asks=replace(ASKING, permitted=False)),
}
FINAL = (("Observation", ((("status", ("final",)),),)),)
PANEL = Source(7).known
ITEMS = [test.item or "" for test in PANEL]


@asynccontextmanager
async def filled(
    place: Place, restricted: Sequence[str] = (), in_part: Sequence[str] = ()
) -> AsyncIterator[tuple[Database, list[str]]]:
    """Five patients of eight reports each: own, visiting, with rules, denying, and a stranger.

    Results of `restricted` items are labelled R, and every second one of those `in_part`.
    """
    source, batch = Source(7), Filed()
    homes = [source.id() for _ in range(5)]
    for number, home in enumerate(homes):
        source.patient(batch, home, number)
        for _ in range(8):
            source.report(batch, home, source.known)
    db = await Database.open(place.url, place.data_dir)
    try:
        async with db.unit() as unit:
            await resources.insert(unit, [*_labelled(batch.puts, restricted, in_part)])
            facts = [
                relations.Fact(MINE, homes[0], Kind.OWN, 0, EVER_US, "a"),
                relations.Fact(MINE, homes[1], Kind.VISIT, 0, EVER_US, "b"),
                relations.Fact(MINE, homes[2], Kind.OWN, 0, EVER_US, "c"),
                relations.Fact(OTHER, homes[3], Kind.OWN, 0, EVER_US, "d"),
                relations.Fact(MINE, homes[3], Kind.VISIT, 0, EVER_US, "e"),
                relations.Fact(OTHER, homes[4], Kind.OWN, 0, EVER_US, "f"),
            ]
            await relations.relate(unit, facts)
            await consents.write_rules(unit, homes[2:3], [Rule(OPEN, "c1", institution=MINE)])
            await consents.write_rules(
                unit, homes[3:4], [Rule(DENY, "c2", kind="Observation", most=NORMAL)]
            )
            await unit.execute("ANALYZE")
        yield db, homes
    finally:
        await db.close()


def _labelled(
    puts: Iterable[Put], restricted: Sequence[str], in_part: Sequence[str]
) -> Iterator[Put]:
    for number, one in enumerate(puts):
        item = item_of(one.resource) if one.type == "Observation" else ""
        is_restricted = item in restricted or (item in in_part and number % 2 == 0)
        yield msgspec.structs.replace(one, label=RESTRICTED) if is_restricted else one


def item_of(tree: Resource) -> str:
    coded = tree["code"]["coding"]
    return next((str(one["code"]) for one in coded if one["system"] == ITEM), "")


async def ids(reader: Reader, kind: str, sight: Restriction, homes: list[str] | None) -> list[Any]:
    seen = visible(reader, kind, sight, homes=homes)
    rows = await reader.fetch(f"SELECT v.id, v.home FROM {seen.sql} AS v", *seen.args)  # noqa: S608
    return sorted(tuple(row) for row in rows)


async def test_patients_named_are_seen_as_among_all(place: Place) -> None:
    async with filled(place) as (db, homes), db.reading() as reader:
        for sight in SIGHTS.values():
            await _seen_alike(reader, sight, homes)


async def _seen_alike(reader: Reader, sight: Restriction, homes: list[str]) -> None:
    seen = 0
    named: list[dict[str, Any]] = [
        {},
        {"opened": frozenset(homes[:2])},
        {"declared": frozenset(homes[4:])},
    ]
    for some in [replace(sight, **more) for more in named]:
        for kind in ("Observation", "Patient", "DiagnosticReport"):
            every = await ids(reader, kind, some, None)
            seen += len(every)
            for home in homes:
                mine = [pair for pair in every if pair[1] == home]
                assert await ids(reader, kind, some, [home]) == mine
            several = [pair for pair in every if pair[1] in homes[1:4]]
            assert await ids(reader, kind, some, homes[1:4]) == several
            assert await ids(reader, kind, some, []) == []
            assert await ids(reader, kind, some, ["nobody"]) == []
    assert seen


async def test_what_a_restriction_comes_to_shows_the_same(place: Place) -> None:
    async with filled(place, restricted=ITEMS[:3]) as (db, homes), db.reading() as reader:
        for sight in SIGHTS.values():
            await _comes_to_the_same(reader, sight, homes)


async def _comes_to_the_same(reader: Reader, sight: Restriction, homes: list[str]) -> None:
    kinds = ("Patient", "Observation", "DiagnosticReport", "Specimen", "Encounter")
    for some in (sight, replace(sight, filters=FINAL), replace(sight, clearance=RESTRICTED)):
        for home in homes:
            found = await settled(reader, some, home)
            if found is None:
                continue
            assert found.asks is None or some.reach is None
            for kind in kinds:
                wanted = await ids(reader, kind, some, [home])
                assert await ids(reader, kind, found, [home]) == wanted
            there = await kinds_of(reader, kinds, home, found)
            assert there == {k for k in kinds if await ids(reader, k, some, [home])}


async def test_who_has_rules_or_is_nobodys_is_asked_for_each_row(place: Place) -> None:
    async with filled(place) as (db, homes), db.reading() as reader:
        found = [await settled(reader, SYSTEM, home) for home in (*homes, "nobody")]
        named = replace(SYSTEM, opened=frozenset(homes[:1]))
        assert await settled(reader, named, homes[0]) is None
        declared = replace(SYSTEM, declared=frozenset(homes[:1]))
        assert await settled(reader, declared, homes[0]) is None
    # Own; a visitor who is nobody's own; an own one with rules; another's with rules; a stranger.
    assert [one is not None for one in found] == [True, False, False, False, False, False]


async def test_who_the_patient_is_costs_few_blocks_however_many_results_there_are(
    postgres_place: Place,
) -> None:
    async with filled(postgres_place) as (db, homes), db.reading() as reader:
        counts = {}
        for name, sight in (("all", Restriction()), ("full", SYSTEM), ("a person", PERSON)):

            async def ask(reader: Reader, one: Probe, sight: Restriction = sight) -> int:
                query = parse_query("Observation", [("patient", one.home), ("_count", "27")])
                return len((await search(reader, query, sight)).matches)

            home = homes[1] if name == "a person" else homes[0]
            probes = [Probe(home, "", "", [])] * 10
            assert await ask(reader, probes[0]) == 27
            await touched(reader, ask, probes)
            counts[name] = await touched(reader, ask, probes)
        assert counts["full"] - counts["all"] <= 12
        assert counts["a person"] - counts["all"] <= 12


@pytest.mark.parametrize("restricted", [0, 2])
async def test_a_panel_is_a_look_for_each_item_whatever_is_labelled(
    postgres_place: Place, restricted: int
) -> None:
    async with (
        filled(postgres_place, restricted=ITEMS[:restricted]) as (db, homes),
        db.reading() as reader,
    ):

        async def ask(reader: Reader, one: Probe) -> int:
            return len(await newest_of_items(reader, one.home, ITEMS, SYSTEM, 1))

        probes = [Probe(homes[0], "", "", [])] * 10
        assert await ask(reader, probes[0]) == len(ITEMS)
        await touched(reader, ask, probes)
        assert await touched(reader, ask, probes) <= 150


async def test_the_newest_of_each_item_are_found_whether_labelled_or_not(place: Place) -> None:
    """Of the 27 three are labelled, and a fourth is restricted by what it is."""
    async with (
        filled(place, restricted=ITEMS[:3], in_part=ITEMS[3:5]) as (db, homes),
        db.reading() as reader,
    ):
        for clearance, items in ((RESTRICTED, 27), (NORMAL, 23)):
            sight = replace(SYSTEM, own_clearance=clearance)
            every = await results_of(reader, homes[0], sight)
            for most in (1, 3, 20):
                wanted: dict[str, list[str]] = {}
                for one in every:
                    times = wanted.setdefault(item_of(one), [])
                    if len(times) < most:
                        times.append(str(one["effectiveDateTime"]))
                assert len(wanted) == items
                found: dict[str, list[str]] = {}
                for version in await newest_of_items(reader, homes[0], ITEMS, sight, most):
                    one = version.resource()
                    found.setdefault(item_of(one), []).append(str(one["effectiveDateTime"]))
                assert found == wanted


async def results_of(reader: Reader, home: str, sight: Restriction) -> list[Resource]:
    """All results of a patient that may be seen, newest first."""
    query = parse_query("Observation", [("patient", home), ("_count", "100")])
    found: list[Resource] = []
    place = None
    while True:
        page = await search(reader, query, sight, place)
        found += [one.resource() for one in page.matches]
        place = page.following
        if place is None:
            return found
