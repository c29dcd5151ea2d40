"""An institution's relations to patients: facts, and the same spread over every home of the person.

`relation` holds what is known of an institution's own Patient; `reach` says, for every home of the
same person, which institution may look at it and until when. Both are written in the unit of work
that learns the fact or joins the persons, so a reader needs one look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hie.access.restriction import Reach
from hie.access.windows import EVER_US, Kind
from hie.store.families import families_of
from hie.store.relation_marks import mark_of
from hie.store.session import Reader, Row, Unit

__all__ = [
    "EVER_US",
    "Fact",
    "Kind",
    "holds",
    "known",
    "own",
    "own_of",
    "relate",
    "replace",
    "resting_on",
    "spread",
    "spreading",
]

_COLUMNS = "institution, home, kind, from_us, until_us, source"
_OWN = {
    "institution": "coalesce(s.institution, substr(p.message, 13))",
    "home": "p.id",
    "kind": "'own'",
    "from_us": "0",
    "until_us": str(EVER_US),
}
_OWN_COLUMNS = {"relation": {**_OWN, "source": "'Patient'"}, "reach": _OWN}


@dataclass(frozen=True, slots=True)
class Fact:
    """One relation, from an instant to another (microseconds); `source` says how it is known."""

    institution: str
    home: str
    kind: Kind
    from_us: int
    until_us: int
    source: str


async def own(unit: Unit, homes: Iterable[str]) -> None:
    """These Patients are records of the institution that wrote them; known ones stay as they are.

    To be called in the unit that writes them, once they are written.
    """
    wanted = unit.db.array(sorted(set(homes)))
    for table, columns in _OWN_COLUMNS.items():
        await unit.execute(
            f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - of the constants above
            f" SELECT {', '.join(columns.values())} FROM patient AS p"
            " LEFT JOIN message AS m ON m.id = p.message LEFT JOIN site AS s ON s.id = m.site"
            f" WHERE {unit.db.among('p.id', 1)}"
            " AND (s.institution IS NOT NULL OR p.message LIKE 'institution:%')"
            " ON CONFLICT DO NOTHING",
            wanted,
        )


async def relate(unit: Unit, facts: Sequence[Fact]) -> None:
    """Keep these facts; one that is known reaches further where the new one does.

    None may begin later than now: what began is open from its begin to its latest end. The persons
    are held (`families`), or their Patients alone.
    """
    latest: dict[tuple[str, str, Kind], Fact] = {}
    for one in facts:
        was = latest.get((one.institution, one.home, one.kind))
        latest[one.institution, one.home, one.kind] = one if was is None else _both(was, one)
    if not latest:
        return
    rows = [latest[key] for key in sorted(latest)]
    await unit.executemany(
        f"INSERT INTO relation ({_COLUMNS}, mark) VALUES ($1, $2, $3, $4, $5, $6, $7)"  # noqa: S608
        f" ON CONFLICT (home, institution, kind) DO UPDATE SET {_further('relation')},"
        f" {_of_the_later('source')}, {_of_the_later('mark')}",
        [
            (
                r.institution,
                r.home,
                str(r.kind),
                r.from_us,
                r.until_us,
                r.source,
                mark_of(unit, r.home, r.institution, str(r.kind), r.until_us, r.source),
            )
            for r in rows
        ],
    )
    await _spread(unit, sorted({one.home for one in rows}))


async def resting_on(reader: Reader, home: str, source: str) -> list[Fact]:
    """The facts of a home that rest on this source."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM relation WHERE home = $1 AND source = $2"  # noqa: S608
        " ORDER BY institution, kind",
        home,
        source,
    )
    return [_fact(row) for row in rows]


async def known(reader: Reader, home: str) -> list[Fact]:
    """Every fact of one home."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM relation WHERE home = $1 ORDER BY institution, kind",  # noqa: S608
        home,
    )
    return [_fact(row) for row in rows]


async def own_of(reader: Reader, institution: str, homes: Iterable[str]) -> list[str]:
    """Those of these homes that are the institution's own records."""
    rows = await reader.fetch(
        f"SELECT home FROM relation WHERE {reader.db.among('home', 1)}"  # noqa: S608
        " AND institution = $2 AND kind = 'own' ORDER BY home",
        reader.db.array(sorted(set(homes))),
        institution,
    )
    return [row[0] for row in rows]


