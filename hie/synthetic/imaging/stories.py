"""What happens in the imaging departments to those who play a part; one function a story.

`TOLD` says in a sentence what each story shows when its patient is asked about.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from hie.synthetic.imaging.course import Examined, examined
from hie.synthetic.imaging.departments import BY_LABORATORY
from hie.synthetic.people import Person

_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"  # secondary capture, PS3.4 table B.5-1


@dataclass(frozen=True, slots=True)
class Teller:
    """What a story is told with."""

    seed: int
    today: date
    people: dict[int, Person]

    def done(self, index: int, key: str, ago: int, at: int = 0) -> Examined:
        """An examination so many days ago, at the person's usual department or their second."""
        person = self.people[index]
        departments = [BY_LABORATORY[site] for site in person.sites if site in BY_LABORATORY]
        day = self.today - timedelta(days=ago)
        return examined(self.seed, person, departments[at], key, day)


Story = Callable[[Teller, int], list[Examined]]


def _of_study(one: Examined, **facts: Any) -> Examined:
    """The same examination, whose archive sends something else; the report stays."""
    return replace(one, study=one.study.changed(**facts)) if one.study else one


def _of_report(one: Examined, **facts: Any) -> Examined:
    return replace(one, report=one.report.changed(**facts)) if one.report else one


def whole_ct(t: Teller, i: int) -> list[Examined]:
    """Everything in order, five days old."""
    return [_of_study(t.done(i, "chest-ct", 5), stated=20)]


def two_slices_missing(t: Teller, i: int) -> list[Examined]:
    """The same examination, of which two slices never arrived."""
    return [_of_study(t.done(i, "chest-ct", 5), stated=20, left_out=((1, 8), (1, 9)))]


def mammogram(t: Teller, i: int) -> list[Examined]:
    """Four views."""
    return [_of_study(t.done(i, "mammogram", 9), stated=4)]


def two_views(t: Teller, i: int) -> list[Examined]:
    """Only the two views from above."""
    return [_of_study(t.done(i, "mammogram-cc", 9), stated=2)]


def ultrasound(t: Teller, i: int) -> list[Examined]:
    """A thyroid, three days old."""
    return [_of_study(t.done(i, "thyroid-us", 3), stated=4)]


def photographed(t: Teller, i: int) -> list[Examined]:
    """A chest film of which the archive holds photographs."""
    one = t.done(i, "chest-film", 6)
    if one.study is None:
        return []
    copies = tuple(
        replace(
            series,
            sop_class=_CAPTURE,
            tags={**series.tags, "ConversionType": "DF", "ImageType": ["DERIVED", "SECONDARY"]},
        )
        for series in one.study.series
    )
    return [_of_study(one, series=copies, stated=2)]


def plain_mr(t: Teller, i: int) -> list[Examined]:
    """A head without medium; what is ordered elsewhere is one with it."""
    return [_of_study(t.done(i, "brain-mr", 8), stated=24)]


def report_alone(t: Teller, i: int) -> list[Examined]:
    """A report whose pictures never came."""
    return [_of_report(replace(t.done(i, "head-ct", 4), study=None), knows_study=False)]


def study_alone(t: Teller, i: int) -> list[Examined]:
    """Pictures whose report never came."""
    return [replace(t.done(i, "abdomen-ct", 2), report=None)]


def too_old(t: Teller, i: int) -> list[Examined]:
    """Forty days, ten past the thirty of its class."""
    return [_of_study(t.done(i, "chest-ct", 40), stated=20)]


def other_person(t: Teller, i: int) -> list[Examined]:
    """The archive's header names another birth date and sex than the report."""
    one = t.done(i, "chest-film", 5)
    if one.study is None:
        return []
    who = one.study.identity
    sex = "male" if who.sex == "female" else "female"
    return [_of_study(one, identity=replace(who, sex=sex, born="19550505"), stated=2)]


def tracer(t: Teller, i: int) -> list[Examined]:
    """PET and CT in one study."""
    return [_of_study(t.done(i, "pet-ct", 12), stated=32)]


