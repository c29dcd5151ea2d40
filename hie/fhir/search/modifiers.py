"""Which modifiers a search parameter is answered with: by its type, and by what it looks at.

FHIR R4 search.html#modifiers. Any other is refused by name, as R4 asks: never left out.
"""

from collections.abc import Mapping
from functools import cache

from hie.fhir.search.definitions import Kind, Parameter

_BY_KIND: Mapping[Kind, frozenset[str]] = {
    Kind.TOKEN: frozenset({"not", "missing"}),
    Kind.DATE: frozenset({"missing"}),
    Kind.QUANTITY: frozenset({"missing"}),
    Kind.NUMBER: frozenset({"missing"}),
    Kind.STRING: frozenset({"exact", "contains", "missing"}),
    Kind.REFERENCE: frozenset({"identifier", "missing"}),  # and a type it may lead to
    Kind.URI: frozenset({"below", "above", "missing"}),
    Kind.COMPOSITE: frozenset(),
    Kind.SPECIAL: frozenset({"missing"}),
}
_CODED = frozenset({"code", "Coding", "CodeableConcept"})
_WORDED = frozenset({"Coding", "CodeableConcept", "Identifier"})


@cache
def modifiers(parameter: Parameter) -> frozenset[str]:
    """The modifiers of one parameter, without their colons; of a reference also its types."""
    found = _BY_KIND[parameter.kind]
    if parameter.name == "_id":
        return found - {"missing"}
    looked_at = {path.datatype for path in parameter.paths}
    if parameter.kind is Kind.REFERENCE:
        return found | parameter.targets if "Reference" in looked_at else frozenset({"missing"})
    if parameter.kind is not Kind.TOKEN:
        return found
    if looked_at & _CODED:
        found |= {"in", "not-in", "above", "below"}
    if looked_at & _WORDED:
        found |= {"text"}
    if "Identifier" in looked_at:
        found |= {"of-type"}
    return found
