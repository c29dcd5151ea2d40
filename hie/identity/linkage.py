"""What follows when a home carries a number that other homes carry too: join, ask, or distrust it.

A join is certain or it is not made: an equal usable strong identifier, and nothing stated that
contradicts it anywhere in the two persons it would make one. Everything else becomes a question
on the work list. The register in the store carries out what is returned here; links move homes
between persons (`standing`), never what lies in them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Final

from hie.identity.traits import Key, Trait, Traits, are_two_people, compare

CERTAIN: Final = "strong-identifier"  # the reason of every join made here; it needs no score


class TaskKind(StrEnum):
    """What a person is asked to find out."""

    CONFLICT = "conflict"  # one number, and statements that contradict each other
    SHARED = "shared-identifier"  # one number, two living people
    AMBIGUOUS = "ambiguous"  # a home fits several persons that contradict each other


@dataclass(frozen=True, slots=True)
class Home:
    """A site's Patient as linkage sees it; `traits.usable` are the numbers it may be joined by."""

    id: str
    person: str
    traits: Traits
    is_deceased: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """Two persons are one: make `person` and `other` the same. `key`'s value reaches no log."""

    person: str
    other: str
    key: Key
    homes: tuple[str, ...]  # the new home, and those of `other` that hold the number
    reason: str = CERTAIN


@dataclass(frozen=True, slots=True)
class Task:
    """A question for a person: which homes, and what contradicts. It holds no personal data."""

    kind: TaskKind
    homes: tuple[str, ...]
    identifier_type: str
    conflicts: frozenset[Trait] = frozenset()

    @property
    def reason(self) -> str:
        """The question in one machine-readable line, e.g. "resident-id: name, sex"."""
        return f"{self.identifier_type}: {', '.join(sorted(self.conflicts)) or 'several persons'}"


@dataclass(frozen=True, slots=True)
class Shared:
    """A number that two living people hold: it leads to nobody as long as both hold it."""

    key: Key
    homes: tuple[str, ...]

    @property
    def task(self) -> Task:
        """The question that goes with it."""
        return Task(
            TaskKind.SHARED, self.homes, self.key[0], frozenset({Trait.NAME, Trait.BIRTH_DATE})
        )


Outcome = Join | Task | Shared


def link(new: Home, others: Iterable[Home]) -> list[Outcome]:
    """What follows from `new`, in an order that depends on nothing but the homes.

    `others` are all homes that hold one of its usable identifiers, and all homes of the persons
    those and `new` belong to. `new` itself among them is ignored. No home is joined twice.
    """
    known = sorted((home for home in others if home.id != new.id), key=lambda home: home.id)
    persons: dict[str, list[Home]] = {}
    for home in known:
        persons.setdefault(home.person, []).append(home)
    own = [new, *persons.get(new.person, ())]
    shared: list[Outcome] = []
    tasks: list[Task] = []
    fitting: dict[str, Key] = {}
    for key in sorted(new.traits.usable):
        holders = [home for home in known if key in home.traits.usable]
        found = _shared(key, [new, *holders])
        if found is not None:
            shared.append(found)
            continue
        tasks += _conflicts(new, holders, key)
        for person in sorted({home.person for home in holders} - {new.person}):
            if _contradict(own, persons[person]):
                tasks += _beyond(new, own, persons[person], key)
            else:
                fitting.setdefault(person, key)
    once = {(task.kind, task.homes): task for task in reversed(tasks)}
    return [*shared, *reversed(once.values()), *_joins(new, persons, fitting)]


def is_shared(key: Key, homes: Iterable[Home]) -> bool:
    """Two of these hold the number, neither deceased, with other names and other birth dates."""
    return _shared(key, [home for home in homes if key in home.traits.usable]) is not None


def _shared(key: Key, holders: Sequence[Home]) -> Shared | None:
    living = [home for home in holders if not home.is_deceased]
    involved = {
        home.id
        for a, b in combinations(living, 2)
        if are_two_people(a.traits, b.traits)
        for home in (a, b)
    }
    return Shared(key, tuple(sorted(involved))) if involved else None


def _conflicts(new: Home, holders: Sequence[Home], key: Key) -> list[Task]:
    """One question for each holder that contradicts the new home."""
    found = []
    for home in holders:
        conflicts = compare(new.traits, home.traits).conflicts
        if conflicts:
            homes = tuple(sorted((new.id, home.id)))
            found.append(Task(TaskKind.CONFLICT, homes, key[0], conflicts))
    return found


def _contradict(one: Sequence[Home], other: Sequence[Home]) -> bool:
    return any(compare(a.traits, b.traits).conflicts for a in one for b in other)


def _beyond(new: Home, own: Sequence[Home], theirs: Sequence[Home], key: Key) -> list[Task]:
    """A holder fits, another home of the two persons does not: a join would hide that."""
    pairs = [
        (a.id, b.id, compare(a.traits, b.traits).conflicts)
        for a in own
        for b in theirs
        if a is not new or key not in b.traits.usable  # those are asked about one by one
    ]
    homes = {home for a, b, conflicts in pairs if conflicts for home in (a, b)}
    if not homes:
        return []
    found = frozenset(trait for _, _, conflicts in pairs for trait in conflicts)
    return [Task(TaskKind.CONFLICT, tuple(sorted({new.id, *homes})), key[0], found)]


def _joins(
    new: Home, persons: Mapping[str, Sequence[Home]], fitting: Mapping[str, Key]
) -> list[Outcome]:
    """Joins with every person that fits, or one question when those contradict each other."""
    if any(_contradict(persons[a], persons[b]) for a, b in combinations(sorted(fitting), 2)):
        holders = {home.id for person in fitting for home in persons[person]}
        homes = tuple(sorted({new.id, *holders}))
        return [Task(TaskKind.AMBIGUOUS, homes, min(key[0] for key in fitting.values()))]
    return [
        Join(
            new.person,
            person,
            key,
            (new.id, *(h.id for h in persons[person] if key in h.traits.usable)),
        )
        for person, key in sorted(fitting.items())
    ]