def corrected(t: Teller, i: int) -> list[Examined]:
    """A report that was corrected the next day."""
    one = _of_study(t.done(i, "bone-scan", 7), stated=1)
    if one.report is None:
        return [one]
    then = one.report.changed(
        status="C",
        conclusion="更正报告：左侧第5肋局灶性放射性浓聚，请结合CT。",
        issued=one.report.issued + timedelta(days=1),
    )
    return [one, Examined(None, then)]


def repeated(t: Teller, i: int) -> list[Examined]:
    """The same examination at a second hospital, six days later, for no reason."""
    again = replace(t.done(i, "chest-ct", 3, 1), why="repeated within its time: no need")
    return [t.done(i, "chest-ct", 9), again]


def with_medium(t: Teller, i: int) -> list[Examined]:
    """First plain, then with medium at a second hospital: another question."""
    then = replace(t.done(i, "chest-ct-enhanced", 4, 1), why="repeated with contrast: needed")
    return [t.done(i, "chest-ct", 11), then]


def protected(t: Teller, i: int) -> list[Examined]:
    """The patient asked that nothing be shown elsewhere."""
    return [_of_report(t.done(i, "chest-ct", 6), protected=True)]


def withdrawn(t: Teller, i: int) -> list[Examined]:
    """A report that was withdrawn: written under the wrong patient."""
    one = t.done(i, "knee-film", 4)
    if one.report is None:
        return [one]
    then = one.report.changed(status="X", issued=one.report.issued + timedelta(hours=3))
    return [one, Examined(None, then)]


# By the numbers of the cast: the story, and what an order-check shows.
TOLD: Final[dict[int, tuple[Story, str]]] = {
    34: (whole_ct, "a chest CT of another hospital, whole and reported"),
    35: (two_slices_missing, "the same without two slices: not recognisable (R-601)"),
    36: (mammogram, "a mammogram with its four views"),
    37: (two_views, "a mammogram with two of four views (R-606)"),
    38: (ultrasound, "an ultrasound: always for review (R-607)"),
    39: (photographed, "a chest film of which only photographs are kept (R-602)"),
    40: (plain_mr, "a plain MRI of the head, where an enhanced one is ordered (R-604)"),
    41: (report_alone, "a report without pictures (R-601)"),
    42: (study_alone, "pictures without a report (R-004)"),
    43: (too_old, "a chest CT 40 days old: past its 30 days (R-401)"),
    44: (other_person, "pictures whose header names somebody else (R-608)"),
    45: (tracer, "PET/CT with 18F-FDG: the tracer must be the ordered one (R-607)"),
    46: (corrected, "a bone scan whose report was corrected"),
    47: (repeated, "a chest CT repeated at a second hospital for no reason"),
    48: (with_medium, "a chest CT repeated with contrast medium, as was needed"),
    49: (protected, "a patient who asked that nothing be shown elsewhere"),
    50: (withdrawn, "a knee film whose report was withdrawn"),
}

# What another hospital orders when it asks about each of them, as an order-check says it.
ORDERED: Final[dict[int, dict[str, Any]]] = {
    34: {"item": "CT", "body_part": "CHEST", "contrast": False},
    35: {"item": "CT", "body_part": "CHEST", "contrast": False},
    36: {"item": "MG", "body_part": "BREAST"},
    37: {"item": "MG", "body_part": "BREAST"},
    38: {"item": "US", "body_part": "THYROID"},
    39: {"item": "XRAY", "body_part": "CHEST"},
    40: {"item": "MRI", "body_part": "HEAD", "contrast": True},
    41: {"item": "CT", "body_part": "HEAD", "contrast": False},
    42: {"item": "CT", "body_part": "ABDOMEN", "contrast": True},
    43: {"item": "CT", "body_part": "CHEST", "contrast": False},
    44: {"item": "XRAY", "body_part": "CHEST"},
    45: {"item": "NM", "body_part": "CHEST", "tracer": "18F-FDG"},
    46: {"item": "NM", "body_part": "WHOLEBODY", "tracer": "99mTc-MDP"},
    47: {"item": "CT", "body_part": "CHEST", "contrast": False},
    48: {"item": "CT", "body_part": "CHEST", "contrast": True},
    49: {"item": "CT", "body_part": "CHEST", "contrast": False},
    50: {"item": "XRAY", "body_part": "KNEE", "laterality": "L"},
}
