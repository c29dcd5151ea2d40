"""That the hub wrote a relation: a keyed mark of what it says, in its row.

It is made of whose, of what kind, how long and by what source, and so goes with the later end where
two facts are made one; when it began is not in it, for none begins later than it is written.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hie.access.windows import Kind
from hie.store import progress
from hie.store.session import Reader, Row

if TYPE_CHECKING:
    from hie.store.database import Database

_COLUMNS = "home, institution, kind, until_us, source"
_NAME = "relations-marked"
_AT_ONCE = 1000


def mark_of(
    reader: Reader, home: str, institution: str, kind: str, until_us: int, source: str
) -> str:
    """The mark of a row that says this."""
    return reader.db.keys.short("relation", home, institution, kind, str(until_us), source)


async def unmarked(reader: Reader, homes: Sequence[str]) -> list[Row]:
    """The rows of these homes that the hub did not write: home, institution, kind."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS}, mark FROM relation"  # noqa: S608
        f" WHERE {reader.db.among('home', 1)} AND kind <> '{Kind.OWN}' ORDER BY home",
        reader.db.array(homes),
    )
    return [row[:3] for row in rows if row[5] != mark_of(reader, *row[:5])]


async def mark_at_start(db: "Database") -> None:
    """Mark once what earlier versions wrote; from then on a row without a mark is nobody's."""
    async with db.reading() as reader:
        if await progress.find(reader, _NAME) is not None:
            return
    after: Iterable[str] = ("", "", "")
    while True:
        async with db.unit() as unit:
            rows = await unit.fetch(
                f"SELECT {_COLUMNS} FROM relation WHERE (home, institution, kind) > ($1, $2, $3)"  # noqa: S608
                f" AND mark IS NULL AND kind <> '{Kind.OWN}'"
                f" ORDER BY home, institution, kind LIMIT {_AT_ONCE}",
                *after,
            )
            await unit.executemany(
                "UPDATE relation SET mark = $6 WHERE home = $1 AND institution = $2 AND kind = $3"
                " AND until_us = $4 AND source = $5",
                [(*row, mark_of(unit, *row)) for row in rows],
            )
            if len(rows) < _AT_ONCE:
                await progress.note(unit, _NAME, "yes")
                return
        after = rows[-1][:3]
