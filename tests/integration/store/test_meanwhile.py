"""Two units at once about one patient, on PostgreSQL: none acts on what the other has undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hie.access.policy import Restriction
from hie.access.windows import EVER_US, Kind
from hie.store import consents, locate, persons, relations, resources
from hie.store.database import Database
from hie.store.resources import Put
from hie.store.session import Unit
from tests.builders import a_patient, an_observation
from tests.integration.meanwhile import while_it_waits
from tests.places import Place
from tests.unit.consent.consents import a_consent, rule

pytestmark = pytest.mark.anyio
WRITER = "institution:91110000MA01234567"
FACT = relations.Fact("91110000MA01234567", "h1", Kind.VISIT, 0, EVER_US, "Encounter/e1")


@asynccontextmanager
async def two_homes(place: Place) -> AsyncIterator[tuple[Database, str]]:
    """Patients h1 and h2, who are one person by this link."""
    db = await Database.open(place.url, place.data_dir)
    try:
        async with db.unit() as unit:
            await resources.put(
                unit, [Put("Patient", key, key, a_patient(key), WRITER) for key in ("h1", "h2")]
            )
            await persons.settle_in(unit, ["h1", "h2"])
            link = await persons.join(
                unit, "h1", "h2", reason="", score=None, author="hub", at_us=1
            )
        assert link is not None
        yield db, link
    finally:
        await db.close()


async def held(unit: Unit) -> None:
    """Hold Patient h1 as whoever writes of it does."""
    assert await locate.homes_of(unit, "Patient", ["h1"], Restriction(), held=True)


def of_h1(root: dict[str, Any]) -> dict[str, Any]:
    return {**a_consent(root), "id": "c1", "patient": {"reference": "Patient/h1"}}


async def consented(db: Database) -> None:
    root = rule("permit", rule("deny", data="related:Encounter/e1"))
    async with db.unit() as unit:
        await resources.put(unit, [Put("Consent", "h1", "c1", of_h1(root), WRITER)])
        await consents.recompile(unit, ["h1"])


def of_the_stay() -> Put:
    """A result that belongs to the encounter."""
    tree = {**an_observation("o1", "h1"), "encounter": {"reference": "Encounter/e1"}}
    return Put("Observation", "h1", "o1", tree, WRITER)


async def meant(db: Database) -> set[str | None]:
    async with db.reading() as reader:
        return {one.resource for one in await consents.rules_of(reader, "h2")}


async def test_a_consent_meets_what_is_written_beside_it(postgres_place: Place) -> None:
    async with two_homes(postgres_place) as (db, _):
        async with db.unit() as unit:
            await held(unit)
            await resources.put(unit, [of_the_stay()])
            waiting = await while_it_waits(db, consented(db))
        await waiting
        assert "Observation/o1" in await meant(db)


async def test_what_is_written_beside_a_consent_meets_it(postgres_place: Place) -> None:
    async with two_homes(postgres_place) as (db, _):

        async def wrote() -> None:
            async with db.unit() as unit:
                await held(unit)
                await resources.put(unit, [of_the_stay()])

        root = rule("permit", rule("deny", data="related:Encounter/e1"))
        async with db.unit() as unit:
            await resources.put(unit, [Put("Consent", "h1", "c1", of_h1(root), WRITER)])
            await consents.recompile(unit, ["h1"])
            waiting = await while_it_waits(db, wrote())
        await waiting
        assert "Observation/o1" in await meant(db)


async def reaches(db: Database, home: str) -> bool:
    async with db.reading() as reader:
        return bool(
            await reader.fetch("SELECT 1 FROM reach WHERE home = $1 AND kind = 'visit'", home)
        )


async def test_a_relation_learned_while_a_link_is_taken_back_stays_at_home(
    postgres_place: Place,
) -> None:
    async with two_homes(postgres_place) as (db, link):

        async def undone() -> None:
            async with db.unit() as unit:
                await persons.undo(unit, link, author="u1", at_us=9)

        async with db.unit() as unit:
            await held(unit)
            await relations.relate(unit, [FACT])
            waiting = await while_it_waits(db, undone())
        await waiting
        assert (await reaches(db, "h1"), await reaches(db, "h2")) == (True, False)


async def test_a_relation_learned_while_persons_are_joined_reaches_all(
    postgres_place: Place,
) -> None:
    async with two_homes(postgres_place) as (db, link):
        async with db.unit() as unit:
            await persons.undo(unit, link, author="u1", at_us=9)

        async def joined() -> None:
            async with db.unit() as unit:
                await persons.join(unit, "h1", "h2", reason="", score=None, author="u1", at_us=10)

        async with db.unit() as unit:
            await held(unit)
            await relations.relate(unit, [FACT])
            waiting = await while_it_waits(db, joined())
        await waiting
        assert (await reaches(db, "h1"), await reaches(db, "h2")) == (True, True)
