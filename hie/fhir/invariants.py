"""Invariants of R4 that a schema cannot ask: they compare members, or look elsewhere in the tree.

ele-1, ext-1, per-1, rng-2, ref-1, dom-3 here, txt-1 and txt-2 in `narrative`, those of single
types in `type_invariants`; the others are rules of `schemas/fhir/r4.schema.json`.
`docs/profiles.md` lists them. What stays unasked: warnings. The tree has passed the schema. One
pass over every element, because thousands of results a second come here.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.elements import bounds
from hie.fhir.narrative import broken_by
from hie.fhir.search.definitions import parameters
from hie.fhir.type_invariants import RULES

# Where an element stands: the place of its parent, its name there, its number if it is in a list.
Place = tuple[Any, ...] | None

_BESIDE_A_VALUE = frozenset({"id", "url", "_url", "extension"})
_NARRATIVE = {"txt-1": "formatting elements of XHTML in one div", "txt-2": "some text or an image"}
_NULL = type(None)  # in lists of primitives, and of their extensions
_SHORT = 2  # members of an extension that has a url and one thing more


def check_invariants(resource: Resource) -> list[Fault]:
    """Every invariant that is broken: where, its key, what it demands."""
    if "contained" not in resource and not _has_rules(resource) and _is_sound(resource):
        return []
    return list(_faults(resource))


def _has_rules(resource: Resource) -> bool:
    """Whether its type has rules of its own; a result without components breaks none of them."""
    kind = resource["resourceType"]
    return kind in RULES and (kind != "Observation" or "component" in resource)


def _is_sound(resource: Resource) -> bool:
    """Whether nothing can be wrong; no places are kept. False means: look closely."""
    elements: list[Mapping[str, Any]] = [resource]
    for element in elements:  # grows while it is read
        if element is None:
            return False
        for value in element.values():
            if type(value) is dict:
                elements.append(value)
            elif type(value) is list and value:
                if type(value[0]) is dict:
                    elements += value
                elif value[0] is None:
                    return False
        if "id" in element and len(element) == 1:
            return False
        if "div" in element:
            return False
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
    nobody: frozenset[str] = frozenset()  # ids of what is contained in the resource around
    waiting: list[tuple[Mapping[str, Any], Place, frozenset[str]]] = [(resource, None, nobody)]
    for element, place, around in waiting:
        if place is not None and not _is_checked(element):
            continue
        ids = around
        if "contained" in element:
            ids = frozenset(str(one.get("id")) for one in element["contained"])
            yield from _dom_3(path(kind, place), element)
        elif "resourceType" in element and place is not None and place[1] != "contained":
            ids = nobody
        for name, value in element.items():
            if type(value) is dict:
                waiting.append((value, (place, name), ids))
                if "id" in value and len(value) == 1 and name[1:] not in element:
                    yield Fault(path(kind, (place, name)), "ele-1", "something beside the id")
            elif type(value) is list and value and type(value[0]) in (dict, _NULL):
                parts = [(part, number) for number, part in enumerate(value) if type(part) is dict]
                waiting += [(part, (place, name, number), ids) for part, number in parts]
                for one, number in parts:
                    if "id" in one and len(one) == 1 and not _has_value(element, name, number):
                        where = path(kind, (place, name, number))
                        yield Fault(where, "ele-1", "something beside the id")
                if name in ("extension", "modifierExtension"):
                    for one, number in parts:
                        if not _is_extension(one):
                            where = path(kind, (place, name, number))
                            yield Fault(where, "ext-1", "either extensions or one value")
                        elif name == "modifierExtension":
                            where = path(kind, (place, name, number))
                            yield Fault(where, "modifier-unknown", "no modifier: none is known")
            elif name == "reference" and str(value)[:1] == "#" and not _is_there(value, ids):
                yield Fault(path(kind, (place, name)), "ref-1", "a contained resource")
        if "end" in element and _ends_early(element):
            yield Fault(path(kind, place), "per-1", "a start that is not after the end")
        if "high" in element and _is_reversed(element, place):
            yield Fault(path(kind, place), "rng-2", "a low that is not over the high")
        if "div" in element:
            key = broken_by(element["div"])
            if key is not None:
                yield Fault(f"{path(kind, place)}.div", key, _NARRATIVE[key])
        rule = RULES.get(element.get("resourceType", ""))
        if rule is not None:
            start = path(kind, place)
            for where, key, demand in rule(element):
                yield Fault(f"{start}{where}", key, demand)


def _has_value(element: Mapping[str, Any], name: str, number: int) -> bool:
    """Whether the primitive has a value that this is the id of."""
    values = element.get(name[1:], ()) if name[0] == "_" else ()
    return number < len(values) and values[number] is not None


def _is_checked(element: Mapping[str, Any]) -> bool:
    """Whether the schema has looked at it: not at resources of types that are not served."""
    return "resourceType" not in element or bool(parameters(str(element["resourceType"])))


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


def _is_there(reference: str, ids: frozenset[str]) -> bool:
    """`#` is the resource itself, `#x` a contained one."""
    return reference == "#" or reference[1:] in ids


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


def _dom_3(start: str, resource: Mapping[str, Any]) -> Iterator[Fault]:
    """A contained resource is referred to from elsewhere, or refers to the one it is in."""
    texts = set(_texts(resource))
    for number, one in enumerate(resource["contained"]):
        if f"#{one.get('id', '')}" not in texts and "#" not in set(_texts(one)):
            yield Fault(f"{start}.contained[{number}]", "dom-3", "a reference to it")


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
