"""One call of a service as it was sent: the hook, its context, and what was prefetched.

What the specification demands is checked and named, each fault once; what it does not know (its
next edition's fields, extensions) is passed over. A token for the caller's server is forgotten at
once: it is neither used nor kept. CDS Hooks 2.0, "Calling a CDS Service".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hie.cds import HOOKS, Service
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.fhir import Resource
from hie.fhir.wire import read_object, write

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_LONGEST = 200
_AUTHORIZATION = "fhirAuthorization"


@dataclass(frozen=True, slots=True)
class Call:
    """A call in which nothing is wrong; `user`, `patient` and `encounter` are the caller's ids.

    `prefetch` holds what was prefetched of the service's templates; a key whose value is None was
    asked for and is not there. `server` is where those ids are from, None where the caller does
    not say. `kept` is what the audit log keeps of it.
    """

    service: Service
    hook_instance: str
    user: str
    patient: str
    encounter: str | None
    context: Mapping[str, Any]
    prefetch: Mapping[str, Resource | None]
    server: str | None
    kept: bytes


def read_call(service: Service, data: bytes) -> Call:
    """The call in a body.

    Raises InvalidRequest naming each fault, ResourceNotFound for a hook that nothing here serves.
    """
    body = read_object(data, nulls=True)
    faults: list[Fault] = []
    hook = _text(body, "hook", faults)
    if hook is not None and hook not in HOOKS:
        raise ResourceNotFound("no service of this hook")
    if hook not in (None, service.hook):
        faults.append(Fault("hook", "another-hook", service.hook))
    instance = _text(body, "hookInstance", faults)
    if instance is not None and _UUID.fullmatch(instance) is None:
        faults.append(Fault("hookInstance", "not-a-uuid", "a UUID"))
    server = _server(body, faults)
    context = body.get("context")
    if not isinstance(context, dict):
        faults.append(Fault("context", "required", "an object"))
        context = {}
    user = _text(context, "userId", faults, "context.")
    patient = _text(context, "patientId", faults, "context.")
    encounter = _text(context, "encounterId", faults, "context.", required=False)
    prefetch = _prefetched(service, body.get("prefetch"), patient, encounter, faults)
    if faults:
        raise InvalidRequest("the call cannot be answered as sent", tuple(faults))
    return Call(
        service,
        str(instance).lower(),
        str(user).rpartition("/")[2],
        str(patient),
        encounter,
        context,
        prefetch,
        server,
        write({name: value for name, value in body.items() if name != _AUTHORIZATION}),
    )


def _text(
    value: Mapping[str, Any],
    key: str,
    faults: list[Fault],
    path: str = "",
    *,
    required: bool = True,
) -> str | None:
    found = value.get(key)
    if found is None and not required:
        return None
    if not isinstance(found, str) or not 1 <= len(found) <= _LONGEST:
        code = "required" if found is None else "wrong-type"
        faults.append(Fault(f"{path}{key}", code, f"a text of 1 to {_LONGEST} characters"))
        return None
    return found


def _server(body: Mapping[str, Any], faults: list[Fault]) -> str | None:
    """The address whose ids the context has, which is never called; a token comes with one."""
    server, authorization = body.get("fhirServer"), body.get(_AUTHORIZATION)
    if server is None and authorization is not None:
        faults.append(
            Fault("fhirServer", "required", f"with {_AUTHORIZATION}, the address it is for")
        )
    if server is not None and not (isinstance(server, str) and _URL.fullmatch(server)):
        faults.append(Fault("fhirServer", "wrong-type", "an http(s) address"))
    if authorization is not None and not isinstance(authorization, dict):
        faults.append(Fault(_AUTHORIZATION, "wrong-type", "an object"))
    return server.rstrip("/") if isinstance(server, str) else None


def _prefetched(
    service: Service,
    sent: Any,
    patient: str | None,
    encounter: str | None,
    faults: list[Fault],
) -> dict[str, Resource | None]:
    """What was sent for the service's templates; what was sent for others is not looked at."""
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        faults.append(Fault("prefetch", "wrong-type", "an object"))
        return {}
    found: dict[str, Resource | None] = {}
    asked = {"patient": patient, "encounter": encounter}
    for key, template in service.prefetch.items():
        if key not in sent:
            continue
        kind, resource = template.partition("/")[0], sent[key]
        if resource is not None and (
            not isinstance(resource, dict) or resource.get("resourceType") != kind
        ):
            faults.append(Fault(f"prefetch.{key}", "wrong-type", f"a {kind}, or null"))
        elif resource is not None and _is_another(resource, asked[key]):
            expected = f"the {kind} that the context names"
            faults.append(Fault(f"prefetch.{key}.id", "another-resource", expected))
        else:
            found[key] = resource
    return found


def _is_another(resource: Resource, key: str | None) -> bool:
    return key is not None and resource.get("id") not in (None, key)
