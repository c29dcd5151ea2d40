"""The least that a resource of each served type has; all people are invented."""

from typing import Any

_ABOUT = {"code": {"text": "示例"}}
_PUBLISHED = {"status": "draft", "url": "urn:x:example", "name": "Example"}


def minimal(kind: str, patient: str) -> dict[str, Any]:
    """A sound resource; what belongs to a patient belongs to this one (`Patient/…`)."""
    whose = {"reference": patient}
    found: dict[str, dict[str, Any]] = {
        "Binary": {"contentType": "text/plain", "data": "QUJD"},
        "Bundle": {"type": "collection"},
        "CapabilityStatement": {
            **_PUBLISHED,
            "date": "2026-06-01",
            "description": "示例",
            "kind": "requirements",
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [{"mode": "server"}],
        },
        "CodeSystem": {**_PUBLISHED, "content": "complete", "concept": [{"code": "a"}]},
        "Communication": {"status": "completed", "subject": whose},
        "ConceptMap": {**_PUBLISHED},
        "Consent": {
            "status": "active",
            "scope": _ABOUT["code"],
            "category": [_ABOUT["code"]],
            "patient": whose,
            "policyRule": _ABOUT["code"],
            "provision": {"type": "permit"},
        },
        "DetectedIssue": {"status": "final", "patient": whose},
        "Device": {"deviceName": [{"name": "示例", "type": "other"}]},
        "DiagnosticReport": {"status": "final", **_ABOUT, "subject": whose},
        "DocumentReference": {
            "status": "current",
            "subject": whose,
            "content": [{"attachment": {"contentType": "text/plain", "data": "QUJD"}}],
        },
        "Encounter": {
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": whose,
        },
        "Endpoint": {
            "status": "active",
            "connectionType": {
                "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
                "code": "dicom-wado-rs",
            },
            "payloadType": [{"text": "示例"}],
            "address": "https://partner.example.com/wado",
        },
        "Group": {"type": "person", "actual": False, **_ABOUT},
        "GuidanceResponse": {"moduleUri": "urn:x:module", "status": "success", "subject": whose},
        "ImagingStudy": {"status": "available", "subject": whose},
        "Location": {"name": "示例"},
        "Measure": {**_PUBLISHED},
        "MeasureReport": {
            "status": "complete",
            "type": "individual",
            "measure": "urn:x:measure",
            "subject": whose,
            "period": {"start": "2026-06-01", "end": "2026-06-30"},
        },
        "Observation": {"status": "final", **_ABOUT, "subject": whose, "valueString": "示例"},
        "OperationDefinition": {
            **_PUBLISHED, "kind": "operation", "code": "example",
            "system": False, "type": True, "instance": False, "resource": ["Patient"],
        },
        "Organization": {"name": "示例"},
        "Patient": {"name": [{"text": "示例乙"}]},
        "Person": {"name": [{"text": "示例乙"}]},
        "Practitioner": {"name": [{"text": "示例丙"}]},
        "PractitionerRole": {"active": True},
        "Provenance": {
            "target": [whose],
            "recorded": "2026-06-01T08:00:00+08:00",
            "agent": [{"who": {"display": "示例"}}],
        },
        "SearchParameter": {
            **_PUBLISHED, "description": "示例", "code": "example", "base": ["Patient"],
            "type": "token", "expression": "Patient.active",
        },
        "ServiceRequest": {"status": "active", "intent": "order", **_ABOUT, "subject": whose},
        "Specimen": {"subject": whose},
        "StructureDefinition": {
            **_PUBLISHED, "kind": "resource", "abstract": False, "type": "Patient",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
            "derivation": "constraint", "differential": {"element": [{"id": "Patient", "path": "Patient"}]},
        },
        "Subscription": {
            "status": "requested",
            "reason": "示例",
            "criteria": "Observation?code=K",
            "channel": {"type": "rest-hook", "endpoint": "https://partner.example.com/hook"},
        },
        "Task": {"status": "requested", "intent": "order", "for": whose},
        "ValueSet": {**_PUBLISHED},
    }  # fmt: skip
    return {"resourceType": kind, **found[kind]}
