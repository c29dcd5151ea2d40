"""Whose Consent counts while a patient is a child: the guardian's, and where it does not.

The ages and the topics are data (`schemas/consent/minors.yaml`), each with its basis. A birth date
may be a year, a month or not known at all: then a permission counts where it would whatever the
birthday, and a denial where it would for one of them.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date
from functools import cache

from hie.consent.provision import Directive, Provision
from hie.consent.rule import EVER_US, FIRST_US, PERMIT, Rule
from hie.consent.words import topics
from hie.errors import Fault
from hie.fhir.elements import bounds
from hie.schemas import read_yaml

BIRTH_DATE = "birth-date-required"  # the code of a Consent that nobody can hold to without it
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Minors:
    """Under `guardian_until` a guardian signs; until `adult_at` not about `own_topics` (bits)."""

    guardian_until: int
    adult_at: int
    own_topics: int


@dataclass(frozen=True, slots=True)
class Ages:
    """When a patient comes to an age of their own and comes of age, in microseconds.

    Each at the earliest, and at the latest: `…_by_us`. The same where the birthday is known.
    """

    own_us: int
    own_by_us: int
    adult_us: int
    adult_by_us: int


UNKNOWN = Ages(FIRST_US, EVER_US, FIRST_US, EVER_US)  # a patient of whatever age


@cache
def minors() -> Minors:
    """The shipped table."""
    table = read_yaml("consent", "minors.yaml")
    own = sum(topics()[code] for code in table["own_topics"]["codes"])
    return Minors(table["guardian_until"]["years"], table["adult_at"]["years"], own)


def ages_of(births: Iterable[str | None]) -> Ages:
    """The two birthdays of a person whose Patients say these birth dates.

    Where they differ it may be any of them, and any day between. Those that say none, or what is
    none, count only where no other says one.
    """
    spans = [span for birth in births if (span := _span(birth)) is not None]
    if not spans:
        return UNKNOWN
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    own, adult = minors().guardian_until, minors().adult_at
    return Ages(
        _birthday(first, own), _birthday(last, own), _birthday(first, adult), _birthday(last, adult)
    )


def check_signed(directive: Directive, ages: Ages) -> list[Fault]:
    """A fault for a Consent that a child gave alone, or that permits and may be for nothing.

    A denial of somebody who may be a child is taken: it counts.
    """
    at_us, by_guardian = directive.at_us, directive.by_guardian
    if not by_guardian and at_us < ages.own_us:
        return [Fault("Consent.performer", "guardian-required", "a RelatedPerson who signed")]
    since, until = (
        (ages.adult_us, ages.adult_by_us) if by_guardian else (ages.own_us, ages.own_by_us)
    )
    if since <= at_us < until and _permits(directive.root):
        age = minors().adult_at if by_guardian else minors().guardian_until
        expected = f"a birth date that says whether the patient was {age}"
        return [Fault("Patient.birthDate", BIRTH_DATE, expected)]
    return []


def as_signed(directive: Directive, rules: Sequence[Rule], ages: Ages) -> list[Rule]:
    """The rules of one Consent as far as who signed it may decide.

    The own permission of whoever may be a child is void. A guardian's Consent leaves out the topics
    that are the adolescent's own, and ends when the patient is of age: what it permits, when that
    may be; what it denies, when it surely is.
    """
    if not directive.by_guardian:
        may_be_child = directive.at_us < ages.own_by_us
        return [rule for rule in rules if not may_be_child or rule.decision < PERMIT]
    topics = minors().own_topics
    found = []
    for rule in rules:
        permits = rule.decision >= PERMIT
        own_us = ages.own_us if permits else ages.own_by_us
        adult_us = ages.adult_us if permits else ages.adult_by_us
        if rule.from_us < own_us:
            found.append(replace(rule, until_us=min(rule.until_us, own_us)))
        start, end = max(rule.from_us, own_us), min(rule.until_us, adult_us)
        if start < end:
            kept = replace(rule, from_us=start, until_us=end)
            found.append(replace(kept, no_topics=rule.no_topics | topics))
    return found


def _permits(one: Provision) -> bool:
    """Whether it opens anything, itself or an exception in it."""
    return one.permit or any(map(_permits, one.but))


def _span(birth: str | None) -> tuple[date, date] | None:
    """The first and the last day a birth date may mean (R4 date: a year, a month or a day)."""
    if _DATE.fullmatch(birth or "") is None:
        return None
    year, month, day = ([int(part) for part in str(birth).split("-")] + [0, 0])[:3]
    try:
        last = day or (monthrange(year, month or 12)[1])
        return date(year, month or 1, day or 1), date(year, month or 12, last)
    except ValueError:
        return None


def _birthday(born: date, years: int) -> int:
    """When the day begins on which somebody is so old; of 29 February, the first of March.

    One that is in no calendar (beyond the year 9999) never comes.
    """
    year = born.year + years
    if year > MAXYEAR:
        return EVER_US
    try:
        day = born.replace(year=year)
    except ValueError:
        day = date(year, 3, 1)
    found = bounds(day.isoformat())
    return EVER_US if found is None else found[0]
