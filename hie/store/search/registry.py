"""Which search parameters the hub answers, by type: one list for queries and CapabilityStatement.

FHIR R4 search.html. Every parameter R4 defines for a served type is known. What stands in
`INDEXED` is answered by SQL; any other is *evaluated* on the rows the indexed ones leave, of one
patient or of a small type, at most `MOST_EVALUATED`. What nothing narrows is refused as too
costly, what R4 does not define as unknown.
"""

from collections.abc import Mapping

from hie.fhir.search.definitions import Parameter, parameters
from hie.store import plain_tables

COMMON = frozenset({"_id", "_lastUpdated"})
_MINE = COMMON | {"patient", "subject"}
_RESULTS = _MINE | {"code", "date", "category", "status"}
_ABOUT_PATIENTS = frozenset(
    {"Consent", "Task", "Communication", "DetectedIssue", "GuidanceResponse", "MeasureReport"}
)
# The types that are served, and the parameters an index answers.
INDEXED: Mapping[str, frozenset[str]] = {
    "Patient": COMMON | {"identifier"},
    "Observation": _RESULTS,
    "DiagnosticReport": _RESULTS,
    "ImagingStudy": _MINE | {"identifier", "started", "modality", "status"},
    "Endpoint": COMMON,
    "DocumentReference": _MINE,
    "Specimen": _MINE,
    "ServiceRequest": _MINE,
    "Provenance": COMMON | {"patient"},
    "Organization": COMMON,
    "Practitioner": COMMON,
    "PractitionerRole": COMMON,
    "Device": COMMON,
    **dict.fromkeys(plain_tables.TABLES, COMMON),
    **dict.fromkeys(("Encounter",), _MINE),
    **{kind: COMMON | {"patient"} for kind in _ABOUT_PATIENTS},
}
# Answered from an index of keyed hashes that leaves few rows, each of which is then looked at.
LOOKED_UP = frozenset({"identifier"})
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {kind: parameters(kind) for kind in INDEXED}
SINGLE_RESULTS = frozenset(
    {"_count", "_sort", "_total", "_summary", "_elements", "_format", "_pretty", "page"}
)
RESULTS = SINGLE_RESULTS | {"_include", "_revinclude"}
SINGLE = SINGLE_RESULTS | {"patient", "subject"}
# Types that can be sorted by date, and what the parameter is called there.
DATED = {"Observation": "date", "DiagnosticReport": "date", "ImagingStudy": "started"}
BOUND = frozenset(
    {
        "Observation",
        "DiagnosticReport",
        "ImagingStudy",
        "DocumentReference",
        "Specimen",
        "ServiceRequest",
        "Provenance",
        "Encounter",
        *_ABOUT_PATIENTS,
    }
)
MOST_VALUES = 50  # of one parameter
MOST_ALL_VALUES = 150  # of one search
MOST_EVALUATED = 5_000  # rows that are looked at one by one
COUNT, MOST_COUNT = 50, 200
