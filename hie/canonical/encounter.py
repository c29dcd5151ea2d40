"""A visit a hospital tells of becomes an Encounter of its patient.

HL7 v2-to-FHIR, PV1 to Encounter: class from PV1-2, period from PV1-44 and PV1-45, status from the
event. Who is here is `in-progress`, who left `finished`.
"""

from collections.abc import Mapping
from typing import Any

from hie.adapter import Site
from hie.canonical.keys import Key, VisitKeys
from hie.canonical.patient import Defects, build_patient
from hie.fhir import INSTITUTION, Resource
from hie.records import VisitRecord

_CLASSES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
# HL7 table 0004 to ActEncounterCode, as the v2-to-FHIR guide has them.
_CODES = {
    "E": ("EMER", "emergency"),
    "I": ("IMP", "inpatient encounter"),
    "O": ("AMB", "ambulatory"),
    "P": ("PRENC", "pre-admission"),
    "R": ("AMB", "ambulatory"),
    "B": ("IMP", "inpatient encounter"),
}
_STATUS = {
    "planned": "planned",
    "here": "in-progress",
    "left": "finished",
    "cancelled": "cancelled",
}


def build_visit(
    record: VisitRecord,
    keys: VisitKeys,
    ids: Mapping[Key, str],
    site: Site,
    sent: str | None,
    existing: Resource | None,
    defects: Defects,
) -> dict[Key, Resource]:
    """The institution, the patient and the encounter; `existing` is the Patient that stands."""
    own = ids[keys.institution]
    patient = build_patient(record.patient, site, own, sent, existing, defects)
    return {
        keys.institution: {
            "resourceType": "Organization",
            "identifier": [{"system": INSTITUTION, "value": site.institution}],
            "name": site.institution,
        },
        keys.patient: patient,
        keys.encounter: _encounter(record, keys, ids, own),
    }


def _encounter(
    record: VisitRecord, keys: VisitKeys, ids: Mapping[Key, str], institution: str
) -> Resource:
    visit = record.visit
    code, display = _CODES.get(visit.class_code or "", ("AMB", "ambulatory"))
    made: Resource = {
        "resourceType": "Encounter",
        "identifier": [{"system": keys.encounter.system, "value": keys.encounter.value}],
        "status": _STATUS[record.event],
        "class": {"system": _CLASSES, "code": code, "display": display},
        "subject": {"reference": f"Patient/{ids[keys.patient]}"},
    }
    period: dict[str, Any] = {}
    if visit.admitted is not None:
        period["start"] = visit.admitted.text
    if visit.discharged is not None and record.event == "left":
        period["end"] = visit.discharged.text
    if period:
        made["period"] = period
    if visit.department is not None:
        made["location"] = [{"location": {"display": visit.department.text}}]
    made["serviceProvider"] = {
        "reference": f"Organization/{institution}",
        "identifier": {"system": INSTITUTION, "value": keys.institution.value},
    }
    return made
