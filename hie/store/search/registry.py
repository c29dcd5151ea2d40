"""Which search parameters the hub answers, by type: one list for queries and CapabilityStatement.

FHIR R4 search.html. What is not listed is refused, never ignored; what no index answers is refused
as too costly.
"""

from enum import StrEnum


class Kind(StrEnum):
    """Search parameter types (FHIR R4 search-param-type)."""

    TOKEN = "token"  # noqa: S105 - a parameter type
    DATE = "date"
    REFERENCE = "reference"


COMMON = {"_id": Kind.TOKEN, "_lastUpdated": Kind.DATE}
PARAMETERS: dict[str, dict[str, Kind]] = {
    "Patient": {**COMMON, "identifier": Kind.TOKEN},
    "Observation": {
        **COMMON,
        "patient": Kind.REFERENCE,
        "subject": Kind.REFERENCE,
        "code": Kind.TOKEN,
        "date": Kind.DATE,
        "category": Kind.TOKEN,
        "status": Kind.TOKEN,
    },
    "DiagnosticReport": {
        **COMMON,
        "patient": Kind.REFERENCE,
        "subject": Kind.REFERENCE,
        "code": Kind.TOKEN,
        "date": Kind.DATE,
        "category": Kind.TOKEN,
        "status": Kind.TOKEN,
    },
    "ImagingStudy": {
        **COMMON,
        "patient": Kind.REFERENCE,
        "subject": Kind.REFERENCE,
        "identifier": Kind.TOKEN,
        "started": Kind.DATE,
        "modality": Kind.TOKEN,
        "status": Kind.TOKEN,
    },
    "Endpoint": COMMON,
    "DocumentReference": {**COMMON, "subject": Kind.REFERENCE, "patient": Kind.REFERENCE},
    "Specimen": {**COMMON, "subject": Kind.REFERENCE, "patient": Kind.REFERENCE},
    "ServiceRequest": {**COMMON, "subject": Kind.REFERENCE, "patient": Kind.REFERENCE},
    "Provenance": COMMON,
    "Organization": COMMON,
    "Practitioner": COMMON,
    "PractitionerRole": COMMON,
    "Device": COMMON,
}
RESULTS = frozenset({"_count", "_sort", "_total", "_summary", "_format", "_pretty", "page"})
SINGLE = RESULTS | {"patient", "subject"}
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
    }
)
MOST_VALUES = 50  # of one parameter
MOST_ALL_VALUES = 150  # of one search
COUNT, MOST_COUNT = 50, 200
