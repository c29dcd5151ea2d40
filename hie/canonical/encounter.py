"""A visit a hospital tells of becomes an Encounter of its patient.

HL7 v2-to-FHIR, PV1 to Encounter: class from PV1-2, period from PV1-44 and PV1-45, status from the
event. Who is here is `in-progress`, who left `finished`. A class that is not told stays as it was;
where something was changed, so do the status and the times that are not told. Whoever is told to
have left, and not when, left when the message was sent.
"""

from collections.abc import Mapping
from typing import Any

from hie.adapter import Site
from hie.canonical.keys import Key, VisitKeys
from hie.canonical.patient import Defects, build_patient
from hie.canonical.visit_classes import visit_class
from hie.fhir import INSTITUTION, Resource
from hie.fhir.elements import bounds
from hie.records import VisitRecord

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
    stands: Resource | None = None,
) -> dict[Key, Resource]:
    """The institution, the patient and the encounter.

    `existing` is the Patient that stands, `stands` the Encounter.
    """
    own = ids[keys.institution]
    patient = build_patient(record.patient, site, own, sent, existing, defects)
    return {
        keys.institution: {
            "resourceType": "Organization",
            "identifier": [{"system": INSTITUTION, "value": site.institution}],
            "name": site.institution,
        },
        keys.patient: patient,
        keys.encounter: _encounter(record, keys, ids, own, sent, stands or {}),
    }


def _encounter(
    record: VisitRecord,
    keys: VisitKeys,
    ids: Mapping[Key, str],
    institution: str,
    sent: str | None,
    stands: Resource,
) -> Resource:
    visit = record.visit
    is_unsaid = visit.class_code is None and "class" in stands
    coding = stands["class"] if is_unsaid else visit_class(visit.class_code).coding()
    made: Resource = {
        "resourceType": "Encounter",
        "identifier": [{"system": keys.encounter.system, "value": keys.encounter.value}],
        "status": _status(record, stands),
        "class": coding,
        "subject": {"reference": f"Patient/{ids[keys.patient]}"},
    }
    period: dict[str, Any] = {}
    if record.event == "changed":
        period |= stands.get("period", {})
    if visit.admitted is not None:
        period["start"] = visit.admitted.text
    if record.event == "left":
        end = sent if visit.discharged is None else visit.discharged.text
        if end is not None and (visit.discharged is not None or _follows(end, period)):
            period["end"] = end
    if period:
        made["period"] = period
    if visit.department is not None:
        made["location"] = [{"location": {"display": visit.department.text}}]
    made["serviceProvider"] = {
        "reference": f"Organization/{institution}",
        "identifier": {"system": INSTITUTION, "value": keys.institution.value},
    }
    return made


def _follows(end: str, period: Mapping[str, Any]) -> bool:
    """Whether a period can end then."""
    last, start = bounds(end), bounds(period.get("start", ""))
    return last is not None and (start is None or start[0] <= last[0])


def _status(record: VisitRecord, stands: Resource) -> str:
    """The status the event says; of what was changed the one that stands, where there is one."""
    if record.event != "changed":
        return _STATUS[record.event]
    if "status" in stands:
        return str(stands["status"])
    return _STATUS["planned" if record.visit.class_code == "P" else "here"]
