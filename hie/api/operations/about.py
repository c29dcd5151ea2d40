"""$validate and $meta: what is said about a resource (FHIR R4 resource-operation-*.html)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit_type
from hie.access.scopes import Interaction
from hie.api.operations.given import listed
from hie.api.respond import answered, fhir, hub_of
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest, NotSupported, ResourceNotFound
from hie.fhir import Resource
from hie.fhir.outcome import issue_of, outcome
from hie.fhir.profile import check, types
from hie.fhir.structure import check as check_structure
from hie.fhir.wire import read_object, write
from hie.oauth.door import actor_in
from hie.store import versions
from hie.store.search.registry import PARAMETERS


@answered
async def validate(request: Request) -> Response:
    """POST /fhir/{type}/$validate: the resource, or Parameters with one; 200 whatever is found.

    What the hub would refuse is an error; what only the second checker finds is a warning.
    """
    kind = request.path_params["type"]
    if kind not in types():
        raise ResourceNotFound("no such resource type here")
    permit_type(actor_in(request), kind, Interaction.READ)
    tree = _resource(read_object(await request.body()), kind)
    faults = check(tree)
    found = [issue_of(one, "structure") for one in faults]
    if not faults:
        found += [issue_of(one, "structure", "warning") for one in check_structure(tree)]
    await hub_of(request).ledger.record(
        Event(EventType.VALIDATE, Action.EXECUTE, actor_in(request), detail=kind)
    )
    return fhir(write(outcome(found)))


@answered
async def meta(request: Request) -> Response:
    """GET /fhir/{type}/{id}/$meta: profiles, tags and labels of the current version."""
    kind, key = request.path_params["type"], request.path_params["id"]
    if kind not in PARAMETERS:
        raise ResourceNotFound("no such resource type here")
    actor = actor_in(request)
    restriction = permit_type(actor, kind, Interaction.READ)
    hub = hub_of(request)
    async with hub.db.reading() as reader:
        found = await versions.read(reader, kind, key, restriction)
    subjects = (Subject(found.home, None, (found.reference,)),) if found.home else ()
    await hub.ledger.record(Event(EventType.READ, Action.READ, actor, subjects=subjects))
    stated = found.resource().get("meta", {})
    parameter: dict[str, Any] = {"name": "return", "valueMeta": stated}
    return fhir(write({"resourceType": "Parameters", "parameter": [parameter]}))


def _resource(tree: Resource, kind: str) -> Resource:
    """The resource to look at. Raises InvalidRequest, and NotSupported for modes and profiles."""
    if tree.get("resourceType") != "Parameters" or kind == "Parameters":
        return _typed(tree, kind)
    found: Resource | None = None
    for one in listed(tree):
        name = one.get("name")
        if name == "resource" and isinstance(one.get("resource"), dict):
            found = one["resource"]
        elif name in {"mode", "profile"}:
            fault = Fault(f"Parameters.{name}", "not-answered", "the resource alone")
            raise NotSupported(f"$validate by {name} is not answered", (fault,))
    if found is None:
        fault = Fault("Parameters.parameter", "required", "a parameter named resource")
        raise InvalidRequest("nothing to look at", (fault,))
    return _typed(found, kind)


def _typed(tree: Resource, kind: str) -> Resource:
    if tree.get("resourceType") != kind:
        fault = Fault("resourceType", "other-type", kind)
        raise InvalidRequest("the resource is of another type", (fault,))
    return tree
