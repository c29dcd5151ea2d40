"""What holds messages: of each held one the issues that block it, without the values found.

An issue of severity `hold` blocks its message; one of severity `error` its part, and the message
where nothing else of it could be read.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hie.store.session import Reader

MOST = 5000  # held messages that are looked at, newest first


@dataclass(frozen=True, slots=True)
class Blocking:
    """One issue that blocks."""

    stage: str
    code: str
    severity: str
    path: str
    expected: str


@dataclass(frozen=True, slots=True)
class Held:
    """One held message, and what blocks it in the order found."""

    id: str
    site: str
    received_us: int
    stage: str
    blocking: tuple[Blocking, ...]


async def held(reader: Reader, sites: Collection[str], limit: int = MOST) -> list[Held]:
    """The newest held messages of these sites with what blocks each."""
    rows = await reader.fetch(
        "SELECT id, site, received_us, stage FROM message WHERE state = 'held'"  # noqa: S608
        f" AND {reader.db.among('site', 2)} ORDER BY received_us DESC, id DESC LIMIT $1",
        limit,
        reader.db.array(sites),
    )
    found = await _blocking(reader, [row[0] for row in rows])
    return [Held(row[0], row[1], row[2], row[3], tuple(found[row[0]])) for row in rows]


async def _blocking(reader: Reader, messages: Sequence[str]) -> dict[str, list[Blocking]]:
    rows = await reader.fetch(
        "SELECT message, stage, code, severity, path, expected FROM message_issue"  # noqa: S608
        f" WHERE {reader.db.among('message', 1)} AND severity IN ('hold', 'error')"
        " ORDER BY message, n",
        reader.db.array(messages),
    )
    found: dict[str, list[Blocking]] = defaultdict(list)
    for message, *issue in rows:
        found[message].append(Blocking(*issue))
    return found
