"""Order-checks of the last days, oldest first: what changed rules and registers are tried on.

For whoever looks after the rules of the whole hub: it looks past any institution.
"""

from dataclasses import dataclass

from hie.fhir.wire import parse
from hie.store.checks import Check, opened
from hie.store.session import Reader

_EVER = 2**62  # microseconds: no check is that late


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of checks ended."""

    at_us: int
    id: str


async def count_since(reader: Reader, since_us: int, until_us: int = _EVER) -> int:
    """How many checks were made since an instant, and before another."""
    found: int = await reader.fetchval(
        "SELECT count(*) FROM order_check WHERE at_us >= $1 AND at_us < $2", since_us, until_us
    )
    return found


async def checks_since(
    reader: Reader, since_us: int, after: Place | None, limit: int, until_us: int = _EVER
) -> list[Check]:
    """Checks made since an instant and before another, those after a place, oldest first."""
    start = after or Place(since_us, "")
    rows = await reader.fetch(
        "SELECT id, at_us, institution, practitioner, person, on_us, policy, dict, body"
        " FROM order_check WHERE at_us >= $1 AND (at_us > $1 OR id > $2)"
        " AND at_us < $4 ORDER BY at_us, id LIMIT $3",
        start.at_us,
        start.id,
        limit,
        until_us,
    )
    return [Check(*(*row[:7], parse(opened(reader, row[0], row[7], row[8])))) for row in rows]
