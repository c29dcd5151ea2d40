"""Data in force, kept by its hash: what order-checks were answered from, each piece once.

A piece is kept in the transaction of the first answer that rests on it, and never changed. What is
read back is hashed again: bytes that are not what their name says are never used.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import zstandard

from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.store.session import Reader, Unit


@dataclass(frozen=True, slots=True)
class Piece:
    """Some data by its hash (64 hexadecimal digits of SHA-256)."""

    hash: str
    kind: str
    data: bytes


async def keep(unit: Unit, pieces: Iterable[Piece], at_us: int) -> None:
    """Keep what is not kept yet. In one order, so that two units do not wait in a ring."""
    for one in sorted(pieces, key=lambda piece: piece.hash):
        await unit.execute(
            "INSERT INTO data_in_force (hash, kind, at_us, body) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING",
            one.hash,
            one.kind,
            at_us,
            unit.db.bodies.pack(one.data),
        )


async def read(reader: Reader, key: str, kind: str) -> bytes:
    """One piece. Raises ResourceNotFound, and UnprocessableRequest for a row that is damaged."""
    row = await reader.fetchrow("SELECT kind, body FROM data_in_force WHERE hash = $1", key)
    if row is None or row[0] != kind:
        fault = Fault(f"data.{kind}", "not-kept", f"data of SHA-256 {key}")
        raise ResourceNotFound("data in force is not kept here", (fault,))
    try:
        data = reader.db.bodies.unpack(row[1])
    except zstandard.ZstdError:
        data = b""
    if hashlib.sha256(data).hexdigest() != key:
        fault = Fault(f"data.{kind}", "damaged", f"bytes of SHA-256 {key}")
        raise UnprocessableRequest("data in force is damaged", (fault,))
    return data


async def find_manifests(reader: Reader, start: str) -> list[str]:
    """The hashes of the manifests that begin so, at most two: one is what was meant."""
    rows = await reader.fetch(
        "SELECT hash FROM data_in_force WHERE kind = 'manifest' AND hash >= $1 AND hash < $2"
        " ORDER BY hash LIMIT 2",
        start,
        f"{start}g",  # after every hexadecimal digit
    )
    return [row[0] for row in rows]


async def manifests(reader: Reader, limit: int = 50) -> list[tuple[str, int]]:
    """The manifests first answered from last, newest first: hash, and since when (us)."""
    rows = await reader.fetch(
        "SELECT hash, at_us FROM data_in_force WHERE kind = 'manifest'"
        " ORDER BY at_us DESC, hash LIMIT $1",
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def imported_at(reader: Reader, number: int) -> int:
    """The instant (microseconds) of an import of registers. Raises ResourceNotFound."""
    found: int | None = await reader.fetchval(
        "SELECT at_us FROM register_import WHERE id = $1", number
    )
    if found is None:
        fault = Fault("import", "unknown-import", "the number of an import (hie register import)")
        raise ResourceNotFound(f"there is no import {number}", (fault,))
    return found
