"""What becomes of a batch of messages, inside one unit of work.

The order is the road of a result: decode every message; lock the reports and persons they speak
of, so that status and time decide and not luck; claim an id for every business key; build, check
and settle each resource against what stands; write; find out whose they are; record it.
"""

import time
from collections.abc import Iterable, Mapping, Sequence

from hie.access.reason import Reason
from hie.adapter import Severity
from hie.audit.event import Action, Event, EventType, Outcome, Subject
from hie.canonical.keys import Key
from hie.exchange import (
    identify,
    label_flow,
    labelling,
    link_study,
    relating_reports,
    reopen,
    settle_study,
    settle_visits,
)
from hie.exchange.hub import Hub
from hie.exchange.message_work import Work, decoded, microseconds, worker_of
from hie.exchange.settle_message import HOMELESS_SENT, Settling
from hie.fhir import Resource
from hie.fhir.elements import instant
from hie.records import ImagingReportRecord
from hie.store import code_maps, instances, ledger, locate, messages, resources
from hie.store.locks import hold
from hie.store.messages import Message, Settlement, State
from hie.store.resources import First, Put
from hie.store.served import Stored
from hie.store.session import Dialect, Unit
from hie.terminology.concept_map import MapEntry, MapState


async def finish(hub: Hub, unit: Unit, taken: Sequence[Message]) -> None:
    """Store or hold each of these messages, in this unit of work."""
    if not taken:
        return
    now_us = time.time_ns() // 1000
    today = instant(now_us).date()
    images = [message for message in taken if message.media == instances.MEDIA]
    arrived = await settle_study.decoded(hub, unit, images)
    reports = [message for message in taken if message.media != instances.MEDIA]
    works = await decoded(hub, unit, reports, now_us)
    ready = [work for work in works if not work.is_refused]
    # All locks at once: two halves of a batch must not wait for each other.
    await hold(unit, [*_locks(ready), *settle_study.locks(arrived)])
    owners = _owners(ready)
    ids, fresh = await locate.claim_for(unit, owners)
    known = {ids[key] for key in ids if key.type == "Patient" and key not in fresh}
    if unit.db.dialect is not Dialect.SQLITE:  # its one writer holds all there is
        await identify.hold(unit, known, _numbers(ready))
    standing = await _standing(unit, ids, [key for key in ids if key not in fresh])
    # What was deleted since its key was read had its key given back: it comes again under its id.
    gone = [key for key in ids if key not in fresh and (key.type, ids[key]) not in standing]
    await locate.keep(unit, [(owners[key], key, ids[key]) for key in gone])
    sent = await _sent_times(unit, standing)
    maps = {site: await _maps(unit, site) for site in {work.site.id for work in ready}}
    patients: dict[str, Resource] = {}
    made = {ids[key] for key in fresh if key.type == "Patient"}
    pending: list[Put | First] = []
    writer: dict[tuple[str, str], Work] = {}
    for work in ready:
        if any(
            (key.type, ids[key]) in writer
            for key in work.speaks_of
            if key.type not in HOMELESS_SENT
        ):
            await _flush(unit, pending, writer, now_us)
            standing.update(await _standing(unit, ids, work.speaks_of))
            sent.update(await _sent_times(unit, standing))
        settling = Settling(
            hub, unit, work, ids, fresh, standing, sent, maps[work.site.id], now_us, today
        )
        await settling.take(pending, writer, patients)
        if work.visits:
            await settle_visits.take(settling, pending, writer, patients)
    await _flush(unit, pending, writer, now_us)
    await labelling.set_unchanged(unit, [work.repeated for work in ready])
    for work in ready:
        await label_flow.raise_others(unit, work.message.id, work.lends, rose=False, linked=True)
    persons = await identify.identify(unit, patients, today, now_us, made) if patients else {}
    await _close(hub, unit, works, persons, now_us)
    await settle_study.settle(hub, unit, arrived, now_us)
    stored = [work for work in ready if not work.is_refused]
    await relating_reports.reported(unit, stored, ids, now_us)
    # Other batches of the site wait for these rows: they are touched as late as can be.
    for site in sorted(maps):
        met = [one for work in ready if work.site.id == site for one in work.seen]
        await code_maps.see(unit, site, met, now_us)
    # Last of all: what was decided on results that say something else now.
    changed = [one for work in works for one in work.revisions]
    await reopen.corrected(unit, changed, now_us)


