"""What was taken from the patient becomes a Specimen.

HL7 v2-to-FHIR, SPM to Specimen. SPM-21, the reject reason, has no target there: here the specimen
is unsatisfactory and the reason one of its conditions.
"""

from hie.adapter import Site
from hie.canonical.keys import Key
from hie.canonical.value import coded_concept
from hie.fhir import Resource
from hie.records import SpecimenRecord


def build_specimen(one: SpecimenRecord, key: Key, home: dict[str, str], site: Site) -> Resource:
    """The specimen; a rejected one is unsatisfactory."""
    specimen: Resource = {"resourceType": "Specimen"}
    specimen["identifier"] = [{"system": key.system, "value": key.value}]
    for other in one.ids[1:]:
        if other.value:
            specimen["identifier"].append({"system": key.system, "value": other.value})
    specimen["status"] = "unsatisfactory" if one.rejected is not None else "available"
    if one.type is not None:
        kind = coded_concept(one.type, site.id)
        if kind:
            specimen["type"] = kind
    specimen["subject"] = home
    if one.received is not None:
        specimen["receivedTime"] = one.received.text
    if one.collected is not None:
        specimen["collection"] = {"collectedDateTime": one.collected.text}
    conditions = [
        coded_concept(c, site.id)
        for c in (*one.conditions, *([one.rejected] if one.rejected else []))
    ]
    if any(conditions):
        specimen["condition"] = [c for c in conditions if c]
    notes = [{"text": n.text} for n in one.notes if n.text.strip()]
    if notes:
        specimen["note"] = notes
    return specimen
