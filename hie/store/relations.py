"""An institution's relations to patients: facts, and the same spread over every home of the person.

`relation` holds what is known of an institution's own Patient; `reach` says, for every home of the
same person, which institution may look at it and until when. Both are written in the unit of work
that learns the fact or joins the persons, so a reader needs one look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hie.store.session import Unit

EVER_US = 9_223_372_036_854_775_807


_OWN = {
    "institution": "coalesce(s.institution, substr(p.message, 13))",
    "home": "p.id",
    "kind": "'own'",
    "from_us": "0",
    "until_us": str(EVER_US),
}
_OWN_COLUMNS = {"relation": {**_OWN, "source": "'Patient'"}, "reach": _OWN}


class Kind(StrEnum):
    """How an institution has to do with a patient."""

    OWN = "own"  # its own record of the patient
    VISIT = "visit"
    ORDER = "order"
    REFERRAL = "referral"
    DECLARED = "declared"  # a registered client says so, at an order-check
    PATIENT = "patient"  # the patient showed a code


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
    """Keep these facts; one that is known reaches further where the new one does."""
    latest: dict[tuple[str, str, Kind], Fact] = {}
    for one in facts:
        was = latest.get((one.institution, one.home, one.kind))
        latest[one.institution, one.home, one.kind] = one if was is None else _both(was, one)
    rows = [latest[key] for key in sorted(latest)]
    await unit.executemany(
        "INSERT INTO relation (institution, home, kind, from_us, until_us, source)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (institution, home, kind) DO UPDATE SET"
        " from_us = CASE WHEN relation.from_us < excluded.from_us THEN relation.from_us"
        " ELSE excluded.from_us END, source = CASE WHEN relation.until_us > excluded.until_us"
        " THEN relation.source ELSE excluded.source END,"
        " until_us = CASE WHEN relation.until_us > excluded.until_us THEN relation.until_us"
        " ELSE excluded.until_us END",
        [(r.institution, r.home, str(r.kind), r.from_us, r.until_us, r.source) for r in rows],
    )
    await spread(unit, {one.home for one in rows})


async def spread(unit: Unit, homes: Iterable[str]) -> None:
    """Say anew who reaches the homes of the persons that these homes belong to.

    A home without a person stands for itself. To be called after links of persons change, with the
    homes on both sides.
    """
    wanted = unit.db.array(sorted(set(homes)))
    among = unit.db.among
    found = await unit.fetch(
        "SELECT home FROM person_home WHERE person IN"  # noqa: S608
        f" (SELECT person FROM person_home WHERE {among('home', 1)})",
        wanted,
    )
    family = unit.db.array(sorted({row[0] for row in found} | set(homes)))
    await unit.execute(f"DELETE FROM reach WHERE {among('home', 1)}", family)  # noqa: S608
    await unit.execute(
        "INSERT INTO reach (home, institution, kind, from_us, until_us)"  # noqa: S608
        " SELECT home, institution, kind, min(from_us), max(until_us) FROM ("
        " SELECT b.home AS home, r.institution, r.kind, r.from_us, r.until_us FROM relation AS r"
        " JOIN person_home AS a ON a.home = r.home JOIN person_home AS b ON b.person = a.person"
        f" WHERE {among('r.home', 1)} AND r.kind <> 'own'"
        f" UNION ALL SELECT home, institution, kind, from_us, until_us FROM relation"
        f" WHERE {among('home', 1)} AND (kind = 'own' OR home NOT IN"
        " (SELECT home FROM person_home))"
        ") AS spread GROUP BY home, institution, kind",
        family,
    )


def _both(a: Fact, b: Fact) -> Fact:
    further = a if a.until_us > b.until_us else b
    return Fact(
        a.institution, a.home, a.kind, min(a.from_us, b.from_us), further.until_us, further.source
    )
