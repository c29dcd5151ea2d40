"""The canonical language: FHIR R4 (4.0.1) as JSON trees whose numbers keep their digits.

A Resource is the parsed JSON of one resource: dict, list, str, bool, int and Decimal. It is never
a model object: what was written once is stored, hashed and served as it is. Names of code systems
and extensions that are the hub's own stand here and nowhere else.
"""

from typing import Any

Resource = dict[str, Any]

RELEASE = "4.0.1"
CANONICAL = "https://hie.example/fhir"

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"
ITEM = f"{CANONICAL}/CodeSystem/item"
RESULT_CLASS = f"{CANONICAL}/CodeSystem/result-class"
IDENTIFIER_TYPE = f"{CANONICAL}/CodeSystem/identifier-type"
INSTITUTION = f"{CANONICAL}/sid/institution"

_SID = f"{CANONICAL}/sid/"
_OID = {"resident-id": "urn:oid:2.16.156.10011.1.3"}
_TYPES = {system: kind for kind, system in _OID.items()}


def extension(name: str) -> str:
    """The address of one of the hub's own extensions."""
    return f"{CANONICAL}/StructureDefinition/{name}"


def identifier_system(kind: str) -> str:
    """The system of a personal identifier that is the same everywhere ("resident-id" ...)."""
    return _OID.get(kind) or _SID + kind


def identifier_kind(system: str) -> str | None:
    """The hub's type of a personal identifier's system; None for a site's own or a foreign one."""
    if system in _TYPES:
        return _TYPES[system]
    rest = system.removeprefix(_SID)
    return rest if rest != system and "/" not in rest and rest != "institution" else None


def site_system(site: str, kind: str) -> str:
    """The system of a number that is a site's own: patient, filler, placer, result, specimen ..."""
    return f"{_SID}site/{site}/{kind}"


def local_code_system(site: str, name: str | None) -> str:
    """The system of a site's local codes; `name` is the sender's word for it."""
    if name is None or name == "":
        return f"{CANONICAL}/CodeSystem/site/{site}/local"
    if name in {"LN", "LOINC"}:
        return LOINC
    if name.startswith(("http://", "https://", "urn:")):
        return name
    return f"{CANONICAL}/CodeSystem/site/{site}/{name}"
