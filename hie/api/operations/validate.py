"""$validate: would this be taken, and does it conform (FHIR R4 resource-operation-validate.html).

`mode` create, update and delete rehearse the write and keep nothing; `profile` is an address of a
profile that ships, of R4 or that was written here. Whatever is found, the answer is 200 with an
OperationOutcome: errors would refuse it, warnings are a second opinion, information is what nobody
could check.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import Restriction, permit_type
from hie.access.scopes import Interaction
from hie.api.operations.asked import Asked, check_media, parameters, refused, sorted_out
from hie.api.respond import answered, fhir, hub_of
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange.validate import MODES, judge, rehearse
from hie.fhir import Resource
from hie.fhir.outcome import issue_of, outcome
from hie.fhir.profile import types
from hie.fhir.wire import read_object, write
from hie.oauth.door import actor_in
from hie.store import versions
from hie.store.search.registry import PARAMETERS
from hie.store.served import Stored

_NAMES = ("resource", "mode", "profile")
_MOST_ISSUES = 200


@answered
async def validate(request: Request) -> Response:
    """POST /fhir/{type}/$validate and /fhir/{type}/{id}/$validate: an OperationOutcome."""
    kind, key = request.path_params["type"], request.path_params.get("id")
    if kind not in types() or (key is not None and kind not in PARAMETERS):
        raise ResourceNotFound("no such resource type here")
    hub, actor = hub_of(request), actor_in(request)
    sight = permit_type(actor, kind, Interaction.READ)
    asked, tree = await _given(request, kind)
    mode, profiles = _mode(asked, key), [str(one) for one in asked.all("profile")]
    stood = None
    if key is not None and tree is None and mode != "delete":
        stood = await _stored(request, kind, key, sight)
    looked = tree if tree is not None else stood.resource() if stood else None
    if looked is None and mode != "delete":
        raise refused("resource", "required", f"a {kind}")
    issues: list[dict[str, Any]] = []
    if looked is not None and mode != "delete":
        async with hub.db.reading() as reader:
            verdict = await judge(reader, looked, profiles, sight)
        issues = [issue_of(one, "structure") for one in verdict.faults]
        issues += [issue_of(one, "structure", "warning") for one in verdict.warnings]
        issues += [issue_of(one, "informational", "information") for one in verdict.notes]
    if mode in ("create", "update", "delete"):
        more = await rehearse(hub, actor, mode, kind, key, looked)
        issues = [*(one for one in more if one not in issues), *issues]
    subjects = (Subject(stood.home, None, (stood.reference,)),) if stood and stood.home else ()
    await hub.ledger.record(
        Event(EventType.VALIDATE, Action.EXECUTE, actor, subjects=subjects, detail=kind)
    )
    return fhir(write(outcome(issues[:_MOST_ISSUES])))


async def _given(request: Request, kind: str) -> tuple[Asked, Resource | None]:
    """The parameters, and the resource to look at: the body itself, or in Parameters."""
    query: list[tuple[str, Any]] = list(request.query_params.multi_items())
    body = await request.body()
    if not body:
        return sorted_out(query, _NAMES[1:], frozenset()), None
    check_media(request)
    tree = read_object(body)
    if tree.get("resourceType") != "Parameters" or kind == "Parameters":
        return sorted_out(query, _NAMES[1:], frozenset()), _typed(tree, kind)
    asked = sorted_out([*query, *parameters(tree)], _NAMES, frozenset())
    found = asked.element("resource")
    return asked, None if found is None else _typed(dict(found), kind)


def _mode(asked: Asked, key: str | None) -> str | None:
    mode = asked.text("mode")
    if mode is not None and mode not in MODES:
        raise refused("mode", "invalid-value", ", ".join(MODES))
    if mode in ("delete", "profile") and key is None:
        raise refused("mode", "invalid-value", f"{mode} of one resource: /{{id}}/$validate")
    if mode == "create" and key is not None:
        raise refused("mode", "invalid-value", "create of a type: without an id")
    if mode == "profile" and "profile" not in asked:
        raise refused("profile", "required", "a profile")
    return mode


async def _stored(request: Request, kind: str, key: str, sight: Restriction) -> Stored:
    async with hub_of(request).db.reading() as reader:
        return await versions.read(reader, kind, key, sight)


def _typed(tree: Resource, kind: str) -> Resource:
    if tree.get("resourceType") != kind:
        fault = Fault("resourceType", "other-type", kind)
        raise InvalidRequest("the resource is of another type", (fault,))
    return tree
