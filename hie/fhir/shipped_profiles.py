"""The definitions that ship with the hub: its profiles, its extensions, its operations.

`schemas/profiles/` and `schemas/operations/`, one FHIR resource a file, named by its id.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from hie.fhir import Resource, extension
from hie.fhir.profile_tree import Profile, read_profile
from hie.fhir.wire import parse
from hie.schemas import schema

# Profiles of resource types, by type: what the CapabilityStatement names (`supportedProfile`).
SUPPORTED: Final[Mapping[str, str]] = {
    "Observation": extension("laboratory-result"),
    "ImagingStudy": extension("imaging-study"),
    "DiagnosticReport": extension("report"),
    "DetectedIssue": extension("decision"),
}


def shipped_definitions() -> tuple[Resource, ...]:
    """Every StructureDefinition and OperationDefinition that ships; read anew at each call."""
    files = [
        file
        for folder in ("profiles", "operations")
        for file in schema(folder).iterdir()
        if file.name.endswith(".json")
    ]
    return tuple(parse(file.read_bytes()) for file in sorted(files, key=lambda one: one.name))


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """The profiles and extensions that ship, by address."""
    return {
        one["url"]: read_profile(one)
        for one in shipped_definitions()
        if one["resourceType"] == "StructureDefinition"
    }
