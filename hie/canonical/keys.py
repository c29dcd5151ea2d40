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
from hie.records import (
    Identifier,
    ImagingReportRecord,
    Institution,
    LabReportRecord,
    Result,
    SpecimenRecord,
    Staff,
    VisitRecord,
)

Report = LabReportRecord | ImagingReportRecord


class Key(NamedTuple):
    """Resource type, system and value of a business identifier."""

    type: str
    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Parties:
    """Institutions and people a report names, each by how it is told apart."""

    institutions: dict[str, Institution]
    staff: dict[str, Staff]
    roles: dict[str, Staff]  # those whose department is known


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
    roles: dict[str, Key]
    device: Key | None
    number: str
    parties: Parties
    leans_on: tuple[Key, ...]  # whose standing versions are needed to build this report
    issues: tuple[Issue, ...] = ()

    def every(self) -> list[Key]:
        """Every key, each once."""
        found = [self.patient, self.report, self.order, self.provenance]
        found += [*self.results, *self.specimens, *self.institutions.values()]
        found += [*self.staff.values(), *self.roles.values()]
        if self.device is not None:
            found.append(self.device)
        return list(dict.fromkeys(found))


def business_keys(report: Report, site: Site, message: str) -> ReportKeys | Issue:
    """The keys of a report, or the issue that it has no number at all."""
    number = report.filler or report.placer
    if number is None or not number.value:
        return Issue(
            "build", "no-report-number", Severity.HOLD, report.path, "a filler or placer number"
        )
    name = number.value if report.filler else f"placer:{number.value}"
    said = report if isinstance(report, LabReportRecord) else None
    results, issues = _results(said.results, site, name) if said else ((), [])
    found = parties(report, site)
    system = site_system(site.id, "staff")
    devices = sorted({r.device.text for r in said.results if r.device}) if said else []
    device = Key("Device", site_system(site.id, "device"), devices[0]) if devices else None
    patient = _patient(report, site, name)
    own = Key("DiagnosticReport", site_system(site.id, "filler"), name)
    resent = (
        [k for k, r in zip(results, said.results, strict=True) if keeps_value(r)] if said else []
    )
    return ReportKeys(
        patient=patient,
        report=own,
        order=Key("ServiceRequest", site_system(site.id, "filler"), name),
        provenance=Key("Provenance", "urn:hie:message", f"{message}/{name}"),
        results=results,
        specimens=_specimens(said.specimens, site, name) if said else (),
        institutions={
            code: Key("Organization", *_institution(one, site))
            for code, one in found.institutions.items()
        },
        staff={code: Key("Practitioner", system, code) for code in found.staff},
        roles={
            name: Key("PractitionerRole", site_system(site.id, "role"), name)
            for name in found.roles
        },
        device=device,
        number=name,
        parties=found,
        leans_on=(patient, own, *resent),
        issues=tuple(issues),
    )


def keeps_value(result: Result) -> bool:
    """OBX-11 U without a value: the result is final now, its value was sent before."""
    sent = result.status_code
    return sent is not None and sent.text == "U" and result.value is None and not result.components


def found_code(one: Institution) -> str:
    """How an institution is told apart: its code, else its name."""
    return one.code or f"name:{one.name}"


def staff_code(one: Staff) -> str:
    """How a member of staff is told apart within a site: the number, else the name."""
    return one.id or f"name:{one.name}"


def role_code(one: Staff, site: Site) -> str | None:
    """How a member of staff in a department is told apart; None: no department is known.

    Staff numbers are the site's own, so the institution is the site's.
    """
    department = one.department
    if department is None:
        return None
    unit = department.code or department.display or department.text
    return f"{staff_code(one)}|{site.institution}|{unit}" if unit else None


def parties(report: Report, site: Site) -> Parties:
    """Every institution and person of a report; a name is taken from where one is given."""
    named = [report.performer, report.requested_by]
    groups = [report.reviewers, report.authors]
    if report.requester is not None:
        groups.append((report.requester,))
    if isinstance(report, LabReportRecord):
        named += {id(r.performer): r.performer for r in report.results}.values()
        groups += {id(r.staff): r.staff for r in report.results}.values()
    institutions = {site.institution: Institution("site", site.institution)}
    for one in named:
        if one is not None and (one.code or one.name):
            institutions.setdefault(found_code(one), one)
    staff: dict[str, Staff] = {}
    roles: dict[str, Staff] = {}
    for person in (one for group in groups for one in group if one.id or one.name):
        code = staff_code(person)
        if code not in staff or (person.name and not staff[code].name):
            staff[code] = person
        role = role_code(person, site) if person.department is not None else None
        if role is not None:
            roles.setdefault(role, person)
    return Parties(institutions, staff, roles)


def _institution(one: Institution, site: Site) -> tuple[str, str]:
    if one.code:
        return INSTITUTION, one.code
    return site_system(site.id, "institution"), one.name or ""


def _patient(report: Report | VisitRecord, site: Site, number: str) -> Key:
    identifiers = report.patient.identifiers
    own = next((one for one in identifiers if is_local(one)), None)
    if own is not None:
        return Key("Patient", local_system(own, site), own.value)
    if identifiers:
        first = identifiers[0]
        return Key("Patient", site_system(site.id, first.type or "patient"), first.value)
    return Key("Patient", site_system(site.id, "filler"), number)


@dataclass(frozen=True, slots=True)
class VisitKeys:
    """The keys of what a message of a visit speaks of."""

    patient: Key
    encounter: Key
    institution: Key

    def every(self) -> tuple[Key, Key, Key]:
        """Every key, each once."""
        return self.patient, self.encounter, self.institution


def visit_keys(record: VisitRecord, site: Site) -> VisitKeys | Issue:
    """The keys of a visit, or the issue that it has no number at all."""
    number = record.visit.number
    if number is None or not number.text:
        return Issue("build", "no-visit-number", Severity.HOLD, record.path, "a visit number")
    return VisitKeys(
        _patient(record, site, f"visit:{number.text}"),
        Key("Encounter", site_system(site.id, "visit"), number.text),
        Key("Organization", INSTITUTION, site.institution),
    )


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


def _specimens(specimens: tuple[SpecimenRecord, ...], site: Site, number: str) -> tuple[Key, ...]:
    system = site_system(site.id, "specimen")
    return tuple(
        Key("Specimen", system, one.ids[0].value if one.ids else f"{number}/{place}")
        for place, one in enumerate(specimens, start=1)
    )


def _results(
    results: tuple[Result, ...], site: Site, number: str
) -> tuple[tuple[Key, ...], list[Issue]]:
    """A result is its report, code and sub-id; a repeat without sub-id gets its place."""
    seen: Counter[str] = Counter()
    keys: list[Key] = []
    issues: list[Issue] = []
    system = site_system(site.id, "result")
    for result in results:
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
