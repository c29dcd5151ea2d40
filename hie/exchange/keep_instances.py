"""Keep instances: files durable, then their messages, then the receipt; many share both waits.

Every door for images ends here. A file is read through once in a thread, so that a large one does
not hold up the others; then whoever waits at the same moment shares one sync of each folder and
one COMMIT.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hie.errors import Conflict, HubError, MalformedMessage, Unavailable
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.exchange.imaging_profile import imaging_profile
from hie.exchange.instance_header import read_header
from hie.store import arrivals, instances, studies
from hie.store.arrivals import Outcome
from hie.store.instance_files import InstanceFiles
from hie.store.instances import Arrived
from hie.store.messages import Kept, State

_REMEMBERED_US = 7 * 24 * 3600 * 1_000_000
TOGETHER = 64  # instances that share a commit at most


@dataclass(frozen=True, slots=True)
class KeptInstance:
    """What became of one file, and what it is."""

    kept: Kept
    study: str
    series: str
    sop: str
    sop_class: str


async def keep_file(
    hub: Hub,
    site: str,
    path: Path,
    meta: Mapping[str, Any],
    *,
    arrival: str | None = None,
    study: str | None = None,
) -> KeptInstance:
    """Keep one written file as an instance of this site; the file is gone from `path` afterwards.

    Raises MalformedMessage (no DICOM file), Conflict (not of `study`, where one was named) and
    Unavailable (disk full or away): nothing is kept.
    """
    try:
        header = await asyncio.to_thread(read_header, hub.adapters, path)
        if arrival is not None and not (header.study or header.series or header.sop):
            raise MalformedMessage("no DICOM data set: it names nothing")  # the head is the door's
        if study is not None and header.study != study:
            raise Conflict("an instance of another study than the one named")
        arrived = Arrived(
            site=site,
            study=header.study[:64],
            series=header.series[:64],
            sop=header.sop[:64],
            sop_class=header.sop_class[:64],
            transfer_syntax=header.transfer_syntax[:64],
            number=header.number,
            sha256=header.sha256,
            data_hash=header.data_hash,
            size=header.size,
            header=header.header,
            received_us=time.time_ns() // 1000,
            meta=meta,
            arrival=arrival,
            problem=header.problem,
        )
        done: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        gathering = hub.arriving
        gathering.waiting.append((arrived, path, done))
        if gathering.task is None or gathering.task.done():
            gathering.task = asyncio.create_task(_commit(hub))
        kept = await done
        return KeptInstance(kept, header.study, header.series, header.sop, header.sop_class)
    except OSError as fault:
        raise Unavailable(f"the arriving file: {fault.strerror}") from fault
    finally:
        path.unlink(missing_ok=True)


async def _commit(hub: Hub) -> None:
    gathering = hub.arriving
    while gathering.waiting:
        group = gathering.waiting[:TOGETHER]
        del gathering.waiting[:TOGETHER]
        try:
            kept = await _keep(hub, [(arrived, path) for arrived, path, _ in group])
        except HubError as fault:
            for _, _, done in group:
                if not done.done():
                    done.set_exception(fault)
        except BaseException:
            for _, _, done in group:
                done.cancel()
            raise
        else:
            for (_, _, done), one in zip(group, kept, strict=True):
                if not done.done():
                    done.set_result(one)
    hub.wake.set()


async def _keep(hub: Hub, group: Sequence[tuple[Arrived, Path]]) -> list[Kept]:
    """Files first, rows second; what is here already needs no second file."""
    async with hub.db.reading() as reader:
        known = await instances.known(reader, [arrived for arrived, _ in group])
    fresh: dict[tuple[str, ...], tuple[Path, str]] = {}
    for arrived, path in group:
        if arrived.key not in known:
            fresh.setdefault((arrived.site, *arrived.key), (path, arrived.sha256))
    files = InstanceFiles.below(hub.settings.data_dir)
    await asyncio.to_thread(files.keep, fresh.values())
    kept = await instances.keep(hub.db, [arrived for arrived, _ in group])
    repeated = [one.id for one in kept if one.duplicate_of is not None]
    if not repeated:
        return kept
    async with hub.db.reading() as reader:
        states = await instances.message_states(reader, repeated)
    return [
        Kept(one.id, one.duplicate_of, states.get(one.id, State.KEPT)) if one.duplicate_of else one
        for one in kept
    ]


async def arrival_ended(hub: Hub, arrival: str, outcome: Outcome) -> None:
    """An association that brought instances is over: released, or lost on the way."""
    now_us = time.time_ns() // 1000
    async with hub.db.unit() as unit:
        carried = await arrivals.closed(unit, arrival, outcome, now_us)
        if outcome is Outcome.RELEASED:
            known = await sites.all_sites(hub)
            for site, study in carried:
                quiet_us = imaging_profile(known[site].site).quiet_us
                await studies.again(unit, site, [study], now_us + quiet_us)


async def sweep(hub: Hub, seconds: float = 3600.0) -> int:
    """Delete files nobody names: half-written ones, and those whose rows a crash took; how many.

    Only files older than `seconds` are looked at: a younger one may be waiting for its row.
    Associations that ended well are forgotten after a week.
    """
    async with hub.db.unit() as unit:
        await arrivals.forget(unit, time.time_ns() // 1000 - _REMEMBERED_US)
    files = InstanceFiles.below(hub.settings.data_dir)
    if not files.folder.exists():
        return 0
    count = 0
    for path in await asyncio.to_thread(lambda: list(files.abandoned(seconds))):
        with contextlib.suppress(OSError):
            path.unlink()
            count += 1
    old = await asyncio.to_thread(lambda: list(files.old(seconds)))
    for start in range(0, len(old), 500):
        part = old[start : start + 500]
        async with hub.db.reading() as reader:
            named = await instances.named(reader, part)
        for sha256 in sorted(set(part) - named):
            await asyncio.to_thread(files.remove, sha256)
            count += 1
    return count
