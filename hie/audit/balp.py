"""An event of the audit log as a FHIR R4 AuditEvent, in the shape of IHE BALP.

https://profiles.ihe.net/ITI/BALP. A profile is claimed only where the event has all of it. What was
shown is told by reference, never by content; the raw request only when it was unsealed for whoever
asks, else the address and the names of its parameters.
"""

import re
from base64 import b64encode
from collections.abc import Collection
from datetime import UTC
from urllib.parse import parse_qsl, urlsplit

from hie.audit.agents import agents, observer, purpose_of
from hie.audit.codes import REST, Named, named
from hie.audit.event import EventType
from hie.audit.recorded import Recorded
from hie.fhir import CANONICAL, Resource
from hie.fhir.elements import coding, instant
from hie.fhir.search.definitions import parameters

PROFILES = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_PERSON = coding(_ENTITY, "1", "Person")
_OBJECT = coding(_ENTITY, "2", "System Object")
_OTHER = coding(_ENTITY, "4", "Other")
_PATIENT = coding(_ROLE, "1", "Patient")
_RESOURCE = coding(_ROLE, "4", "Domain Resource")
_QUERY = coding(_ROLE, "24", "Query")
_REQUEST = coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId")
_TOKEN = coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes", "UserOauthAgent")
_SERVER = coding(
    "http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server"
)
_TYPES = "http://hl7.org/fhir/resource-types"
_REFERENCE = re.compile(r"([A-Z][A-Za-z]{1,63})/[A-Za-z0-9.-]{1,64}(/_history/\d{1,9})?\Z")
_ONE = {EventType.READ: "Read", EventType.VREAD: "Read"}
_WRITTEN = {"C": "Create", "U": "Update", "D": "Delete"}
_STRANGER = "stranger"


def audit_event(event: Recorded, address: str) -> Resource:
    """The AuditEvent; `address` is the hub's own."""
    name = named(event.type, event.action, event.outcome, event.reason, event.detail)
    moment = instant(event.at_us).astimezone(UTC)
    recorded = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    found: Resource = {
        "resourceType": "AuditEvent",
        "id": event.id,
        "meta": {"versionId": "1", "lastUpdated": recorded},
        "type": dict(name.type),
        "subtype": [dict(one) for one in name.subtypes],
        "action": event.action,
        "recorded": recorded,
        "outcome": event.outcome,
    }
    if event.reason:
        found["outcomeDesc"] = event.reason
    if event.kind != _STRANGER:
        found["purposeOfEvent"] = [purpose_of(event)]
    found["agent"] = agents(event, name.flow, address)
    site = urlsplit(address).hostname or address
    found["source"] = {"site": site, "observer": observer(address), "type": [dict(_SERVER)]}
    found["entity"] = _entities(event)
    profile = _profile(event, name)
    if profile:
        found["meta"]["profile"] = [f"{PROFILES}{profile}"]
    return found


def _entities(event: Recorded) -> list[Resource]:
    found: list[Resource] = []
    if event.home:
        what = {"reference": f"Patient/{event.home}", "type": "Patient"}
        found.append({"what": what, "type": dict(_PERSON), "role": dict(_PATIENT)})
    elif event.person:
        identifier = {"system": f"{CANONICAL}/sid/person", "value": event.person}
        what_ = {"type": "Person", "identifier": identifier}
        found.append({"what": what_, "type": dict(_PERSON), "role": dict(_PATIENT)})
    if event.type == EventType.CONSENT_DECISION and event.resources:
        return found + _decided_by(event)
    shown = _shown(event)
    for reference in shown:
        kind = reference.partition("/")[0]
        is_only = len(shown) == 1 and _is_one(event)
        type_ = _OBJECT if is_only else coding(_TYPES, kind)
        found.append({"what": {"reference": reference}, "type": type_, "role": dict(_RESOURCE)})
    found += _asked(event)
    if event.request:
        identifier = {"value": event.request}
        found.append({"what": {"identifier": identifier}, "type": dict(_REQUEST)})
    return found + _details(event)