def _locks(works: Iterable[Work]) -> list[str]:
    names: set[str] = set()
    for work in works:
        for record, keys in work.reports:
            names.add(f"report:{work.site.id}:{keys.number}")
            if isinstance(record, ImagingReportRecord):
                names.update(
                    link_study.lock_names(work.site.institution, link_study.numbers_of(record))
                )
        for _, visit in work.visits:
            names.add(f"visit:{work.site.id}:{visit.encounter.value}")
    names.update(identify.number_lock(*number) for number in _numbers(works))
    return sorted(names)


def _numbers(works: Iterable[Work]) -> set[tuple[str, str]]:
    """What patients of these messages are known by everywhere: (hub type, value)."""
    told = [record.patient for work in works for record, _ in (*work.reports, *work.visits)]
    return {(one.type, one.value) for patient in told for one in patient.identifiers if one.type}


def _owners(works: Iterable[Work]) -> dict[Key, str]:
    """Who owns each key: institutions and their staff are found by their system alone."""
    owners: dict[Key, str] = {}
    for work in works:
        for key in work.speaks_of:
            owners[key] = "" if key.type == "Organization" else work.site.institution
    return owners


async def _standing(
    unit: Unit, ids: Mapping[Key, str], keys: Iterable[Key]
) -> dict[tuple[str, str], Stored]:
    """What stands under these keys. Of what is nobody's it is only made sure that it stays.

    Every message of a hospital names its laboratory: to lock that for oneself is to make workers
    queue for each other.
    """
    refs = sorted({(key.type, ids[key]) for key in keys})
    return await resources.current(unit, refs, shared=HOMELESS_SENT)


async def _sent_times(
    unit: Unit, standing: Mapping[tuple[str, str], Stored]
) -> dict[str, int | None]:
    found = sorted(
        {
            one.message
            for (kind, _), one in standing.items()
            if one.message and kind not in HOMELESS_SENT
        }
    )
    return await messages.sent_times(unit, found) if found else {}


async def _maps(unit: Unit, site: str) -> Mapping[tuple[str, str], MapEntry]:
    return {
        key: MapEntry(one.item, one.loinc, MapState(str(one.state)))
        for key, one in (await code_maps.maps_of(unit, site)).items()
    }


async def _flush(
    unit: Unit, pending: list[Put | First], writer: dict[tuple[str, str], Work], now_us: int
) -> None:
    """Write what waits; each version goes on its message's record."""
    if pending:
        for kind, key, version in await resources.put(unit, pending, now_us=now_us):
            writer[kind, key].produced.append((kind, key, version))
    pending.clear()
    writer.clear()


async def _close(
    hub: Hub, unit: Unit, works: Sequence[Work], persons: Mapping[str, str], now_us: int
) -> None:
    """The messages' own states, and one audit event for each message that stored something.

    One more where a message said less than a label that stands, which was kept.
    """
    settlements = [_settlement(work) for work in works]
    await messages.settle(unit, settlements, now_us)
    events = [
        Event(
            EventType.PROCESS,
            Action.CREATE,
            worker_of(work),
            subjects=tuple(
                Subject(home, persons.get(home), tuple(sorted(reports)))
                for home, reports in sorted(work.homes.items())
            ),
            detail=f"message {work.message.id}",
        )
        for work in works
        if work.homes
    ]
    events += [
        Event(
            EventType.REFUSED,
            Action.EXECUTE,
            worker_of(work),
            Outcome.MINOR,
            subjects=tuple(
                Subject(home, persons.get(home), tuple(sorted(kept)))
                for home, kept in sorted(work.kept_labels.items())
            ),
            reason=Reason.LABEL.value,
            detail=f"message {work.message.id}",
        )
        for work in works
        if work.kept_labels
    ]
    await ledger.append_all(unit, events)


def _settlement(work: Work) -> Settlement:
    held = any(issue.severity is Severity.HOLD for issue in work.issues) or (
        work.is_refused and not work.is_aside
    )
    stage = next((issue.stage for issue in work.issues if issue.severity is Severity.HOLD), "store")
    return Settlement(
        id=work.message.id,
        state=State.HELD if held else State.STORED,
        stage=stage if held else "stored",
        kind=work.decoded.kind,
        sent_us=microseconds(work.decoded.sent),
        issues=work.issues,
        records=work.produced,
        is_first=work.message.attempts == 0,
    )


__all__ = ["Work", "finish"]
