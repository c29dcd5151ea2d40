"""A study and its report find each other within an institution, whichever comes first.

By StudyInstanceUID, else by accession number, else by the order's numbers; the surest that finds
anything decides. Each registers what it is known by (`hie.store.imaging_keys`) and looks for the
other, under locks on those numbers, so that two that arrive at one moment do not miss each other.
A study of another patient is never linked: the message that says so is held. What is not found is
told (`study-not-found`, `report-not-found`), and nothing is invented in its place.

    await hold(unit, lock_names(owner, numbers))               # before either of these
    await find_studies(unit, owner, numbers, home, patient, on) -> Linked        # a report arrives
    await register_report(unit, owner, report, home, numbers)                    # ... and is stored
    await study_arrives(unit, owner, study, home, patient, numbers, on, now_us)  # a study is stored
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hie.adapter import Issue, Severity
from hie.fhir import Resource
from hie.identity.traits import compare, read_traits
from hie.records import ImagingReportRecord
from hie.store import imaging_keys, persons, resources
from hie.store.imaging_keys import Found, ImagingKey, KeyKind
from hie.store.resources import Put
from hie.store.session import Unit

_STUDY, _REPORT = "ImagingStudy", "DiagnosticReport"


@dataclass(frozen=True, slots=True)
class Linked:
    """References to what was found, and what is to be told."""

    references: tuple[str, ...]
    issues: tuple[Issue, ...]


def numbers_of(report: ImagingReportRecord) -> list[ImagingKey]:
    """What an imaging report's study may be known by, the surest first."""
    found = []
    if report.study_uid is not None:
        found.append(ImagingKey(KeyKind.STUDY, report.study_uid.text))
    if report.accession is not None:
        found.append(ImagingKey(KeyKind.ACCESSION, report.accession.value))
    found += [
        ImagingKey(KeyKind.ORDER, number.value)
        for number in (report.filler, report.placer)
        if number is not None and number.value
    ]
    return found


def lock_names(owner: str, numbers: Iterable[ImagingKey]) -> list[str]:
    """The locks that a study and its report both take before they look for each other."""
    uid = KeyKind.STUDY  # any other number may be the other side's number of another kind
    return sorted(
        {f"imaging:{owner}:{'uid' if one.kind is uid else ''}:{one.value}" for one in numbers}
    )


async def find_studies(
    unit: Unit,
    owner: str,
    numbers: Sequence[ImagingKey],
    home: str,
    patient: Resource,
    on: date,
    path: str = _REPORT,
) -> Linked:
    """The studies a report tells of; `patient` is the report's Patient, of this home."""
    found = await imaging_keys.find(unit, owner, _STUDY, _with_accession(numbers))
    own, others = await _by_patient(unit, _surest(found), home, patient, on)
    if not own and not others:
        return Linked((), (_told("study-not-found", Severity.INFO, path, "the images' study"),))
    issues = _of_others(others, own, "study-of-another-patient", path)
    return Linked(tuple(f"{_STUDY}/{one.id}" for one in own), tuple(issues))


async def register_report(
    unit: Unit, owner: str, report: str, home: str, numbers: Iterable[ImagingKey]
) -> None:
    """Let a stored report be found by a study that comes later."""
    await imaging_keys.register(unit, owner, _REPORT, report, home, _with_accession(numbers))


