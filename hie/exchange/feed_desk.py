"""What flows from the systems of an institution, for whoever connects them; is all well.

Every number is of the last 24 hours but where it says otherwise; a day begins at midnight in
Shanghai.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hie.access.actor import Actor
from hie.access.scopes import Door
from hie.exchange.hub import Hub
from hie.exchange.own_sites import own_sites
from hie.fhir.elements import instant
from hie.store import feeds
from hie.store.feeds import HOUR_US, Hour, Standing
from hie.store.messages import State
from hie.store.sites import KnownSite

HOURS = 24
_QUIET_HOURS = 6  # so long nothing, where the same hours of yesterday had enough: silent
_ENOUGH = 5
_LATE_US = 300_000_000  # a message that waits so long says that work is behind
_SECOND_US = 1_000_000
_SHARE = 0.95


class Health(StrEnum):
    """How a feed stands; the first that holds."""

    OFF = "off"  # switched off: what it sends is refused
    NEW = "new"  # nothing ever came
    SILENT = "silent"  # nothing comes, though it should
    BEHIND = "behind"  # what came is not processed yet
    HOLDING = "holding"  # something waits for a person
    WELL = "well"


PROBLEMS = frozenset({Health.SILENT, Health.BEHIND, Health.HOLDING})


@dataclass(frozen=True, slots=True)
class Feed:
    """One site, as whoever connects it sees it. `hours`: messages by hour, the newest last."""

    site: str
    adapter: str
    channels: tuple[str, ...]
    health: Health
    hours: tuple[int, ...]
    stored_today: int
    standing: Standing
    lag_us: int | None  # from received to stored: so long or shorter in 95 of 100 cases


@dataclass(frozen=True, slots=True)
class Desk:
    """All feeds of an institution, and their sums."""

    feeds: tuple[Feed, ...]
    started_us: int  # the first of the hours
    stored_today: int
    lag_us: int | None
    held: int


async def desk(hub: Hub, actor: Actor) -> Desk:
    """What flows from the actor's own sites. Raises NotPermitted."""
    mine = await own_sites(hub, actor, Door.MESSAGES)
    now_us = time.time_ns() // 1000
    started = (now_us // HOUR_US - HOURS + 1) * HOUR_US
    earlier = started - _QUIET_HOURS * HOUR_US
    today = instant(now_us).replace(hour=0, minute=0, second=0, microsecond=0)
    today_us = int(today.timestamp()) * _SECOND_US
    async with hub.db.reading() as reader:
        met: dict[str, list[Hour]] = defaultdict(list)
        for hour in await feeds.hours(reader, list(mine), earlier):
            met[hour.site].append(hour)
        stands = await feeds.standings(reader, list(mine), started)
    midnight = (today_us - earlier) // HOUR_US
    found = tuple(
        _feed(one, met[name], stands[name], midnight, now_us) for name, one in mine.items()
    )
    every = [lag for one in found for lag in one.standing.times_us]
    return Desk(
        found,
        started,
        sum(one.stored_today for one in found),
        percentile(every),
        sum(one.standing.held for one in found),
    )


async def waiting(hub: Hub, actor: Actor) -> int:
    """How many messages of the actor's own sites are held: what a page's head shows."""
    mine = await own_sites(hub, actor, Door.MESSAGES)
    async with hub.db.reading() as reader:
        held = await feeds.held_by_site(reader)
    return sum(held.get(name, 0) for name in mine)


def health(
    *, enabled: bool, standing: Standing, hours: Sequence[int], yesterday: int, now_us: int
) -> Health:
    """How a feed stands.

    `hours` are the last 24, `yesterday` the messages of the same late hours a day before.
    """
    if not enabled:
        return Health.OFF
    if standing.last_us is None:
        return Health.NEW
    late = now_us - standing.last_us
    if late > HOURS * HOUR_US or (yesterday >= _ENOUGH and not sum(hours[-_QUIET_HOURS:])):
        return Health.SILENT
    oldest = standing.oldest_waiting_us
    if oldest is not None and now_us - oldest > _LATE_US:
        return Health.BEHIND
    return Health.HOLDING if standing.held else Health.WELL


def percentile(times_us: Sequence[int]) -> int | None:
    """The time that 95 of 100 do not exceed; None where there is none."""
    if not times_us:
        return None
    ordered = sorted(times_us)
    return ordered[min(int(len(ordered) * _SHARE), len(ordered) - 1)]


def _feed(
    known: KnownSite, met: Sequence[Hour], standing: Standing, midnight: int, now_us: int
) -> Feed:
    """A site's feed; `midnight` is the hour in which today began."""
    by_hour: Mapping[int, int] = _summed(met)
    hours = tuple(by_hour.get(_QUIET_HOURS + n, 0) for n in range(HOURS))
    yesterday = sum(by_hour.get(n, 0) for n in range(_QUIET_HOURS))
    return Feed(
        site=known.site.id,
        adapter=known.site.adapter,
        channels=tuple(sorted({one.channel for one in met})),
        health=health(
            enabled=known.enabled,
            standing=standing,
            hours=hours,
            yesterday=yesterday,
            now_us=now_us,
        ),
        hours=hours,
        stored_today=sum(
            one.count for one in met if one.state is State.STORED and one.hour >= midnight
        ),
        standing=standing,
        lag_us=percentile(standing.times_us),
    )


def _summed(met: Sequence[Hour]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for one in met:
        found[one.hour] += one.count
    return found
