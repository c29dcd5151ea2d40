"""What is stated of a human, and whether two such statements contradict each other.

Nothing stated is no contradiction: a missing sex agrees with any, a birth year with every day in
it. A resident number that both hold speaks too, by the birth date and sex it encodes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from hie.fhir import Resource, identifier_kind
from hie.identity.identifiers import IdentifierType, encoded, is_usable, normalise
from hie.identity.names import any_agree

Key = tuple[str, str]  # type and normalised value of an identifier

_SEXES: Final = frozenset({"male", "female"})
_TYPES: Final = frozenset(str(kind) for kind in IdentifierType)


class Trait(StrEnum):
    """What can contradict."""

    NAME = "name"
    SEX = "sex"
    BIRTH_DATE = "birth_date"


@dataclass(frozen=True, slots=True)
class Traits:
    """What is stated of a human.

    `sex` is male, female or "" (unknown and other are no statement); `birth_date` is "YYYY",
    "YYYY-MM", "YYYY-MM-DD" or "". `usable` are the strong identifiers that may say who it is.
    """

    names: tuple[str, ...] = ()
    sex: str = ""
    birth_date: str = ""
    usable: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What contradicts; `comparable`: any two statements could be compared at all."""

    conflicts: frozenset[Trait]
    comparable: bool

    @property
    def is_two_people(self) -> bool:
        """Name and birth date both contradict: two people use one number."""
        return {Trait.NAME, Trait.BIRTH_DATE} <= self.conflicts


def read_traits(patient: Resource, on: date) -> Traits:
    """The traits of a Patient; its numbers are judged as of the day `on`."""
    return Traits(
        tuple(text for name in patient.get("name", ()) if (text := _name(name))),
        _sex(patient.get("gender")),
        str(patient.get("birthDate") or "")[:10],
        frozenset(
            (kind, normalise(kind, value))
            for kind, value in read_identifiers(patient)
            if is_usable(kind, value, on)
        ),
    )


def asked_traits(
    identifiers: Iterable[tuple[str, str]], name: str, sex: str, birth_date: str, on: date
) -> Traits:
    """The traits a request states; "" where it states none."""
    return Traits(
        (name,) if name.strip() else (),
        _sex(sex),
        birth_date,
        frozenset(
            (kind, normalise(kind, value))
            for kind, value in identifiers
            if is_usable(kind, value, on)
        ),
    )


def read_identifiers(patient: Resource) -> list[tuple[str, str]]:
    """The personal identifiers of a Patient, (type, value as stored); a site's own are left out."""
    found = []
    for one in patient.get("identifier", ()):
        kind = identifier_kind(one.get("system") or "")
        if kind in _TYPES and one.get("value"):
            found.append((str(kind), str(one["value"])))
    return found


def is_deceased(patient: Resource) -> bool:
    """Whether the Patient is stated to be dead."""
    return patient.get("deceasedBoolean") is True or bool(patient.get("deceasedDateTime"))


def compare(one: Traits, other: Traits) -> Comparison:
    """What two statements contradict each other in.

    Stated values, and what a resident number held by both encodes, count alike: a number that
    belongs to a woman born in 1949 contradicts a Patient stated to be a man.
    """
    births = [text for text in (one.birth_date, other.birth_date) if text]
    sexes = [text for text in (one.sex, other.sex) if text]
    for kind, number in sorted(one.usable & other.usable):
        facts = encoded(kind, number, date.max)
        if facts is not None:
            births.append(facts.birth_date.isoformat())
            sexes.append(facts.sex)
    named = bool(one.names and other.names)
    conflicts = set()
    if named and not any_agree(one.names, other.names):
        conflicts.add(Trait.NAME)
    if len(set(sexes)) > 1:
        conflicts.add(Trait.SEX)
    if any(births_differ(a, b) for a, b in combinations(births, 2)):
        conflicts.add(Trait.BIRTH_DATE)
    return Comparison(frozenset(conflicts), named or len(sexes) > 1 or len(births) > 1)


def are_two_people(one: Traits, other: Traits) -> bool:
    """The stated names and the stated birth dates both contradict, whatever numbers encode."""
    return (
        bool(one.names and other.names)
        and births_differ(one.birth_date, other.birth_date)
        and not any_agree(one.names, other.names)
    )


def births_differ(one: str, other: str) -> bool:
    """Two stated birth dates differ in a part that both know."""
    known = min(len(one), len(other))
    return known > 0 and one[:known] != other[:known]


def _name(name: Mapping[str, Any]) -> str:
    given = (one for one in name.get("given") or () if one)
    text = name.get("text") or "".join((name.get("family") or "", *given))
    return str(text).strip()


def _sex(text: str | None) -> str:
    return text if text in _SEXES else ""
