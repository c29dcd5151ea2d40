"""How each search parameter is answered: alone, beside something that narrows, or not at all.

One place says it for the documentation, the CapabilityStatement and the tests that ask each.
"""

from enum import StrEnum

from hie.fhir.search.definitions import Kind, Parameter
from hie.store.names import PARAMETERS as NAMES
from hie.store.search.registry import BOUND, INDEXED, LOOKED_UP
from hie.store.tables import HOMELESS

_ALONE = frozenset({"_id", "_lastUpdated", "patient", "subject", "identifier"})


class How(StrEnum):
    """What answers a parameter, in the words of the documentation."""

    INDEX = "index"
    INDEX_BESIDE = "index, beside a patient, an _id or an identifier"
    HASHES = "index of identifiers"
    TOKENS = "index of names"
    LOOKED_AT = "looked at, alone"
    LOOKED_AT_BESIDE = "looked at, beside a patient, an _id or an identifier"
    REFUSED = "refused"

    @property
    def is_alone(self) -> bool:
        """Whether a search may consist of this parameter alone."""
        return self in {How.INDEX, How.HASHES, How.TOKENS, How.LOOKED_AT}


def how_answered(kind: str, parameter: Parameter) -> How:
    """What answers a parameter of a type when it is asked without a modifier."""
    name = parameter.name
    if not parameter.paths and parameter.kind is not Kind.COMPOSITE:
        return How.REFUSED
    if name in INDEXED[kind]:
        is_alone = kind not in BOUND or name in _ALONE
        return How.INDEX if is_alone else How.INDEX_BESIDE
    if name in LOOKED_UP:
        return How.HASHES
    if kind == "Patient" and name in NAMES:
        return How.TOKENS
    return How.LOOKED_AT if kind in HOMELESS else How.LOOKED_AT_BESIDE
