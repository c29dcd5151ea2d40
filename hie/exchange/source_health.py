"""What is learned when a source is asked for images: recorded, so that rules and readers know it.

A source that does not answer is *offline*: its Endpoint says `error`, its studies stay as they are.
A source that answers without the images *refuses* them: the study gets a version that says that
they cannot be had (R-601), until it gives what it refused. Both are asked again after longer and
longer pauses.
"""

import time

from hie.adapter import Site
from hie.canonical.study_keys import ENDPOINT, SOURCE_ENDPOINT, endpoint_key
from hie.exchange.hub import Hub
from hie.store import locate, resources, studies, study_sources
from hie.store.instances import StoredInstance
from hie.store.resources import Put
from hie.store.session import Reader, Unit
from hie.store.studies import StudyRow
from hie.store.study_sources import WHOLE, SourceRow, SourceState

_SECOND_US = 1_000_000
_LONGEST_OFFLINE = 60  # seconds between two tries of a source that does not answer
_LONGEST_REFUSED = 3600


async def offline_seconds(reader: Reader, site: str) -> int | None:
    """How long a source that did not answer is left alone; None: ask it."""
    row = (await study_sources.of(reader, site, [WHOLE])).get(WHOLE)
    if row is None or row.next_us is None:
        return None
    left = row.next_us - time.time_ns() // 1000
    return max(1, -(-left // _SECOND_US)) if left > 0 else None


async def did_not_answer(hub: Hub, site: Site, instance: StoredInstance, reason: str) -> int:
    """Note that the source is offline; the seconds until it is worth asking again."""
    now_us = time.time_ns() // 1000
    async with hub.db.unit() as unit:
        row = (await study_sources.of(unit, site.id, [WHOLE], locked=True)).get(WHOLE)
        if row is not None and row.next_us is not None and row.next_us > now_us + _SECOND_US // 2:
            return -(-(row.next_us - now_us) // _SECOND_US)  # another request noted it just now
        tries = 1 if row is None else row.tries + 1
        seconds: int = min(_LONGEST_OFFLINE, 2 ** min(tries, 10))
        since = now_us if row is None else row.at_us
        next_us = now_us + seconds * _SECOND_US
        told = SourceRow(
            site.id, WHOLE, SourceState.OFFLINE, reason, instance.sop, tries, since, next_us
        )
        await study_sources.put(unit, [told])
        if row is None:
            await _endpoints(unit, site, "error", now_us)
    return seconds


async def answered(hub: Hub, site: Site) -> None:
    """The source answers, whatever it says: it is not offline."""
    async with hub.db.reading() as reader:
        if not await study_sources.of(reader, site.id, [WHOLE]):
            return
    async with hub.db.unit() as unit:
        await back(unit, site, time.time_ns() // 1000)


async def back(unit: Unit, site: Site, now_us: int) -> None:
    """Nothing is wrong with the source any more, or nobody asks it any more."""
    await study_sources.remove(unit, site.id, WHOLE)
    await _endpoints(unit, site, "active", now_us)


async def refuses(hub: Hub, study: StudyRow, instance: StoredInstance, reason: str) -> None:
    """The source does not give an image of this study: its next version says so."""
    now_us = time.time_ns() // 1000
    async with hub.db.unit() as unit:
        row = (await study_sources.of(unit, study.site, [study.uid], locked=True)).get(study.uid)
        was_refused = row is not None and row.state is SourceState.REFUSES
        tries = row.tries + 1 if was_refused and row is not None else 1
        pause = min(_LONGEST_REFUSED, 30 * 2 ** min(tries, 10)) * _SECOND_US
        told = SourceRow(
            study.site,
            study.uid,
            SourceState.REFUSES,
            reason,
            instance.sop,
            tries,
            now_us,
            now_us + pause,
        )
        await study_sources.put(unit, [told])
        if not was_refused:
            await studies.touch(unit, [study.id], now_us)
    hub.wake.set()


async def gives(hub: Hub, study: StudyRow, instance: StoredInstance) -> None:
    """The source gave an image: if that was refused, or nobody had asked, the study says so."""
    async with hub.db.reading() as reader:
        row = (await study_sources.of(reader, study.site, [study.uid])).get(study.uid)
    if row is not None and not _is_news(row, instance):
        return
    now_us = time.time_ns() // 1000
    told = SourceRow(study.site, study.uid, SourceState.GIVES, None, instance.sop, 0, now_us, None)
    async with hub.db.unit() as unit:
        await study_sources.put(unit, [told])
        await studies.touch(unit, [study.id], now_us)
    hub.wake.set()


async def is_retrievable(reader: Reader, site: str, uid: str) -> bool | None:
    """Whether the source gives the images of this study; None while nobody has asked for one."""
    row = (await study_sources.of(reader, site, [uid])).get(uid)
    match None if row is None else row.state:
        case SourceState.GIVES:
            return True
        case SourceState.REFUSES:
            return False
    return None


async def is_offline(reader: Reader, site: str) -> bool:
    """Whether the source did not answer when it was last asked."""
    return WHOLE in await study_sources.of(reader, site, [WHOLE])


def _is_news(row: SourceRow, instance: StoredInstance) -> bool:
    if row.state is SourceState.REFUSES:
        return row.sop in (None, instance.sop)
    return row.state is SourceState.UNASKED


async def _endpoints(unit: Unit, site: Site, status: str, now_us: int) -> None:
    """Say at the site's Endpoints whether its images can be reached (FHIR endpoint-status)."""
    keys = [endpoint_key(site, ENDPOINT), endpoint_key(site, SOURCE_ENDPOINT)]
    ids = await locate.find_keys(
        unit, site.institution, [(key.type, key.system, key.value) for key in keys]
    )
    standing = await resources.current(unit, [("Endpoint", one) for one in ids.values()])
    puts = []
    for stored in standing.values():
        endpoint = stored.resource()
        if endpoint.get("status") != status:
            changed = {**endpoint, "status": status}
            puts.append(Put("Endpoint", stored.home, stored.id, changed, stored.message))
    if puts:
        await resources.put(unit, puts, now_us=now_us)
