"""Labels set by hand, for what a test is about: with the bodies that are bound to them."""

from collections.abc import Collection

from hie.store.cells import Place, rebound
from hie.store.session import Unit
from hie.store.tables import TABLES


async def relabel(
    unit: Unit, kind: str, label: int | None, keys: Collection[str] | None = None
) -> None:
    """Give current versions of a type this label; those of these ids, or all."""
    table = TABLES[kind]
    rows = await unit.fetch(f"SELECT home, id, version, message, label, body FROM {table}")  # noqa: S608
    await unit.executemany(
        f"UPDATE {table} SET label = $1, body = $2 WHERE home = $3 AND id = $4",  # noqa: S608
        [
            (label, rebound(unit.db, Place(kind, *row[:5]), label, bytes(row[5])), row[0], row[1])
            for row in rows
            if keys is None or row[1] in keys
        ],
    )
