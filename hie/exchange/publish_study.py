"""A study that has been quiet long enough is published: its ImagingStudy says `available`.

What was asked for by nobody is done by the worker, on whichever machine: the time a study is due
lies in the database and outlives every process. A study with an interrupted association stays
`registered` until a later association brings it whole, or until as many instances are here as its
own headers promise.
"""

import time
from dataclasses import replace
from typing import Literal

import msgspec
import structlog

from hie.adapter import Issue, Severity, Site
from hie.audit.event import Action, Event, EventType, Subject
from hie.canonical.imaging import StudyStatus
from hie.canonical.study_facts import StudyFacts, study_facts
from hie.canonical.study_identity import compare_identity
from hie.errors import Unavailable
from hie.exchange import identify, reopen, sites
from hie.exchange.close_arrivals import worker_of
from hie.exchange.hub import Hub
from hie.exchange.image_access import access_of, retrievable
from hie.exchange.imaging_profile import ImagingProfile, imaging_profile
from hie.exchange.instance_arrivals import Place, study_locks
from hie.exchange.source_profile import source_profile
from hie.exchange.write_study import Source, numbers_of, write_study
from hie.fhir.elements import instant
from hie.records import InstanceRecord
from hie.store import (
    arrivals,
    imaging_keys,
    instances,
    ledger,
    messages,
    resources,
    studies,
    study_sources,
)
from hie.store.arrivals import Standing
from hie.store.instances import InstanceState, StoredInstance
from hie.store.locks import hold
from hie.store.session import Reader, Unit
from hie.store.studies import StudyRow, StudyState

_SOON_US = 5_000_000
_SHOWN = (InstanceState.CURRENT, InstanceState.REJECTED)
_log = structlog.get_logger(__name__)


