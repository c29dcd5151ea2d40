"""Does a resource satisfy FHIR R4? A compiled schema, then invariants, then what references name.

Most resources are sound by the narrower schema of `narrow` and are not looked at again. The schema
is `schemas/fhir/r4.schema.json`, made by scripts/make_r4_schema.py, and compiled once for all
types: a schema a type would take fifteen times the memory. A refusal is put into words only when it
happens. `hie.fhir.structure` is the second opinion, for tests and new sites.
"""

import re
from functools import cache
from itertools import islice
from typing import Any

import jsonschema_rs

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.invariants import check_invariants
from hie.fhir.narrow import is_surely_sound
from hie.fhir.number import plain
from hie.fhir.primitives import FORMATS
from hie.fhir.references import check_references
from hie.fhir.target import check_target
from hie.fhir.wire import parse
from hie.schemas import schema

_Kind = jsonschema_rs.ValidationErrorKind
_CODES = {
    _Kind.Required: "required",
    _Kind.AnyOf: "required",  # the element or its extension
    _Kind.Enum: "binding",
    _Kind.Format: "value",
    _Kind.Pattern: "value",
    _Kind.Minimum: "value",
    _Kind.Maximum: "value",
    _Kind.MaxLength: "value",
    _Kind.MinLength: "value",
}
_ELEMENT = re.compile(r"_?[a-z][A-Za-z0-9]{0,63}")  # what may be told of a member that was sent
MOST_FAULTS = 100  # told of one resource; a person fixes the first ones first


@cache
def _published() -> dict[str, Any]:
    return parse(schema("fhir", "r4.schema.json").read_bytes())


@cache
def _validator() -> jsonschema_rs.Draft7Validator:
    """The one compiled schema; it takes {type: resource}, so that the type picks its branch."""
    return jsonschema_rs.Draft7Validator(
        _published(),
        formats=dict(FORMATS),
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


@cache
def types() -> frozenset[str]:
    """The resource types that can be checked."""
    return frozenset(_published()["properties"])


def check(resource: Resource) -> list[Fault]:
    """What is wrong with a resource: place, code, what was expected; [] if nothing.

    The code is the key of the broken invariant ("obs-6"), "reference-target", "required",
    "binding" (not one of the codes), "value" (not of the form), else "structure".
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in types():
        return [Fault("resourceType", "unknown-type", "an R4 resource type served here")]
    return [] if is_surely_sound(resource) else look_closely(resource)


def look_closely(resource: Resource) -> list[Fault]:
    """Every rule, invariant and reference target, for a resource of a type that is served."""
    kind = resource["resourceType"]
    validator = _validator()
    if not validator.is_valid({kind: resource}):  # which takes no AsSent
        errors = islice(validator.iter_errors({kind: plain(resource)}), MOST_FAULTS)
        faults = list(dict.fromkeys(_fault(error) for error in errors))
        if faults:
            return faults
    faults = [*check_invariants(resource), *check_references(resource), *check_target(resource)]
    return faults[:MOST_FAULTS]


def _fault(error: jsonschema_rs.ValidationError) -> Fault:
    path, named = _path(error.instance_path), _named(error.schema_path)
    if named is None:
        return Fault(path, _CODES.get(type(error.kind), "structure"), _expected(error))
    binding, _, url = named.partition(" ")
    if url:
        return Fault(path, binding, f"a code of {url}")
    return Fault(path, named, invariant(named))


@cache
def _invariants() -> dict[str, dict[str, str]]:
    return parse(schema("fhir", "r4.invariants.json").read_bytes())


def is_invariant(key: str) -> bool:
    """Whether this is the key of an invariant of R4, which `check` asks."""
    return key in _invariants()


def invariant(key: str) -> str:
    """What R4 demands by an invariant, in its words."""
    return _invariants()[key]["human"] if key in _invariants() else key


def _path(steps: list[str | int]) -> str:
    """FHIRPath of the place; the first step is the resource type."""
    text = str(steps[0]) if steps else "resource"
    for step in steps[1:]:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text


def _named(steps: list[str | int]) -> str | None:
    """The invariant or the binding whose rule refused, which the schema keeps beside the rule."""
    rule: Any = _published()
    for step in steps:
        rule = rule[step]
        if isinstance(rule, dict) and "$comment" in rule:
            return str(rule["$comment"])
    return None


def _expected(error: jsonschema_rs.ValidationError) -> str:
    """What the schema wants, without the value that was met (its own messages quote it)."""
    kind, steps = error.kind, error.schema_path
    match kind:
        case _Kind.Required():
            return f"the element {kind.property}"
        case _Kind.AdditionalProperties():
            names = [one for one in kind.unexpected if _ELEMENT.fullmatch(one)]
            return f"elements of R4 only{', not ' if names else ''}{', '.join(names[:5])}"
        case _Kind.Enum():
            return f"one of {', '.join(map(str, kind.options))}"
        case _Kind.Type():
            return f"of JSON type {' or '.join(map(str, kind.types))}"
        case _Kind.Format():
            return f"a FHIR {kind.format.removeprefix('fhir-')} that exists"
        case _Kind.Pattern():
            return f"a FHIR {steps[1]}"
        case _Kind.MinItems() | _Kind.MinProperties() | _Kind.MinLength():
            return "something in it, or no such element"
        case _Kind.OneOfMultipleValid() | _Kind.OneOfNotValid():
            return "one value of the choice"
        case _Kind.AnyOf():
            return f"the element {_first_of(steps)}"
    return f"R4 structure ({kind.name})"


def _first_of(steps: list[str | int]) -> str:
    """The element that a rule "this or its extension" is about."""
    rule: Any = _published()
    for step in steps:
        rule = rule[step]
    return str(rule[0]["required"][0])
