"""The order-check as a FHIR operation: Parameters with the same names, in and out.

An object is a parameter with parts, a list is a parameter repeated, a null is left out (FHIR R4
parameters.html: a parameter has one value or parts). An empty list therefore cannot be said; and a
coded `code` may be a Coding. What is named wrongly is refused by the request's own reader.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hie.errors import Fault, InvalidRequest
from hie.fhir import Resource

# Names that repeat: what stands under them is always a list.
_LISTS = frozenset({"identifiers", "orders", "events"})
# Value types that are JSON's own text, truth and number; others say more than a request can.
_PLAIN = frozenset(
    {
        "valueString", "valueCode", "valueId", "valueUri", "valueCanonical", "valueUrl", "valueOid",
        "valueDateTime", "valueInstant", "valueDate", "valueBoolean", "valueInteger",
    }
)  # fmt: skip
_OUT = {
    "check": "valueId",
    "assessment": "valueId",
    "item": "valueCode",
    "identity": "valueCode",
    "outcome": "valueCode",
    "rule": "valueCode",
    "reasons": "valueCode",
    "currency": "valueCode",
    "on": "valueDateTime",
    "effective": "valueDateTime",
}
_DEPTH = 8


def read_parameters(parameters: Resource, patient: str | None = None) -> dict[str, Any]:
    """The order-check request a Parameters resource holds, to be checked as any other.

    `patient` is the id of the Patient the operation was called on; it is asked about by reference
    and whatever the `patient` parameter states of identifiers is then one too many.
    Raises InvalidRequest when it is not Parameters.
    """
    if parameters.get("resourceType") != "Parameters":
        raise InvalidRequest(
            "expected Parameters", (Fault("resourceType", "structure", "Parameters"),)
        )
    body = _object(parameters.get("parameter"), "Parameters.parameter", 0)
    if patient is not None:
        stated = body.get("patient", {})
        if isinstance(stated, dict):
            body["patient"] = {**stated, "reference": f"Patient/{patient}"}
    return body


def write_parameters(answer: Mapping[str, Any]) -> Resource:
    """An answer, or one of its parts, as Parameters."""
    return {"resourceType": "Parameters", "parameter": list(_parts(answer))}


def _object(parts: Any, path: str, depth: int) -> dict[str, Any]:
    if not isinstance(parts, list) or not parts or depth > _DEPTH:
        raise _refused(path, "a list of parameters")
    found: dict[str, Any] = {}
    for n, part in enumerate(parts):
        place = f"{path}[{n}]"
        name = part.get("name") if isinstance(part, dict) else None
        if not isinstance(name, str) or not name:
            raise _refused(place, "a parameter with a name")
        value = _value(part, place, depth)
        if name in _LISTS:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise _refused(place, "this parameter once")
        else:
            found[name] = value
    return found


def _value(part: Mapping[str, Any], place: str, depth: int) -> Any:
    held = [key for key in part if key == "part" or key.startswith("value")]
    if len(held) != 1:
        raise _refused(place, "one value, or parts")
    key = held[0]
    value = part[key]
    if key == "part":
        return _object(value, f"{place}.part", depth + 1)
    if key in _PLAIN:
        return value
    if key == "valueReference" and isinstance(value, dict):
        return value.get("reference")
    if key == "valueCoding" and isinstance(value, dict):
        return {name: value[name] for name in ("system", "code") if name in value}
    raise _refused(place, "text, true or false, a time, a Reference or a Coding")


def _parts(values: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                parts = list(_parts(one))
                if parts:
                    yield {"name": name, "part": parts}
            elif one is not None and one != "":
                yield {"name": name, **_said(name, one)}


def _said(name: str, value: str | int | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int):
        return {"valueInteger": value}
    if name == "resource":
        return {"valueReference": {"reference": value}}
    return {_OUT.get(name, "valueString"): value}


def _refused(path: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"{path}: expected {expected}", (Fault(path, "structure", expected),))
