"""The keys last fetched from each client's registered address, shared by every process.

`turn` gives one process the right to fetch, at most once in ten seconds for each client, however
many ask: whoever invents key ids makes the hub call nobody.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hie.store.session import Reader, Unit

PAUSE_US = 10_000_000


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """What was fetched last, if anything was, and what became of the last try."""

    jwks: str | None
    fetched_us: int | None
    fresh_until_us: int | None
    tried_us: int
    problem: str | None


async def find(reader: Reader, client: str) -> FetchedKeys | None:
    """What is known of this client's keys; None when nobody tried yet."""
    row = await reader.fetchrow(
        "SELECT jwks, fetched_us, fresh_until_us, tried_us, problem FROM client_keys"
        " WHERE client = $1",
        client,
    )
    return None if row is None else FetchedKeys(*row)


async def turn(unit: Unit, client: str, now_us: int) -> bool:
    """Whether the caller may fetch now; if so, nobody else may for ten seconds."""
    made = await unit.fetchval(
        "INSERT INTO client_keys (client, tried_us) VALUES ($1, $2)"
        " ON CONFLICT (client) DO UPDATE SET tried_us = excluded.tried_us"
        " WHERE client_keys.tried_us <= $3 OR client_keys.tried_us > $2"
        " RETURNING client",
        client,
        now_us,
        now_us - PAUSE_US,
    )
    return made is not None


async def fetched(
    unit: Unit, client: str, jwks: Mapping[str, Any], *, now_us: int, fresh_until_us: int
) -> None:
    """Keep the keys that were fetched just now."""
    await unit.execute(
        "INSERT INTO client_keys (client, jwks, fetched_us, fresh_until_us, tried_us)"
        " VALUES ($1, $2, $3, $4, $3) ON CONFLICT (client) DO UPDATE SET"
        " jwks = excluded.jwks, fetched_us = excluded.fetched_us,"
        " fresh_until_us = excluded.fresh_until_us, problem = NULL",
        client,
        json.dumps(jwks),
        now_us,
        fresh_until_us,
    )


async def failed(unit: Unit, client: str, problem: str) -> None:
    """The last try failed; the keys of before stay."""
    await unit.execute("UPDATE client_keys SET problem = $2 WHERE client = $1", client, problem)


async def forget(unit: Unit, client: str) -> None:
    """The client has other keys or another address now."""
    await unit.execute("DELETE FROM client_keys WHERE client = $1", client)
