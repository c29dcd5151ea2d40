"""Every file of the imaging departments: profiles, DICOM pictures and reports, and what they are.

sites/SITE.toml           one profile for each archive and each report system
images/SITE/*.dcm         one picture a file, by archive
messages/SITE/*.hl7       one imaging report a file, by report system
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from hie.synthetic.imaging.course import Examined, make_examinations
from hie.synthetic.imaging.departments import DEPARTMENTS, profile
from hie.synthetic.imaging.dicom_file import files
from hie.synthetic.imaging.message import written
from hie.synthetic.imaging.stories import TOLD, Teller
from hie.synthetic.people import Person


@dataclass(frozen=True, slots=True)
class Told:
    """One examination, for the manifest."""

    person: int
    klass: str
    description: str
    day: date
    archive: str
    study: str  # unique identifier
    pictures: int  # sent
    report: str  # accession number, or ""
    why: str


def profiles() -> Iterator[tuple[str, bytes]]:
    """(path below the region's folder, content) of each profile."""
    for department in DEPARTMENTS:
        for site in (department.archive, department.reports):
            yield f"sites/{site}.toml", profile(department, site).encode()


def all_examinations(seed: int, today: date, cast: list[Person]) -> list[tuple[Person, Examined]]:
    """Every examination: chance ones and told ones."""
    teller = Teller(seed, today, {person.index: person for person in cast})
    found = [(person, one) for person in cast for one in make_examinations(seed, person, today)]
    for index, (story, _) in TOLD.items():
        if index in teller.people:
            found += [(teller.people[index], one) for one in story(teller, index)]
    return found


def pictures(examinations: list[tuple[Person, Examined]]) -> Iterator[tuple[str, bytes]]:
    """(path below the region's folder, content) of each picture that is sent."""
    for _, one in examinations:
        if one.study is not None:
            for name, content in files(one.study):
                yield f"images/{one.study.department.archive}/{name}", content


def reports(examinations: list[tuple[Person, Examined]]) -> Iterator[tuple[str, bytes]]:
    """(path, content) of each report, numbered by its system in the order of release."""
    counts: dict[str, int] = {}
    every = [one.report for _, one in examinations if one.report is not None]
    for report in sorted(every, key=lambda one: (one.issued, one.study.accession)):
        site = report.study.department.reports
        counts[site] = counts.get(site, 0) + 1
        sent = report.issued + timedelta(minutes=1)
        name = f"{sent:%Y%m%d-%H%M%S}-{report.study.accession}-{report.status}.hl7"
        yield f"messages/{site}/{name}", written(report, f"{counts[site]:08}")


def told(examinations: list[tuple[Person, Examined]]) -> list[Told]:
    """What was done, for the manifest: one line each, in the order of the people."""
    found = []
    for person, one in examinations:
        study = one.study or (one.report.study if one.report else None)
        if study is None:
            continue
        sent = 0
        if one.study is not None:
            sent = sum(_pictures(one)) - len(one.study.left_out)
        found.append(
            Told(
                person.index,
                study.klass,
                study.description,
                study.started.date(),
                study.department.archive,
                study.uid,
                sent,
                study.accession if one.report is not None else "",
                one.why,
            )
        )
    return found


def _pictures(one: Examined) -> list[int]:
    """How many pictures each series has: as many as it describes, else what is drawn."""
    if one.study is None:
        return []
    return [len(series.each) or len(series.draw()) for series in one.study.series]
