"""What the callers of a filled hub write and ask: one patient, a result, a consent, a question."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.security.callers import Filled


def patient_tree() -> dict[str, Any]:
    """An invented patient, without a number of anybody's."""
    return {"resourceType": "Patient", "name": [{"text": "示例庚"}], "birthDate": "1970-01-02"}


def observation_tree(about: dict[str, str]) -> dict[str, Any]:
    """A potassium of theirs."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "subject": about,
        "effectiveDateTime": "2026-06-01T08:00:00+08:00",
        "valueQuantity": {"value": 4, "unit": "mmol/L"},
    }


def consent_tree(about: dict[str, str]) -> dict[str, Any]:
    """Theirs: the results may be shared for treatment."""

    def coded(system: str, code: str) -> dict[str, Any]:
        return {"coding": [{"system": system, "code": code}]}

    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [coded("http://loinc.org", "59284-0")],
        "patient": about,
        "dateTime": "2026-06-01",
        "policyRule": coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
        "provision": {"type": "permit"},
    }


def order_check(found: "Filled") -> dict[str, Any]:
    """The question whether a potassium is needed."""
    return {
        "patient": {"reference": f"Patient/{found.known['Patient']}"},
        "receiver": {"institution": found.institution},
        "encounter": {"class": "outpatient"},
        "orders": [{"ref": "1", "item": "K"}],
    }


def cds_call(found: "Filled") -> dict[str, Any]:
    """The same question, by a hook of CDS Hooks."""
    patient = found.known["Patient"]
    coding = {"system": "http://loinc.org", "code": "2823-3"}
    draft = {
        "resourceType": "ServiceRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [coding]},
        "subject": {"reference": f"Patient/{patient}"},
    }
    orders = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    context = {"userId": "Practitioner/D1", "patientId": patient, "draftOrders": orders}
    instance = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
    return {"hook": "order-sign", "hookInstance": instance, "context": context}


def decision(check: str) -> dict[str, Any]:
    """The same each time: sent again it changes nothing."""
    line: dict[str, Any] = {"ref": "1", "decision": "repeat", "reason": "N1_CONDITION_CHANGED"}
    line |= {"explained_to_patient": True}
    return {"check": check, "key": "k1", "practitioner": "D1", "decisions": [line]}
