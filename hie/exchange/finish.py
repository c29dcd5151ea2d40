"""What becomes of a batch of messages, inside one unit of work.

The order is the road of a result: decode every message; lock the reports and persons they speak
of, so that status and time decide and not luck; claim an id for every business key; build, check
and settle each resource against what stands; write; find out whose they are; record it.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from hie.access.actor import Actor, ActorKind, Purpose
from hie.adapter import Decoded, Issue, Severity, Site
from hie.audit.event import Action, Event, EventType, Subject
from hie.canonical.imaging_report import build_imaging
from hie.canonical.joined import join
from hie.canonical.keys import Key, Report, ReportKeys, business_keys
from hie.canonical.laboratory import UNMAPPED, BuildContext, Built, build
from hie.canonical.patient import says_no_more
from hie.exchange import identify, link_study, reopen, settle_study, sites
from hie.exchange.hub import Hub
from hie.exchange.noticed import noticed
from hie.exchange.settle import Settled, Standing, settle
from hie.fhir import Resource
from hie.fhir.elements import bounds, instant
from hie.fhir.profile import check
from hie.identity.identifiers import check as defect
from hie.records import ImagingReportRecord, LabReportRecord, Time
from hie.store import code_maps, instances, ledger, locate, messages, resources, studies
from hie.store.code_maps import Seen
from hie.store.database import advisory
from hie.store.messages import Message, Settlement, State
from hie.store.resources import First, Put
from hie.store.served import Stored
from hie.store.session import Unit
from hie.terminology.concept_map import MapEntry, MapState

_ASIDE = "unsupported-type"  # an adapter's word for a type that it does not read
_FUTURE_US = 24 * 3600 * 1_000_000
_NOBODY = frozenset({"Organization", "Practitioner", "PractitionerRole", "Device"})


@dataclass(slots=True)
class Work:
    """One message on its way: what it says, what is wrong with it, what it made."""

    message: Message
    site: Site
    digest: str
    decoded: Decoded
    issues: list[Issue]
    reports: list[tuple[Report, ReportKeys]] = field(default_factory=list)
    produced: list[tuple[str, str, int]] = field(default_factory=list)
    homes: dict[str, set[str]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    revisions: list[reopen.Revision] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether nothing of this message can be stored."""
        blocking = any(i.severity is Severity.HOLD and i.code != UNMAPPED for i in self.issues)
        return blocking or not self.reports

    @property
    def is_aside(self) -> bool:
        """Whether the profile leaves messages of this type aside: taken, with a warning."""
        aside = any(i.code == _ASIDE and i.severity is Severity.WARN for i in self.issues)
        return aside and not any(i.severity is Severity.HOLD for i in self.issues)


async def finish(hub: Hub, unit: Unit, taken: Sequence[Message]) -> None:
    """Store or hold each of these messages, in this unit of work."""
    if not taken:
        return
    now_us = time.time_ns() // 1000
    today = instant(now_us).date()
    images = [message for message in taken if message.media == instances.MEDIA]
    arrived = await settle_study.decoded(hub, unit, images)
    reports = [message for message in taken if message.media != instances.MEDIA]
    works = await _decoded(hub, unit, reports, now_us)
    ready = [work for work in works if not work.is_refused]
    # All locks at once: two halves of a batch must not wait for each other.
    await advisory(unit, *_locks(ready), *settle_study.locks(arrived))
    owners = _owners(ready)
    claimed = await locate.claim_all(unit, [(owner, *key) for key, owner in owners.items()])
    ids = {Key(*key[1:]): found for key, (found, _) in claimed.items()}
    fresh = {Key(*key[1:]) for key, (_, made) in claimed.items() if made}
    standing = await _standing(unit, ids, [key for key in ids if key not in fresh])
    # What was deleted since its key was read had its key given back: it comes again under its id.
    gone = [key for key in ids if key not in fresh and (key.type, ids[key]) not in standing]
    await locate.keep(unit, [(owners[key], key, ids[key]) for key in gone])
    sent = await _sent_times(unit, standing)
    maps = {site: await _maps(unit, site) for site in {work.site.id for work in ready}}
    patients: dict[str, Resource] = {}
    pending: list[Put | First] = []
    writer: dict[tuple[str, str], Work] = {}
    for work in ready:
        speaks_of = {key for _, keys in work.reports for key in keys.every()}
        if any((key.type, ids[key]) in writer for key in speaks_of if key.type not in _NOBODY):
            await _flush(unit, pending, writer, now_us)
            standing.update(await _standing(unit, ids, speaks_of))
            sent.update(await _sent_times(unit, standing))
        context = _Context(
            hub, unit, work, ids, fresh, standing, sent, maps[work.site.id], now_us, today
        )
        await context.take(pending, writer, patients)
    await _flush(unit, pending, writer, now_us)
    for site in sorted(maps):
        met = [one for work in ready if work.site.id == site for one in work.seen]
        await code_maps.see(unit, site, met, now_us)
    persons = await identify.identify(unit, patients, today, now_us) if patients else {}
    await _close(hub, unit, works, persons, now_us)
    await settle_study.settle(hub, unit, arrived, now_us)
    # Last of all: what was decided on results that say something else now.
    changed = [one for work in works for one in work.revisions]
    await reopen.corrected(unit, changed, now_us)