def _decided_by(event: Recorded) -> list[Resource]:
    """The Consents that decided, and the token they decided about."""
    found: list[Resource] = [
        {"what": {"reference": one, "type": "Consent"}, "type": coding(_TYPES, "Consent")}
        for one in event.resources
    ]
    if event.token:
        identifier = {"value": f"urn:ietf:params:oauth:jti:{event.token}"}
        found.append({"what": {"identifier": identifier}, "type": dict(_TOKEN)})
    return found


def _asked(event: Recorded) -> list[Resource]:
    """The question: raw when it was unsealed, else its address and the names in it."""
    entity: Resource = {"type": dict(_OBJECT), "role": dict(_QUERY)}
    if _is_one(event):
        return []  # the resource says it all, and is the only object of its event
    if event.query is not None:
        return [{**entity, "query": b64encode(event.query).decode("ascii")}]
    if event.asked:
        return [{**entity, "description": event.asked}]
    return [entity] if event.type == EventType.SEARCH else []


def _details(event: Recorded) -> list[Resource]:
    """What the log says besides, which names nobody."""
    said = {"policy": event.policy, "reason": event.reason, "process-number": str(event.place)}
    if event.detail and not _REFERENCE.match(event.detail):
        said["detail"] = event.detail
    listed = [{"type": name, "valueString": text} for name, text in said.items() if text]
    return [{"type": dict(_OTHER), "detail": listed}]


def _shown(event: Recorded) -> list[str]:
    """References to what was shown, used or written, each once."""
    named_ = [event.detail] if event.detail and _REFERENCE.match(event.detail) else []
    return list(dict.fromkeys(one for one in (*event.resources, *named_) if _REFERENCE.match(one)))


def _is_one(event: Recorded) -> bool:
    """Whether the event is about one resource by its nature."""
    return event.type in _ONE or (event.type == EventType.WRITE and event.action in _WRITTEN)


def _profile(event: Recorded, name: Named) -> str | None:
    """The BALP profile that the event has all of."""
    if event.type == EventType.CONSENT_DECISION:
        # The profile wants a person who asks; a system's decision has all but that.
        whole = event.kind == "user" and event.network and event.client and event.home
        return "AuthZconsent" if whole and event.resources else None
    if event.outcome != "0" or not event.network or not event.client or name.type is not REST:
        return None
    about = "Patient" if event.home else ""
    if _is_one(event):
        act = _ONE.get(EventType(event.type)) or _WRITTEN[event.action]
        return f"{about}{act}" if len(_shown(event)) == 1 else None
    if event.type == EventType.SEARCH and event.query is not None:
        return f"{about}Query"
    return None


def cleaned(query: bytes, kinds: frozenset[str]) -> str | None:
    """A search as its type and the names of its parameters, of those that R4 has: no value."""
    path, mark, text = query.decode("utf-8", "replace").partition("?")
    pieces = path.removeprefix("/fhir/").split("/")
    kind = pieces[2] if len(pieces) > 2 and pieces[0] == "Patient" else pieces[0]
    if not mark or kind not in kinds:
        return None
    known = {*parameters(kind), "_count", "_sort", "_include", "_revinclude", "_total", "_summary"}
    names = [key for key, _ in parse_qsl(text, keep_blank_values=True)]
    kept = dict.fromkeys(name for name in names if _is_a_name(name, known))
    return f"{kind}?{'&'.join(kept)}"


def _is_a_name(text: str, known: Collection[str]) -> bool:
    """Whether this is a parameter's name and perhaps a modifier: nothing a caller made up."""
    name, _, modifier = text.partition(":")
    plain = modifier.replace("-", "")
    return name in known and (not modifier or (plain.isascii() and plain.isalpha()))