async def study_arrives(
    unit: Unit,
    owner: str,
    study: str,
    home: str,
    patient: Resource,
    numbers: Sequence[ImagingKey],
    *,
    on: date,
    now_us: int,
    path: str = _STUDY,
) -> list[Issue]:
    """Register a stored study and link the reports that wait for it; what is to be told.

    A report gets a version of its own that names the study. With an issue of severity HOLD
    (`report-of-another-patient`) nothing was registered or linked.
    """
    known = _with_accession(numbers)
    found = await imaging_keys.find(unit, owner, _REPORT, known)
    own, others = await _by_patient(unit, _surest(found), home, patient, on)
    issues = _of_others(others, own, "report-of-another-patient", path)
    if any(issue.severity is Severity.HOLD for issue in issues):
        return issues
    await imaging_keys.register(unit, owner, _STUDY, study, home, known)
    if not own:
        return [*issues, _told("report-not-found", Severity.INFO, path, "the study's report")]
    standing = await resources.current(unit, [(_REPORT, one.id) for one in own])
    puts = []
    for stored in standing.values():
        report = stored.resource()
        linked = with_studies(report, (f"{_STUDY}/{study}",))
        if linked is not report:
            one = Put(_REPORT, stored.home, stored.id, linked, stored.message, owner=stored.owner)
            puts.append(one)
    if puts:
        await resources.put(unit, puts, now_us=now_us)
    return issues


async def reports_of(
    unit: Unit, owner: str, numbers: Sequence[ImagingKey]
) -> list[tuple[str, str]]:
    """The stored reports that a study's numbers lead to, whether they name it or not."""
    found = await imaging_keys.find(unit, owner, _REPORT, _with_accession(numbers))
    return [(_REPORT, one.id) for one in found]


def with_studies(report: Resource, references: Iterable[str]) -> Resource:
    """The report naming these studies too; itself when it names them already."""
    named = [one.get("reference") for one in report.get("imagingStudy", ())]
    more = [one for one in references if one not in named]
    if not more:
        return report
    studies = [*report.get("imagingStudy", ()), *({"reference": one} for one in more)]
    made: dict[str, Any] = {}
    for name, part in report.items():
        if name == "imagingStudy":
            continue
        if name in ("media", "conclusion", "conclusionCode", "presentedForm"):
            made.setdefault("imagingStudy", studies)
        made[name] = part
    made.setdefault("imagingStudy", studies)
    return made


def _with_accession(numbers: Iterable[ImagingKey]) -> list[ImagingKey]:
    """An accession number is often sent as the filler's: each is looked for as the other too."""
    known = list(numbers)
    known += [
        ImagingKey(kind, one.value)
        for one in known
        for kind in (KeyKind.ACCESSION, KeyKind.ORDER)
        if one.kind in (KeyKind.ACCESSION, KeyKind.ORDER) and one.kind is not kind
    ]
    return list(dict.fromkeys(known))


def _surest(found: Sequence[Found]) -> list[Found]:
    """Those found by the surest kind of number alone."""
    return [one for one in found if one.kind == found[0].kind] if found else []


async def _by_patient(
    unit: Unit, found: Sequence[Found], home: str, patient: Resource, on: date
) -> tuple[list[Found], list[Found]]:
    """Those of the same patient, and those of another."""
    own = [one for one in found if one.home == home]
    rest = [one for one in found if one.home != home]
    if not rest:
        return own, []
    homes = sorted({home, *(one.home for one in rest)})
    person = await persons.persons_of(unit, homes)
    known = await resources.current(unit, [("Patient", one.home) for one in rest])
    mine = read_traits(patient, on)
    others: list[Found] = []
    for one in rest:
        joined = person.get(home) is not None and person.get(home) == person.get(one.home)
        stored = known.get(("Patient", one.home))
        theirs = read_traits(stored.resource(), on) if stored is not None else None
        alike = (
            theirs is not None
            and bool(mine.names and theirs.names and mine.birth_date and theirs.birth_date)
            and not compare(mine, theirs).conflicts
        )
        (own if joined or alike else others).append(one)
    return own, others


def _of_others(others: Sequence[Found], own: Sequence[Found], code: str, path: str) -> list[Issue]:
    """A number that leads to another patient: held, unless it is one that was used twice."""
    if not others:
        return []
    if own and others[0].kind is not KeyKind.STUDY:
        return [_told("accession-reused", Severity.WARN, path, "one patient for one number")]
    return [_told(code, Severity.HOLD, path, "the patient of the study and of its report")]


def _told(code: str, severity: Severity, path: str, expected: str) -> Issue:
    return Issue(
        "identify" if severity is Severity.HOLD else "store", code, severity, path, expected
    )
