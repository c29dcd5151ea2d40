"""Patients' identifiers, found by keyed hash: the numbers themselves lie only in the resource.

The hash is of the value alone, normalised as `recognition_precise` 3 says (NFKC, no spaces, upper
case), so a search by value, by system and value, and a match by type all use one index.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from hie.store.session import Reader, Unit

_COLUMNS = ("home", "kind", "system", "hash", "type", "usable")


@dataclass(frozen=True, slots=True)
class PatientIdentifier:
    """One identifier of a Patient. `type` is the hub's (resident-id, passport, patient ...).

    `usable`: neither invalid nor a placeholder. Whether people share it, the register finds out.
    """

    system: str
    value: str
    type: str
    usable: bool


def normal(value: str) -> str:
    """The value as it is compared: NFKC, no spaces, upper case."""
    return "".join(unicodedata.normalize("NFKC", value).split()).upper()


def blind(reader: Reader, value: str) -> str:
    """The keyed hash of a value: what the column `identifier.hash` holds."""
    return reader.db.keys.blind("identifier", normal(value))


async def replace(unit: Unit, home: str, identifiers: Iterable[PatientIdentifier]) -> None:
    """Make these the identifiers a Patient is found by."""
    rows = {
        (one.system, blind(unit, one.value)): (one.type, one.usable)
        for one in identifiers
        if normal(one.value)
    }
    await unit.execute("DELETE FROM identifier WHERE home = $1 AND kind = 'Patient'", home)
    await unit.insert(
        "identifier",
        _COLUMNS,
        [(home, "Patient", *key, *rest) for key, rest in sorted(rows.items())],
    )


async def homes_by_identifier(
    reader: Reader, hub_type: str, value: str, *, usable: bool = True
) -> list[str]:
    """The homes that have this identifier; with `usable=False` unusable ones count too."""
    rows = await reader.fetch(
        "SELECT DISTINCT home FROM identifier WHERE type = $1 AND hash = $2"  # noqa: S608
        + (" AND usable" if usable else "")
        + " ORDER BY home",
        hub_type,
        blind(reader, value),
    )
    return [row[0] for row in rows]
