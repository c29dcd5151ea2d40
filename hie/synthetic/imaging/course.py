"""Eighteen months of ordinary examinations: who is examined, when, where, and what was read.

Some are repeated at another hospital within days: mostly without need, sometimes because contrast
or a follow-up was asked for. Which is which is told in the manifest.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from hie.synthetic.cast import BY_LABORATORIES, CAST
from hie.synthetic.course import DAYS, QUIET
from hie.synthetic.dice import dice
from hie.synthetic.imaging.departments import BY_LABORATORY
from hie.synthetic.imaging.examinations import EXAMINATIONS
from hie.synthetic.imaging.message import ImagingReport
from hie.synthetic.imaging.study import Department, Study
from hie.synthetic.institutions import SHANGHAI
from hie.synthetic.people import Person
from hie.synthetic.report import Identity

# How often each is done among adults; mammograms and thyroids follow sex and age.
_SHARES: Final = {
    "chest-film": 26,
    "chest-ct": 20,
    "abdomen-us": 14,
    "thyroid-us": 8,
    "head-ct": 8,
    "brain-mr": 8,
    "knee-film": 6,
    "abdomen-ct": 5,
    "bone-scan": 2,
    "pet-ct": 1,
}
# What a repeat with a reason asks for instead.
_ANOTHER: Final = {"chest-ct": "chest-ct-enhanced", "brain-mr": "brain-mr-enhanced"}


@dataclass(frozen=True, slots=True)
class Examined:
    """One study with its report, either of which may be missing; `why` tells of a repeat."""

    study: Study | None
    report: ImagingReport | None
    why: str = ""


def examined(
    seed: int, person: Person, department: Department, key: str, day: date, *, part: str = ""
) -> Examined:
    """A usual examination of that day: taken, read within a day, reported."""
    kind = EXAMINATIONS[key]
    subject = f"{key}/{seed}/{person.index}/{department.archive}/{day}{part}"
    fate = dice("examination", subject)
    started = datetime(day.year, day.month, day.day, 8, tzinfo=SHANGHAI) + timedelta(
        minutes=fate.randint(0, 500), seconds=fate.randint(0, 59)
    )
    serial = f"{day:%y%m%d}{person.index:04}{list(EXAMINATIONS).index(key):02}"
    series = kind.make(f"{seed}/{person.index}/{key}")
    study = Study(
        department,
        _identity(person, department),
        kind.klass,
        subject,
        kind.name,
        kind.body_part,
        kind.laterality if kind.laterality in {"L", "R"} else "",
        started,
        series,
        f"{department.prefix}A{serial}",
        f"{department.prefix}X{serial}",
    )
    report = ImagingReport(
        study,
        fate.choice(kind.findings),
        fate.choice(kind.conclusions),
        started + timedelta(minutes=fate.randint(40, 900)),
        reader=fate.choice(department.readers),
    )
    return Examined(study, report)


def make_examinations(seed: int, person: Person, today: date) -> list[Examined]:
    """All ordinary examinations of one person, oldest first; none of the cast's last weeks."""
    fate = dice(seed, "images", person.index)
    departments = [BY_LABORATORY[site] for site in person.sites if site in BY_LABORATORY]
    last = today - timedelta(days=QUIET if person.index in CAST.keys() - BY_LABORATORIES else 1)
    found: list[Examined] = []
    if not departments or person.age(today) < 14:
        return found
    for _ in range(fate.choices((0, 1, 2, 3), (52, 30, 13, 5))[0]):
        day = today - timedelta(days=fate.randint(1, DAYS))
        key = fate.choices(list(_SHARES), list(_SHARES.values()))[0]
        if person.sex == "female" and person.age(today) > 40 and fate.random() < 0.35:
            key = "mammogram"
        if day > last:
            continue
        found.append(examined(seed, person, departments[0], key, day))
        again = day + timedelta(days=fate.randint(2, 20))
        if len(departments) > 1 and again <= last and fate.random() < 0.4:
            needed = key in _ANOTHER and fate.random() < 0.4
            other = examined(seed, person, departments[1], _ANOTHER[key] if needed else key, again)
            why = (
                "repeated with contrast: needed" if needed else "repeated within its time: no need"
            )
            found.append(Examined(other.study, other.report, why))
    return sorted(found, key=_when)


def _when(one: Examined) -> datetime:
    study = one.study or (one.report.study if one.report else None)
    if study is None:
        raise ValueError("an examination without study and report")
    return study.started


def _identity(person: Person, department: Department) -> Identity:
    """The person as the department's patient index knows them."""
    return Identity(
        person.number(department.prefix),
        person.name,
        person.sex,
        f"{person.born:%Y%m%d}",
        person.resident_id,
        "",
    )
