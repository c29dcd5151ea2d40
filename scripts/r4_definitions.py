"""What HL7 published of R4, as the scripts beside this one read it; the types the hub serves."""

import json
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

Resource = dict[str, Any]


def types_of(folder: Path) -> Iterator[Resource]:
    """The StructureDefinition of every type of R4 but the primitive ones."""
    for file in ("profiles-types.json", "profiles-resources.json"):
        for entry in json.loads((folder / file).read_text("utf-8"))["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] != "StructureDefinition":
                continue
            if resource.get("derivation") != "constraint" and resource["kind"] != "primitive-type":
                yield resource


def elements_of(folder: Path) -> Iterator[Resource]:
    """Every element of every type."""
    for one in types_of(folder):
        yield from one["snapshot"]["element"][1:]


def read_codes(folder: Path) -> dict[str, Resource]:
    """Every CodeSystem and ValueSet of R4, by address."""
    found = {}
    for file in ("valuesets.json", "v3-codesystems.json", "v2-tables.json"):
        for entry in json.loads((folder / file).read_text("utf-8"))["entry"]:
            found[entry["resource"]["url"]] = entry["resource"]
    return found


def bindings(folder: Path) -> Iterator[tuple[str, Resource, str]]:
    """(path, element, address of the value set) of each bound element of the served types."""
    for file in ("profiles-types.json", "profiles-resources.json"):
        for entry in json.loads((folder / file).read_text("utf-8"))["entry"]:
            one = entry["resource"]
            is_type = (
                one["resourceType"] == "StructureDefinition" and one["kind"] != "primitive-type"
            )
            if not is_type or one.get("derivation") == "constraint":
                continue
            if one["kind"] == "resource" and one["type"] not in TYPES:
                continue
            for element in one["snapshot"]["element"]:
                url = element.get("binding", {}).get("valueSet", "").partition("|")[0]
                if url:
                    yield element["path"], element, url
