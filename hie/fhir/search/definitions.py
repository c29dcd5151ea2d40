"""The R4 search parameters as data: where each looks, what is there, where a reference may lead.

`schemas/fhir/r4.search.json` is made by scripts/make_search_parameters.py from the published
definitions (FHIR R4 searchparameter-registry.html).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from hie.schemas import schema


class Kind(StrEnum):
    """Search parameter types (FHIR R4 search-param-type)."""

    TOKEN = "token"  # noqa: S105 - a parameter type
    DATE = "date"
    REFERENCE = "reference"
    STRING = "string"
    QUANTITY = "quantity"
    URI = "uri"
    COMPOSITE = "composite"
    NUMBER = "number"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Step:
    """One member on the way, and the member and value that pick among several, if any."""

    name: str
    member: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A way from the resource to elements of one datatype; `systems` are those of a bound code."""

    steps: tuple[Step, ...]
    datatype: str
    systems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a composite: what it is and where it looks, from the composite's base."""

    kind: Kind
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one type. `bases` and `parts` are a composite's."""

    name: str
    kind: Kind
    paths: tuple[Path, ...] = ()
    targets: frozenset[str] = frozenset()
    bases: tuple[tuple[Step, ...], ...] = ()
    parts: tuple[Part, ...] = ()


def parameters(kind: str) -> Mapping[str, Parameter]:
    """The parameters R4 defines for a resource type, by name; none for a type it does not know."""
    return _all().get(kind, MappingProxyType({}))


@cache
def _all() -> Mapping[str, Mapping[str, Parameter]]:
    text = schema("fhir", "r4.search.json").read_bytes()
    published: dict[str, dict[str, dict[str, Any]]] = msgspec.json.decode(text)
    return MappingProxyType(
        {
            kind: MappingProxyType({name: _parameter(name, one) for name, one in known.items()})
            for kind, known in published.items()
        }
    )


def _parameter(name: str, one: Mapping[str, Any]) -> Parameter:
    return Parameter(
        name,
        Kind(one["kind"]),
        _paths(one.get("paths", ())),
        frozenset(one.get("targets", ())),
        tuple(_steps(base) for base in one.get("bases", ())),
        tuple(Part(Kind(part["kind"]), _paths(part["paths"])) for part in one.get("parts", ())),
    )


def _paths(published: Any) -> tuple[Path, ...]:
    return tuple(Path(_steps(one["at"]), one["is"], tuple(one.get("of", ()))) for one in published)


def _steps(at: str) -> tuple[Step, ...]:
    return tuple(_step(text) for text in at.split(".")) if at else ()


def _step(text: str) -> Step:
    name, _, rest = text.partition("{")
    member, _, value = rest.rstrip("}").partition("=")
    return Step(name, member, value)
