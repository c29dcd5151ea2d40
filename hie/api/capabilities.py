"""The CapabilityStatement, computed from the registry and the interactions that are mounted."""

from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie import RELEASED, __version__
from hie.api.audit_query import KNOWN
from hie.api.capability_words import OF_SERVER, about, common_parameters, included, is_answered
from hie.api.general import read_asked
from hie.api.negotiation import ANSWER
from hie.api.patched import MEDIA as PATCH
from hie.api.patched import MERGE
from hie.api.respond import MEDIA, answered, hub_of
from hie.api.served import LOGGED
from hie.api.terminology_capabilities import terminology
from hie.fhir import CANONICAL, RELEASE
from hie.fhir.search.definitions import Kind
from hie.fhir.search.refusal import bad
from hie.fhir.search.shape import is_whole, shaped
from hie.fhir.shipped_profiles import SUPPORTED
from hie.fhir.wire import write
from hie.store.search.registry import PARAMETERS
from hie.store.tables import HOMELESS

INTERACTIONS = (
    "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create",
    "search-type",
)  # fmt: skip
_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_R4 = "http://hl7.org/fhir/OperationDefinition"
OPERATIONS = {
    "Patient": (
        ("assess", f"{CANONICAL}/OperationDefinition/assess"),
        ("everything", f"{_R4}/Patient-everything"),
    ),
    "Observation": (("lastn", f"{_R4}/Observation-lastn"),),
    "CodeSystem": (
        ("lookup", f"{_R4}/CodeSystem-lookup"),
        ("subsumes", f"{_R4}/CodeSystem-subsumes"),
        ("validate-code", f"{_R4}/CodeSystem-validate-code"),
    ),
    "ValueSet": (
        ("expand", f"{_R4}/ValueSet-expand"),
        ("validate-code", f"{_R4}/ValueSet-validate-code"),
    ),
    "ConceptMap": (("translate", f"{_R4}/ConceptMap-translate"),),
}
OF_EVERY_TYPE = (
    ("meta", f"{_R4}/Resource-meta"),
    ("meta-add", f"{_R4}/Resource-meta-add"),
    ("meta-delete", f"{_R4}/Resource-meta-delete"),
    ("validate", f"{_R4}/Resource-validate"),
)


_FRESH = "public, max-age=300"  # it is the same for everybody


@answered
async def metadata(request: Request) -> Response:
    """GET /fhir/metadata: what this hub does; with mode=terminology, which codes it knows."""
    asked = read_asked(request, frozenset({"mode"}))
    mode = asked.values.get("mode", "full")
    if mode not in _MODES:
        raise bad("mode", "invalid-value", ", ".join(_MODES))
    told = _MODES[mode](hub_of(request).settings.address)
    if not is_whole(asked.summary, asked.elements):
        told = shaped(told, asked.summary, asked.elements)
    body = write(told)
    headers = {"ETag": f'W/"{sha256(body).hexdigest()[:16]}"', "Cache-Control": _FRESH}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", 304, headers)
    return Response(body, headers=headers, media_type=ANSWER)


@cache
def statement(address: str) -> dict[str, Any]:
    """The CapabilityStatement of a hub at this address."""
    return {
        "resourceType": "CapabilityStatement",
        "name": "Hie",
        "title": "hie exchange hub",
        "status": "active",
        "date": RELEASED,
        "description": OF_SERVER,
        "kind": "instance",
        "software": {"name": "hie", "version": __version__, "releaseDate": RELEASED},
        "implementation": {"description": "hie exchange hub", "url": f"{address}/fhir"},
        "fhirVersion": RELEASE,
        "format": ["json", "application/fhir+json"],
        "patchFormat": [PATCH, MERGE, MEDIA],
        "rest": [
            {
                "mode": "server",
                "documentation": OF_SERVER,
                "security": {
                    "extension": [_token_door(address)],
                    "cors": True,
                    "service": [
                        {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/"
                                    "restful-security-service",
                                    "code": "SMART-on-FHIR",
                                }
                            ]
                        }
                    ],
                    "description": "SMART Backend Services: a registered system proves its key and "
                    "gets a token of five minutes, for its institution and what it registered for. "
                    "SMART App Launch: a registered app acts for a person who is signed in.",
                },
                "resource": sorted(
                    [*(_resource(kind) for kind in PARAMETERS), _audit_event()],
                    key=lambda one: str(one["type"]),
                ),
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "searchParam": common_parameters(),
                "compartment": ["http://hl7.org/fhir/CompartmentDefinition/patient"],
            }
        ],
    }


def _token_door(address: str) -> dict[str, Any]:
    """Where tokens are asked for, as clients of SMART 1 look for it."""
    doors = ("token", "authorize", "introspect", "revoke")
    found = [{"url": door, "valueUri": f"{address}/oauth/{door}"} for door in doors]
    return {"url": _OAUTH, "extension": found}


def _audit_event() -> dict[str, Any]:
    """The audit log: to read and to search, never to write."""
    known = sorted({name: str(of.kind) for name, of in KNOWN.items()}.items())
    return {
        "type": LOGGED,
        "interaction": [{"code": code} for code in ("read", "search-type")],
        "versioning": "no-version",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalRead": "full-support",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchParam": [{"name": name, "type": kind} for name, kind in known],
    }


def _resource(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": kind,
        **({"supportedProfile": [SUPPORTED[kind]]} if kind in SUPPORTED else {}),
        "documentation": about(kind),
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "enforced"],
        "searchParam": [
            {"name": name, "type": str(of.kind)}
            for name, of in sorted(PARAMETERS[kind].items())
            if is_answered(of)
        ],
    }
    forth = included(kind)
    if forth:
        found["searchInclude"] = forth
    back = [
        f"{other}:{one.name}"
        for other, known in sorted(PARAMETERS.items())
        for one in known.values()
        if one.kind is Kind.REFERENCE and kind in one.targets and _leads_back(other, kind)
    ]
    if back:
        found["searchRevInclude"] = back
    found["operation"] = [
        {"name": name, "definition": definition}
        for name, definition in (*OPERATIONS.get(kind, ()), *OF_EVERY_TYPE)
    ]
    return found


def _leads_back(other: str, kind: str) -> bool:
    """Whether what leads from one type to another is looked for: to what is shared by all, not."""
    return other in HOMELESS or kind not in HOMELESS


_MODES: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "full": statement,
    "normative": statement,
    "terminology": terminology,
}
