"""Eighteen months of ordinary visits: who comes when, to which hospital, for which panels."""

from datetime import date, timedelta
from typing import Final

from hie.recognition.catalogue import Catalogue
from hie.synthetic.cast import BY_LABORATORIES
from hie.synthetic.dice import dice
from hie.synthetic.institutions import BY_SITE
from hie.synthetic.panels import BLOOD_COUNT, CHEMISTRY, GLYCATED, SEROLOGY
from hie.synthetic.people import Person
from hie.synthetic.report import Report, make_report

DAYS: Final = 548
# The last weeks of those who play a part belong to their story.
QUIET: Final = 46


def make_course(seed: int, person: Person, today: date, catalogue: Catalogue) -> list[Report]:
    """All ordinary reports of one person, oldest first; none of today."""
    fate = dice(seed, "course", person.index)
    often = (35, 80) if person.conditions else (90, 210)
    last = QUIET if person.index in BY_LABORATORIES else 1
    day = today - timedelta(days=DAYS - fate.randint(0, 60))
    days = []
    while day <= today - timedelta(days=last):
        days.append(day)
        day += timedelta(days=fate.randint(*often))
    recent = today - timedelta(days=fate.randint(1, 30))
    if person.index not in BY_LABORATORIES and recent not in days:
        days.append(recent)
    found = []
    for day in sorted(days):
        site = person.sites[0] if fate.random() < 0.65 else fate.choice(person.sites)
        for panel, share in (
            (BLOOD_COUNT, 0.8),
            (CHEMISTRY, 0.75),
            (GLYCATED, 0.7 if "diabetes" in person.conditions else 0.1),
            (SEROLOGY, 0.5 if "hepatitis-b" in person.conditions else 0.12),
        ):
            if fate.random() < share:
                found.append(make_report(seed, person, BY_SITE[site], panel, day, catalogue))
    return found
