"""The canonical language: FHIR R4 (4.0.1) as JSON trees whose numbers keep their digits.

A Resource is the parsed JSON of one resource: dict, list, str, bool, int and Decimal. It is never
a model object: what was written once is stored, hashed and served as it is. Names of code systems
and extensions that are the hub's own stand here and nowhere else.
"""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

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
_SITES = f"{CANONICAL}/CodeSystem/site/"
_V2 = "http://terminology.hl7.org/CodeSystem/v2-"
_EVERYBODYS = {
    "LN": LOINC,
    "LOINC": LOINC,
    "SCT": "http://snomed.info/sct",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "UCUM": UCUM,
}
_TABLE = re.compile(r"HL7[0-9]{4}\Z")
_OBJECT = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+\Z")
_NO_URI = re.compile(r"[\x00-\x20]")
_NAME = re.compile(r"[\x00-\x20/%?#]")  # what would end or change a URI's last part
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


@lru_cache(maxsize=4096)
def local_code_system(site: str, name: str | None) -> str:
    """The system of codes that a site sends; `name` is the sender's word for it (HL7 table 0396).

    A system of everybody's has its own URI, a URI or an object identifier is itself; any other
    name is the site's: two senders' `99LAB` are two systems.
    """
    if not name:
        return f"{_SITES}{site}/local"
    if name in _EVERYBODYS:
        return _EVERYBODYS[name]
    if _TABLE.match(name):
        return f"{_V2}{name[-4:]}"
    if name.startswith(("http://", "https://", "urn:")) and not _NO_URI.search(name):
        return name
    if _OBJECT.match(name):
        return f"urn:oid:{name}"
    return f"{_SITES}{site}/{_NAME.sub(_percent, name)}"


def local_system_name(system: str) -> str:
    """The sender's word of a system that `local_code_system` made; "" for the unnamed one."""
    if system.startswith(_SITES):
        name = unquote(system.removeprefix(_SITES).partition("/")[2])
        return "" if name == "local" else name
    if system.startswith(_V2):
        return f"HL7{system.removeprefix(_V2)}"
    named = next((name for name, uri in _EVERYBODYS.items() if uri == system), None)
    return named or system.removeprefix("urn:oid:")


def _percent(found: re.Match[str]) -> str:
    return quote(found[0], safe="")
