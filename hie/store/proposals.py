"""Changes to clients and agreements that wait for another operator, and what became of them.

A proposal is closed once: of two that try at the same moment one finds it closed, in whatever
process (`close`).
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hie.store.session import Reader, Row, Unit

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that reads like another
_LENGTH = 8
_COLUMNS = (
    "id, kind, subject, what, action, base, wanted, proposed_by, names, proposed_us, expires_us,"
    " state"
)


class State(StrEnum):
    """What a proposal has come to."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change to `subject` (a `kind` of thing): `base` as it was then, `wanted` as it would be.

    `what` and `action` tell the log what the change is. `names` are those of who proposed it.
    """

    id: str
    kind: str
    subject: str
    what: str
    action: str
    base: Mapping[str, Any] | None
    wanted: Mapping[str, Any] | None
    proposed_by: str
    names: frozenset[str]
    proposed_us: int
    expires_us: int
    state: State = State.WAITING


def new_id() -> str:
    """A fresh id that can be read out and typed."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


async def add(unit: Unit, proposal: Proposal) -> None:
    """Keep a proposal that waits."""
    await unit.execute(
        f"INSERT INTO proposal ({_COLUMNS})"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        proposal.id,
        proposal.kind,
        proposal.subject,
        proposal.what,
        proposal.action,
        _json(proposal.base),
        _json(proposal.wanted),
        proposal.proposed_by,
        " ".join(sorted(proposal.names)),
        proposal.proposed_us,
        proposal.expires_us,
        str(proposal.state),
    )


async def find(reader: Reader, proposal: str) -> Proposal | None:
    """The proposal of this id, or None."""
    row = await reader.fetchrow(f"SELECT {_COLUMNS} FROM proposal WHERE id = $1", proposal)  # noqa: S608
    return None if row is None else _proposal(row)


async def waiting(reader: Reader, now_us: int) -> list[Proposal]:
    """Those that wait, the oldest first."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM proposal WHERE state = 'waiting' AND expires_us > $1"  # noqa: S608
        " ORDER BY proposed_us, id",
        now_us,
    )
    return [_proposal(row) for row in rows]


async def close(unit: Unit, proposal: str, state: State, by: str, now_us: int) -> bool:
    """Say what a waiting proposal has come to; False when it waits no more."""
    return bool(
        await unit.execute(
            "UPDATE proposal SET state = $2, closed_us = $3, closed_by = $4"
            " WHERE id = $1 AND state = 'waiting'",
            proposal,
            str(state),
            now_us,
            by,
        )
    )


async def expire(unit: Unit, now_us: int) -> Sequence[tuple[str, str]]:
    """Close those whose time is over: (id, what) of each, told to one process alone."""
    rows = await unit.fetch(
        "UPDATE proposal SET state = 'expired', closed_us = $1"
        " WHERE state = 'waiting' AND expires_us <= $1 RETURNING id, what",
        now_us,
    )
    return sorted((row[0], row[1]) for row in rows)


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _proposal(row: Row) -> Proposal:
    base, wanted = (None if text is None else json.loads(text) for text in (row[5], row[6]))
    return Proposal(
        id=row[0],
        kind=row[1],
        subject=row[2],
        what=row[3],
        action=row[4],
        base=base,
        wanted=wanted,
        proposed_by=row[7],
        names=frozenset(row[8].split()),
        proposed_us=row[9],
        expires_us=row[10],
        state=State(row[11]),
    )
