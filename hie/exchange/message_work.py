"""One message on its way: what it says, by which keys, what is wrong with it, what it made."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hie.access.actor import Actor, ActorKind, Purpose
from hie.adapter import Decoded, Issue, Severity, Site
from hie.canonical.joined import join
from hie.canonical.keys import Key, Report, ReportKeys, VisitKeys, business_keys, visit_keys
from hie.canonical.laboratory import UNMAPPED
from hie.exchange import reopen, sites
from hie.exchange.hub import Hub
from hie.exchange.label_flow import Node
from hie.exchange.noticed import noticed
from hie.fhir.elements import bounds
from hie.records import ImagingReportRecord, LabReportRecord, Time, VisitRecord
from hie.store import messages
from hie.store.code_maps import Seen
from hie.store.messages import Message
from hie.store.session import Unit

_ASIDE = "unsupported-type"  # an adapter's word for a type that it does not read
_FUTURE_US = 24 * 3600 * 1_000_000


@dataclass(slots=True)
class Work:
    """One message on its way: what it says, what is wrong with it, what it made."""

    message: Message
    site: Site
    digest: str
    decoded: Decoded
    issues: list[Issue]
    reports: list[tuple[Report, ReportKeys]] = field(default_factory=list)
    visits: list[tuple[VisitRecord, VisitKeys]] = field(default_factory=list)
    produced: list[tuple[str, str, int]] = field(default_factory=list)
    homes: dict[str, set[str]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    revisions: list[reopen.Revision] = field(default_factory=list)
    lends: dict[tuple[str, str], Node] = field(default_factory=dict)  # reports with a study
    kept_labels: dict[str, set[str]] = field(default_factory=dict)  # of which it says less
    repeated: dict[tuple[str, str], int] = field(default_factory=dict)  # labels of what it repeats
    speaks_of: dict[Key, None] = field(default_factory=dict)  # every key of its reports, once

    @property
    def is_refused(self) -> bool:
        """Whether nothing of this message can be stored."""
        blocking = any(i.severity is Severity.HOLD and i.code != UNMAPPED for i in self.issues)
        return blocking or not (self.reports or self.visits)

    @property
    def is_aside(self) -> bool:
        """Whether the profile leaves messages of this type aside: taken, with a warning."""
        aside = any(i.code == _ASIDE and i.severity is Severity.WARN for i in self.issues)
        return aside and not any(i.severity is Severity.HOLD for i in self.issues)


async def decoded(hub: Hub, unit: Unit, taken: Sequence[Message], now_us: int) -> list[Work]:
    """What each message says, with the business keys of its reports and what is wrong so far."""
    contents = await messages.contents(unit, [message.id for message in taken])
    known = await sites.all_sites(hub)
    works = []
    for message in taken:
        site = known[message.site].site
        content = contents[message.id]
        said = hub.adapters[site.adapter].decode(content, site)
        digest = hashlib.sha256(content).hexdigest()
        issues = [*noticed(message.meta), *said.issues]
        work = Work(message, site, digest, said, issues)
        sent = bounds(said.sent) if said.sent else None
        if sent is not None and sent[0] > now_us + _FUTURE_US:
            work.issues.append(
                Issue("check", "future-time", Severity.HOLD, "MSH-7", "at most 24 hours ahead")
            )
        records, odd = join(said.records)
        work.issues += odd
        for record in records:
            if isinstance(record, VisitRecord):
                _take_visit(work, record, now_us)
            if not isinstance(record, LabReportRecord | ImagingReportRecord):
                continue
            keys = business_keys(record, site, message.id)
            if isinstance(keys, Issue):
                work.issues.append(keys)
                continue
            work.issues += keys.issues
            work.issues += _ahead(_times(record), now_us)
            work.reports.append((record, keys))
            work.speaks_of.update(dict.fromkeys(keys.every()))
        is_held = any(issue.severity is Severity.HOLD for issue in work.issues)
        if not said.records and not is_held and not work.is_aside:
            work.issues.append(
                Issue("decode", "nothing-to-store", Severity.HOLD, "message", "at least one report")
            )
        works.append(work)
    return works


def _take_visit(work: Work, record: VisitRecord, now_us: int) -> None:
    found = visit_keys(record, work.site)
    if isinstance(found, Issue):
        work.issues.append(found)
        return
    work.issues += _ahead((record.visit.admitted, record.visit.discharged), now_us)
    work.visits.append((record, found))
    work.speaks_of.update(dict.fromkeys(found.every()))


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


def microseconds(text: str | None) -> int | None:
    """The first microsecond of a FHIR time; None if there is none."""
    found = bounds(text) if text else None
    return None if found is None else found[0]


def worker_of(work: Work) -> Actor:
    """Who work on a site's messages is done for."""
    return Actor(
        kind=ActorKind.CLIENT,
        client=str(work.message.meta.get("client", "hub")),
        subject=f"site:{work.site.id}",
        institution=work.site.institution,
        purpose=Purpose.TREATMENT,
        scopes=frozenset(),
    )
