"""Who is asked about, and which of the found Patients are that person: matched, none, ambiguous.

Pure: the store finds the Patients, the register of persons says which belong together. Only usable
strong identifiers lead to a person, and one that two living people hold leads to nobody: an answer
about the wrong patient is worse than none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType
from typing import Any

from hie.fhir import Resource, identifier_kind
from hie.recognition.candidate import Conflict, Identity, Relation
from hie.recognition.request import Asked

# Whether two names are one person's: width, case and spaces aside, traditional or pinyin alike.
NamesAgree = Callable[[str, str], bool]

# Normalises an identifier's value of a type: (type, value) -> value.
Normalise = Callable[[str, str], str]

STRONG_TYPES = frozenset(
    {"resident-id", "passport", "residence-permit", "hk-macao-permit", "taiwan-permit", "insurance"}
)
_RESIDENT = "resident-id"
_SEXES = frozenset({"male", "female"})


class IdentityState(StrEnum):
    """Whether the request leads to one person."""

    MATCHED = "matched"
    NONE = "none"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Traits:
    """What is stated of a human; "" or empty where nothing is. A birth date may be partial."""

    names: tuple[str, ...] = ()
    sex: str = ""
    birth_date: str = ""


@dataclass(frozen=True, slots=True)
class AskedPerson:
    """The patient of a request.

    `usable` and `unusable` are its strong identifiers (type, normalised value): the latter are
    invalid or placeholders. `home` is the Patient a reference names, if it is there and visible.
    """

    traits: Traits = Traits()
    usable: frozenset[tuple[str, str]] = frozenset()
    unusable: frozenset[tuple[str, str]] = frozenset()
    home: str | None = None


@dataclass(frozen=True, slots=True)
class KnownHome:
    """A site's Patient, and the person the register holds it for.

    `identifiers` are its strong ones (type, normalised value), usable or not.
    """

    id: str
    person: str
    traits: Traits = Traits()
    identifiers: frozenset[tuple[str, str]] = frozenset()
    deceased: bool = False


@dataclass(frozen=True, slots=True)
class IdentityAnswer:
    """Whether one person is meant, and how each of its homes stands to the request.

    A home that is not in `homes` has no candidates; there are none unless the state is matched.
    """

    state: IdentityState
    person: str | None = None
    homes: Mapping[str, Identity] = field(default_factory=dict)


def read_home(patient: Resource, person: str, normalise: Normalise) -> KnownHome:
    """A Patient resource as a home of this person."""
    names = (_name(name) for name in patient.get("name", ()))
    identifiers = set()
    for one in patient.get("identifier", ()):
        kind = identifier_kind(one.get("system", ""))
        if kind in STRONG_TYPES and one.get("value"):
            identifiers.add((str(kind), normalise(str(kind), one["value"])))
    return KnownHome(
        patient["id"],
        person,
        Traits(
            tuple(name for name in names if name),
            patient.get("gender", ""),
            patient.get("birthDate", ""),
        ),
        frozenset(identifiers),
        patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient,
    )


def read_asked(
    asked: Asked, normalise: Normalise, is_usable: Callable[[str, str], bool]
) -> AskedPerson:
    """The person of a request; `is_usable` says it of a type and normalised value on that day."""
    strong = {
        (kind, normalise(kind, value)) for kind, value in asked.identifiers if kind in STRONG_TYPES
    }
    usable = frozenset(one for one in strong if is_usable(*one))
    return AskedPerson(
        Traits((asked.name,) if asked.name.strip() else (), asked.sex, asked.birth_date),
        usable,
        frozenset(strong - usable),
        asked.reference.removeprefix("Patient/") if asked.reference else None,
    )


def check_identity(
    asked: AskedPerson, homes: Iterable[KnownHome], names_agree: NamesAgree
) -> IdentityAnswer:
    """Which person is meant.

    `homes` are all that hold one of the request's usable identifiers or are its reference, and all
    homes of the persons those belong to.
    """
    known = sorted(homes, key=lambda home: home.id)
    compare = _Comparison(names_agree)
    if any(is_shared(key, known, names_agree) for key in asked.usable):
        return IdentityAnswer(IdentityState.AMBIGUOUS)
    persons = {home.person for home in known if home.id == asked.home}
    for key in asked.usable:
        persons |= _led_to(asked.traits, [h for h in known if key in h.identifiers], compare)
    if len(persons) > 1:
        return IdentityAnswer(IdentityState.AMBIGUOUS)
    theirs = [home for home in known if home.person in persons]
    if all(compare.two_people(asked.traits, home.traits) for home in theirs):
        return IdentityAnswer(IdentityState.NONE)
    related = {home.id: relate(asked, home, names_agree, linked=True) for home in theirs}
    return IdentityAnswer(
        IdentityState.MATCHED,
        persons.pop(),
        MappingProxyType(
            {key: one for key, one in related.items() if one.relation is not Relation.NONE}
        ),
    )


def relate(
    asked: AskedPerson,
    home: KnownHome,
    names_agree: NamesAgree,
    *,
    linked: bool,
    shared: frozenset[tuple[str, str]] = frozenset(),
) -> Identity:
    """How one Patient stands to the person asked about; `linked` is the register's word.

    Strong needs an equal usable identifier, and names and birth dates that do not both conflict:
    else two people use one number, and the link counts for nothing. `shared` are identifiers that
    `is_shared` holds for several people's.
    """
    compare = _Comparison(names_agree)
    equal = (asked.usable - shared) & home.identifiers
    poor = bool((asked.unusable | (asked.usable & shared)) & home.identifiers)
    if not equal:
        relation = Relation.LINKED if linked or home.id == asked.home else Relation.NONE
        return Identity(relation, shares_unusable=poor)
    if compare.two_people(asked.traits, home.traits):
        return Identity(Relation.NONE, shares_unusable=poor)
    numbers = sorted(value for kind, value in equal if kind == _RESIDENT)
    conflicts, compared = compare.all(asked.traits, home.traits, numbers)
    return Identity(Relation.STRONG, conflicts, compared, poor, _born(numbers), _sex(numbers))


def _born(numbers: Sequence[str]) -> str | None:
    """The birth date resident numbers encode (GB 11643: digits 7 to 14)."""
    return next((f"{n[6:10]}-{n[10:12]}-{n[12:14]}" for n in numbers), None)


def _sex(numbers: Sequence[str]) -> str | None:
    """The sex resident numbers encode (GB 11643: an odd 17th digit for men)."""
    return next(("male" if int(n[16]) % 2 else "female" for n in numbers), None)


def is_shared(
    identifier: tuple[str, str], homes: Iterable[KnownHome], names_agree: NamesAgree
) -> bool:
    """Two Patients hold the identifier, neither deceased, whose names and birth dates conflict."""
    compare = _Comparison(names_agree)
    living = [home for home in homes if identifier in home.identifiers and not home.deceased]
    return any(compare.two_people(a.traits, b.traits) for a, b in combinations(living, 2))


def _led_to(traits: Traits, holders: Sequence[KnownHome], compare: "_Comparison") -> frozenset[str]:
    """The persons one identifier leads to: of several, those who may be the person asked about."""
    persons = frozenset(home.person for home in holders)
    if len(persons) < 2:
        return persons
    possible = frozenset(
        home.person for home in holders if not compare.two_people(traits, home.traits)
    )
    return possible or persons


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Compares what is stated; what is not stated never conflicts."""

    names_agree: NamesAgree

    def two_people(self, one: Traits, other: Traits) -> bool:
        """The stated names and the stated birth dates both conflict."""
        return self._names_differ(one, other) and _differ(one.birth_date, other.birth_date)

    def all(
        self, one: Traits, other: Traits, numbers: Sequence[str]
    ) -> tuple[tuple[Conflict, ...], bool]:
        """What conflicts among both and what equal resident numbers encode; whether any compares.

        A resident number's digits 7 to 14 are the birth date, the 17th is odd for men (GB 11643).
        """
        births = [one.birth_date, other.birth_date]
        births += [f"{n[6:10]}-{n[10:12]}-{n[12:14]}" for n in numbers]
        sexes = [one.sex, other.sex, *("male" if int(n[16]) % 2 else "female" for n in numbers)]
        births = [text for text in births if text]
        sexes = [text for text in sexes if text in _SEXES]
        found: list[Conflict] = []
        if self._names_differ(one, other):
            found.append("name")
        if len(set(sexes)) > 1:
            found.append("sex")
        if any(_differ(a, b) for a, b in combinations(births, 2)):
            found.append("birth_date")
        named = bool(one.names and other.names)
        return tuple(found), named or len(births) > 1 or len(sexes) > 1

    def _names_differ(self, one: Traits, other: Traits) -> bool:
        pairs = [(a, b) for a in one.names for b in other.names]
        return bool(pairs) and not any(self.names_agree(a, b) for a, b in pairs)


def _name(name: Mapping[str, Any]) -> str:
    given = (one for one in name.get("given", ()) if one)
    return name.get("text") or "".join((name.get("family", ""), *given))


def _differ(one: str, other: str) -> bool:
    """Two stated dates disagree in a part that both know."""
    known = min(len(one), len(other))
    return known > 0 and one[:known] != other[:known]
