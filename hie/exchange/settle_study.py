"""What becomes of arrived instances, inside one unit of work: decode, compare, take or hold.

Decided by content, never by order: the same instance again is nothing new; another content of it
replaces or stands aside, as the profile says; a study that names another patient, or another
accession number, is held and never merged. The study itself is published later (`publish_study`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from hie.access.actor import Actor, ActorKind, Purpose
from hie.adapter import Decoded, Issue, Severity, Site
from hie.audit.event import Action, Event, EventType, Subject
from hie.canonical.study_facts import study_facts
from hie.canonical.study_identity import patient_conflicts
from hie.exchange import identify, link_study, sites
from hie.exchange.hub import Hub
from hie.exchange.image_access import access_of
from hie.exchange.imaging_profile import ImagingProfile, imaging_profile
from hie.exchange.named import Named
from hie.exchange.noticed import noticed
from hie.exchange.write_study import Source, numbers_of, write_study
from hie.fhir import Resource
from hie.fhir.elements import bounds, instant
from hie.records import InstanceRecord
from hie.store import instances, ledger, messages, studies
from hie.store.instances import InstanceState, StoredInstance
from hie.store.messages import Message, Settlement, State
from hie.store.session import Unit
from hie.store.studies import StudyRow, StudyState

_STANDING = frozenset({InstanceState.CURRENT, InstanceState.REJECTED})
Place = tuple[str, str]  # site, StudyInstanceUID


@dataclass(slots=True)
class Arrival:
    """One instance message on its way: what it says, what is wrong, where it will stand."""

    message: Message
    site: Site
    profile: ImagingProfile
    instance: StoredInstance
    decoded: Decoded
    record: InstanceRecord | None
    issues: list[Issue]
    state: InstanceState = InstanceState.HELD
    produced: list[tuple[str, str, int]] = field(default_factory=list)
    home: str | None = None
    study: str | None = None
    is_again: bool = False  # it stood before: somebody has it looked at once more

    @property
    def is_held(self) -> bool:
        """Whether it waits for a person."""
        return self.record is None or any(i.severity is Severity.HOLD for i in self.issues)

    @property
    def place(self) -> Place:
        """Its site and study."""
        return (self.site.id, "" if self.record is None else self.record.study.uid)


async def decoded(hub: Hub, unit: Unit, taken: Sequence[Message]) -> list[Arrival]:
    """What these instance messages say; nothing is decided yet."""
    if not taken:
        return []
    keys = [message.id for message in taken]
    heads = await messages.contents(unit, keys)
    rows = await instances.of_messages(unit, keys)
    known = await sites.all_sites(hub)
    found = []
    for message in taken:
        site = known[message.site].site
        read = hub.adapters[site.adapter].decode(heads[message.id], site)
        issues = [*noticed(message.meta), *read.issues]
        problem = str(message.meta.get("problem", ""))
        # What the head alone does not show: pixels that are not there, a bomb behind it.
        if problem and not any(issue.severity is Severity.HOLD for issue in issues):
            expected = hub.adapters[site.adapter].issue_codes.get(problem, "a whole file")
            issues.append(Issue("decode", problem, Severity.HOLD, "file", expected))
        record = next((one for one in read.records if isinstance(one, InstanceRecord)), None)
        if record is None and not any(issue.severity is Severity.HOLD for issue in issues):
            expected = "one DICOM instance"
            issues.append(Issue("decode", "nothing-to-store", Severity.HOLD, "file", expected))
        found.append(
            Arrival(message, site, imaging_profile(site), rows[message.id], read, record, issues)
        )
    return found


def locks(arrivals: Iterable[Arrival]) -> list[str]:
    """The locks these arrivals need: their studies', and their patients' numbers'."""
    names: set[str] = set()
    for one in arrivals:
        if one.record is not None:
            names |= study_locks(one.site, [one.record])
    return sorted(names)


def study_locks(site: Site, records: Sequence[InstanceRecord]) -> set[str]:
    """The locks of one study's instances: the study's, its numbers', its patient's numbers'."""
    names = set(link_study.lock_names(site.institution, numbers_of(records)))
    for record in records:
        names.add(f"study:{site.id}:{record.study.uid}")
        numbers = record.patient.identifiers
        names |= {f"identity:{one.type}:{one.value}" for one in numbers if one.type}
    return names


