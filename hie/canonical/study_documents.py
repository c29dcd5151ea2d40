"""Structured reports and encapsulated documents of a study: DocumentReference, never a result.

A dose report or the marks of a computer are read by people; what they measure stands in for no
test. FHIR R4 documentreference; PS3.3 A.35 (SR), A.45 (encapsulated).
"""

from typing import Any

from hie.canonical.context import BuildContext
from hie.canonical.study_keys import StudyKeys
from hie.fhir import Resource
from hie.records import InstanceRecord

_URI = "urn:ietf:rfc:3986"
_MEDIA = "application/dicom"


def build_document(
    record: InstanceRecord,
    keys: StudyKeys,
    context: BuildContext,
    base: str | None,
    *,
    withdrawn: bool = False,
) -> Resource:
    """The document one instance is; `base` is the hub's DICOMweb base, None when it keeps none.

    `withdrawn`: a rejection note took it back; who kept its address learns that.
    """
    ids, own = context.ids, record.instance
    title = own.title or record.series.description
    said = "structured report" if ".88." in own.sop_class else "encapsulated document"
    attachment: dict[str, Any] = {"contentType": _MEDIA}
    if base is not None:
        attachment["url"] = (
            f"{base}/studies/{record.study.uid}/series/{record.series.uid}/instances/{own.uid}"
        )
    attachment["title"] = title.text if title is not None else said
    made: Resource = {
        "resourceType": "DocumentReference",
        "masterIdentifier": {"system": keys.study.system, "value": f"urn:oid:{own.uid}"},
        "status": "entered-in-error" if withdrawn else "current",
        "type": {
            "coding": [{"system": _URI, "code": f"urn:oid:{own.sop_class}", "display": said}],
            "text": attachment["title"],
        },
        "subject": {"reference": f"Patient/{ids[keys.patient]}"},
        "custodian": {
            "reference": f"Organization/{ids[keys.institutions[context.site.institution]]}"
        },
        "content": [{"attachment": attachment}],
        "context": {"related": [{"reference": f"ImagingStudy/{ids[keys.study]}"}]},
    }
    return made
