"""What one search value asks for, by the type of its parameter (FHIR R4 search.html#ptypes)."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Token:
    """One token value: `system` None is any, "" is none; `code` None is any."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Typed:
    """The value of `:of-type`: an identifier of this type."""

    system: str
    code: str
    value: str


@dataclass(frozen=True, slots=True)
class Among:
    """Any of these codes, or any code of these systems: what `:in`, `:below`, `:above` came to."""

    codes: frozenset[tuple[str, str]]
    systems: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class When:
    """One date value: a prefix, and the interval [start, end) in microseconds it means.

    `ap` has its margin in the interval already.
    """

    prefix: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Amount:
    """One number or quantity: a prefix, the number and half its last digit, and the unit if named.

    `system` None is any, "" is none; `code` None is any unit.
    """

    prefix: str
    number: Decimal
    margin: Decimal
    system: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """One string or uri value."""

    text: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """One reference value: a type and an id, an id alone, or an absolute address.

    `version`: only references to that version. `base`: this server's address, below which a
    reference is one of its own.
    """

    type: str | None
    id: str
    address: str | None = None
    version: str | None = None
    base: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A position in degrees, and how far from it in metres."""

    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Parts:
    """One composite value: what each of its parts asks for."""

    parts: tuple["Value", ...]


Value = Token | Typed | Among | When | Amount | Words | Pointer | Near | Parts