async def _decoded(hub: Hub, unit: Unit, taken: Sequence[Message], now_us: int) -> list[Work]:
    contents = await messages.contents(unit, [message.id for message in taken])
    known = await sites.all_sites(hub)
    works = []
    for message in taken:
        site = known[message.site].site
        content = contents[message.id]
        decoded = hub.adapters[site.adapter].decode(content, site)
        digest = hashlib.sha256(content).hexdigest()
        issues = [*noticed(message.meta), *decoded.issues]
        work = Work(message, site, digest, decoded, issues)
        sent = bounds(decoded.sent) if decoded.sent else None
        if sent is not None and sent[0] > now_us + _FUTURE_US:
            work.issues.append(
                Issue("check", "future-time", Severity.HOLD, "MSH-7", "at most 24 hours ahead")
            )
        records, odd = join(decoded.records)
        work.issues += odd
        for record in records:
            if not isinstance(record, LabReportRecord | ImagingReportRecord):
                continue
            keys = business_keys(record, site, message.id)
            if isinstance(keys, Issue):
                work.issues.append(keys)
                continue
            work.issues += keys.issues
            work.issues += _ahead(_times(record), now_us)
            work.reports.append((record, keys))
        is_held = any(issue.severity is Severity.HOLD for issue in work.issues)
        if not decoded.records and not is_held and not work.is_aside:
            work.issues.append(
                Issue("decode", "nothing-to-store", Severity.HOLD, "message", "at least one report")
            )
        works.append(work)
    return works


def _times(record: Report) -> tuple[Time | None, ...]:
    if isinstance(record, ImagingReportRecord):
        return record.performed, record.issued
    return record.collected, record.received, record.issued


def _ahead(times: Iterable[Time | None], now_us: int) -> Iterable[Issue]:
    """Times of a report that lie in the future: the sender's clock is wrong, or the field is."""
    for time_ in times:
        start = bounds(time_.text) if time_ is not None else None
        if time_ is not None and start is not None and start[0] > now_us + _FUTURE_US:
            yield Issue("check", "future-time", Severity.HOLD, time_.path, "at most 24 hours ahead")


def _locks(works: Iterable[Work]) -> list[str]:
    names: set[str] = set()
    for work in works:
        for record, keys in work.reports:
            names.add(f"report:{work.site.id}:{keys.number}")
            if isinstance(record, ImagingReportRecord):
                names.update(
                    link_study.lock_names(work.site.institution, link_study.numbers_of(record))
                )
            names.update(
                identify.number_lock(one.type, one.value)
                for one in record.patient.identifiers
                if one.type
            )
    return sorted(names)


def _owners(works: Iterable[Work]) -> dict[Key, str]:
    """Who owns each key: institutions and their staff are found by their system alone."""
    owners: dict[Key, str] = {}
    for work in works:
        for _, keys in work.reports:
            for key in keys.every():
                owners[key] = "" if key.type == "Organization" else work.site.institution
    return owners


