"""What a resource is sorted by: one value of one search parameter, or none.

FHIR R4 search.html#sort. Of several values the first in the order asked for counts: the least, or
downwards the greatest. What has none stands last, whichever way.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from hie.fhir.search.definitions import Kind, Parameter, Path
from hie.fhir.search.elements import elements
from hie.fhir.search.is_named import folded, sounds, texts
from hie.fhir.search.is_token import pairs
from hie.fhir.search.is_when import interval
from hie.fhir.search.scale import scale_of

SORTABLE = frozenset(
    {Kind.TOKEN, Kind.DATE, Kind.STRING, Kind.QUANTITY, Kind.NUMBER, Kind.REFERENCE, Kind.URI}
)
_LONGEST = 120  # characters of a text that are compared
_UCUM = "http://unitsofmeasure.org"

Sorted = int | str | Decimal  # one parameter has values of one of them


def sort_value(parameter: Parameter, resource: Mapping[str, Any], *, down: bool) -> Sorted | None:
    """What a resource is sorted by; None when it has nothing of the kind."""
    found: list[Any] = [
        one
        for path, element in elements(resource, parameter.paths)
        for one in _values(parameter.kind, path, element, down)
    ]
    if not found:
        return None
    best: Sorted = max(found) if down else min(found)
    return best


def _values(kind: Kind, path: Path, element: Any, down: bool) -> Iterator[Any]:
    match kind:
        case Kind.DATE:
            span = interval(path.datatype, element)
            if span is not None:
                yield span[1] if down else span[0]
        case Kind.STRING:
            for text in texts(element):
                yield _sounding(text)[:_LONGEST]
        case Kind.TOKEN:
            for _, code in pairs(path, element):
                yield code[:_LONGEST]
        case Kind.QUANTITY | Kind.NUMBER:
            if (number := _number(element)) is not None:
                yield number
        case _:
            stated = element.get("reference") if isinstance(element, dict) else element
            if isinstance(stated, str):
                yield stated[:_LONGEST]


def _sounding(text: str) -> str:
    """Chinese goes by its sound, anything else by its letters."""
    return next(iter(sounds(text)), "") or folded(text)


def _number(element: Any) -> Decimal | None:
    """The number, in the base of its unit where that is known."""
    if isinstance(element, Decimal | int) and not isinstance(element, bool):
        return Decimal(element)
    if not isinstance(element, dict) or not isinstance(element.get("value"), Decimal | int):
        return None
    unit = element.get("code") if element.get("system") == _UCUM else None
    scale = scale_of(unit) if unit else None
    return Decimal(element["value"]) * (scale[0] if scale else 1)
