"""Business keys: by which number each resource of a report is found again.

Ids are random; a key says which resource a message speaks of. A report is known by the filler's
number, else the placer's; a result by its report, code and sub-id; a patient by the site's own
number, else a document's, else by the report alone (then no other report joins it).
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from hie.adapter import Issue, Severity, Site
from hie.fhir import INSTITUTION, site_system
from hie.records import Identifier, Institution, LabReportRecord, Staff


class Key(NamedTuple):
    """Resource type, system and value of a business identifier."""

    type: str
    system: str
    value: str


@dataclass(frozen=True, slots=True)
class ReportKeys:
    """The keys of everything one report speaks of; `results` follow the record's results."""

    patient: Key
    report: Key
    order: Key
    provenance: Key
    results: tuple[Key, ...]
    specimens: tuple[Key, ...]
    institutions: dict[str, Key]
    staff: dict[str, Key]
    device: Key | None
    number: str
    issues: tuple[Issue, ...] = ()

    def every(self) -> list[Key]:
        """Every key, each once."""
        found = [self.patient, self.report, self.order, self.provenance]
        found += [*self.results, *self.specimens, *self.institutions.values()]
        found += self.staff.values()
        if self.device is not None:
            found.append(self.device)
        return list(dict.fromkeys(found))


def business_keys(report: LabReportRecord, site: Site, message: str) -> ReportKeys | Issue:
    """The keys of a report, or the issue that it has no number at all."""
    number = report.filler or report.placer
    if number is None or not number.value:
        return Issue(
            "build", "no-report-number", Severity.HOLD, report.path, "a filler or placer number"
        )
    name = number.value if report.filler else f"placer:{number.value}"
    results, issues = _results(report, site, name)
    institutions = {
        found_code(one): Key("Organization", *_institution(one, site))
        for one in _institutions(report, site)
    }
    staff = {
        staff_code(one): Key("Practitioner", site_system(site.id, "staff"), staff_code(one))
        for one in _staff(report)
    }
    devices = sorted({r.device.text for r in report.results if r.device})
    device = Key("Device", site_system(site.id, "device"), devices[0]) if devices else None
    return ReportKeys(
        patient=_patient(report, site, name),
        report=Key("DiagnosticReport", site_system(site.id, "filler"), name),
        order=Key("ServiceRequest", site_system(site.id, "filler"), name),
        provenance=Key("Provenance", "urn:hie:message", f"{message}/{name}"),
        results=results,
        specimens=tuple(
            Key("Specimen", site_system(site.id, "specimen"), _specimen(report, place, name))
            for place in range(len(report.specimens))
        ),
        institutions=institutions,
        staff=staff,
        device=device,
        number=name,
        issues=tuple(issues),
    )


def found_code(one: Institution) -> str:
    """How an institution is told apart: its code, else its name."""
    return one.code or f"name:{one.name}"


def staff_code(one: Staff) -> str:
    """How a member of staff is told apart within a site: the number, else the name."""
    return one.id or f"name:{one.name}"


def _institution(one: Institution, site: Site) -> tuple[str, str]:
    if one.code:
        return INSTITUTION, one.code
    return site_system(site.id, "institution"), one.name or ""


def _institutions(report: LabReportRecord, site: Site) -> list[Institution]:
    named = [report.performer, report.requested_by, *(r.performer for r in report.results)]
    known = [one for one in named if one is not None and (one.code or one.name)]
    return [Institution("site", site.institution), *known]


def _staff(report: LabReportRecord) -> list[Staff]:
    named = [*report.reviewers, *report.authors, *(s for r in report.results for s in r.staff)]
    if report.requester is not None:
        named.append(report.requester)
    return [one for one in named if one.id or one.name]


def _patient(report: LabReportRecord, site: Site, number: str) -> Key:
    identifiers = report.patient.identifiers
    own = next((one for one in identifiers if is_local(one)), None)
    if own is not None:
        return Key("Patient", local_system(own, site), own.value)
    if identifiers:
        first = identifiers[0]
        return Key("Patient", site_system(site.id, first.type or "patient"), first.value)
    return Key("Patient", site_system(site.id, "filler"), number)


def is_local(one: Identifier) -> bool:
    """Whether an identifier is a number of the site, not of a person everywhere."""
    return one.type not in DOCUMENTS


DOCUMENTS = frozenset(
    {
        "resident-id",
        "passport",
        "residence-permit",
        "hk-macao-permit",
        "taiwan-permit",
        "insurance",
        "household-book",
        "officer-card",
        "driving-licence",
    }
)


def local_system(one: Identifier, site: Site) -> str:
    """The system of a site's own number: an OID authority as such, else the site's."""
    if one.authority and one.authority.replace(".", "").isdigit():
        return f"urn:oid:{one.authority}"
    kind = one.type if one.type in {"outpatient-no", "inpatient-no"} else "patient"
    return site_system(site.id, kind)


def _specimen(report: LabReportRecord, place: int, number: str) -> str:
    ids = report.specimens[place].ids
    return ids[0].value if ids else f"{number}/{place + 1}"


def _results(
    report: LabReportRecord, site: Site, number: str
) -> tuple[tuple[Key, ...], list[Issue]]:
    """A result is its report, code and sub-id; a repeat without sub-id gets its place."""
    seen: Counter[str] = Counter()
    keys: list[Key] = []
    issues: list[Issue] = []
    system = site_system(site.id, "result")
    for result in report.results:
        code = result.code.code or result.code.display or result.code.text or ""
        value = f"{number}/{code}/{result.sub_id or ''}"
        seen[value] += 1
        if seen[value] > 1:
            issues.append(
                Issue("build", "repeated-result", Severity.WARN, result.path, "a sub-id (OBX-4)")
            )
            value = f"{value}#{seen[value]}"
        keys.append(Key("Observation", system, value))
    return tuple(keys), issues
