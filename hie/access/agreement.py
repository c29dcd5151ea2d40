"""What an institution and the region have agreed on: the outer bound of all its systems and people.

A token, a role or a registration never permits more than the agreement does. An institution
without an agreement of its own has the standard one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from hie.access.restriction import NORMAL, RESTRICTED, VERY_RESTRICTED
from hie.access.scopes import covered
from hie.access.windows import Kind

CLEARANCES = {"N": NORMAL, "R": RESTRICTED, "V": VERY_RESTRICTED}
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
        found: frozenset[str] = frozenset({Kind.VISIT}) if self.encounter else _KNOWN_HERE
        if not is_person:
            found |= {Kind.OWN}
        if self.declares and not self.encounter and (self.people_declare or not is_person):
            found |= {Kind.DECLARED}
        return found


STANDARD = Agreement()


@lru_cache(maxsize=1024)
def _within(agreed: tuple[str, ...], scopes: frozenset[str]) -> frozenset[str]:
    return frozenset(scope for scope in scopes if covered([scope], agreed))


def clearance_of(letter: str) -> int | None:
    """The clearance of a letter of v3-Confidentiality; None for any other."""
    return CLEARANCES.get(letter)


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Those that are no scopes at all."""
    return [scope for scope in scopes if not covered([scope], [scope])]
