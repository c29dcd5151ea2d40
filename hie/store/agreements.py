"""What each institution has agreed on with the region; without a row, the standard agreement."""

from hie.access.agreement import Agreement
from hie.store.session import Reader, Row, Unit

_COLUMNS = "institution, scopes, purposes, declares, people_declare, encounter, clearance"


async def put(unit: Unit, institution: str, agreed: Agreement, now_us: int) -> None:
    """Keep an agreement in place of the one before."""
    await unit.execute(
        f"INSERT INTO agreement ({_COLUMNS}, updated_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"  # noqa: S608
        " ON CONFLICT (institution) DO UPDATE SET scopes = excluded.scopes,"
        " purposes = excluded.purposes, declares = excluded.declares,"
        " people_declare = excluded.people_declare, encounter = excluded.encounter,"
        " clearance = excluded.clearance, updated_us = excluded.updated_us",
        institution,
        None if agreed.scopes is None else " ".join(agreed.scopes),
        None if agreed.purposes is None else " ".join(sorted(agreed.purposes)),
        agreed.declares,
        agreed.people_declare,
        agreed.encounter,
        agreed.clearance,
        now_us,
    )


async def drop(unit: Unit, institution: str) -> bool:
    """Give an institution the standard agreement again; whether it had another."""
    return bool(await unit.execute("DELETE FROM agreement WHERE institution = $1", institution))


async def every(reader: Reader) -> dict[str, Agreement]:
    """All agreements that are not the standard one, by institution."""
    rows = await reader.fetch(f"SELECT {_COLUMNS} FROM agreement ORDER BY institution")  # noqa: S608
    return {row[0]: _agreement(row) for row in rows}


def _agreement(row: Row) -> Agreement:
    return Agreement(
        scopes=None if row[1] is None else tuple(row[1].split()),
        purposes=None if row[2] is None else frozenset(row[2].split()),
        declares=bool(row[3]),
        people_declare=bool(row[4]),
        encounter=bool(row[5]),
        clearance=row[6],
    )
