"""When care was given: the search parameter of each type that tells it, and what falls in between.

FHIR R4 patient-operation-everything.html: `start` and `end` are dates of care, not of records. What
has no such date is never left out: unknown is not outside.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hie.fhir.search.asked import read_value
from hie.fhir.search.definitions import parameters
from hie.fhir.search.match import matches
from hie.fhir.search.values import Token

CARE: Mapping[str, str] = {
    "Observation": "date",
    "DiagnosticReport": "date",
    "ImagingStudy": "started",
    "DocumentReference": "period",
    "Specimen": "collected",
    "ServiceRequest": "authored",
    "Encounter": "date",
    "Communication": "sent",
    "DetectedIssue": "identified",
    "Task": "period",
    "MeasureReport": "period",
}
_UNDATED = Token(None, "true")


def between(start: str | None, end: str | None) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a resource tells of care from `start` to `end`, FHIR dates, both inclusive.

    Raises InvalidRequest for what is no date.
    """
    date = parameters("Observation")["date"]
    asked = [
        read_value(replace(date, name=name), "", f"{prefix}{text}")
        for name, prefix, text in (("start", "ge", start), ("end", "le", end))
        if text is not None
    ]

    def holds(resource: Mapping[str, Any]) -> bool:
        kind = resource["resourceType"]
        if kind not in CARE:
            return True
        parameter = parameters(kind)[CARE[kind]]
        if matches(parameter, "missing", (_UNDATED,), resource):
            return True
        return all(matches(parameter, "", (one,), resource) for one in asked)

    return holds
