"""The reports of one message are built, checked and settled against what stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from hie.adapter import Issue, Severity
from hie.canonical.imaging_report import build_imaging
from hie.canonical.keys import Key, ReportKeys, VisitKeys
from hie.canonical.laboratory import BuildContext, Built, build
from hie.canonical.patient import says_no_more
from hie.exchange import label_flow, labelling, link_study, reopen
from hie.exchange.hub import Hub
from hie.exchange.message_work import Work, microseconds, worker_of
from hie.exchange.settle import Settled, Standing, settle
from hie.fhir import Resource
from hie.fhir.elements import instant
from hie.fhir.profile import check
from hie.identity.identifiers import check as defect
from hie.records import ImagingReportRecord
from hie.store import resources, studies
from hie.store.code_maps import Seen
from hie.store.resources import First, Put
from hie.store.served import Stored
from hie.store.session import Unit
from hie.terminology.concept_map import MapEntry

HOMELESS_SENT = frozenset({"Organization", "Practitioner", "PractitionerRole", "Device"})


@dataclass(slots=True)
class Settling:
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
        told = [(one[0], *two) for one, two in zip(self.work.reports, built, strict=True)]
        labels = await labelling.labels_of_reports(self, told, self.hub.loinc)
        for keys, made in built:
            place = ("DiagnosticReport", self.ids[keys.report])
            tree = made.resources[keys.report]
            if labels[place] and tree.get("imagingStudy"):
                node = label_flow.Node(self.ids[keys.patient], tree, labels[place])
                self.work.lends[place] = node
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
                place = (key.type, self.ids[key])
                label = labels.get(place)
                is_same = await self.settle_one(
                    key, resource, keys, home, pending, writer, patients, label
                )
                if labelling.is_kept(self.standing.get(place), label):
                    self.work.kept_labels.setdefault(home, set()).add("/".join(place))
                is_next = writer.get(place) is self.work
                if labelling.is_told(self.standing.get(place), label, is_same, is_next):
                    self.work.repeated[place] = label or 0

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
            defects=self.defects,
            recorded=instant(self.now_us).isoformat(timespec="milliseconds"),
        )

    def defects(self, kind: str, value: str) -> str | None:
        """What is wrong with an identifier today."""
        found = defect(kind, value, self.today)
        return None if found is None else str(found)

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
        for key, resource in made.resources.items():
            if key.type in HOMELESS_SENT and (key.type, self.ids[key]) in self.standing:
                continue  # the first word about it stands; this one is not stored
            for fault in check(resource):
                yield Issue("check", fault.code, Severity.HOLD, fault.path, fault.expected)

    async def settle_one(
        self,
        key: Key,
        resource: Resource,
        keys: ReportKeys | VisitKeys,
        home: str,
        pending: list[Put | First],
        writer: dict[tuple[str, str], Work],
        patients: dict[str, Resource],
        label: int | None,
    ) -> bool:
        """Settle one resource; whether it says what is there already."""
        found = self.ids[key]
        place = (key.type, found)
        if place in writer:
            return False  # an institution or member of staff this batch already wrote
        is_result = key.type == "Observation"
        put = Put(
            type=key.type,
            home="" if key.type in HOMELESS_SENT else home,
            id=found,
            resource=resource,
            message=self.work.message.id,
            report=self.ids[keys.report] if isinstance(keys, ReportKeys) and is_result else None,
            owner=self.work.site.institution,
            label=label,
        )
        stored = self.standing.get(place)
        if stored is None:
            verdict = Settled.NEW
        elif key.type in HOMELESS_SENT:
            return False  # the first word about an institution or member of staff stands
        else:
            was = stored.resource()
            verdict = settle(was, resource, self._was(was, stored), self._now(resource))
            if key.type == "Patient" and says_no_more(was, resource):
                verdict = Settled.UNCHANGED
        if verdict is Settled.UNCHANGED:
            return True
        if verdict is Settled.LATE and stored is not None:
            if self.work.message.attempts == 0:
                version = await resources.reinstate(self.unit, put, stored, now_us=self.now_us)
                self.work.produced.append((*place, version))
                self.standing.update(await resources.current(self.unit, [place]))
                issue = Issue("store", "late-version", Severity.INFO, key.type, "a newer status")
                self.work.issues.append(issue)
            return False
        if key in self.fresh:
            self.fresh.remove(key)
            pending.append(resources.first(self.unit, put, self.now_us))
        else:
            pending.append(put)
        if stored is not None:
            self.work.revisions += reopen.revision(
                worker_of(self.work), *place, was, stored.version, resource
            )
        writer[place] = self.work
        if key.type == "Patient":
            patients[found] = resource
        return False

    def _was(self, resource: Resource, stored: Stored) -> Standing:
        sent = self.sent.get(stored.message) if stored.message else None
        return Standing(resource.get("status"), microseconds(resource.get("issued")), sent)

    def _now(self, resource: Resource) -> Standing:
        return Standing(
            resource.get("status"),
            microseconds(resource.get("issued")),
            microseconds(self.work.decoded.sent),
        )
