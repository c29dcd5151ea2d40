"""What an institution and the region have agreed on: the outer bound of all its systems and people.

A token, a role or a registration never permits more than the agreement does. An institution
without an agreement of its own has the standard one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from hie.access.constraints import both
from hie.access.restriction import NORMAL, RESTRICTED, VERY_RESTRICTED
from hie.access.scopes import Scope, covered, find_scope
from hie.access.windows import Kind

CLEARANCES = {"N": NORMAL, "R": RESTRICTED, "V": VERY_RESTRICTED}
LETTERS = {value: letter for letter, value in CLEARANCES.items()}
_KNOWN_HERE = frozenset({Kind.VISIT, Kind.ORDER, Kind.REFERRAL, Kind.PATIENT})


@dataclass(frozen=True, slots=True)
class Agreement:
    """What may be at most; None is everything.

    `scopes`, `purposes`: of its clients and people. `declares`: its registered clients may say at
    an order-check that they treat a patient whom the hub does not know them to treat;
    `people_declare` extends that to what its people see. `encounter`: only an encounter the hub
    was told of counts as treating. `clearance`: the highest label (0 N, 1 R, 2 V) it sees of the
    records of others.
    """

    scopes: tuple[str, ...] | None = None
    purposes: frozenset[str] | None = None
    declares: bool = True
    people_declare: bool = False
    encounter: bool = False
    clearance: int = NORMAL

    def permits_purpose(self, purpose: str) -> bool:
        """Whether this purpose of use is agreed."""
        return self.purposes is None or purpose in self.purposes

    def within(self, scopes: frozenset[str]) -> frozenset[str]:
        """Those of these scopes that are agreed."""
        return scopes if self.scopes is None else _within(self.scopes, scopes)

    def kinds(self, *, is_person: bool) -> frozenset[str]:
        """The relations that count as treating; an institution's own records are a system's only.

        A person's patients are those under treatment: that their institution has a record of
        somebody is none.
        """
        declares = self.declares and not self.encounter
        declares = declares and (self.people_declare or not is_person)
        return _kinds(is_person, self.encounter, declares)


@cache
def _kinds(is_person: bool, encounter: bool, declares: bool) -> frozenset[str]:
    found: frozenset[str] = frozenset({Kind.VISIT}) if encounter else _KNOWN_HERE
    if not is_person:
        found |= {Kind.OWN}
    return found | {Kind.DECLARED} if declares else found


STANDARD = Agreement()


@lru_cache(maxsize=1024)
def _within(agreed: tuple[str, ...], scopes: frozenset[str]) -> frozenset[str]:
    """What both permit: a scope that is wider than what was agreed is cut to it."""
    most = [one for one in map(find_scope, agreed) if one is not None]
    held = [one for one in map(find_scope, scopes) if one is not None]
    common = (_common(one, other) for one in held for other in most)
    return frozenset(str(one) for one in common if one is not None)


def _common(one: Scope, other: Scope) -> Scope | None:
    """The scope that permits what both do; None: there is nothing."""
    wide = {one.type, other.type} - {"*"} if one.context != "hie" else {one.type, other.type}
    # A person's scopes for one patient are within those for all that person sees.
    contexts = {one.context, other.context}
    same = len(contexts) == 1 or contexts == {"patient", "user"}
    letters = "".join(letter for letter in one.letters if letter in other.letters)
    if not same or len(wide) > 1 or (one.letters and not letters):
        return None
    constraints = both(one.constraints, other.constraints)
    if constraints is None:
        return None
    return Scope(min(contexts), next(iter(wide), "*"), letters, constraints)  # patient < user


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Those that are no scopes at all."""
    return [scope for scope in scopes if not covered([scope], [scope])]