async def holds(reader: Reader, homes: Iterable[str], reach: Reach) -> bool:
    """Whether an institution reaches any of these homes at an instant, by one of these kinds."""
    among = reader.db.among
    found = await reader.fetchval(
        f"SELECT 1 FROM reach WHERE {among('home', 1)} AND institution = $2"  # noqa: S608
        f" AND from_us <= $3 AND until_us > $3 AND {among('kind', 4)} LIMIT 1",
        reader.db.array(sorted(set(homes))),
        reach.institution,
        reach.at_us,
        reader.db.array(sorted(reach.kinds)),
    )
    return found is not None


async def replace(unit: Unit, gone: Sequence[Fact], instead: Sequence[Fact]) -> None:
    """Take facts back and keep others in their place; who reached by them alone no longer does."""
    if not gone:
        return
    await unit.executemany(
        "DELETE FROM relation WHERE home = $1 AND institution = $2 AND kind = $3",
        [(one.home, one.institution, str(one.kind)) for one in gone],
    )
    await relate(unit, instead)
    await spread(unit, {one.home for one in gone})


async def spread(unit: Unit, homes: Iterable[str]) -> None:
    """Say anew who reaches the homes of the persons that these homes belong to.

    A home without a person stands for itself. To be called after links of persons change, with the
    homes on both sides.
    """
    family = sorted({home for _, every in await families_of(unit, homes) for home in every})
    await unit.execute(
        f"DELETE FROM reach WHERE {unit.db.among('home', 1)}",  # noqa: S608
        unit.db.array(family),
    )
    await _spread(unit, family)


async def _spread(unit: Unit, homes: Sequence[str]) -> None:
    """Let what is known of these homes reach every home of their persons; nothing is taken away."""
    await unit.execute(
        "INSERT INTO reach (home, institution, kind, from_us, until_us)"
        f" {spreading(unit, 'r.home')} ORDER BY home, institution, kind"
        f" ON CONFLICT (home, institution, kind) DO UPDATE SET {_further('reach')}",
        unit.db.array(homes),
    )


def spreading(reader: Reader, whose: str) -> str:
    """SQL: who reaches the homes of persons, by what is known of them; $1 are some of the homes.

    `whose`: "r.home", those something is known of, or "b.home", those that are reached.
    """
    among = reader.db.among
    return (
        "SELECT home, institution, kind, min(from_us), max(until_us) FROM ("  # noqa: S608
        " SELECT b.home AS home, r.institution, r.kind, r.from_us, r.until_us FROM relation AS r"
        " JOIN person_home AS a ON a.home = r.home JOIN person_home AS b ON b.person = a.person"
        f" WHERE {among(whose, 1)} AND r.kind <> 'own'"
        " UNION ALL SELECT home, institution, kind, from_us, until_us FROM relation AS r"
        f" WHERE {among('r.home', 1)} AND (kind = 'own' OR NOT EXISTS"
        " (SELECT 1 FROM person_home AS p WHERE p.home = r.home))"
        ") AS spread WHERE true GROUP BY home, institution, kind"
    )


def _further(table: str) -> str:
    """SQL: the earlier begin and the later end of what is there and what is added."""
    return (
        f"from_us = CASE WHEN {table}.from_us < excluded.from_us THEN {table}.from_us"
        f" ELSE excluded.from_us END, until_us = CASE WHEN {table}.until_us > excluded.until_us"
        f" THEN {table}.until_us ELSE excluded.until_us END"
    )


def _of_the_later(column: str) -> str:
    """SQL: the column of the relation that ends later; of two that end together, of the new one."""
    return (
        f"{column} = CASE WHEN relation.until_us > excluded.until_us"
        f" THEN relation.{column} ELSE excluded.{column} END"
    )


def _fact(row: Row) -> Fact:
    return Fact(row[0], row[1], Kind(row[2]), *row[3:])


def _both(a: Fact, b: Fact) -> Fact:
    further = a if a.until_us > b.until_us else b
    return Fact(
        a.institution, a.home, a.kind, min(a.from_us, b.from_us), further.until_us, further.source
    )
