"""What a reference may point at: the R4 definition of each element, as data.

`schemas/fhir/r4.targets.json` is made by scripts/make_r4_schema.py. Only a relative literal
reference says its type; an absolute address, a URN or a logical reference may be anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.schemas import schema

Steps = tuple[str, ...]
Ways = Mapping[str, tuple[tuple[Steps, frozenset[str]], ...]]


def targets(kind: str) -> Ways:
    """By element of a resource type: the ways on from there, and the types at their ends."""
    return _targets().get(kind, {})


@cache
def _targets() -> Mapping[str, Ways]:
    text = schema("fhir", "r4.targets.json").read_bytes()
    found: dict[str, dict[str, tuple[tuple[Steps, frozenset[str]], ...]]] = {}
    for path, kinds in msgspec.json.decode(text, type=dict[str, list[str]]).items():
        kind, name, *steps = path.split(".")
        table = found.setdefault(kind, {})
        table[name] = (*table.get(name, ()), (tuple(steps), frozenset(kinds)))
    return found


def check_references(resource: Resource) -> list[Fault]:
    """Every reference that points at a type its element does not take."""
    kind: str = resource["resourceType"]
    table = targets(kind)
    found: list[Fault] = []
    for name, value in resource.items():
        for steps, kinds in table.get(name, ()):
            for one in _reached(value, steps):
                target = one.get("reference")
                if target is not None and target.partition("/")[0] not in kinds:
                    found += _fault(f"{kind}.{'.'.join((name, *steps))}", one, kinds)
    return found


def _fault(path: str, one: Mapping[str, Any], kinds: frozenset[str]) -> Iterator[Fault]:
    if referenced(one) is not None:
        yield Fault(path, "reference-target", " or ".join(sorted(kinds)))


def _reached(value: Any, steps: Steps) -> Iterable[Mapping[str, Any]]:
    """The elements at the end of the way."""
    if not steps:
        return value if isinstance(value, list) else (value,)
    parts = value if isinstance(value, list) else (value,)
    return [
        one for part in parts if steps[0] in part for one in _reached(part[steps[0]], steps[1:])
    ]
