"""What each kind of event is called in an AuditEvent: type, subtype, and which way the data went.

FHIR R4 valueset-audit-event-type.html, valueset-audit-event-sub-type.html; DICOM PS3.15 A.5 and
PS3.16 CID 400-403. Every event also has the hub's own word as a subtype, so that each can be found.
In a query the client is the source (its question travels), in a read the hub is (IHE BALP).
"""

from dataclasses import dataclass
from enum import StrEnum

from hie.audit.event import EventType
from hie.fhir import CANONICAL, Resource
from hie.fhir.elements import coding

OWN = f"{CANONICAL}/CodeSystem/audit-event"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
_EVENT = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_REST = "http://hl7.org/fhir/restful-interaction"
_ATTACK = "8"

# Reasons with which a known caller was refused an interaction; any other is about who it is.
_DENIED = frozenset(
    {
        "scope", "purpose", "role", "label", "policy", "org-spoof", "media", "param", "cost",
        "fhir", "absent", "rel", "consent", "conflict", "size", "ssrf", "audit-write",
        "operator",
    }
)  # fmt: skip


class Flow(StrEnum):
    """Which way the data went, by which the two systems have their roles."""

    QUERY = "query"
    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    AUTHORIZE = "authorize"  # the hub decides
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Named:
    """The type and the subtypes of an event, each a Coding, and its flow."""

    type: Resource
    subtypes: tuple[Resource, ...]
    flow: Flow


REST = coding(_EVENT, "rest", "RESTful Operation")
_APPLICATION = coding(DCM, "110100", "Application Activity")
_LOG_USED = coding(DCM, "110101", "Audit Log Used")
_IMPORT = coding(DCM, "110107", "Import")
_ORDER = coding(DCM, "110109", "Order Record")
_PATIENT = coding(DCM, "110110", "Patient Record")
_QUERY = coding(DCM, "110112", "Query")
_ALERT = coding(DCM, "110113", "Security Alert")
_AUTHENTICATION = coding(DCM, "110114", "User Authentication")
_START = coding(DCM, "110120", "Application Start")
_LOGIN = coding(DCM, "110122", "Login")
_LOGOUT = coding(DCM, "110123", "Logout")
_NETWORK = coding(DCM, "110128", "Network Configuration")
_OVERRIDE = {
    "C": (coding(DCM, "110127", "Emergency Override Started"),),
    "D": (coding(DCM, "110138", "Emergency Override Stopped"),),
}
_OBJECT = coding(DCM, "110132", "Object Security Attributes Changed")
_BY_CONSENT = coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType", "AuthZ-Consent")
_ATTRIBUTES = coding(DCM, "110137", "User Security Attributes Changed")
_OPERATION = coding(_REST, "operation", "operation")

