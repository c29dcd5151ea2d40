"""By which identifiers a resource is found: keyed hashes, of whatever type but Patient.

FHIR R4 search.html#token. Only the value is hashed, with the type: a search by it leaves few rows,
which are then held against system and value as they were written. A row may stand longer than the
identifier does; it finds nothing then. Results that came as messages are left out: thirty of them
come with a report, and each is found by its business key (`locate`). Patients: `identifiers`.
"""

from collections.abc import Iterable, Mapping, Sequence

from hie.fhir import Resource
from hie.fhir.search.definitions import parameters
from hie.fhir.search.elements import elements
from hie.store.session import Reader, Rows, Unit

_COLUMNS = ("hash", "home", "id")
_OWN = "institution:"  # how what an institution wrote itself names its writer

Row = tuple[str, ...]


def hashes(reader: Reader, kind: str, tree: Resource, message: str | None) -> tuple[str, ...]:
    """What a resource is found by; `message` is who wrote this version."""
    if kind == "Patient" or (kind == "Observation" and not (message or "").startswith(_OWN)):
        return ()
    known = parameters(kind).get("identifier")
    found = () if known is None else elements(tree, known.paths)
    values = {one["value"] for _, one in found if isinstance(one, Mapping) and one.get("value")}
    return tuple(sorted(blind(reader, kind, value) for value in values))


def blind(reader: Reader, kind: str, value: str) -> str:
    """The keyed hash that a resource of a type is found by."""
    return reader.db.keys.short("identifier", kind, value)


def fresh(rows: Iterable[Row]) -> Rows:
    """Rows (hash, home, id) of resources that are new, to be added with them."""
    return Rows("resource_identifier", _COLUMNS, sorted(rows))


async def missing(reader: Reader, rows: Sequence[Row]) -> list[Row]:
    """Those of these rows that are not there."""
    found = await reader.fetch(
        f"SELECT hash, home, id FROM resource_identifier WHERE {reader.db.among('hash', 1)}",  # noqa: S608
        reader.db.array(sorted({row[0] for row in rows})),
    )
    have = {(row[0], row[1], row[2]) for row in found}
    return [row for row in rows if row not in have]


async def keep(unit: Unit, rows: Iterable[Row]) -> None:
    """Rows of resources that may have had them before."""
    every = sorted(rows)
    if every:
        await unit.executemany(
            "INSERT INTO resource_identifier (hash, home, id) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING",
            every,
        )


async def drop(unit: Unit, rows: Iterable[Row]) -> None:
    """What is found no more: the identifiers of a resource that is deleted."""
    every = sorted(rows)
    if every:
        await unit.executemany(
            "DELETE FROM resource_identifier WHERE hash = $1 AND home = $2 AND id = $3", every
        )


async def ids_of(reader: Reader, wanted: Sequence[str]) -> Sequence[Row]:
    """Hash and id of what is found by one of these hashes."""
    sql = f"SELECT hash, id FROM resource_identifier WHERE {reader.db.among('hash', 1)}"  # noqa: S608
    found: Sequence[Row] = await reader.fetch(sql, reader.db.array(wanted))
    return found


async def owners(reader: Reader) -> Sequence[str]:
    """The institutions whose systems send results."""
    return [row[0] for row in await reader.fetch("SELECT DISTINCT institution FROM site")]