async def publish_due(hub: Hub, limit: int = 20) -> int:
    """Publish the studies that are due, each in a unit of its own; how many were looked at.

    Raises Unavailable when the database is away: they stay due.
    """
    async with hub.db.reading() as reader:
        places = await studies.due(reader, time.time_ns() // 1000, limit)
    for place in places:
        try:
            await _publish(hub, place)
        except Unavailable:
            raise
        except Exception as problem:  # noqa: BLE001 - outermost edge: recorded, and never in a loop
            _log.error("study-failed", site=place[0], kind=type(problem).__name__)
            async with hub.db.unit() as unit:
                await studies.postpone(unit, *place, None)
    return len(places)


async def _publish(hub: Hub, place: Place) -> None:
    async with hub.db.reading() as reader:
        seen = await _records(reader, place)
    async with hub.db.unit() as unit:
        site = (await sites.all_sites(hub))[place[0]].site
        await hold(unit, study_locks(site, [record for _, record in seen]))
        now_us = time.time_ns() // 1000
        row = (await studies.get_many(unit, [place])).get(place)
        if row is None or row.due_us is None or row.due_us > now_us:
            return
        profile = imaging_profile(site)
        found = await _records(unit, place)
        waits = await _waits(unit, row, found, profile, now_us)
        if waits is not None:
            await studies.postpone(unit, *place, None if waits < 0 else now_us + waits)
            return
        await _write(hub, unit, row, found, now_us)
        if not profile.keeps_files and source_profile(site) is not None:
            await study_sources.ask(unit, *place, now_us)


Known = list[tuple[StoredInstance, InstanceRecord]]


async def _records(reader: Reader, place: Place) -> Known:
    """The instances that stand, and those that were rejected, with what they say."""
    return [
        (one, msgspec.msgpack.decode(one.facts, type=InstanceRecord))
        for one in await instances.of_study(reader, *place, _SHOWN)
        if one.facts is not None
    ]


async def _waits(
    unit: Unit, row: StudyRow, found: Known, profile: ImagingProfile, now_us: int
) -> int | None:
    """Microseconds until it is worth another look, -1 for not before something comes; else None."""
    standing = await arrivals.standing(unit, row.site, row.uid, now_us)
    if standing is Standing.COMING:
        return max(profile.quiet_us, _SOON_US)
    states = await instances.states_of(unit, row.site, row.uid)
    if states.get(InstanceState.WAITING):
        return _SOON_US
    if standing is Standing.INTERRUPTED:
        stated = [record.study.stated_instances or 0 for _, record in found]
        if not profile.counts_header or not max(stated, default=0) or len(found) < max(stated):
            return -1
    return None


async def _write(hub: Hub, unit: Unit, row: StudyRow, found: Known, now_us: int) -> None:
    rejects = {uid for _, record in found for uid in record.instance.rejects}
    changes = [
        (one, InstanceState.REJECTED, None)
        for one, record in found
        if record.instance.uid in rejects and one.state is InstanceState.CURRENT
    ]
    await instances.settle(unit, changes)
    site = (await sites.all_sites(hub))[row.site].site
    newest = max((one for one, _ in found), key=lambda one: (one.received_us, one.message))
    in_order = sorted(found, key=lambda pair: (pair[0].received_us, pair[0].message))
    every = [record for _, record in in_order]
    kept = [record for record in every if record.instance.uid not in rejects]
    sent = (await messages.sent_times(unit, [newest.message])).get(newest.message)
    facts = await _facts(unit, row, every, site)
    written = await write_study(
        hub,
        unit,
        Source(
            site,
            newest.message,
            newest.sha256,
            None if sent is None else instant(sent).isoformat(timespec="seconds"),
        ),
        kept or every,
        facts,
        _status(every, kept),
        known=(row.home, row.id),
        access=await access_of(unit, site),
        now_us=now_us,
        withdrawn=[record for record in every if record.instance.uid in rejects],
    )
    if written.is_refused:
        await _hold(unit, row, newest.message, written.issues, now_us)
        return
    await studies.put(
        unit,
        [
            replace(
                row,
                state=StudyState.PUBLISHED,
                changed=False,
                due_us=None,
                published_us=now_us,
                expected=facts.expected,
            )
        ],
    )
    persons = {}
    if written.patients:
        persons = await identify.identify(unit, written.patients, instant(now_us).date(), now_us)
    if not written.produced:
        return
    subject = Subject(row.home, persons.get(row.home), (f"ImagingStudy/{row.id}",))
    event = Event(
        EventType.PROCESS,
        Action.UPDATE,
        worker_of(site, "hub"),
        subjects=(subject,),
        detail=f"study published, message {newest.message}",
    )
    await ledger.append_all(unit, [event])
    if written.before is not None and written.study is not None:
        was = written.before
        changed = reopen.revision(
            event.actor, was.type, was.id, was.resource(), was.version, written.study
        )
        await reopen.corrected(unit, changed, now_us)


async def _facts(
    unit: Unit,
    row: StudyRow,
    every: list[InstanceRecord],
    site: Site,
) -> StudyFacts:
    """The facts; an instance whose message is held was sent as well, so the study lacks it."""
    held = await instances.held_count(unit, row.site, row.uid)
    return study_facts(
        every,
        stated=[len(every) + held] if held else (),
        counts_header=imaging_profile(site).counts_header,
        retrievable=await retrievable(unit, site, row.uid),
        identity=await _identity(unit, every, site),
    )


async def _identity(
    unit: Unit, every: list[InstanceRecord], site: Site
) -> Literal["same", "different", "unknown"] | None:
    """Whether the images show the patient of their report; None while there is no report."""
    reports = await imaging_keys.find(unit, site.institution, "DiagnosticReport", numbers_of(every))
    homes = sorted({one.home for one in reports if one.kind == reports[0].kind})
    patients = await resources.current(unit, [("Patient", home) for home in homes])
    found = {
        compare_identity(record.patient, one.resource(), site)
        for one in patients.values()
        for record in every
    }
    if not found:
        return None
    return "different" if "different" in found else "same" if "same" in found else "unknown"


def _status(every: list[InstanceRecord], kept: list[InstanceRecord]) -> StudyStatus:
    """`available`, or `entered-in-error` when a rejection note left nothing but itself."""
    images = [record for record in kept if not record.instance.rejects]
    return "available" if images or len(kept) == len(every) else "entered-in-error"


async def _hold(unit: Unit, row: StudyRow, message: str, issues: list[Issue], now_us: int) -> None:
    """What cannot be published waits for a person, under its newest message."""
    blocking = [issue for issue in issues if issue.severity is Severity.HOLD]
    await messages.held(unit, message, blocking[0].stage, issues, now_us)
    await studies.put(unit, [replace(row, state=StudyState.HELD, due_us=None)])
