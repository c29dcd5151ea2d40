"""Patients' identifiers, found by keyed hash: the numbers themselves lie only in the resource.

The hash is of the value alone, normalised as for matching (NFKC, no spaces, upper
case), so a search by value, by system and value, and a match by type all use one index.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hie.store.session import Reader, Row, Unit

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


async def replace(
    unit: Unit,
    patients: Mapping[str, Iterable[PatientIdentifier]],
    fresh: Collection[str] = (),
) -> None:
    """Make these the identifiers that Patients are found by; `patients` has them by home.

    `fresh` are homes made in this unit: they had none before.
    """
    rows = {
        (home, "Patient", one.system, blind(unit, one.value)): (one.type, one.usable)
        for home, identifiers in patients.items()
        for one in identifiers
        if normal(one.value)
    }
    known = sorted(home for home in patients if home not in fresh)
    before: Sequence[Row] = []
    if known:
        before = await unit.fetch(
            f"DELETE FROM identifier WHERE {unit.db.among('home', 1)} AND kind = 'Patient'"  # noqa: S608
            " RETURNING home, type, hash, usable",
            unit.db.array(known),
        )
    await unit.insert("identifier", _COLUMNS, [(*key, *rest) for key, rest in sorted(rows.items())])
    kept = {(home, kind, hashed) for (home, _, _, hashed), (kind, _) in rows.items()}
    given_up = {(row[0], row[1], row[2]) for row in before if row[3]} - kept
    if given_up:
        await unit.executemany(
            "INSERT INTO identifier_former (home, type, hash) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING",
            sorted(given_up),
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


async def ever_by_identifier(reader: Reader, hub_type: str, value: str) -> list[str]:
    """The homes that have this usable identifier or once had; when, their versions say."""
    rows = await reader.fetch(
        "SELECT home FROM identifier WHERE type = $1 AND hash = $2 AND usable"
        " UNION SELECT home FROM identifier_former WHERE type = $1 AND hash = $2 ORDER BY home",
        hub_type,
        blind(reader, value),
    )
    return [row[0] for row in rows]


async def holders(
    reader: Reader, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], set[str]]:
    """The homes that hold each of these usable numbers, (hub type, value); all in one look."""
    by_hash = {(kind, blind(reader, value)): (kind, value) for kind, value in keys}
    if not by_hash:
        return {}
    rows = await reader.fetch(
        "SELECT type, hash, home FROM identifier"  # noqa: S608
        f" WHERE {reader.db.among('type', 1)} AND {reader.db.among('hash', 2)} AND usable",
        reader.db.array(sorted({kind for kind, _ in by_hash})),
        reader.db.array(sorted({hashed for _, hashed in by_hash})),
    )
    found: dict[tuple[str, str], set[str]] = {key: set() for key in by_hash.values()}
    for kind, hashed, home in rows:
        if (kind, hashed) in by_hash:
            found[by_hash[kind, hashed]].add(home)
    return found
