"""A person's results of catalogue items: what an order-check asks for, in one look-up.

With `known_at_us` each resource is the version that was current then; what came later is not there.
"""

from collections.abc import Iterable, Sequence

from hie.access.policy import Restriction
from hie.store.served import STORED, Stored, stored
from hie.store.session import Reader
from hie.store.visible import visible, visible_history

LIMIT = 5_000  # rows one answer reads at most


async def by_item(
    reader: Reader,
    homes: Sequence[str],
    items: Sequence[str],
    restriction: Restriction,
    *,
    since_us: int | None = None,
    known_at_us: int | None = None,
) -> list[tuple[Stored, str | None]]:
    """Results of these items and the id of each one's report, newest collection first.

    `since_us`: only those collected since, and those whose collection is not stated.
    """
    seen = visible(reader, "Observation", restriction)
    n = seen.following
    columns = ", ".join(f"v.{name}" for name in STORED.split(", "))
    rows = await reader.fetch(
        f"SELECT {columns}, v.report FROM {seen.sql} AS v"  # noqa: S608
        f" WHERE {reader.db.among('v.home', n)} AND {reader.db.among('v.item', n + 1)}"
        f" AND (v.effective_end_us IS NULL OR v.effective_end_us >= ${n + 2})"
        f" ORDER BY v.effective_us IS NULL, v.effective_us DESC, v.id LIMIT {LIMIT}",
        *seen.args,
        reader.db.array(homes),
        reader.db.array(items),
        -(2**62) if since_us is None else since_us,
    )
    found = [(stored(reader.db, "Observation", row[:7]), row[7]) for row in rows]
    if known_at_us is None:
        return found
    then = await as_known(
        reader, "Observation", [one for one, _ in found], restriction, known_at_us
    )
    return [(then[one.id], report) for one, report in found if one.id in then]


async def as_known(
    reader: Reader,
    kind: str,
    current: Iterable[Stored],
    restriction: Restriction,
    known_at_us: int,
) -> dict[str, Stored]:
    """Of these current versions, those that were current at an instant; by id.

    What was first received after it is left out.
    """
    every = list(current)
    found = {one.id: one for one in every if one.updated_us <= known_at_us}
    later = [one for one in every if one.updated_us > known_at_us]
    if not later:
        return found
    past = visible_history(reader, kind, restriction)
    n = past.following
    rows = await reader.fetch(
        f"SELECT {STORED} FROM {past.sql} AS h"  # noqa: S608
        f" WHERE {reader.db.among('h.home', n)} AND {reader.db.among('h.id', n + 1)}"
        f" AND h.updated_us <= ${n + 2} AND NOT h.deleted ORDER BY h.id, h.version",
        *past.args,
        reader.db.array({one.home for one in later}),
        reader.db.array([one.id for one in later]),
        known_at_us,
    )
    found.update((row[1], stored(reader.db, kind, row)) for row in rows)
    return found
