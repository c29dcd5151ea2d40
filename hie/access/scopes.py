"""Scopes: what a token permits, in the grammar of SMART App Launch 2.2 and the hub's own words.

`system/Observation.rs`, `user/Patient.r`, `system/*.rs`: context, resource type, and letters of
`cruds` in that order. Doors that are not FHIR have scopes of the hub: `hie/order-check` and the
other members of `Door`. Search constraints (`?category=laboratory`) are those of `constraints`;
any other is refused rather than ignored: a token must never permit more than it says.
https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hie.access.constraints import find_constraints, within
from hie.access.restriction import Constraints
from hie.errors import Fault

LONGEST = 2048  # characters of a scope parameter
MOST = 64


class Door(StrEnum):
    """The doors that are not FHIR resources, by the scope that opens each."""

    INTAKE = "hie/intake"  # POST /intake/{site}
    ORDER_CHECK = "hie/order-check"  # POST /v1/order-check, $assess, reminders, views
    DECIDE = "hie/decide"  # POST /v1/decisions, records, notices, notifications
    CONSENT = "hie/consent"  # people record and withdraw what a patient signed
    MESSAGES = "hie/messages"  # kept and held messages of the own institution
    MAPS = "hie/maps"  # local codes and their maps
    INDICATORS = "hie/indicators"  # GET /v1/indicators: the own institution's, PUBHLTH: all
    REGISTERS = "hie/registers"  # institutions, qualifications, precision, marks, policies
    PATIENT_CODES = "hie/patient-codes"  # a patient's app: codes that open the own record
    CLIENT_IDS = "hie/client-ids"  # a client of FHIR chooses the ids of what it creates
    INTROSPECT = "hie/introspect"  # POST /oauth/introspect of the institution's other clients
    OPEN_REFERENCES = "hie/open-references"  # what it writes may point at what is not there


class Interaction(StrEnum):
    """What a SMART scope permits on a type, by its letter."""

    CREATE = "c"
    READ = "r"
    UPDATE = "u"
    DELETE = "d"
    SEARCH = "s"


_DOORS = frozenset(door.value for door in Door)
_SMART = re.compile(
    r"(system|user|patient)/(\*|[A-Z][A-Za-z]{1,63})\.(?=[cruds])(c?r?u?d?s?)(?:\?([\x21-\x7e]+))?"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope: `context` is system, user, patient (of the one in context) or hie.

    For hie, `type` is the door and there are no letters. `constraints`: what rows must satisfy.
    """

    context: str
    type: str
    letters: str = ""
    constraints: Constraints = ()

    def covers(self, other: "Scope") -> bool:
        """Whether whoever has this scope has the other as well."""
        return (
            self.context == other.context
            and self.type in {other.type, "*"}
            and set(other.letters) <= set(self.letters)
            and within(other.constraints, self.constraints)
        )

    def __str__(self) -> str:
        query = "&".join(f"{name}={','.join(values)}" for name, values in self.constraints)
        letters = f".{self.letters}" if self.letters else ""
        return f"{self.context}/{self.type}{letters}" + (f"?{query}" if query else "")


def find_scope(text: str) -> Scope | None:
    """The scope that a text means, or None when it is outside the grammar."""
    if text in _DOORS:
        return Scope("hie", text.partition("/")[2])
    match = _SMART.fullmatch(text)
    if match is None or match[4] is None:
        return Scope(match[1], match[2], match[3]) if match else None
    constraints = find_constraints(match[2], match[4])
    return None if constraints is None else Scope(match[1], match[2], match[3], constraints)


def covered(asked: Iterable[str], held: Iterable[str]) -> bool:
    """Whether each asked scope is in the grammar and covered by one that is held."""
    having = [scope for scope in map(find_scope, held) if scope is not None]
    return all(
        scope is not None and any(one.covers(scope) for one in having)
        for scope in map(find_scope, asked)
    )


def check_client_scopes(scopes: Iterable[str], types: frozenset[str]) -> list[Fault]:
    """What is wrong with the scopes a client is to be registered with; `types` the hub holds."""
    faults = []
    given = list(scopes)
    if not 1 <= len(given) <= MOST:
        faults.append(Fault("scopes", "scope-count", f"1 to {MOST} scopes"))
    for n, text in enumerate(given):
        scope = find_scope(text)
        if scope is None:
            expected = "system/<Type>.<letters of cruds, in this order>, user/…, or a hie/ scope"
            faults.append(Fault(f"scopes[{n}]", "scope-format", expected))
        elif scope.context == "patient":
            expected = "system/ for the system, user/ for its people"
            faults.append(Fault(f"scopes[{n}]", "scope-context", expected))
        elif scope.context != "hie" and scope.type != "*" and scope.type not in types:
            expected = "a resource type of this hub: " + ", ".join(sorted(types))
            faults.append(Fault(f"scopes[{n}]", "scope-type", expected))
    return faults
