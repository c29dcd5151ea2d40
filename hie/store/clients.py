"""The systems that may call the hub, each with its public keys. Private keys are never here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hie.errors import Conflict, ResourceNotFound
from hie.store.session import Reader, Row, Unit

_COLUMNS = (
    "id, institution, name, jwks, scopes, purposes, status, created_us, updated_us, jwks_uri,"
    " cds_issuer, sender, aud_policy"
)


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client; `jwks` is JSON text, `status` active or suspended.

    With a `jwks_uri` its keys are those found there (`client_keys`), and `jwks` has none.
    `cds_issuer` is what it calls itself as a CDS Hooks client. `sender` is `dpop`, or the SHA-256
    of the certificate it must show, when its tokens are bound. `aud_policy`: what its assertions
    may be made for (`hie.access.profile`).
    """

    id: str
    institution: str
    name: str
    jwks: str
    scopes: tuple[str, ...]
    purposes: tuple[str, ...]
    status: str
    created_us: int
    updated_us: int
    jwks_uri: str | None = None
    cds_issuer: str | None = None
    sender: str | None = None
    aud_policy: str = "either"


async def add(
    unit: Unit,
    *,
    client: str,
    institution: str,
    name: str,
    jwks: Mapping[str, Any],
    scopes: Sequence[str],
    purposes: Sequence[str],
    now_us: int,
    jwks_uri: str | None = None,
    cds_issuer: str | None = None,
    sender: str | None = None,
    aud_policy: str = "either",
) -> None:
    """Register a client. Raises Conflict when the id, or the CDS issuer, is taken."""
    made = await unit.fetchval(
        "INSERT INTO client (id, institution, name, jwks, scopes, purposes, status, created_us,"
        " updated_us, jwks_uri, cds_issuer, sender, aud_policy)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $7, $8, $9, $10, $11)"
        " ON CONFLICT DO NOTHING RETURNING id",
        client,
        institution,
        name,
        json.dumps(jwks),
        " ".join(scopes),
        " ".join(purposes),
        now_us,
        jwks_uri,
        cds_issuer,
        sender,
        aud_policy,
    )
    if made is None:
        raise Conflict(f"client {client!r}, or its CDS issuer, is registered already")


async def set_status(unit: Unit, client: str, status: str, now_us: int) -> None:
    """Suspend a client or let it call again. Raises ResourceNotFound."""
    touched = await unit.execute(
        "UPDATE client SET status = $2, updated_us = $3 WHERE id = $1", client, status, now_us
    )
    if not touched:
        raise ResourceNotFound(f"no client {client!r}")


async def set_bounds(
    unit: Unit,
    client: str,
    now_us: int,
    *,
    scopes: Sequence[str],
    purposes: Sequence[str],
    aud_policy: str,
) -> None:
    """Let a client have these scopes and purposes. Raises ResourceNotFound."""
    touched = await unit.execute(
        "UPDATE client SET scopes = $2, purposes = $3, aud_policy = $4, updated_us = $5"
        " WHERE id = $1",
        client,
        " ".join(scopes),
        " ".join(purposes),
        aud_policy,
        now_us,
    )
    if not touched:
        raise ResourceNotFound(f"no client {client!r}")


async def set_keys(
    unit: Unit,
    client: str,
    jwks: Mapping[str, Any],
    now_us: int,
    *,
    jwks_uri: str | None = None,
) -> None:
    """Give a client other public keys, or another address of them. Raises ResourceNotFound."""
    touched = await unit.execute(
        "UPDATE client SET jwks = $2, updated_us = $3, jwks_uri = $4 WHERE id = $1",
        client,
        json.dumps(jwks),
        now_us,
        jwks_uri,
    )
    if not touched:
        raise ResourceNotFound(f"no client {client!r}")


async def find(reader: Reader, client: str) -> Client | None:
    """The client of this id, or None."""
    row = await reader.fetchrow(f"SELECT {_COLUMNS} FROM client WHERE id = $1", client)  # noqa: S608
    return None if row is None else _client(row)


async def by_cds_issuer(reader: Reader, issuer: str) -> Client | None:
    """The client that calls itself so at the hub's CDS services, or None."""
    row = await reader.fetchrow(f"SELECT {_COLUMNS} FROM client WHERE cds_issuer = $1", issuer)  # noqa: S608
    return None if row is None else _client(row)


async def everyone(reader: Reader) -> list[Client]:
    """All clients by id."""
    rows = await reader.fetch(f"SELECT {_COLUMNS} FROM client ORDER BY id")  # noqa: S608
    return [_client(row) for row in rows]


async def version(reader: Reader) -> int:
    """A number that grows when a client changes: for who keeps clients in memory."""
    found: int = await reader.fetchval("SELECT coalesce(max(updated_us), 0) FROM client")
    return found


def _client(row: Row) -> Client:
    return Client(*(*row[:4], tuple(row[4].split()), tuple(row[5].split()), *row[6:]))
