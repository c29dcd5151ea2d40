"""Taking a resource out of sight: its versions stay in history, and the last one says so.

FHIR R4 http.html#delete. A read answers 410 from then on, a search finds nothing, a new version may
follow the deletion.
"""

from collections.abc import Sequence

from hie.store import names, resource_identifiers
from hie.store.cells import Place, pack_body
from hie.store.resources import archive
from hie.store.served import STORED, Stored, stored
from hie.store.session import Reader, Unit
from hie.store.tables import HOMELESS, TABLES
from hie.store.version_rows import HISTORY


async def delete(unit: Unit, one: Stored, writer: str | None, now_us: int) -> int:
    """Delete the current version; the number of the version that says so.

    `one` comes from `resources.current` of this unit; `writer` is who deletes it.
    """
    version, at_us = one.version + 1, max(now_us, one.updated_us)
    table = TABLES[one.type]
    await archive(unit, [(one.type, one.id)])
    label = await unit.fetchval(
        f"SELECT label FROM {table} WHERE home = $1 AND id = $2",  # noqa: S608
        one.home,
        one.id,
    )
    place = Place(one.type, one.home, one.id, version, writer, label)
    body = pack_body(unit.db, place, one.owner, one.body)
    row = (
        one.home, one.type, one.id, version, at_us, writer, True,
        unit.db.bodies.number, body, label,
    )  # fmt: skip
    await unit.insert("resource_history", HISTORY, [row])
    await unit.execute(
        f"DELETE FROM {table} WHERE home = $1 AND id = $2",  # noqa: S608
        one.home,
        one.id,
    )
    if one.type == "Patient":
        await _forget_names(unit, one)
    found_by = resource_identifiers.hashes(unit, one.type, one.resource(), one.message)
    await resource_identifiers.drop(unit, ((hashed, one.home, one.id) for hashed in found_by))
    return version


async def _forget_names(unit: Unit, patient: Stored) -> None:
    rows = await unit.fetch(
        f"SELECT {STORED} FROM resource_history"  # noqa: S608
        " WHERE home = $1 AND type = 'Patient' AND id = $2",
        patient.home,
        patient.id,
    )
    versions = [stored(unit.db, "Patient", row).resource() for row in rows]
    await names.drop(unit, patient.home, versions)


async def has_rows(unit: Unit, home: str) -> bool:
    """Whether a patient has anything of theirs left."""
    for kind, table in sorted(TABLES.items()):
        if kind == "Patient" or kind in HOMELESS:
            continue
        sql = f"SELECT 1 FROM {table} WHERE home = $1 LIMIT 1"  # noqa: S608
        if await unit.fetchval(sql, home) is not None:
            return True
    return False


async def institution_of(reader: Reader, message: str | None) -> str | None:
    """The institution a version came from: by its message's site, or because it wrote it itself."""
    if message is None:
        return None
    kind, colon, code = message.partition(":")
    if colon:
        return code if kind == "institution" else None
    found: str | None = await reader.fetchval(
        "SELECT s.institution FROM message AS m JOIN site AS s ON s.id = m.site WHERE m.id = $1",
        message,
    )
    return found


async def link_results(unit: Unit, home: str, report: str, results: Sequence[str]) -> None:
    """A report names its results: those of the same patient that no report has belong to it."""
    if results:
        free = f"home = $2 AND report IS NULL AND {unit.db.among('id', 3)}"
        sql = f"UPDATE observation SET report = $1 WHERE {free}"  # noqa: S608
        await unit.execute(sql, report, home, unit.db.array(results))
