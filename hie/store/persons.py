"""Persons: sets of homes. Linking and undoing write small tables and move no clinical row.

Every link says of which two homes it is, who moved from where, by whom and why. Taken back, in
whatever order, it leaves what the links that stand would have made alone (`identity.standing`).
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hie.errors import Conflict, ResourceNotFound
from hie.identity.standing import beginnings, standing
from hie.store import consents
from hie.store.cells import open_words, seal_words
from hie.store.families import hold_families
from hie.store.ids import new_id
from hie.store.relations import spread
from hie.store.session import Dialect, Reader, Row, Unit
from hie.store.vault import HUB, DataClass

_LINK = (
    "id, person, was, homes, reason, score, author, at_us, undone_us, undone_by, one, other, parted"
)

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
    """The homes of person `was` became homes of `person`, for `one` and `other` are one person's.

    Links of earlier versions do not say of which two homes they are. `parted` says what taking it
    back moved, and to whom; None: it stands, or an earlier version took it back.
    """

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
    one: str | None = None
    other: str | None = None
    parted: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Parting:
    """A link that was taken back, and all homes of both sides."""

    link: Link
    homes: frozenset[str]


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
    unit: Unit, one: str, other: str, *, reason: str, score: str | None, author: str, at_us: int
) -> str | None:
    """Two homes are one person's: that of `one`. The link's id, or None if they already are.

    `author` is a user id, or "hub" for a certain match; `reason` a code or a person's words. Both
    persons are locked, so two joins at once follow one another, and their Patients, so that nobody
    learns meanwhile who reaches them. Raises ResourceNotFound.
    """
    sides = await hold_families(unit, (one, other))
    (person,) = [owner for owner, homes in sides if one in homes]
    ((was, moved),) = [side for side in sides if other in side[1]]
    if person is None or was is None:
        raise ResourceNotFound("a home that is no person's")
    if person == was:
        return None
    await unit.execute("UPDATE person_home SET person = $1 WHERE person = $2", person, was)
    await spread(unit, moved)
    await consents.refresh(unit, moved)
    link = new_id()
    await unit.execute(
        "INSERT INTO link (id, person, was, homes, reason, score, author, at_us, one, other)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        link,
        person,
        was,
        json.dumps(moved),
        seal_words(unit.db, DataClass.ORDER, HUB, reason, *_place(link)),
        score,
        author,
        at_us,
        one,
        other,
    )
    return link


async def undo(unit: Unit, link: str, *, author: str, at_us: int) -> Parting:
    """Take a link back. Raises ResourceNotFound, and Conflict when it was taken back already.

    Every home of those it was ever linked with is then where the links that stand put it.
    """
    found = await get_link(unit, link)
    links, now = await _hold_linked(unit, found)
    touched = await unit.execute(
        "UPDATE link SET undone_us = $2, undone_by = $3 WHERE id = $1 AND undone_us IS NULL",
        link,
        at_us,
        author,
    )
    if not touched:
        raise Conflict(f"link {link} was taken back already")
    began = beginnings(now, [(one.was, one.homes) for one in links], new_id)
    stand = [one for one in links if one.undone_us is None and one.id != link]
    stands = standing(began, _pairs(began, stand))
    moved = {home: person for home, person in sorted(stands.items()) if now[home] != person}
    await unit.executemany(
        "UPDATE person_home SET person = $2 WHERE home = $1", list(moved.items())
    )
    await unit.execute("UPDATE link SET parted = $2 WHERE id = $1", link, json.dumps(moved))
    changed = {now[home] for home in (*moved, *found.homes)} | set(moved.values())
    homes = {home for home in now if now[home] in changed or stands[home] in changed}
    await spread(unit, homes)
    await consents.refresh(unit, homes)
    return Parting(await get_link(unit, link), frozenset(homes))


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


async def linked(reader: Reader, start: Iterable[str]) -> list[Link]:
    """All links between these persons and others, and between those and others; oldest first.

    Of those of one instant, what moved more homes moved them later.
    """
    found: dict[str, Link] = {}
    waiting = set(start)
    seen = set(waiting)
    while waiting:
        links = await links_between(reader, waiting)
        found.update((link.id, link) for link in links)
        waiting = named(links) - seen
        seen |= waiting
    return sorted(found.values(), key=lambda link: (link.at_us, len(link.homes), link.id))


def named(links: Iterable[Link]) -> set[str]:
    """The persons that these links name."""
    return {person for link in links for person in (link.person, link.was)}


async def _hold_linked(unit: Unit, link: Link) -> tuple[list[Link], dict[str, str]]:
    """Hold all that were ever linked with these; their links, and whose each home is."""
    held: Collection[str] = ()
    while True:  # a link that was made meanwhile may bring others
        links = await linked(unit, (link.person, link.was))
        sides = await families(unit, named(links))
        now = {home: person for person, homes in sides.items() for home in homes}
        if held == now.keys():
            return links, now
        await hold_families(unit, now, named(links))
        held = now.keys()


def _pairs(began: Mapping[str, str], links: Iterable[Link]) -> Sequence[tuple[str, str]]:
    """Of which two homes each link is; an earlier version's is of those that gave the names."""
    first = {person: home for home, person in began.items()}
    return [
        (
            link.one or first.get(link.person, link.homes[0]),
            link.other or first.get(link.was, link.homes[0]),
        )
        for link in links
    ]


def _link(reader: Reader, row: Row) -> Link:
    reason = open_words(reader.db, row[4], *_place(row[0]))
    parted = None if row[12] is None else json.loads(row[12])
    return Link(*(*row[:3], tuple(json.loads(row[3])), reason, *row[5:12], parted))


def _place(link: str) -> tuple[str, str, str]:
    return "link", "reason", link
