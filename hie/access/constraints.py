"""Search constraints of scopes: `Observation.rs?category=laboratory` is no more than it says.

SMART App Launch 2.2, finer-grained resource constraints. Taken are the parameters that every row
can be held to where it lies: status, category and code as tokens. Any other parameter, a modifier,
an empty value is outside the grammar, and so is the scope.
https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from collections.abc import Mapping
from functools import lru_cache

from hie.access.restriction import Constraints

CONSTRAINABLE: Mapping[str, frozenset[str]] = {
    "Observation": frozenset({"category", "code", "status"}),
    "DiagnosticReport": frozenset({"category", "code", "status"}),
    "ImagingStudy": frozenset({"status"}),
    "ServiceRequest": frozenset({"status"}),
}
_MOST = 8


@lru_cache(maxsize=512)
def find_constraints(kind: str, query: str) -> Constraints | None:
    """The constraints in the query part of a scope, in the order of their names; None: no such."""
    found: dict[str, tuple[str, ...]] = {}
    for part in query.split("&"):
        name, equals, text = part.partition("=")
        values = tuple(dict.fromkeys(text.split(",")))
        is_known = equals and name in CONSTRAINABLE.get(kind, ()) and name not in found
        if not is_known or len(values) > _MOST or not all(map(_is_token, values)):
            return None
        found[name] = values
    return tuple(sorted(found.items()))


def within(narrow: Constraints, wide: Constraints) -> bool:
    """Whether what `narrow` permits is among what `wide` does: each of its parameters is held."""
    held = dict(narrow)
    return all(name in held and set(held[name]) <= set(values) for name, values in wide)


def both(one: Constraints, other: Constraints) -> Constraints | None:
    """The constraints of who is held to the one and the other; None when no row can satisfy them.

    A value that both name is named alike in both: a code without its system is another value.
    """
    found = dict(one)
    for name, values in other:
        found[name] = tuple(value for value in found.get(name, values) if value in values)
    return tuple(sorted(found.items())) if all(found.values()) else None


def _is_token(value: str) -> bool:
    """A code, or a system and a code."""
    system, bar, code = value.rpartition("|")
    return bool(code) and "|" not in system and (not bar or bool(system))
