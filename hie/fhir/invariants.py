"""Invariants of R4 that a schema cannot ask: they compare members, or look elsewhere in the tree.

ext-1, per-1, rng-2, ref-1, dom-3 and obs-7; the others are rules of `schemas/fhir/r4.schema.json`.
What stays unasked: txt-1 and txt-2 (narrative is never shown), and warnings. The tree has passed
the schema. One pass over every element, because thousands of results a second come here.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.elements import bounds

# Where an element stands: the place of its parent, its name there, its number if it is in a list.
Place = tuple[Any, ...] | None

_BESIDE_A_VALUE = frozenset({"id", "url", "_url", "extension"})
_SHORT = 2  # members of an extension that has a url and one thing more


def check_invariants(resource: Resource) -> list[Fault]:
    """Every invariant that is broken: where, its key, what it demands."""
    if "contained" not in resource and "component" not in resource and _is_sound(resource):
        return []
    return list(_faults(resource))


def _is_sound(resource: Resource) -> bool:
    """Whether nothing can be wrong; no places are kept. False means: look closely."""
    elements: list[Mapping[str, Any]] = [resource]
    for element in elements:  # grows while it is read
        for value in element.values():
            if type(value) is dict:
                elements.append(value)
            elif type(value) is list and type(value[0]) is dict:
                elements += value
        if "extension" in element and not all(map(_is_extension, element["extension"])):
            return False
        # Consent.provision.data.reference is an element of that name, no reference itself.
        if "reference" in element and str(element["reference"])[:1] == "#":
            return False
        if "end" in element and _ends_early(element):
            return False
        if "high" in element and _is_reversed(element, None):
            return False
        if "modifierExtension" in element:
            return False
    return True


def _faults(resource: Resource) -> Iterator[Fault]:
    kind: str = resource["resourceType"]
    contained = resource.get("contained", ())
    waiting: list[tuple[Mapping[str, Any], Place]] = [(resource, None)]
    for element, place in waiting:
        for name, value in element.items():
            if type(value) is dict:
                waiting.append((value, (place, name)))
            elif type(value) is list and type(value[0]) is dict:
                waiting += [(part, (place, name, number)) for number, part in enumerate(value)]
                if name in ("extension", "modifierExtension"):
                    for number, one in enumerate(value):
                        if not _is_extension(one):
                            where = path(kind, (place, name, number))
                            yield Fault(where, "ext-1", "either extensions or one value")
            elif name == "reference" and value[:1] == "#" and not _is_there(value, contained):
                yield Fault(path(kind, (place, name)), "ref-1", "a contained resource")
        if "end" in element and _ends_early(element):
            yield Fault(path(kind, place), "per-1", "a start that is not after the end")
        if "high" in element and _is_reversed(element, place):
            yield Fault(path(kind, place), "rng-2", "a low that is not over the high")
    if contained:
        yield from _dom_3(kind, resource)
    if "component" in resource:
        yield from _obs_7(resource)


def path(kind: str, place: Place) -> str:
    """FHIRPath of a place: `Observation.component[0].code`."""
    if place is None:
        return kind
    number = f"[{place[2]}]" if len(place) == 3 else ""
    return f"{path(kind, place[0])}.{place[1]}{number}"


def _is_extension(one: Mapping[str, Any]) -> bool:
    """Whether an extension has either extensions or one value, not both."""
    if len(one) == _SHORT and "id" not in one and "_url" not in one:
        return True
    values = {key.removeprefix("_") for key in one if key not in _BESIDE_A_VALUE}
    return len(values) == (0 if "extension" in one else 1)


def _is_there(reference: str, contained: Iterable[Mapping[str, Any]]) -> bool:
    """`#` is the resource itself, `#x` a contained one."""
    return reference == "#" or any(one.get("id") == reference[1:] for one in contained)


def _ends_early(element: Mapping[str, Any]) -> bool:
    """A Period whose end lies wholly before its start."""
    start, end = element.get("start"), element["end"]
    if not isinstance(start, str) or not isinstance(end, str):
        return False
    first, last = bounds(start), bounds(end)
    return first is not None and last is not None and last[1] <= first[0]


def _is_reversed(element: Mapping[str, Any], place: Place) -> bool:
    """A Range in one unit whose low is over its high; R4 says no such thing of referenceRange."""
    low, high = element.get("low"), element["high"]
    if not isinstance(low, dict) or not isinstance(high, dict):
        return False
    if place is not None and place[1] == "referenceRange":
        return False
    if low.get("unit") != high.get("unit") or low.get("code") != high.get("code"):
        return False
    return "value" in low and "value" in high and Decimal(low["value"]) > Decimal(high["value"])


def _dom_3(kind: str, resource: Resource) -> Iterator[Fault]:
    """A contained resource is referred to from elsewhere, or refers to the one it is in."""
    texts = set(_texts(resource))
    for number, one in enumerate(resource["contained"]):
        if f"#{one.get('id', '')}" not in texts and "#" not in set(_texts(one)):
            yield Fault(f"{kind}.contained[{number}]", "dom-3", "a reference to it")


def _texts(tree: Any) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _obs_7(resource: Resource) -> Iterator[Fault]:
    """A component that repeats the Observation's own code stands for its value."""
    if not any(key.startswith(("value", "_value")) for key in resource):
        return
    own = {_key(one) for one in resource.get("code", {}).get("coding", ())}
    for number, part in enumerate(resource["component"]):
        if any(_key(one) in own for one in part.get("code", {}).get("coding", ())):
            where = f"Observation.component[{number}].code"
            yield Fault(where, "obs-7", "no value beside a component of the same code")


def _key(coding: Mapping[str, Any]) -> tuple[Any, ...]:
    return coding.get("system"), coding.get("version"), coding.get("code")
