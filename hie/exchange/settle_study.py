"""What becomes of arrived instances, inside one unit of work: take each into its study, or hold it.

Decided by content, never by order; a study that names another patient, or another accession number,
is held and never merged. The study itself is published later (`publish_study`).
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from hie.adapter import Issue, Severity
from hie.canonical.study_facts import study_facts
from hie.canonical.study_identity import patient_conflicts
from hie.exchange import identify
from hie.exchange.close_arrivals import close
from hie.exchange.hub import Hub
from hie.exchange.image_access import access_of
from hie.exchange.instance_arrivals import Arrival, Place, decoded, locks
from hie.exchange.instance_standing import Changes, key_of, moved_from, same_instances, take
from hie.exchange.named import Named
from hie.exchange.write_study import Source, write_study
from hie.fhir import Resource
from hie.fhir.elements import instant
from hie.records import InstanceRecord
from hie.store import instances, studies
from hie.store.instances import InstanceState
from hie.store.session import Unit
from hie.store.studies import StudyRow, StudyState

__all__ = ["decoded", "locks", "settle"]  # the three steps of processing


async def settle(hub: Hub, unit: Unit, arrivals: Sequence[Arrival], now_us: int) -> None:
    """Take or hold each of these, in this unit; the caller holds their locks."""
    if not arrivals:
        return
    known = await studies.get_many(unit, sorted({one.place for one in arrivals if one.record}))
    others = await same_instances(unit, arrivals)
    changes: Changes = {}
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
                take(one, others, changes)
                one.home, one.study = row.home, row.id
                touched[one.place] = _due(unit, row, one, record, now_us)
        facts = None if record is None else msgspec.msgpack.encode(record)
        state = InstanceState.HELD if one.is_held else one.state
        changes[key_of(one.instance)] = (one.instance, state, facts)
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
    for place in {*moved_from(changes), *held} - touched.keys():
        await studies.mark_changed(unit, *place, now_us + held.get(place, 0))
    today = instant(now_us).date()
    persons = await identify.identify(unit, patients, today, now_us) if patients else {}
    await close(unit, arrivals, persons, now_us)


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