async def settle(hub: Hub, unit: Unit, arrivals: Sequence[Arrival], now_us: int) -> None:
    """Take or hold each of these, in this unit; the caller holds their locks."""
    if not arrivals:
        return
    known = await studies.get_many(unit, sorted({one.place for one in arrivals if one.record}))
    others = await _same_instances(unit, arrivals)
    changes: dict[tuple[str, str, str], tuple[StoredInstance, InstanceState, bytes | None]] = {}
    touched: dict[Place, StudyRow] = {}
    patients: dict[str, Resource] = {}
    for one in arrivals:
        record = one.record
        if record is not None and not one.is_held:
            row = touched.get(one.place) or known.get(one.place)
            if row is None:
                row = await _first_met(hub, unit, one, record, patients, now_us)
            else:
                one.issues += conflicts(unit, row, record)
            if row is not None and not one.is_held:
                _take(one, record, others, changes)
                one.home, one.study = row.home, row.id
                touched[one.place] = _due(unit, row, one, record, now_us)
        facts = None if record is None else msgspec.msgpack.encode(record)
        state = InstanceState.HELD if one.is_held else one.state
        changes[_key(one.instance)] = (one.instance, state, facts)
        others.setdefault((one.site.id, one.instance.sop), {})[one.instance.sha256] = (
            one.instance,
            state,
        )
    await instances.settle(unit, list(changes.values()))
    left = [
        one.instance
        for one in arrivals
        if not one.profile.keeps_files and one.state is InstanceState.CURRENT
    ]
    await instances.left_at_source(unit, left)
    await studies.put(unit, list(touched.values()))
    # A study that lost an instance to another, or one of whose instances is held, is not whole.
    held = {one.place: one.profile.quiet_us for one in arrivals if one.record and one.is_held}
    for place in {*_moved_from(changes), *held} - touched.keys():
        await studies.mark_changed(unit, *place, now_us + held.get(place, 0))
    today = instant(now_us).date()
    persons = await identify.identify(unit, patients, today, now_us) if patients else {}
    await _close(unit, arrivals, persons, now_us)


def conflicts(unit: Unit, row: StudyRow, record: InstanceRecord) -> list[Issue]:
    """What of an instance contradicts the study it says it belongs to."""
    named = msgspec.msgpack.decode(row.identity, type=Named)
    found = []
    differing = patient_conflicts(named.patient, record.patient)
    if differing:
        expected = f"the patient the study was first sent for; differs: {', '.join(differing)}"
        found.append(
            Issue("identify", "study-patient-conflict", Severity.HOLD, "(0010,0020)", expected)
        )
    accession = record.study.accession
    hashed = studies.accession_hash(unit, accession.value if accession else None)
    if row.accession_hash and hashed and hashed != row.accession_hash:
        expected = "the accession number the study was first sent with"
        found.append(
            Issue("identify", "study-accession-conflict", Severity.HOLD, "(0008,0050)", expected)
        )
    return found


async def _first_met(
    hub: Hub,
    unit: Unit,
    one: Arrival,
    record: InstanceRecord,
    patients: dict[str, Resource],
    now_us: int,
) -> StudyRow | None:
    """A study nobody spoke of before: its ImagingStudy says `registered`. None: it is held."""
    source = Source(one.site, one.message.id, one.instance.sha256, one.decoded.sent)
    written = await write_study(
        hub,
        unit,
        source,
        [record],
        study_facts([record], counts_header=one.profile.counts_header),
        "registered",
        known=None,
        access=await access_of(unit, one.site),
        now_us=now_us,
    )
    one.issues += written.issues
    if written.is_refused:
        return None
    one.produced += written.produced
    patients.update(written.patients)
    accession = record.study.accession
    return StudyRow(
        site=one.site.id,
        uid=record.study.uid,
        home=written.home,
        id=written.id,
        state=StudyState.RECEIVING,
        identity=msgspec.msgpack.encode(Named(record.patient, record.study)),
        accession_hash=studies.accession_hash(unit, accession.value if accession else None),
        expected=None,
        changed=True,
        first_us=one.message.received_us,
        last_us=one.message.received_us,
        due_us=None,
        published_us=None,
    )


Others = dict[tuple[str, str], dict[str, tuple[StoredInstance, InstanceState]]]


async def _same_instances(unit: Unit, arrivals: Sequence[Arrival]) -> Others:
    """Every content known of the SOP instances that arrived, by (site, SOP UID) and hash."""
    found: Others = {}
    for site in sorted({one.site.id for one in arrivals}):
        sops = {one.instance.sop for one in arrivals if one.site.id == site}
        for row in await instances.same_sop(unit, site, sops):
            found.setdefault((site, row.sop), {})[row.sha256] = (row, row.state)
    return found


