"""Persons are sets of homes: joined, undone, never losing who was who."""

import asyncio

import pytest

from hie.errors import Conflict, ResourceNotFound
from hie.store import identifiers, identity_tasks, persons
from hie.store.database import Database
from hie.store.identifiers import PatientIdentifier

OID = "urn:oid:2.16.156.10011.1.3"


async def person(db: Database, *homes: str) -> str:
    async with db.unit() as unit:
        settled = await persons.settle_in(unit, homes)
        found = [settled[home] for home in homes]
        for other in homes[1:]:
            await persons.join(
                unit, homes[0], other, reason="certain", score=None, author="hub", at_us=1
            )
    return found[0]


async def join(db: Database, one: str, other: str, at_us: int = 2) -> str:
    async with db.unit() as unit:
        link = await persons.join(
            unit, one, other, reason="same number", score="12.5", author="u1", at_us=at_us
        )
    assert link is not None
    return link


async def undo(db: Database, link: str) -> None:
    async with db.unit() as unit:
        await persons.undo(unit, link, author="u1", at_us=9)


async def homes_of(db: Database, one: str) -> list[str]:
    async with db.reading() as reader:
        return await persons.homes_of(reader, one)


@pytest.mark.anyio
async def test_a_new_home_is_a_person_of_its_own_and_stays_it(database: Database) -> None:
    first = await person(database, "h1")
    assert await person(database, "h1") == first
    assert await person(database, "h2") != first
    async with database.unit() as unit:
        both = await persons.settle_in(unit, ["h4", "h1"])
        assert both["h1"] == first
        assert await persons.families(unit, both.values()) == {first: ["h1"], both["h4"]: ["h4"]}
    made = await asyncio.gather(*(person(database, "h3") for _ in range(8)))
    assert len(set(made)) == 1


@pytest.mark.anyio
async def test_two_persons_become_one_and_are_told_apart_again(database: Database) -> None:
    a, b = await person(database, "h1", "h2"), await person(database, "h3", "h4")
    link = await join(database, "h2", "h4")
    assert await homes_of(database, a) == ["h1", "h2", "h3", "h4"]
    assert await homes_of(database, b) == []
    await undo(database, link)
    assert await homes_of(database, a) == ["h1", "h2"]
    assert await homes_of(database, b) == ["h3", "h4"]
    with pytest.raises(Conflict):
        await undo(database, link)


@pytest.mark.anyio
@pytest.mark.parametrize("first", [True, False])
async def test_links_on_top_of_one_another_are_undone_in_any_order(
    database: Database, first: bool
) -> None:
    a, b, c = [await person(database, home) for home in ("ha", "hb", "hc")]
    inner = await join(database, "ha", "hb", at_us=2)
    outer = await join(database, "hc", "ha", at_us=3)
    assert await homes_of(database, c) == ["ha", "hb", "hc"]
    await undo(database, inner if first else outer)
    if first:
        assert await homes_of(database, c) == ["ha", "hc"]
        assert await homes_of(database, b) == ["hb"]
    else:
        assert await homes_of(database, a) == ["ha", "hb"]
    await undo(database, outer if first else inner)
    assert [await homes_of(database, one) for one in (a, b, c)] == [["ha"], ["hb"], ["hc"]]


@pytest.mark.anyio
async def test_a_home_that_came_after_a_link_stays_when_it_is_undone(database: Database) -> None:
    a, _, _ = [await person(database, home) for home in ("ha", "hb", "hl")]
    link = await join(database, "ha", "hb")
    await join(database, "ha", "hl", at_us=3)
    await undo(database, link)
    assert await homes_of(database, a) == ["ha", "hl"]


@pytest.mark.anyio
async def test_a_join_is_recorded_and_an_unknown_person_refused(database: Database) -> None:
    a, b = await person(database, "ha"), await person(database, "hb")
    link = await join(database, "ha", "hb")
    async with database.reading() as reader:
        found = await persons.get_link(reader, link)
        assert (found.person, found.was, found.homes, found.score) == (a, b, ("hb",), "12.5")
        assert (found.one, found.other, found.parted) == ("ha", "hb", None)
        assert [one.id for one in await persons.links_of(reader, b)] == [link]
        assert [one.id for one in await persons.links(reader)] == [link]
        assert await persons.persons_of(reader, ["ha", "hb", "hx"]) == {"ha": a, "hb": a}
        with pytest.raises(ResourceNotFound):
            await persons.get_link(reader, "nothing")
    with pytest.raises(ResourceNotFound):
        await join(database, "ha", "hx")
    async with database.unit() as unit:
        for one, other in (("ha", "ha"), ("hb", "ha")):
            made = await persons.join(unit, one, other, reason="", score=None, author="", at_us=1)
            assert made is None


@pytest.mark.anyio
async def test_an_identifier_is_found_however_it_is_written(database: Database) -> None:
    async with database.unit() as unit:
        number = PatientIdentifier(OID, "11010519491231002x", "resident-id", usable=True)
        local = PatientIdentifier("s", "00123", "patient", usable=False)
        await identifiers.replace(unit, {"h1": [number, local, number], "h2": [number]})
    async with database.reading() as reader:
        for written in ("11010519491231002X", " 1101 0519491231002Ｘ"):
            found = await identifiers.homes_by_identifier(reader, "resident-id", written)
            assert found == ["h1", "h2"]
        assert await identifiers.homes_by_identifier(reader, "passport", "00123") == []
        assert await identifiers.homes_by_identifier(reader, "patient", "00123") == []
        unusable = await identifiers.homes_by_identifier(reader, "patient", "00123", usable=False)
        assert unusable == ["h1"]
        for row in await reader.fetch("SELECT hash, system FROM identifier"):
            assert "11010519491231002" not in f"{row[0]}{row[1]}"
    async with database.unit() as unit:
        numbers = [("resident-id", "11010519491231002x"), ("passport", "E1"), ("patient", "00123")]
        assert await identifiers.holders(unit, numbers) == dict(
            zip(numbers, ({"h1", "h2"}, set(), set()), strict=True)
        )
        await identifiers.replace(unit, {"h1": []})
    async with database.reading() as reader:
        found = await identifiers.homes_by_identifier(reader, "resident-id", "11010519491231002X")
    assert found == ["h2"]


@pytest.mark.anyio
async def test_a_question_is_asked_once_and_closed_once(database: Database) -> None:
    async with database.unit() as unit:
        first = await identity_tasks.task(unit, "conflict", ["h2", "h1"], "birth-date", 1)
        again = await identity_tasks.task(unit, "conflict", ["h1", "h2"], "birth-date", 2)
        other = await identity_tasks.task(unit, "shared-identifier", ["h1", "h2"], "names", 3)
    assert first == again != other
    async with database.unit() as unit:
        await identity_tasks.close(unit, first, outcome="two people", author="u1", at_us=5)
        assert await identity_tasks.task(unit, "conflict", ["h1", "h2"], "birth-date", 6) == first
    async with database.reading() as reader:
        assert [one.id for one in await identity_tasks.find(reader)] == [other]
        closed = await identity_tasks.get(reader, first)
        assert (closed.homes, closed.state, closed.outcome) == (
            ("h1", "h2"),
            "closed",
            "two people",
        )
        assert len(await identity_tasks.find(reader, None)) == 2
    async with database.unit() as unit:
        with pytest.raises(Conflict):
            await identity_tasks.close(unit, first, outcome="", author="u1", at_us=7)
        with pytest.raises(ResourceNotFound):
            await identity_tasks.close(unit, "nothing", outcome="", author="u1", at_us=7)
