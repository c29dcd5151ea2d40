"""A Consent as a tree of provisions, each with what it speaks of (FHIR R4 consent.html).

What cannot be held to is a fault: a writer is refused for it, and what is stored with it all the
same (another level, another version of the hub) denies more and permits less than it says.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from hie.consent.words import EVERY_PURPOSE, GLASS
from hie.errors import Fault

DEPTH = 5  # provisions below one another, the root counted


class Level(IntEnum):
    """What is evaluated: the options of IHE PCF, each including those before it."""

    IMPLICIT = 0  # no Consent: the region's policy alone
    BASIC = 1  # who, when, for what
    INTERMEDIATE = 2  # which records: by day, by name, by whom; exceptions
    ADVANCED = 3  # security labels


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: an institution, or a person or system (`party`); neither: nobody who asks here."""

    institution: str | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """Which records: those of an institution, or one resource; neither: none that is here."""

    source: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """Which confidentiality and which topics: any of them."""

    level: int | None
    topics: int


@dataclass(frozen=True, slots=True)
class Provision:
    """One rule of a Consent with its exceptions; None = it does not say.

    `purposes`: bits as named, `named_glass`: breaking the glass among them by its own code.
    """

    permit: bool
    who: tuple[Who, ...] | None = None
    purposes: int | None = None
    named_glass: bool = False
    period: tuple[int, int] | None = None
    days: tuple[int | None, int | None] | None = None
    data: tuple[Data, ...] | None = None
    labels: Labels | None = None
    kinds: tuple[str, ...] | None = None
    but: tuple["Provision", ...] = ()


@dataclass(frozen=True, slots=True)
class Directive:
    """One active Consent: when it was given, its root provision, by whom it was signed.

    `level`: the highest option of PCF it needs. `by_guardian`: somebody signed for the patient.
    """

    consent: str
    at_us: int
    root: Provision
    level: Level = Level.BASIC
    by_guardian: bool = False
    faults: tuple[Fault, ...] = field(default=(), compare=False)


def purposes_of(provision: Provision, *, presumed: bool) -> int:
    """The purposes a provision is about.

    `presumed`: that nobody withholds what saves them: a denial holds when the glass is broken only
    if it says so.
    """
    bits = EVERY_PURPOSE if provision.purposes is None else provision.purposes
    if presumed and not provision.permit and not provision.named_glass:
        bits &= ~GLASS
    return bits
