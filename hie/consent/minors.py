"""Whose Consent counts while a patient is a child: the guardian's, and where it does not.

The ages and the topics are data (`schemas/consent/minors.yaml`), each with its basis.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date
from functools import cache

from hie.consent.provision import Directive
from hie.consent.rule import EVER_US, PERMIT, Rule
from hie.consent.words import topics
from hie.errors import Fault
from hie.fhir.elements import bounds
from hie.schemas import read_yaml


@dataclass(frozen=True, slots=True)
class Minors:
    """Under `guardian_until` a guardian signs; until `adult_at` not about `own_topics` (bits)."""

    guardian_until: int
    adult_at: int
    own_topics: int


@dataclass(frozen=True, slots=True)
class Ages:
    """When a patient comes to an age of their own and comes of age, in microseconds."""

    own_us: int
    adult_us: int


@cache
def minors() -> Minors:
    """The shipped table."""
    table = read_yaml("consent", "minors.yaml")
    own = sum(topics()[code] for code in table["own_topics"]["codes"])
    return Minors(table["guardian_until"]["years"], table["adult_at"]["years"], own)


def ages_of(birth: str | None) -> Ages | None:
    """The two birthdays of somebody born on a day; None where the day is not known."""
    try:
        born = date.fromisoformat(birth or "")
    except ValueError:
        return None
    table = minors()
    return Ages(_birthday(born, table.guardian_until), _birthday(born, table.adult_at))


def check_signed(directive: Directive, ages: Ages | None) -> list[Fault]:
    """A fault for a Consent that a child gave alone."""
    if ages is None or directive.by_guardian or directive.at_us >= ages.own_us:
        return []
    return [Fault("Consent.performer", "guardian-required", "a RelatedPerson who signed")]


def as_signed(directive: Directive, rules: Sequence[Rule], ages: Ages | None) -> list[Rule]:
    """The rules of one Consent as far as who signed it may decide.

    A child's own permission is void. A guardian's Consent leaves out the topics that are the
    adolescent's own, and ends when the patient is of age.
    """
    if ages is None:
        return list(rules)
    if not directive.by_guardian:
        child = directive.at_us < ages.own_us
        return [rule for rule in rules if not child or rule.decision < PERMIT]
    own = minors().own_topics
    found = []
    for rule in rules:
        if rule.from_us < ages.own_us:
            found.append(replace(rule, until_us=min(rule.until_us, ages.own_us)))
        start, end = max(rule.from_us, ages.own_us), min(rule.until_us, ages.adult_us)
        if start < end:
            kept = replace(rule, from_us=start, until_us=end)
            found.append(replace(kept, no_topics=rule.no_topics | own))
    return found


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
