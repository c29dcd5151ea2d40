"""FHIRPath Patch: operations in a Parameters resource, applied to a resource (fhirpatch.html).

Of FHIRPath the paths that name one element: members, `[n]`, and `where(member = 'value')`. An
operation whose path names no element, or several, fails the patch; nothing is half done.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

from hie.errors import Fault, InvalidRequest, UnprocessableRequest
from hie.fhir import Resource

_OPERATIONS = frozenset({"add", "insert", "delete", "replace", "move"})
_STEP = re.compile(
    r"(?P<name>[A-Za-z]+)"
    r"(?P<picks>(?:\[\d{1,4}\]|\.where\(\s*[A-Za-z]+\s*=\s*'[^']*'\s*\))*)\Z"
)
_PICK = re.compile(r"\[(\d+)\]|\.where\(\s*([A-Za-z]+)\s*=\s*'([^']*)'\s*\)")
_CUT = re.compile(r"\.(?!where\()(?![^(]*\))")

# Where an element stands: the object or list that holds it, and its name or number there.
Place = tuple[Any, str | int]


def patched(tree: Resource, parameters: Mapping[str, Any]) -> Resource:
    """The resource after every operation, in order. The one given stays as it is.

    Raises InvalidRequest for what is no patch, UnprocessableRequest for a path that does not name
    one element.
    """
    listed = parameters.get("parameter")
    operations = [
        one
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and one.get("name") == "operation"
    ]
    if parameters.get("resourceType") != "Parameters" or not operations:
        fault = Fault("Parameters.parameter", "not-a-patch", "parts named operation")
        raise InvalidRequest("this is no FHIRPath Patch", (fault,))
    found = copy.deepcopy(tree)
    for number, one in enumerate(operations):
        _apply(found, _parts(one, number), f"Parameters.parameter[{number}]")
    return found


def _parts(operation: Mapping[str, Any], number: int) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    where = f"Parameters.parameter[{number}]"
    for part in _named(operation.get("part"), where):
        name = part["name"]
        values = [value for key, value in part.items() if key.startswith("value")]
        if name == "value" and not values and "part" in part:
            parts["value"] = _element(part["part"], where)
        elif values:
            parts[name] = values[0]
        elif name == "value" and "resource" in part:
            parts["value"] = part["resource"]
    kind = parts.get("type")
    if (
        not isinstance(kind, str)
        or kind not in _OPERATIONS
        or not isinstance(parts.get("path"), str)
    ):
        fault = Fault(where, "not-an-operation", "type (add, insert, delete, replace, move), path")
        raise InvalidRequest("this is no FHIRPath Patch", (fault,))
    return parts


def _named(parts: Any, where: str) -> list[dict[str, Any]]:
    """The parts as they stand. Raises InvalidRequest when one of them has no name."""
    if isinstance(parts, list) and all(
        isinstance(part, dict) and isinstance(part.get("name"), str) for part in parts
    ):
        return parts
    fault = Fault(f"{where}.part", "wrong-type", "a list of parts, each with a name")
    raise InvalidRequest("this is no FHIRPath Patch", (fault,))


def _element(parts: Any, where: str) -> dict[str, Any]:
    """A BackboneElement said member by member: parts with the names of its members."""
    found: dict[str, Any] = {}
    for part in _named(parts, where):
        name = part["name"]
        values = [value for key, value in part.items() if key.startswith("value")]
        value = values[0] if values else _element(part.get("part"), where)
        if name in found:
            found[name] = [*(v if isinstance(v := found[name], list) else [v]), value]
        else:
            found[name] = value
    return found


def _apply(tree: Resource, parts: Mapping[str, Any], where: str) -> None:
    match parts["type"]:
        case "add":
            holder = _value(_one(tree, parts["path"], where))
            name = parts.get("name")
            if not isinstance(holder, dict) or not isinstance(name, str) or "value" not in parts:
                raise _lost(where, "an element, a name and a value")
            if isinstance(holder.get(name), list):
                holder[name].append(parts["value"])
            else:
                holder[name] = parts["value"]
        case "replace":
            holder, key = _one(tree, parts["path"], where)
            if "value" not in parts or holder is None:
                raise _lost(where, "a value, and an element to replace")
            holder[key] = parts["value"]
        case "delete":
            holder, key = _one(tree, parts["path"], where, maybe=True)
            if holder is not None:
                del holder[key]
                _prune(tree)
        case "insert":
            listed = _list(tree, parts, where)
            listed.insert(_index(parts, "index", len(listed), where), parts.get("value"))
        case _:
            listed = _list(tree, parts, where)
            source = _index(parts, "source", len(listed) - 1, where)
            target = _index(parts, "destination", len(listed) - 1, where)
            listed.insert(target, listed.pop(source))


def _list(tree: Resource, parts: Mapping[str, Any], where: str) -> list[Any]:
    found = _value(_one(tree, parts["path"], where, whole=True))
    if not isinstance(found, list):
        raise _lost(where, "a list")
    return found


def _index(parts: Mapping[str, Any], name: str, most: int, where: str) -> int:
    number = parts.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= most:
        raise _lost(where, f"{name} from 0 to {most}")
    return number


def _one(
    tree: Resource, path: str, where: str, *, maybe: bool = False, whole: bool = False
) -> Place:
    """The one element a path names; with `whole` a list as such. (None, "") if it may be absent."""
    steps = _CUT.split(path)
    if steps[0] != tree["resourceType"]:
        raise _lost(where, f"a path from {tree['resourceType']}")
    place: Place = ([tree], 0)
    for turn, step in enumerate(steps[1:], 2):
        match = _STEP.match(step)
        if match is None:
            raise _lost(where, "members, [n] and where(member = 'value')")
        holder = _value(place)
        if not isinstance(holder, dict) or match["name"] not in holder:
            if maybe:
                return None, ""
            raise _lost(where, "one element that is there")
        last = turn == len(steps)
        place = _picked((holder, match["name"]), match["picks"], whole=whole and last, where=where)
        if place[0] is None:
            if maybe:
                return None, ""
            raise _lost(where, "one element that is there")
    return place


def _picked(place: Place, picks: str, *, whole: bool, where: str) -> Place:
    found = _value(place)
    if not isinstance(found, list):
        return place if not picks else (None, "")
    numbers = list(range(len(found)))
    for pick in _PICK.finditer(picks):
        if pick[1] is not None:
            numbers = numbers[int(pick[1]) : int(pick[1]) + 1]
        else:
            numbers = [n for n in numbers if _says(found[n], pick[2], pick[3])]
    if whole and not picks:
        return place
    if len(numbers) > 1:
        raise _lost(where, "one element, not several")
    return (found, numbers[0]) if numbers else (None, "")


def _says(element: Any, member: str, value: str) -> bool:
    return isinstance(element, dict) and str(element.get(member)) == value


def _value(place: Place) -> Any:
    holder, key = place
    return holder[key]


def _prune(tree: Any) -> None:
    """FHIR has no empty lists or objects: the last one in it takes what held it along."""
    for key, value in list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)):
        if isinstance(value, dict | list):
            _prune(value)
            if not value and isinstance(tree, dict):
                del tree[key]


def _lost(where: str, expected: str) -> UnprocessableRequest:
    return UnprocessableRequest("the patch leads nowhere", (Fault(where, "path", expected),))
