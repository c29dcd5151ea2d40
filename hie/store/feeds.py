"""What flows from sites: how many messages in each hour, how fast, when the last one came.

For whoever runs the systems that send: numbers and times alone, never anything of a message.
"""

from collections.abc import Collection
from dataclasses import dataclass

from hie.store.session import Reader

HOUR_US = 3_600_000_000
_TIMED = 500  # stored messages of a site whose times are looked at, newest first


@dataclass(frozen=True, slots=True)
class Hour:
    """The messages of one site by one door in one hour, `hour` hours after the start."""

    site: str
    channel: str
    hour: int
    count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a site's messages stand. Times are microseconds; None: there is none."""

    last_us: int | None
    stored_today: int
    held: int
    waiting: int
    oldest_waiting_us: int | None
    times_us: tuple[int, ...]  # from received to stored, of those that were not replayed


async def hours(reader: Reader, sites: Collection[str], since_us: int) -> list[Hour]:
    """What each of these sites sent since an instant, hour by hour; empty hours are left out."""
    rows = await reader.fetch(
        f"SELECT site, channel, (received_us - $2) / {HOUR_US} AS hour, count(*) FROM message"  # noqa: S608
        f" WHERE {reader.db.among('site', 1)} AND received_us >= $2"
        " GROUP BY site, channel, hour ORDER BY site, channel, hour",
        reader.db.array(sites),
        since_us,
    )
    return [Hour(row[0], row[1], int(row[2]), row[3]) for row in rows]


async def standing(reader: Reader, site: str, today_us: int, since_us: int) -> Standing:
    """Where the messages of one site stand; `today_us` is when the day began."""
    last = await reader.fetchval("SELECT max(received_us) FROM message WHERE site = $1", site)
    stored = await reader.fetchval(
        "SELECT count(*) FROM message WHERE site = $1 AND received_us >= $2 AND state = 'stored'",
        site,
        today_us,
    )
    waits = await reader.fetchrow(
        "SELECT count(*), min(received_us) FROM message WHERE state = 'kept' AND site = $1", site
    )
    held = await reader.fetchval(
        "SELECT count(*) FROM message WHERE state = 'held' AND site = $1", site
    )
    rows = await reader.fetch(
        "SELECT updated_us - received_us FROM message WHERE site = $1 AND received_us >= $2"
        " AND state = 'stored' AND attempts = 1 ORDER BY received_us DESC, id DESC LIMIT $3",
        site,
        since_us,
        _TIMED,
    )
    count, oldest = (0, None) if waits is None else (waits[0], waits[1])
    return Standing(last, stored, held, count, oldest, tuple(row[0] for row in rows))


async def count_held(reader: Reader, sites: Collection[str]) -> int:
    """How many messages of these sites are held."""
    found: int = await reader.fetchval(
        f"SELECT count(*) FROM message WHERE state = 'held' AND {reader.db.among('site', 1)}",  # noqa: S608
        reader.db.array(sites),
    )
    return found


async def count_stored(reader: Reader, site: str, since_us: int) -> int:
    """How many messages of a site that came since an instant are stored."""
    found: int = await reader.fetchval(
        "SELECT count(*) FROM message WHERE site = $1 AND received_us >= $2 AND state = 'stored'",
        site,
        since_us,
    )
    return found
