"""Persons: sets of homes. Linking and undoing write small tables and move no clinical row.

Every link says who moved from where, by whom and why, so that it can be taken back: then just the
homes it moved, and that are still where it put them, return.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from hie.errors import Conflict, ResourceNotFound
from hie.store import consents
from hie.store.cells import open_words, seal_words
from hie.store.families import hold_families
from hie.store.ids import new_id
from hie.store.relations import spread
from hie.store.session import Dialect, Reader, Row, Unit
from hie.store.vault import HUB, DataClass

_LINK = "id, person, was, homes, reason, score, author, at_us, undone_us, undone_by"

_SETTLE = {
    Dialect.POSTGRESQL: (
        "INSERT INTO person_home (home, person) SELECT * FROM unnest($1::text[], $2::text[])"
        " ON CONFLICT DO NOTHING RETURNING home, person"
    ),
    Dialect.SQLITE: (
        "INSERT INTO person_home (home, person) SELECT json_extract(value, '$[0]'),"
        " json_extract(value, '$[1]') FROM json_each($1)"
        " WHERE true ON CONFLICT DO NOTHING RETURNING home, person"
    ),
}


@dataclass(frozen=True, slots=True)
class Link:
    """The homes of person `was` became homes of `person`."""

    id: str
    person: str
    was: str
    homes: tuple[str, ...]
    reason: str
    score: str | None
    author: str
    at_us: int
    undone_us: int | None
    undone_by: str | None


async def person_of(reader: Reader, home: str) -> str | None:
    """The person a home belongs to, or None when the home is unknown."""
    found: str | None = await reader.fetchval(
        "SELECT person FROM person_home WHERE home = $1", home
    )
    return found


async def persons_of(reader: Reader, homes: Iterable[str]) -> dict[str, str]:
    """The person of each home; unknown homes are left out."""
    rows = await reader.fetch(
        f"SELECT home, person FROM person_home WHERE {reader.db.among('home', 1)}",  # noqa: S608
        reader.db.array(homes),
    )
    return {row[0]: row[1] for row in rows}


async def families(reader: Reader, persons: Iterable[str]) -> dict[str, list[str]]:
    """All homes of each of these persons."""
    rows = await reader.fetch(
        "SELECT person, home FROM person_home"  # noqa: S608
        f" WHERE {reader.db.among('person', 1)} ORDER BY person, home",
        reader.db.array(sorted(set(persons))),
    )
    found: dict[str, list[str]] = {}
    for person, home in rows:
        found.setdefault(person, []).append(home)
    return found


async def homes_of(reader: Reader, person: str) -> list[str]:
    """All homes of a person."""
    rows = await reader.fetch(
        "SELECT home FROM person_home WHERE person = $1 ORDER BY home", person
    )
    return [row[0] for row in rows]


async def settle_in(unit: Unit, homes: Iterable[str]) -> dict[str, str]:
    """The person of each home; a home that is new becomes a person of its own."""
    wanted = sorted(set(homes))  # one order for all, or two units wait for each other for ever
    rows = [(home, new_id()) for home in wanted]
    made = await unit.fetch(_SETTLE[unit.db.dialect], *unit.db.table(rows, 2))
    found = {row[0]: row[1] for row in made}
    if len(found) < len(wanted):
        found.update(await persons_of(unit, [home for home in wanted if home not in found]))
    if len(found) < len(wanted):
        raise Conflict("a home that is neither new nor known")
    return found


async def join(
    unit: Unit,
    person_a: str,
    person_b: str,
    *,
    reason: str,
    score: str | None,
    author: str,
    at_us: int,
) -> str | None:
    """Make two persons one, `person_a`; the link's id, or None if they already are one.

    `author` is a user id, or "hub" for a certain match; `reason` a code or a person's words. Both
    persons are locked, so two joins at once follow one another, and their Patients, so that nobody
    learns meanwhile who reaches them. Raises ResourceNotFound.
    """
    if person_a == person_b:
        return None
    sides = await families(unit, (person_a, person_b))
    await hold_families(unit, chain(*sides.values()), (person_a, person_b))
    moved = await homes_of(unit, person_b)
    if not moved or not await homes_of(unit, person_a):
        raise ResourceNotFound("a person that has no homes (any more)")
    await unit.execute("UPDATE person_home SET person = $1 WHERE person = $2", person_a, person_b)
    await spread(unit, moved)
    await consents.refresh(unit, moved)
    link = new_id()
    await unit.execute(
        "INSERT INTO link (id, person, was, homes, reason, score, author, at_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        link,
        person_a,
        person_b,
        json.dumps(moved),
        seal_words(unit.db, DataClass.ORDER, HUB, reason, *_place(link)),
        score,
        author,
        at_us,
    )
    return link


async def undo(unit: Unit, link: str, *, author: str, at_us: int) -> Link:
    """Take a link back. Raises ResourceNotFound, and Conflict when it was taken back already.

    Where its person was joined to another later, the homes come out of that one.
    """
    found = await get_link(unit, link)
    where, before = await _now(unit, found.person, found), None
    while where != before:  # a link that was made meanwhile moved them on
        sides = await families(unit, (found.person, found.was, where))
        await hold_families(unit, chain(*sides.values()), (found.person, found.was, where))
        before, where = where, await _now(unit, found.person, found)
    touched = await unit.execute(
        "UPDATE link SET undone_us = $2, undone_by = $3 WHERE id = $1 AND undone_us IS NULL",
        link,
        at_us,
        author,
    )
    if not touched:
        raise Conflict(f"link {link} was taken back already")
    await unit.execute(
        f"UPDATE person_home SET person = $1 WHERE person = $2 AND {unit.db.among('home', 3)}",  # noqa: S608
        found.was,
        where,
        unit.db.array(found.homes),
    )
    touched_homes = {*found.homes, *await homes_of(unit, where)}
    await spread(unit, touched_homes)
    await consents.refresh(unit, touched_homes)
    return found


async def get_link(reader: Reader, link: str) -> Link:
    """One link. Raises ResourceNotFound."""
    row = await reader.fetchrow(f"SELECT {_LINK} FROM link WHERE id = $1", link)  # noqa: S608
    if row is None:
        raise ResourceNotFound(f"no link {link!r}")
    return _link(reader, row)


async def links_of(reader: Reader, person: str) -> list[Link]:
    """The links that made a person what it is or was, newest first."""
    rows = await reader.fetch(
        f"SELECT {_LINK} FROM link WHERE person = $1 OR was = $1 ORDER BY at_us DESC, id",  # noqa: S608
        person,
    )
    return [_link(reader, row) for row in rows]


async def links_between(reader: Reader, among: Iterable[str]) -> list[Link]:
    """The links that moved homes from or to one of these persons, oldest first."""
    wanted = reader.db.array(sorted(set(among)))
    rows = await reader.fetch(
        f"SELECT {_LINK} FROM link WHERE {reader.db.among('person', 1)}"  # noqa: S608
        f" OR {reader.db.among('was', 1)} ORDER BY at_us, id",
        wanted,
    )
    return [_link(reader, row) for row in rows]


async def links(reader: Reader, limit: int = 50) -> list[Link]:
    """The last links, newest first."""
    rows = await reader.fetch(
        f"SELECT {_LINK} FROM link ORDER BY at_us DESC, id LIMIT $1",  # noqa: S608
        limit,
    )
    return [_link(reader, row) for row in rows]


async def _now(unit: Unit, person: str, link: Link) -> str:
    """Where the homes of a person are now: later links, not undone, may have moved them on."""
    seen = {person}
    at_us = link.at_us
    while True:
        row = await unit.fetchrow(
            "SELECT person, at_us FROM link WHERE was = $1 AND undone_us IS NULL AND at_us >= $2"
            " ORDER BY at_us LIMIT 1",
            person,
            at_us,
        )
        if row is None or row[0] in seen:
            return person
        person, at_us = row[0], row[1]
        seen.add(person)


def _link(reader: Reader, row: Row) -> Link:
    reason = open_words(reader.db, row[4], *_place(row[0]))
    return Link(*(*row[:3], tuple(json.loads(row[3])), reason, *row[5:]))


def _place(link: str) -> tuple[str, str, str]:
    return "link", "reason", link