async def _standing(
    unit: Unit, ids: Mapping[Key, str], keys: Iterable[Key]
) -> dict[tuple[str, str], Stored]:
    return await resources.current(unit, sorted({(key.type, ids[key]) for key in keys}))


async def _sent_times(
    unit: Unit, standing: Mapping[tuple[str, str], Stored]
) -> dict[str, int | None]:
    found = sorted({one.message for one in standing.values() if one.message})
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


@dataclass(slots=True)
class _Context:
    """Everything one message is settled against."""

    hub: Hub
    unit: Unit
    work: Work
    ids: Mapping[Key, str]
    fresh: set[Key]  # claimed by this unit, and not yet written
    standing: dict[tuple[str, str], Stored]
    sent: Mapping[str, int | None]
    maps: Mapping[tuple[str, str], MapEntry]
    now_us: int
    today: date

    async def take(
        self,
        pending: list[Put | First],
        writer: dict[tuple[str, str], Work],
        patients: dict[str, Resource],
    ) -> None:
        """Build, check and settle one message's reports; nothing is written of one that is held."""
        built: list[tuple[ReportKeys, Built]] = []
        for record, keys in self.work.reports:
            if isinstance(record, ImagingReportRecord):
                made = build_imaging(record, keys, self._build_context(keys))
                await self._link(record, keys, made)
            else:
                made = build(record, keys, self._build_context(keys))
            self.work.issues += made.issues
            self.work.issues += self._faults(keys, made)
            built.append((keys, made))
        self._see(built)
        if self.work.is_refused:
            return
        for (record, _), (keys, made) in zip(self.work.reports, built, strict=True):
            home = self.ids[keys.patient]
            if isinstance(record, ImagingReportRecord):
                await link_study.register_report(
                    self.unit,
                    self.work.site.institution,
                    self.ids[keys.report],
                    home,
                    link_study.numbers_of(record),
                )
            self.work.homes.setdefault(home, set()).add(f"DiagnosticReport/{self.ids[keys.report]}")
            for key, resource in made.resources.items():
                await self._one(key, resource, keys, home, pending, writer, patients)

    async def _link(self, record: ImagingReportRecord, keys: ReportKeys, made: Built) -> None:
        """Name the studies an imaging report tells of; what is missing or another's is told."""
        linked = await link_study.find_studies(
            self.unit,
            self.work.site.institution,
            link_study.numbers_of(record),
            self.ids[keys.patient],
            made.resources[keys.patient],
            self.today,
            record.path,
        )
        report = made.resources[keys.report]
        made.resources[keys.report] = link_study.with_studies(report, linked.references)
        made.issues += linked.issues
        # Whose images they are is compared with the report's patient: they are published again.
        found = [one.rpartition("/")[2] for one in linked.references]
        await studies.touch(self.unit, found, self.now_us)

    def _see(self, built: list[tuple[ReportKeys, Built]]) -> None:
        codes = [
            Seen(one.system, one.code, one.name, one.unit, one.specimen, one.method, one.value_type)
            for _, made in built
            for one in made.codes
        ]
        new = [one for one in codes if (one.system, one.code) not in self.maps]
        if new or self.work.message.attempts == 0:
            self.work.seen += codes

    def _build_context(self, keys: ReportKeys) -> BuildContext:
        work = self.work
        existing = {}
        for key in keys.leans_on:
            stored = self.standing.get((key.type, self.ids[key]))
            if stored is not None:
                existing[key] = stored.resource()
        adapter = self.hub.adapters[work.site.adapter]
        return BuildContext(
            site=work.site,
            message=work.message.id,
            message_hash=work.digest,
            sent=work.decoded.sent,
            adapter=f"{adapter.name} {adapter.version}",
            ids=self.ids,
            existing=existing,
            maps=self.maps,
            items=self.hub.item_units,
            loinc=self.hub.loinc,
            defects=lambda kind, value: _defect(kind, value, self.today),
            recorded=instant(self.now_us).isoformat(timespec="milliseconds"),
        )

    def _faults(self, keys: ReportKeys, made: Built) -> Iterable[Issue]:
        report = self.standing.get(("DiagnosticReport", self.ids[keys.report]))
        if report is not None and report.home != self.ids[keys.patient]:
            yield Issue(
                "identify",
                "report-of-another-patient",
                Severity.HOLD,
                "PID-3",
                "the patient this report number was first sent for",
            )
        for resource in made.resources.values():
            for fault in check(resource):
                yield Issue("check", fault.code, Severity.HOLD, fault.path, fault.expected)

    async def _one(
        self,
        key: Key,
        resource: Resource,
        keys: ReportKeys,
        home: str,
        pending: list[Put | First],
        writer: dict[tuple[str, str], Work],
        patients: dict[str, Resource],
    ) -> None:
        found = self.ids[key]
        place = (key.type, found)
        if place in writer:
            return  # an institution or member of staff this batch already wrote
        put = Put(
            type=key.type,
            home="" if key.type in _NOBODY else home,
            id=found,
            resource=resource,
            message=self.work.message.id,
            report=self.ids[keys.report] if key.type == "Observation" else None,
        )
        stored = self.standing.get(place)
        if stored is None:
            verdict = Settled.NEW
        elif key.type in _NOBODY:
            return  # the first word about an institution or member of staff stands
        else:
            was = stored.resource()
            verdict = settle(was, resource, self._was(was, stored), self._now(resource))
            if key.type == "Patient" and says_no_more(was, resource):
                verdict = Settled.UNCHANGED
        if verdict is Settled.UNCHANGED:
            return
        if verdict is Settled.LATE and stored is not None:
            if self.work.message.attempts == 0:
                version = await resources.reinstate(self.unit, put, stored, now_us=self.now_us)
                self.work.produced.append((*place, version))
                self.standing.update(await resources.current(self.unit, [place]))
                issue = Issue("store", "late-version", Severity.INFO, key.type, "a newer status")
                self.work.issues.append(issue)
            return
        if key in self.fresh:
            self.fresh.remove(key)
            pending.append(resources.first(self.unit, put, self.now_us))
        else:
            pending.append(put)
        if stored is not None:
            self.work.revisions += reopen.revision(
                _worker(self.work), *place, was, stored.version, resource
            )
        writer[place] = self.work
        if key.type == "Patient":
            patients[found] = resource

    def _was(self, resource: Resource, stored: Stored) -> Standing:
        sent = self.sent.get(stored.message) if stored.message else None
        return Standing(resource.get("status"), _us(resource.get("issued")), sent)

    def _now(self, resource: Resource) -> Standing:
        return Standing(
            resource.get("status"), _us(resource.get("issued")), _us(self.work.decoded.sent)
        )


