"""Declared relations that a person is to look at: a sample of them, each closed once."""

from dataclasses import dataclass

from hie.errors import Conflict, ResourceNotFound
from hie.store.ids import new_id
from hie.store.session import Reader, Unit

_COLUMNS = "id, check_id, institution, client, at_us, state, closed_us, closed_by, outcome"


@dataclass(frozen=True, slots=True)
class Review:
    """One declared relation, by the order-check that declared it; `state` is open or closed."""

    id: str
    check: str
    institution: str
    client: str
    at_us: int
    state: str
    closed_us: int | None
    closed_by: str | None
    outcome: str | None


async def add(unit: Unit, check: str, institution: str, client: str, at_us: int) -> None:
    """Let a person look at this one."""
    await unit.execute(
        "INSERT INTO relation_review (id, check_id, institution, client, at_us, state)"
        " VALUES ($1, $2, $3, $4, $5, 'open')",
        new_id(),
        check,
        institution,
        client,
        at_us,
    )


async def find(reader: Reader, state: str, limit: int = 200) -> list[Review]:
    """Those of a state, oldest first."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM relation_review WHERE state = $1 ORDER BY at_us, id LIMIT $2",  # noqa: S608
        state,
        limit,
    )
    return [Review(*row) for row in rows]


async def close(unit: Unit, key: str, outcome: str, author: str, at_us: int) -> None:
    """Say how one ended. Raises ResourceNotFound, and Conflict when it was closed before."""
    touched = await unit.execute(
        "UPDATE relation_review SET state = 'closed', outcome = $2, closed_by = $3, closed_us = $4"
        " WHERE id = $1 AND state = 'open'",
        key,
        outcome,
        author,
        at_us,
    )
    if not touched:
        known = await unit.fetchval("SELECT 1 FROM relation_review WHERE id = $1", key)
        if known is None:
            raise ResourceNotFound(f"no review {key!r}")
        raise Conflict(f"review {key} was closed already")
