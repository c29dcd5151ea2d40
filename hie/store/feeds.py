"""What flows from sites: how many messages in each hour, how fast, when the last one came.

For whoever runs the systems that send: numbers and times alone, never anything of a message.
"""

from collections.abc import Collection
from dataclasses import dataclass

from hie.store.messages import State
from hie.store.session import Reader

HOUR_US = 3_600_000_000
MOST = 1000  # messages that are counted one by one; of more it is said that there are as many
_TIMED = 500  # stored messages of a site whose times are looked at, newest first


@dataclass(frozen=True, slots=True)
class Hour:
    """The messages of one site by one door in one hour, `hour` hours after the start."""

    site: str
    channel: str
    state: State
    hour: int
    count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a site's messages stand. Times are microseconds; None: there is none."""

    last_us: int | None
    held: int
    oldest_waiting_us: int | None
    times_us: tuple[int, ...]  # from received to stored, of those that were not replayed


async def hours(reader: Reader, sites: Collection[str], since_us: int) -> list[Hour]:
    """What each of these sites sent since an instant, hour by hour; empty hours are left out."""
    rows = await reader.fetch(
        f"SELECT site, channel, state, (received_us - $2) / {HOUR_US} AS hour, count(*)"  # noqa: S608
        f" FROM message WHERE {reader.db.among('site', 1)} AND received_us >= $2"
        " GROUP BY site, channel, state, hour",
        reader.db.array(sites),
        since_us,
    )
    return [Hour(row[0], row[1], State(row[2]), int(row[3]), row[4]) for row in rows]


async def standings(reader: Reader, sites: Collection[str], since_us: int) -> dict[str, Standing]:
    """Where the messages of these sites stand; how long they took is told of those since then."""
    held = await held_by_site(reader)
    # Since when, not since receipt: one that is processed again has not waited all the time.
    # Of every site: few wait or are held, while a site has sent a great many.
    waits = await reader.fetch(
        "SELECT site, min(updated_us) FROM message WHERE state = 'kept' GROUP BY site"
    )
    oldest = {row[0]: row[1] for row in waits}
    return {
        site: Standing(
            await reader.fetchval("SELECT max(received_us) FROM message WHERE site = $1", site),
            held.get(site, 0),
            oldest.get(site),
            await _times(reader, site, since_us),
        )
        for site in sites
    }


async def held_by_site(reader: Reader) -> dict[str, int]:
    """How many messages of every site are held; a site without any is left out."""
    rows = await reader.fetch(
        "SELECT site, count(*) FROM message WHERE state = 'held' GROUP BY site"
    )
    return {row[0]: row[1] for row in rows}


async def _times(reader: Reader, site: str, since_us: int) -> tuple[int, ...]:
    rows = await reader.fetch(
        "SELECT updated_us - received_us FROM message WHERE site = $1 AND received_us >= $2"
        " AND state = 'stored' AND attempts = 1 ORDER BY received_us DESC, id DESC LIMIT $3",
        site,
        since_us,
        _TIMED,
    )
    return tuple(row[0] for row in rows)


async def count_stored(reader: Reader, site: str, since_us: int, until_us: int) -> int:
    """How many messages of a site that came in a time are stored; MOST: as many, or more."""
    found: int = await reader.fetchval(
        "SELECT count(*) FROM (SELECT 1 FROM message WHERE site = $1 AND received_us >= $2"
        " AND received_us < $3 AND state = 'stored' LIMIT $4) AS found",
        site,
        since_us,
        until_us,
        MOST,
    )
    return found
