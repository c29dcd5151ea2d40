"""Ask sources again: one that was away, one that refused, and each new study once.

So that what rules and readers know of images left at their source is true without anybody looking.
"""

import asyncio
import contextlib
import time

from hie.errors import HubError, Unavailable
from hie.exchange import sites, source_health
from hie.exchange.fetch_instance import fetched
from hie.exchange.hub import Hub
from hie.exchange.source_profile import source_profile
from hie.store import instances, studies, study_sources
from hie.store.instances import InstanceState, StoredInstance
from hie.store.session import Unit
from hie.store.study_sources import WHOLE, SourceRow

_EVERY = 1.0
_ASKED_US = 60 * 1_000_000  # meanwhile another process leaves it alone


async def keep_asking(hub: Hub) -> None:
    """Ask what is due, for ever; a database that is away is waited for."""
    while True:
        with contextlib.suppress(Unavailable):
            await ask_due(hub)
        await asyncio.sleep(_EVERY)


async def ask_due(hub: Hub, limit: int = 20) -> int:
    """Ask for one image of each source and study that is due; how many were asked."""
    now_us = time.time_ns() // 1000
    async with hub.db.reading() as reader:
        rows = await study_sources.due(reader, now_us, limit)
    count = 0
    for row in rows:
        async with hub.db.unit() as unit:
            mine = await study_sources.claim(unit, row, now_us + _ASKED_US)
        if mine:
            await _ask(hub, row)
            count += 1
    return count


async def _ask(hub: Hub, row: SourceRow) -> None:
    site = (await sites.all_sites(hub)).get(row.site)
    if site is None or source_profile(site.site) is None:
        await _forget(hub, row)
        return
    async with hub.db.unit() as unit:
        instance = await _instance(unit, row)
        places = [] if instance is None else [(row.site, instance.study)]
        study = next(iter((await studies.get_many(unit, places)).values()), None)
    if instance is None or study is None:
        await _forget(hub, row)
        return
    if row.uid != WHOLE:
        async with hub.db.reading() as reader:
            if await source_health.is_offline(reader, row.site):
                return  # when it answers, this is due again
    # What came of it was recorded, and whoever looks next learns it.
    with contextlib.suppress(HubError):
        await fetched(hub, study, instance, anew=True)


async def _instance(unit: Unit, row: SourceRow) -> StoredInstance | None:
    """The instance that was asked for last, else the smallest one of the study."""
    if row.sop is not None:
        for one in await instances.same_sop(unit, row.site, [row.sop]):
            if one.state is InstanceState.CURRENT and not one.at_hub:
                return one
    if row.uid == WHOLE:
        return None
    return await instances.smallest_at_source(unit, row.site, row.uid)


async def _forget(hub: Hub, row: SourceRow) -> None:
    """Nothing is left to be asked for here."""
    site = (await sites.all_sites(hub)).get(row.site)
    async with hub.db.unit() as unit:
        if row.uid == WHOLE and site is not None:
            await source_health.back(unit, site.site, time.time_ns() // 1000)
        else:
            await study_sources.remove(unit, row.site, row.uid)
