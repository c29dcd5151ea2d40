"""Whether what decides who may see what follows from what is sealed: looked at piece by piece.

Rules of Consents are made of sealed Consents, who reaches a patient of what is known of relations,
whose own record a Patient is of who wrote it; other relations have the hub's mark. Whoever adds,
loosens or removes a row of these behind the hub's back leaves a difference. What only closes is
none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hie.access.restriction import Restriction
from hie.access.windows import Kind
from hie.consent.terms import terms_in_force
from hie.errors import Altered
from hie.store import consents, resealing
from hie.store.families import families_of, hold_families
from hie.store.relation_marks import unmarked
from hie.store.relations import spreading
from hie.store.sealed_columns import Column
from hie.store.session import Reader, Unit
from hie.store.visible import visible

_Reached = tuple[str, str, str]  # home, institution, kind
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not what the hub put there: what, where, and whose it is if it is said."""

    what: str
    where: str
    home: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """How many were looked at, what was found, and the key after which the next piece begins."""

    looked: int
    found: Sequence[Finding]
    after: Sequence[object] | None


async def cells(
    reader: Reader, column: Column, after: Sequence[object] | None, limit: int
) -> Piece:
    """Whether the cells of a column open in their rows."""
    rows = await resealing.rows_after(reader, column, after, limit)
    found = []
    for row in rows:
        try:
            resealing.check(reader, column, row)
        except Altered:
            where = " ".join(str(row[name]) for name in column.keys)
            found.append(Finding(f"{column.table}.{column.name}", where))
    last = [rows[-1][name] for name in column.keys] if len(rows) == limit else None
    return Piece(len(rows), found, last)


async def rules(reader: Reader, after: Sequence[object] | None, limit: int) -> Piece:
    """Whether patients have the rules that their Consents give, and no others."""
    seen = visible(reader, "Consent", Restriction())
    n = seen.following
    rows = await reader.fetch(
        f"SELECT home FROM (SELECT home FROM consent_rule WHERE home > ${n}"  # noqa: S608
        f" UNION SELECT v.home FROM {seen.sql} AS v WHERE v.home > ${n}"
        f" UNION SELECT b.home FROM {seen.sql} AS v JOIN person_home AS a ON a.home = v.home"
        f" JOIN person_home AS b ON b.person = a.person WHERE b.home > ${n}) AS every"
        f" WHERE home <> '' ORDER BY home LIMIT ${n + 1}",
        *seen.args,
        "" if after is None else after[0],
        limit,
    )
    homes = [row[0] for row in rows]
    found = [
        Finding("consent_rule", "", home) for home in homes if not await has_its_rules(reader, home)
    ]
    return Piece(len(homes), found, [homes[-1]] if len(homes) == limit else None)


async def has_its_rules(reader: Reader, home: str) -> bool:
    """Whether the rules of a home are those its person's Consents give."""
    ((_, family),) = await families_of(reader, [home])
    try:
        made = await consents.compiled(reader, family, terms_in_force())
    except Altered:
        return False
    return await consents.rules_of(reader, home) == list(made.rules)


async def reach(reader: Reader, after: Sequence[object] | None, limit: int) -> Piece:
    """Whether nobody reaches a patient further than what is known of relations lets them."""
    rows = await reader.fetch(
        "SELECT home FROM (SELECT home FROM reach WHERE home > $1"
        " UNION SELECT home FROM relation WHERE home > $1) AS every ORDER BY home LIMIT $2",
        "" if after is None else after[0],
        limit,
    )
    homes = [row[0] for row in rows]
    found = await _relations(reader, homes) if homes else []
    return Piece(len(homes), found, [homes[-1]] if len(homes) == limit else None)


async def _relations(reader: Reader, homes: Sequence[str]) -> list[Finding]:
    marked = [
        Finding("relation", f"{row[1]} {row[2]}", row[0]) for row in await unmarked(reader, homes)
    ]
    return [*await _too_far(reader, homes), *await _not_own(reader, homes), *marked]


async def _too_far(reader: Reader, homes: Sequence[str]) -> list[Finding]:
    columns = "home, institution, kind, from_us, until_us"
    stands = await reader.fetch(
        f"SELECT {columns} FROM reach WHERE {reader.db.among('home', 1)}",  # noqa: S608
        reader.db.array(homes),
    )
    allowed: Mapping[_Reached, _Span] = {
        (row[0], row[1], row[2]): (row[3], row[4])
        for row in await reader.fetch(spreading(reader, "b.home"), reader.db.array(homes))
    }
    return [
        Finding("reach", f"{row[1]} {row[2]}", row[0])
        for row in stands
        if not _is_within((row[3], row[4]), allowed.get((row[0], row[1], row[2])))
    ]


async def _not_own(reader: Reader, homes: Sequence[str]) -> list[Finding]:
    """Records that are said to be an institution's own, of which it wrote no version."""
    among = reader.db.among("r.home", 1)
    written = " UNION ALL ".join(
        f"SELECT 1 FROM {table} AS p LEFT JOIN message AS m ON m.id = p.message"  # noqa: S608
        f" LEFT JOIN site AS s ON s.id = m.site WHERE p.home = r.home AND p.id = r.home{of}"
        " AND coalesce(s.institution, substr(p.message, 13)) = r.institution"
        for table, of in (("patient", ""), ("resource_history", " AND p.type = 'Patient'"))
    )
    rows = await reader.fetch(
        f"SELECT r.home, r.institution FROM relation AS r WHERE {among}"  # noqa: S608
        f" AND r.kind = '{Kind.OWN}' AND NOT EXISTS ({written}) ORDER BY r.home",
        reader.db.array(homes),
    )
    return [Finding("relation", f"{row[1]} {Kind.OWN}", row[0]) for row in rows]


def _is_within(span: _Span, allowed: _Span | None) -> bool:
    return allowed is not None and allowed[0] <= span[0] and span[1] <= allowed[1]


async def is_still(unit: Unit, one: Finding) -> bool:
    """Whether it is still so while the patient is held: nothing of theirs is being written."""
    if one.home is None:
        return True
    await hold_families(unit, [one.home])
    if one.what == "consent_rule":
        return not await has_its_rules(unit, one.home)
    again = await _relations(unit, [one.home])
    return one in again
