"""A narrower R4 schema: what satisfies it breaks no rule, no invariant and no reference target.

It is the published schema of the types that hospitals send by the thousand, without the elements
that an invariant of `invariants` is about, and with the targets of references as patterns. So a
common resource is read once, by one compiled schema. What is not taken here may still be good R4:
then `profile` looks closely. Whatever is added here may only ever make the schema narrower.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema_rs

from hie.fhir import Resource
from hie.fhir.primitives import FORMATS
from hie.fhir.references import targets
from hie.fhir.wire import parse
from hie.schemas import schema

TYPES = frozenset(
    {
        "Patient", "Organization", "Practitioner", "PractitionerRole", "Device", "ServiceRequest",
        "Specimen", "Observation", "DiagnosticReport", "Provenance",
    }
)  # fmt: skip

_HERE = "#/definitions/"
# Times as laboratories write them, by a pattern: a format is a call from the schema into Python.
_DAY = (
    "(?:19|20)[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_CLOCK = (
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?"
    "(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])"
)
TIMES: Mapping[str, str] = {"dateTime": f"^{_DAY}(?:{_CLOCK})?$", "instant": f"^{_DAY}{_CLOCK}$"}
_UNTAKEN = frozenset({"contained", "modifierExtension", "component"})  # dom-3, ext-1, obs-7
_RARE = frozenset({"Narrative", "SampledData", "Timing"})  # left out to keep the schema small
_VALUES = frozenset({"Boolean", "Code", "Coding", "DateTime", "Integer", "Quantity", "String"})
_WITHIN_EXTENSION = frozenset({"url", *(f"value{kind}" for kind in _VALUES)})
_MORE: Mapping[str, dict[str, Any]] = {
    "Extension": {"minProperties": 2, "maxProperties": 2},  # ext-1: the address, and one value
    "Reference": {"properties": {"reference": {"pattern": "^[^#]"}}},  # ref-1
    "Period": {"not": {"required": ["start", "end"]}},  # per-1
    "Range": {"not": {"required": ["low", "high"]}},  # rng-2
}


def is_surely_sound(resource: Resource) -> bool:
    """Whether nothing is wrong with a resource. False: nobody knows yet."""
    kind = resource["resourceType"]
    return kind in TYPES and _validator().is_valid({kind: resource})


@cache
def _validator() -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(
        _narrowed(),
        formats=dict(FORMATS),
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def _narrowed() -> dict[str, Any]:
    """The schema: the types, and the definitions that can be reached from them."""
    published = parse(schema("fhir", "r4.schema.json").read_bytes())["definitions"]
    definitions: dict[str, Any] = {}
    waiting = sorted(TYPES)
    for name in waiting:  # grows while it is read
        if name not in definitions:
            definitions[name] = _definition(name, published[name])
            waiting += _named(definitions[name])
    for kind in TYPES:
        for name, ways in targets(kind).items():
            for steps, kinds in ways:
                _aim(definitions, [kind, name, *steps], kinds)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {kind: {"$ref": _HERE + kind} for kind in TYPES},
        "definitions": definitions,
    }


def _definition(name: str, published: Mapping[str, Any]) -> dict[str, Any]:
    """One definition with fewer elements; those it no longer names are refused."""
    made: dict[str, Any] = deepcopy(dict(published))
    if name in TIMES:
        del made["format"]
        made["pattern"] = TIMES[name]
    if "properties" not in made:
        return made
    made["properties"] = {
        element: _whole(rule)
        for element, rule in made["properties"].items()
        if not element.startswith("_")
        and element not in _UNTAKEN
        and not _RARE.intersection(_named(rule))
        and (name != "Extension" or element in _WITHIN_EXTENSION)
        and (element != "id" or "resourceType" in published["properties"])  # ele-1
    }
    if name in _MORE:
        made["allOf"] = [*made.get("allOf", ()), _MORE[name]]
    return made


def _whole(rule: dict[str, Any]) -> dict[str, Any]:
    """A list without the nulls that keep it in step with another."""
    items = rule.get("items", {})
    return {**rule, "items": items["then"]} if "if" in items else rule


def _named(rule: Any) -> Iterator[str]:
    """The definitions a rule refers to."""
    if isinstance(rule, dict):
        if "$ref" in rule:
            yield rule["$ref"].removeprefix(_HERE)
        rule = list(rule.values())
    if isinstance(rule, list):
        for part in rule:
            yield from _named(part)


def _aim(definitions: dict[str, Any], way: list[str], kinds: Iterable[str]) -> None:
    """Let the references at the end of the way name these types only."""
    owner, *steps = way
    for step in steps[:-1]:
        if step not in definitions[owner]["properties"]:
            return
        owner = next(_named(definitions[owner]["properties"][step]))
    element = definitions[owner]["properties"].get(steps[-1])
    if element is None:
        return
    whole = element.get("items", element)
    pattern = f"^(?:{'|'.join(sorted(kinds))})/"
    rules = whole.setdefault("allOf", [])
    if "$ref" in whole:  # draft 7 reads nothing else beside it
        rules.append({"$ref": whole.pop("$ref")})
    rules.append({"properties": {"reference": {"pattern": pattern}}})
