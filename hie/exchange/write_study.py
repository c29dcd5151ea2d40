"""A study's current instances become its resources, written as versions in this unit of work.

Called when a study is first met (`registered`) and when it is published (`available`); in between
only rows of instances change, so that a CT of a thousand slices is two versions and not a thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from hie.adapter import Issue, Severity, Site
from hie.canonical.context import BuildContext
from hie.canonical.imaging import StudyStatus, build_study
from hie.canonical.keys import Key
from hie.canonical.patient import says_no_more
from hie.canonical.study_facts import StudyFacts
from hie.canonical.study_keys import StudyKeys, study_keys
from hie.exchange import label_study, link_study
from hie.exchange.hub import Hub
from hie.exchange.image_access import Access
from hie.exchange.settle import same_content
from hie.fhir import Resource
from hie.fhir.elements import instant
from hie.fhir.profile import check
from hie.identity.identifiers import check as defect
from hie.records import InstanceRecord
from hie.store import locate, resources
from hie.store.imaging_keys import ImagingKey, KeyKind
from hie.store.resources import Put
from hie.store.served import Stored
from hie.store.session import Unit
from hie.store.tables import HOMELESS

_OF_THE_SITE = frozenset({"ImagingStudy", "DocumentReference"})


@dataclass(frozen=True, slots=True)
class Source:
    """The message a version is written for: the newest instance's."""

    site: Site
    message: str
    digest: str
    sent: str | None


@dataclass(slots=True)
class Written:
    """What writing a study made of it; with a blocking issue nothing was written.

    `study` is the version that was written, `before` the one it follows.
    """

    home: str
    id: str
    issues: list[Issue] = field(default_factory=list)
    produced: list[tuple[str, str, int]] = field(default_factory=list)
    patients: dict[str, Resource] = field(default_factory=dict)
    before: Stored | None = None
    study: Resource | None = None

    @property
    def is_refused(self) -> bool:
        """Whether something of it does not hold."""
        return any(issue.severity is Severity.HOLD for issue in self.issues)


async def write_study(
    hub: Hub,
    unit: Unit,
    source: Source,
    records: Sequence[InstanceRecord],
    facts: StudyFacts,
    status: StudyStatus,
    *,
    known: tuple[str, str] | None,
    access: Access,
    now_us: int,
    withdrawn: Sequence[InstanceRecord] = (),
) -> Written:
    """Write what these instances say; `known` are the study's home and id, None at first sight.

    Of `withdrawn`, which a note rejected, documents are said to be in error.

    The caller holds the locks of the study and of its patient's numbers.
    """
    site, today = source.site, instant(now_us).date()
    keys = study_keys(records, site, source.message, withdrawn)
    owners = {key: _owner(key, site) for key in keys.every()}
    if known is not None:
        del owners[keys.study]
        owners.pop(keys.patient)
    claimed = await locate.claim_all(unit, [(owner, *key) for key, owner in owners.items()])
    ids = {Key(*key[1:]): found for key, (found, _) in claimed.items()}
    if known is not None:
        ids |= {keys.patient: known[0], keys.study: known[1]}
    written = Written(ids[keys.patient], ids[keys.study])
    standing = await resources.current(unit, sorted({(key.type, one) for key, one in ids.items()}))
    gone = [
        (owner, Key(*key), found)
        for (owner, *key), (found, is_new) in claimed.items()
        if not is_new and (key[0], found) not in standing
    ]
    await locate.keep(unit, gone)  # deleted since its key was read: it comes again under its id
    before = standing.get(("ImagingStudy", written.id))
    made = build_study(
        records,
        keys,
        _context(hub, source, keys, ids, standing, today, now_us),
        facts,
        status=status,
        endpoint=f"{hub.settings.address}/dicom-web/sites/{site.id}" if access.served else None,
        source=access.source,
        reachable=access.reachable,
        based_on=_orders(before),
        withdrawn=withdrawn,
    )
    written.issues += made.issues
    for resource in made.resources.values():
        for fault in check(resource):
            issue = Issue("check", fault.code, Severity.HOLD, fault.path, fault.expected)
            written.issues.append(issue)
    if written.is_refused:
        return written
    puts = []
    for key, resource in made.resources.items():
        if not _says_more(standing.get((key.type, ids[key])), key, resource):
            continue
        home = "" if key.type in HOMELESS else written.home
        one = Put(key.type, home, ids[key], resource, source.message, owner=source.site.institution)
        puts.append(one)
        if key.type == "Patient":
            written.patients[written.home] = resource
        if key.type == "ImagingStudy":
            written.before, written.study = before, resource
    if not any(put.type == "ImagingStudy" for put in puts):
        puts = [put for put in puts if put.type != "Provenance"]
    # Before anything is written: a report of another patient holds the study.
    written.issues += await link_study.study_arrives(
        unit,
        site.institution,
        written.id,
        written.home,
        made.resources[keys.patient],
        numbers_of(records),
        on=today,
        now_us=now_us,
    )
    if not written.is_refused:
        reports = await link_study.reports_of(unit, site.institution, numbers_of(records))
        puts = await label_study.labelled(unit, puts, records, reports)
        written.produced += await resources.put(unit, puts, now_us=now_us)
    return written


def numbers_of(records: Sequence[InstanceRecord]) -> list[ImagingKey]:
    """What a study is known by: its UID, its accession numbers, the numbers of its orders."""
    found: list[ImagingKey] = []
    for one in records:
        found.append(ImagingKey(KeyKind.STUDY, one.study.uid))
        if one.study.accession is not None:
            found.append(ImagingKey(KeyKind.ACCESSION, one.study.accession.value))
        found += [ImagingKey(KeyKind.ORDER, order.value) for order in one.study.orders]
    return list(dict.fromkeys(found))


def _owner(key: Key, site: Site) -> str:
    """Who owns a key: a study is its site's, for two archives of one hospital may both hold it."""
    if key.type == "Organization":
        return ""
    return site.id if key.type in _OF_THE_SITE else site.institution


def _says_more(stored: Stored | None, key: Key, resource: Resource) -> bool:
    """Whether a version is to be written: first words about staff and institutions stand."""
    if stored is None:
        return True
    if key.type in HOMELESS and key.type != "Endpoint":
        return False
    was = stored.resource()
    if key.type == "Patient" and says_no_more(was, resource):
        return False
    return not same_content(was, resource)


def _orders(before: Stored | None) -> list[str]:
    """The orders a study was linked with stay linked."""
    found = [] if before is None else before.resource().get("basedOn", ())
    return [one["reference"] for one in found if one.get("reference")]


def _context(
    hub: Hub,
    source: Source,
    keys: StudyKeys,
    ids: dict[Key, str],
    standing: dict[tuple[str, str], Stored],
    today: date,
    now_us: int,
) -> BuildContext:
    adapter = hub.adapters[source.site.adapter]
    existing = {
        key: stored.resource()
        for key in keys.leans_on
        if (stored := standing.get((key.type, ids[key]))) is not None
    }

    def defects(kind: str, value: str) -> str | None:
        found = defect(kind, value, today)
        return None if found is None else str(found)

    return BuildContext(
        site=source.site,
        message=source.message,
        message_hash=source.digest,
        sent=source.sent,
        adapter=f"{adapter.name} {adapter.version}",
        ids=ids,
        existing=existing,
        maps={},
        items=hub.item_units,
        loinc=hub.loinc,
        defects=defects,
        recorded=instant(now_us).isoformat(timespec="milliseconds"),
    )
