"""How a study and its report find each other within an institution, in either order of arrival.

Each registers what it is known by; the other looks there. The archive and the report system of one
hospital are two sites, so the owner of a number is the institution. Values lie as keyed hashes.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from hie.store.identifiers import blind
from hie.store.session import Reader, Unit


class KeyKind(StrEnum):
    """What a number is."""

    STUDY = "study"  # StudyInstanceUID
    ACCESSION = "accession"
    ORDER = "order"  # placer, filler or requested procedure


class ImagingKey(NamedTuple):
    """One number a study or report is known by."""

    kind: KeyKind
    value: str


class Found(NamedTuple):
    """A resource known by one of the numbers asked for, and its home."""

    kind: KeyKind
    id: str
    home: str


async def register(
    unit: Unit, owner: str, kind: str, key: str, home: str, numbers: Iterable[ImagingKey]
) -> None:
    """Let a resource (`kind` ImagingStudy or DiagnosticReport, id `key`) be found by these too."""
    await unit.executemany(
        "INSERT INTO imaging_key (owner, kind, hash, type, id, home)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        [
            (owner, str(one.kind), blind(unit, one.value), kind, key, home)
            for one in sorted(set(numbers))
            if one.value
        ],
    )


async def find(reader: Reader, owner: str, kind: str, numbers: Iterable[ImagingKey]) -> list[Found]:
    """The resources of one type that are known by any of these numbers, each once.

    By study UID before accession number before order number: the surest first.
    """
    wanted = [(one.kind, blind(reader, one.value)) for one in numbers if one.value]
    found: dict[str, Found] = {}
    for step in KeyKind:
        hashes = sorted({hashed for its, hashed in wanted if its is step})
        if not hashes:
            continue
        rows = await reader.fetch(
            "SELECT id, home FROM imaging_key WHERE owner = $1 AND kind = $2 AND type = $3"  # noqa: S608
            f" AND {reader.db.among('hash', 4)} ORDER BY id",
            owner,
            str(step),
            kind,
            reader.db.array(hashes),
        )
        for row in rows:
            found.setdefault(row[0], Found(step, row[0], row[1]))
    return list(found.values())
