"""Who took part in an event: the client, the person, the institution, the hub itself.

IHE BALP, agents of Read, Query, Create, Update and Delete. Nobody is named: a client by its id, a
person by the id of the account, the institution by its code.
"""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from hie.access.actor import ActorKind
from hie.audit.codes import DCM, Flow
from hie.audit.recorded import Recorded
from hie.fhir import CANONICAL, INSTITUTION
from hie.fhir.elements import coding, concept

URI = "urn:ietf:rfc:3986"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_SOURCE = coding(DCM, "110153", "Source Role ID")
_DESTINATION = coding(DCM, "110152", "Destination Role ID")
_APPLICATION = coding(DCM, "110150", "Application")
_CUSTODIAN = coding(
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian", "Custodian"
)
_AUTHORIZER = coding(
    "http://terminology.hl7.org/CodeSystem/extra-security-role-type",
    "authserver",
    "authorization server",
)
_RECIPIENT = coding(_PARTICIPATION, "IRCP", "information recipient")
_AUTHOR = coding(_PARTICIPATION, "AUT", "author (originator)")
_PROVIDER = coding(
    "http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", "healthcare provider"
)
# The roles of the client and of the hub.
_ROLES = {
    Flow.QUERY: (_SOURCE, _DESTINATION),
    Flow.READ: (_DESTINATION, _SOURCE),
    Flow.WRITE: (_SOURCE, _DESTINATION),
    Flow.DELETE: (_APPLICATION, _CUSTODIAN),
    Flow.AUTHORIZE: (_APPLICATION, _AUTHORIZER),
    Flow.OTHER: (_APPLICATION, _DESTINATION),
}


def agents(event: Recorded, flow: Flow, address: str) -> list[dict[str, Any]]:
    """The agents; the first is the client, and exactly one asked."""
    client_role, hub_role = _ROLES[flow]
    is_person = event.kind == ActorKind.USER
    client: dict[str, Any] = {"type": concept(client_role)}
    if event.client:
        client["who"] = _named("client", event.client, "Device")
        client["name"] = event.client
    if not is_person and event.subject not in ("", event.client):
        client["altId"] = event.subject
    client["requestor"] = not is_person
    if event.network:
        client["network"] = {"address": event.network, "type": _kind_of(event.network)}
    found = [client]
    asking = client
    if is_person:
        role = _AUTHOR if flow in (Flow.WRITE, Flow.DELETE) else _RECIPIENT
        asking = {"type": concept(role), "requestor": True}
        if event.subject:
            asking["who"] = _named("user", event.subject, "Practitioner")
        found.append(asking)
    if event.role:
        asking["role"] = [concept(coding(f"{CANONICAL}/CodeSystem/role", event.role))]
    if event.token:
        asking["policy"] = [f"urn:ietf:params:oauth:jti:{event.token}"]
    if event.kind != ActorKind.STRANGER:
        asking["purposeOfUse"] = [purpose_of(event)]
    if event.institution:
        whose = {"type": "Organization", "identifier": _institution(event.institution)}
        found.append({"type": concept(_PROVIDER), "who": whose, "requestor": False})
    return [*found, _hub(hub_role, event, address)]


def observer(address: str) -> dict[str, Any]:
    """The hub, as who recorded it."""
    return {"type": "Device", "identifier": {"system": URI, "value": address}, "display": "hie"}


def purpose_of(event: Recorded) -> dict[str, Any]:
    """The purpose of use."""
    return concept(coding(_REASON, event.purpose))


def _hub(role: dict[str, Any], event: Recorded, address: str) -> dict[str, Any]:
    """The hub's part; its process is the `altId`, as in DICOM."""
    return {
        "type": concept(role),
        "who": observer(address),
        "altId": event.boot,
        "requestor": False,
        "network": {"address": urlsplit(address).hostname or address, "type": "1"},
    }


def _named(what: str, value: str, kind: str) -> dict[str, Any]:
    identifier = {"system": f"{CANONICAL}/sid/{what}", "value": value}
    return {"type": kind, "identifier": identifier}


def _institution(code: str) -> dict[str, Any]:
    return {"system": INSTITUTION, "value": code}


def _kind_of(network: str) -> str:
    """Network-type: 2 an IP address, 1 a machine's name."""
    try:
        ipaddress.ip_address(network)
    except ValueError:
        return "1"
    return "2"