_KINDS: dict[str, tuple[Resource, tuple[Resource, ...], Flow]] = {
    EventType.READ: (REST, (coding(_REST, "read", "read"),), Flow.READ),
    EventType.VREAD: (REST, (coding(_REST, "vread", "vread"),), Flow.READ),
    EventType.SEARCH: (REST, (coding(_REST, "search", "search"),), Flow.QUERY),
    EventType.VALIDATE: (REST, (_OPERATION,), Flow.WRITE),
    EventType.ASSESS: (REST, (_OPERATION,), Flow.QUERY),
    EventType.ORDER_CHECK: (_QUERY, (), Flow.QUERY),
    EventType.INDICATORS: (_QUERY, (), Flow.QUERY),
    EventType.EXPLAIN: (_ORDER, (), Flow.READ),
    EventType.DECIDE: (_ORDER, (), Flow.WRITE),
    EventType.CARD_FEEDBACK: (_ORDER, (), Flow.WRITE),
    EventType.PAGE: (_PATIENT, (), Flow.READ),
    EventType.PATIENT_CODE: (_PATIENT, (), Flow.OTHER),
    EventType.RECEIVE: (_IMPORT, (), Flow.WRITE),
    EventType.PROCESS: (_IMPORT, (), Flow.WRITE),
    EventType.MESSAGE_VIEW: (_IMPORT, (), Flow.READ),
    EventType.MESSAGE_REPLAY: (_IMPORT, (), Flow.WRITE),
    EventType.MESSAGE_DROP: (_IMPORT, (), Flow.DELETE),
    EventType.CLIENT_CHANGE: (_ALERT, (_ATTRIBUTES,), Flow.WRITE),
    EventType.PROPOSAL: (_ALERT, (_ATTRIBUTES,), Flow.WRITE),
    EventType.USER_CHANGE: (_ALERT, (_ATTRIBUTES,), Flow.WRITE),
    EventType.SITE_CHANGE: (_ALERT, (_NETWORK,), Flow.WRITE),
    EventType.IDENTITY_CHANGE: (_PATIENT, (), Flow.WRITE),
    EventType.LABEL_CHANGE: (_ALERT, (_OBJECT,), Flow.WRITE),
    EventType.REINDEX: (_APPLICATION, (), Flow.OTHER),
    EventType.TOKEN_ISSUED: (_AUTHENTICATION, (_LOGIN,), Flow.OTHER),
    EventType.TOKEN_VIEW: (_AUTHENTICATION, (), Flow.OTHER),
    EventType.TOKEN_REVOKED: (_AUTHENTICATION, (_LOGOUT,), Flow.OTHER),
    EventType.INTEGRITY: (_ALERT, (), Flow.OTHER),
    EventType.KEY_CHANGE: (_ALERT, (_ATTRIBUTES,), Flow.WRITE),
    EventType.SIGN_IN: (_AUTHENTICATION, (_LOGIN,), Flow.OTHER),
    EventType.LAUNCH: (_AUTHENTICATION, (_LOGIN,), Flow.OTHER),
    EventType.SIGN_OUT: (_AUTHENTICATION, (_LOGOUT,), Flow.OTHER),
    EventType.BOOT: (_APPLICATION, (_START,), Flow.OTHER),
    EventType.CONSENT_DECISION: (_ALERT, (_BY_CONSENT,), Flow.AUTHORIZE),
    EventType.AUDIT_VIEW: (_LOG_USED, (), Flow.READ),
}
_METHODS = {"PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_WRITES = {"C": ("create", Flow.WRITE), "U": ("update", Flow.WRITE), "D": ("delete", Flow.DELETE)}


def named(kind: str, action: str, outcome: str, reason: str | None, detail: str | None) -> Named:
    """What an event of the log is called."""
    own = coding(OWN, kind, kind)
    if kind == EventType.REFUSED:
        return Named(_refusal(outcome, reason), (*_attempted(detail), own), Flow.OTHER)
    if kind == EventType.WRITE and action in _WRITES:
        code, flow = _WRITES[action]
        return Named(REST, (coding(_REST, code, code), own), flow)
    if kind == EventType.WRITE:
        return Named(REST, (own,), Flow.WRITE)
    if kind == EventType.BREAK_GLASS:
        return Named(_ALERT, (*_OVERRIDE.get(action, ()), own), Flow.OTHER)
    if kind == EventType.HISTORY:
        code = "history-type" if detail == "history-type" else "history-instance"
        return Named(REST, (coding(_REST, code, code), own), Flow.READ)
    found, subtypes, flow = _KINDS.get(kind, (_APPLICATION, (), Flow.OTHER))
    return Named(found, (*subtypes, own), flow)


def _attempted(detail: str | None) -> tuple[Resource, ...]:
    """The interaction a method of the FHIR door alone tells, of a request that was refused."""
    method, _, door = (detail or "").partition(" ")
    code = _METHODS.get(method) if door == "/fhir" else None
    return () if code is None else (coding(_REST, code, code),)


def _refusal(outcome: str, reason: str | None) -> Resource:
    """An attack is an alert, a caller without proof failed to authenticate, others were denied."""
    if outcome == _ATTACK:
        return _ALERT
    return REST if reason in _DENIED else _AUTHENTICATION
