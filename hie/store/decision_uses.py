"""Which versions a decision to use a result rests on; found by the result's id when it changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hie.recognition.changes import Role
from hie.store.session import Reader, Row, Unit

_COLUMNS = ("id", "decision", "type", "version", "home", "role")
_SELECT = "SELECT u.id, u.decision, u.type, u.version, u.home, u.role FROM decision_use AS u"


@dataclass(frozen=True, slots=True)
class Use:
    """One version of a resource that a decision rests on, and as what."""

    id: str
    decision: str
    type: str
    version: int
    home: str
    role: Role


async def add(unit: Unit, uses: Sequence[Use]) -> None:
    """Keep what a decision rests on."""
    rows = [(one.id, one.decision, one.type, one.version, one.home, one.role) for one in uses]
    if rows:
        await unit.insert("decision_use", _COLUMNS, rows)


async def of_resources(reader: Reader, keys: Iterable[str]) -> list[Use]:
    """Who used these resources, by their ids: all uses, of replaced decisions too."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    rows = await reader.fetch(
        f"{_SELECT} WHERE {reader.db.among('u.id', 1)} ORDER BY u.decision, u.id",
        reader.db.array(wanted),
    )
    return [_use(row) for row in rows]


async def of_homes(reader: Reader, homes: Iterable[str]) -> list[Use]:
    """Every use of a result of these homes by a decision that stands."""
    wanted = sorted(set(homes))
    if not wanted:
        return []
    rows = await reader.fetch(
        f"{_SELECT} JOIN decision AS d ON d.id = u.decision AND d.state <> 'replaced'"
        f" WHERE {reader.db.among('u.home', 1)} ORDER BY u.decision, u.id",
        reader.db.array(wanted),
    )
    return [_use(row) for row in rows]


def _use(row: Row) -> Use:
    return Use(row[0], row[1], row[2], row[3], row[4], Role(row[5]))
