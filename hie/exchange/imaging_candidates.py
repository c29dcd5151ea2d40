"""A person's imaging records as candidates: each study with its report, and what stands alone.

Study and report name each other across classes: a report mapped to one class may tell of a study
of another, so both are read before it is decided what is one record.
"""

from collections.abc import Iterable, Mapping, Sequence

from hie.access.policy import Restriction
from hie.exchange.images_now import Now, images_now
from hie.fhir import ITEM, Resource
from hie.fhir.elements import code_in, referenced
from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import Catalogue
from hie.recognition.identity_check import IdentityAnswer
from hie.recognition.imaging_record import read_imaging_candidate
from hie.recognition.moment import find_moment
from hie.store import imaging_results
from hie.store.results import known_then
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.versions import read_many

_ERROR = "entered-in-error"


async def imaging_candidates(
    reader: Reader,
    classes: Sequence[str],
    identity: IdentityAnswer,
    patients: Mapping[str, Resource],
    sight: Restriction,
    *,
    catalogue: Catalogue,
    since_us: int,
    known_at_us: int | None,
) -> list[tuple[Candidate, Stored]]:
    """Every record of these classes, and the resource that names it: its study, else its report."""
    homes = sorted(identity.homes)
    if not classes or not homes:
        return []
    found = await imaging_results.studies(
        reader, homes, classes, sight, since_us=since_us, known_at_us=known_at_us
    )
    told = await imaging_results.reports(reader, homes, classes, sight, known_at_us=known_at_us)
    reports = [(stored, stored.resource()) for stored in told]
    studies = {stored.id: stored for stored in found}
    lacking = {
        key
        for _, report in reports
        if code_in(report.get("code"), ITEM) in classes
        for key in _studies_of(report)
        if key not in studies
    }
    studies.update(await _read(reader, lacking, homes, sight, known_at_us))
    # a study of nobody asked about is no part of this person's answer
    studies = {key: one for key, one in studies.items() if one.home in identity.homes}
    records = list(_records(studies, reports))
    trees = {stored.id: study for stored, study, _ in records if study is not None}
    now = await images_now(reader, trees, sight, known_at_us)
    return [
        (
            now.get(stored.id, Now()).told(
                read_imaging_candidate(
                    study,
                    report,
                    patients.get(stored.home),
                    identity=identity.homes[stored.home],
                    catalogue=catalogue,
                )
            ),
            stored,
        )
        for stored, study, report in records
    ]


def _records(
    studies: Mapping[str, Stored], reports: Iterable[tuple[Stored, Resource]]
) -> Iterable[tuple[Stored, Resource | None, Resource | None]]:
    """Each study with the report that speaks for it, and each report that has no study."""
    by_study: dict[str, list[Resource]] = {}
    alone: list[tuple[Stored, Resource]] = []
    for stored, report in reports:
        known = [key for key in _studies_of(report) if key in studies]
        for key in known:
            by_study.setdefault(key, []).append(report)
        if not known:
            alone.append((stored, report))
    for key, stored in studies.items():
        yield stored, stored.resource(), max(by_study.get(key, ()), key=speaks, default=None)
    for stored, report in alone:
        yield stored, None, report


def speaks(report: Resource) -> tuple[bool, int, str]:
    """Of several reports of one study the latest speaks, unless it was entered in error."""
    issued = find_moment(report.get("issued"))
    return report.get("status") != _ERROR, issued.at_us if issued else -(2**62), report["id"]


def _studies_of(report: Resource) -> list[str]:
    named = (referenced(one) for one in report.get("imagingStudy", ()))
    return [one[1] for one in named if one is not None and one[0] == "ImagingStudy"]


async def _read(
    reader: Reader,
    keys: Iterable[str],
    homes: Sequence[str],
    sight: Restriction,
    known_at_us: int | None,
) -> dict[str, Stored]:
    wanted = sorted(keys)
    if not wanted:
        return {}
    if known_at_us is None:
        return await read_many(reader, "ImagingStudy", wanted, sight)
    return await known_then(reader, "ImagingStudy", wanted, homes, sight, known_at_us)