def _us(text: str | None) -> int | None:
    found = bounds(text) if text else None
    return None if found is None else found[0]


def _defect(kind: str, value: str, on: date) -> str | None:
    found = defect(kind, value, on)
    return None if found is None else str(found)


async def _close(
    hub: Hub, unit: Unit, works: Sequence[Work], persons: Mapping[str, str], now_us: int
) -> None:
    """The messages' own states, and one audit event for each message that stored something."""
    settlements = [_settlement(work) for work in works]
    await messages.settle(unit, settlements, now_us)
    events = [
        Event(
            EventType.PROCESS,
            Action.CREATE,
            _worker(work),
            subjects=tuple(
                Subject(home, persons.get(home), tuple(sorted(reports)))
                for home, reports in sorted(work.homes.items())
            ),
            detail=f"message {work.message.id}",
        )
        for work in works
        if work.homes
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
        sent_us=_us(work.decoded.sent),
        issues=work.issues,
        records=work.produced,
    )


def _worker(work: Work) -> Actor:
    return Actor(
        kind=ActorKind.CLIENT,
        client=str(work.message.meta.get("client", "hub")),
        subject=f"site:{work.site.id}",
        institution=work.site.institution,
        purpose=Purpose.TREATMENT,
        scopes=frozenset(),
    )


__all__ = ["Work", "finish"]
