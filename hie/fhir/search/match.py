"""Whether one resource is what one search parameter asks for: the reference meaning of a search.

FHIR R4 search.html. Where an index answers instead, it must answer the same; tests compare them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hie.fhir.search.definitions import Kind, Parameter, Path
from hie.fhir.search.elements import elements, reached
from hie.fhir.search.is_amount import is_amount
from hie.fhir.search.is_named import is_named
from hie.fhir.search.is_near import is_near
from hie.fhir.search.is_pointer import is_identified, is_pointer, is_uri
from hie.fhir.search.is_token import is_among, is_text, is_token, is_typed
from hie.fhir.search.is_when import is_when
from hie.fhir.search.values import (
    Among,
    Amount,
    Near,
    Parts,
    Pointer,
    Token,
    Typed,
    Value,
    When,
    Words,
)

NEGATIONS = frozenset({"not", "not-in"})  # met by what has no such element too


def matches(
    parameter: Parameter, modifier: str, values: Sequence[Value], resource: Mapping[str, Any]
) -> bool:
    """Whether any of the values is met; with `:not` and `:not-in`, whether none is."""
    is_negated = modifier in NEGATIONS
    if modifier == "missing":
        said = "true" if _missing(parameter, resource) else "false"
        return any(isinstance(one, Token) and one.code == said for one in values)
    if parameter.kind is Kind.COMPOSITE:
        return any(_composite(parameter, one, resource) for one in values)
    if any(path.datatype == "exists" for path in parameter.paths):
        said = "true" if _present(parameter, resource) else "false"
        found = any(isinstance(one, Token) and one.code == said for one in values)
        return found is not is_negated
    found = any(
        _meets(parameter, modifier, path, element, one)
        for path, element in elements(resource, parameter.paths)
        for one in values
    )
    return found is not is_negated


def _meets(parameter: Parameter, modifier: str, path: Path, element: Any, value: Value) -> bool:
    """Whether one element meets one value."""
    match value:
        case Token() if modifier == "identifier":
            return is_identified(element, value)
        case Token():
            return is_token(path, element, value)
        case Among():
            return is_among(path, element, value)
        case Near():
            return is_near(element, value)
        case Typed():
            return is_typed(element, value)
        case When():
            return is_when(path.datatype, element, value)
        case Amount():
            return is_amount(path.datatype, element, value)
        case Pointer():
            return is_pointer(path.datatype, element, value, parameter.targets)
        case Words() if modifier == "text":
            return is_text(element, value)
        case Words() if parameter.kind is Kind.URI:
            return is_uri(element, value, modifier)
        case Words():
            return is_named(element, value.text, modifier)
        case _:
            return False


def _composite(parameter: Parameter, value: Value, resource: Mapping[str, Any]) -> bool:
    """Whether one base element meets every part of the value."""
    if not isinstance(value, Parts):
        return False
    return any(
        all(
            any(
                _meets(Parameter(parameter.name, part.kind, part.paths), "", path, element, asked)
                for path, element in elements(base, part.paths)
            )
            for part, asked in zip(parameter.parts, value.parts, strict=True)
        )
        for base in _bases(parameter, resource)
    )


def _bases(parameter: Parameter, resource: Mapping[str, Any]) -> Iterable[Any]:
    for steps in parameter.bases:
        yield from reached(resource, steps)


def _missing(parameter: Parameter, resource: Mapping[str, Any]) -> bool:
    return next(elements(resource, parameter.paths), None) is None


def _present(parameter: Parameter, resource: Mapping[str, Any]) -> bool:
    """`X.exists() and X != false` (Patient.deceased)."""
    return any(element is not False for _, element in elements(resource, parameter.paths))
