"""What an actor may see, as plain values: SQL only in `store.visible`.

All parts must permit: the type, the home, the site, the scope's own constraints, whose patient it
is, the label of the row, and the patient's consent. Two that differ by the instant alone compare
equal: they are one shape (`store.shapes`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

NORMAL, RESTRICTED, VERY_RESTRICTED = 0, 1, 2  # v3-Confidentiality N, R, V

Constraint = tuple[str, tuple[str, ...]]  # a search parameter, and values any of which must hold
Constraints = tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose patients: those the institution has something to do with at this instant.

    `kinds`: which relations count (`own`, `visit`, `order`, `referral`, `patient`, `declared`).
    """

    institution: str
    at_us: int = field(compare=False)
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks a patient's consent: institution, purpose (v3-ActReason), when.

    `permitted`: what holds where no rule of the patient's speaks of it (the implicit policy);
    `emergency`: the same of homes the glass is broken for. `parties`: the person (`user/<id>`) and
    the system (`client/<id>`). `writing`: what the institution wrote itself, it may write again.
    """

    institution: str
    purpose: str
    at_us: int = field(compare=False)
    permitted: bool = True
    emergency: bool = True
    parties: frozenset[str] = frozenset()
    writing: bool = False


@dataclass(frozen=True, slots=True)
class Restriction:
    """What an actor may see of one kind of resource.

    `types`: the resource types; None = all. `homes`: only these homes; None = every home.
    `sites`: only what these sites sent; None = all. An empty set permits nothing. `filters`: by
    type, alternatives one of which a row must satisfy whole; a type that is not named has none.
    `patient`: only the homes of the person this Patient is; None = everybody's.
    `reach`, `asks`: None = not asked. `clearance`: the highest label seen; `own_clearance`: of the
    institution's own patients' rows; `opened`: homes whose restricted rows are open for a while;
    `declared`: homes in reach for this one call, because the caller says it treats them.
    """

    types: frozenset[str] | None = None
    homes: frozenset[str] | None = None
    sites: frozenset[str] | None = None
    filters: tuple[tuple[str, tuple[Constraints, ...]], ...] = ()
    patient: str | None = None
    reach: Reach | None = None
    clearance: int = VERY_RESTRICTED
    own_clearance: int = VERY_RESTRICTED
    opened: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()
    asks: Asking | None = None

    def permits_type(self, kind: str) -> bool:
        """Whether resources of this type may be seen at all."""
        return self.types is None or kind in self.types

    def filters_of(self, kind: str) -> tuple[Constraints, ...]:
        """The alternatives of this type; empty where it is not constrained."""
        return next((found for name, found in self.filters if name == kind), ())


def together(asked: Iterable[tuple[str, Restriction]]) -> Restriction:
    """What may be seen by several interactions of one caller, each with the type it is about.

    The types are those of all; where two are about one type, its rows satisfy the constraints of
    both.
    """
    types: frozenset[str] | None = frozenset()
    filters: dict[str, tuple[Constraints, ...]] = {}
    every = list(dict.fromkeys(asked))
    for kind, one in every:
        types = None if types is None or one.types is None else types | one.types
        mine = one.filters_of(kind)
        held = filters.get(kind)
        both = [(*a, *b) for a in held for b in mine] if held and mine else held or mine
        filters[kind] = tuple(dict.fromkeys(both))
    found = tuple(sorted((kind, one) for kind, one in filters.items() if one))
    return replace(every[0][1], types=types, filters=found)