def _take(
    one: Arrival,
    record: InstanceRecord,
    others: Others,
    changes: dict[tuple[str, str, str], tuple[StoredInstance, InstanceState, bytes | None]],
) -> None:
    """Where a good instance will stand, and what it moves aside; a rejection note rejects."""
    same = others.get((one.site.id, one.instance.sop), {})
    mine = same.get(one.instance.sha256)
    if mine is not None and mine[1] not in {InstanceState.WAITING, InstanceState.HELD}:
        one.state, one.is_again = mine[1], True  # it stands where it stood
        return
    standing = [
        row
        for sha256, (row, state) in same.items()
        if state in _STANDING and sha256 != one.instance.sha256
    ]
    one.state = InstanceState.CURRENT
    if standing and one.profile.overwrites:
        for row in standing:
            changes[_key(row)] = (row, InstanceState.REPLACED, None)
            same[row.sha256] = (row, InstanceState.REPLACED)
        expected = "the bytes of the first sending; the new ones now stand"
        one.issues.append(
            Issue("store", "instance-replaced", Severity.WARN, "(0008,0018)", expected)
        )
    elif standing:
        one.state = InstanceState.REPLACED
        expected = "the bytes of the first sending, which stand"
        one.issues.append(
            Issue("store", "instance-set-aside", Severity.WARN, "(0008,0018)", expected)
        )


def _due(unit: Unit, row: StudyRow, one: Arrival, record: InstanceRecord, now_us: int) -> StudyRow:
    """The study after this instance: what changed is due when it has been quiet.

    A study that was held is looked at again when one of its instances is replayed: now.
    """
    if one.state is InstanceState.REPLACED:
        return row
    due_us: int | None = now_us + one.profile.quiet_us
    if row.state is StudyState.HELD:
        due_us = now_us if one.is_again else None
    accession = record.study.accession
    return replace(
        row,
        accession_hash=row.accession_hash
        or studies.accession_hash(unit, accession.value if accession else None),
        changed=True,
        last_us=max(row.last_us, one.message.received_us),
        due_us=due_us,
    )


def _moved_from(
    changes: Mapping[tuple[str, str, str], tuple[StoredInstance, InstanceState, bytes | None]],
) -> set[Place]:
    """Studies one of whose standing instances was replaced."""
    return {
        (row.site, row.study)
        for row, state, _ in changes.values()
        if state is InstanceState.REPLACED and row.state in _STANDING
    }


def _key(one: StoredInstance) -> tuple[str, str, str]:
    return (one.site, one.sop, one.sha256)


async def _close(
    unit: Unit, arrivals: Sequence[Arrival], persons: Mapping[str, str], now_us: int
) -> None:
    """The messages' own states, and one audit event for each study that took something."""
    await messages.settle(unit, [_settlement(one) for one in arrivals], now_us)
    by_study: dict[tuple[str, str], list[Arrival]] = {}
    for one in arrivals:
        if one.home is not None and one.study is not None:
            by_study.setdefault((one.home, one.study), []).append(one)
    events = []
    for (home, study), group in sorted(by_study.items()):
        first = group[0]
        detail = f"message {first.message.id}"
        if len(group) > 1:
            detail += f" and {len(group) - 1} more"
        subject = Subject(home, persons.get(home), (f"ImagingStudy/{study}",))
        actor = worker_of(first.site, str(first.message.meta.get("client", "hub")))
        events.append(
            Event(EventType.PROCESS, Action.CREATE, actor, subjects=(subject,), detail=detail)
        )
    await ledger.append_all(unit, events)


def _settlement(one: Arrival) -> Settlement:
    held = one.is_held
    stage = next((i.stage for i in one.issues if i.severity is Severity.HOLD), "decode")
    sent = bounds(one.decoded.sent) if one.decoded.sent else None
    return Settlement(
        id=one.message.id,
        state=State.HELD if held else State.STORED,
        stage=stage if held else "stored",
        kind=one.decoded.kind,
        sent_us=None if sent is None else sent[0],
        issues=one.issues,
        records=one.produced,
    )


def worker_of(site: Site, client: str) -> Actor:
    """Who work on a site's messages is done for."""
    return Actor(
        kind=ActorKind.CLIENT,
        client=client,
        subject=f"site:{site.id}",
        institution=site.institution,
        purpose=Purpose.TREATMENT,
        scopes=frozenset(),
    )
