"""$meta, $meta-add, $meta-delete: profiles, tags and security labels of one resource.

FHIR R4 resource-operation-meta.html, -meta-add.html, -meta-delete.html. What is added or taken away
makes the next version, like any change here; what is there already, or is not, makes none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit_type
from hie.access.scopes import Interaction
from hie.api.operations.asked import read_asked, refused
from hie.api.respond import answered, fhir, hub_of
from hie.api.served import served
from hie.api.write import event
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import ResourceNotFound
from hie.exchange import write_resource
from hie.exchange.label_writes import check_not_lowered
from hie.exchange.standing import standing_of
from hie.exchange.writing import Writing, Written, in_one_unit
from hie.fhir.wire import write
from hie.oauth.door import actor_in
from hie.store import ledger, versions

_LISTS = ("profile", "security", "tag")
Meta = Mapping[str, Any]


@answered
async def meta(request: Request) -> Response:
    """GET or POST /fhir/{type}/{id}/$meta: those of the current version."""
    kind, key = served(request), request.path_params["id"]
    await read_asked(request)
    actor, hub = actor_in(request), hub_of(request)
    restriction = permit_type(actor, kind, Interaction.READ)
    async with hub.db.reading() as reader:
        found = await versions.read(reader, kind, key, restriction)
    subjects = (Subject(found.home, None, (found.reference,)),) if found.home else ()
    await hub.ledger.record(Event(EventType.READ, Action.READ, actor, subjects=subjects))
    return _answer(found.resource().get("meta", {}))


@answered
async def meta_add(request: Request) -> Response:
    """POST /fhir/{type}/{id}/$meta-add with Parameters `meta`."""
    return await _changed(request, _with)


@answered
async def meta_delete(request: Request) -> Response:
    """POST /fhir/{type}/{id}/$meta-delete with Parameters `meta`."""
    return await _changed(request, _without)


async def _changed(request: Request, change: Callable[[Meta, Meta], dict[str, Any]]) -> Response:
    kind, key = served(request), request.path_params["id"]
    given = (await read_asked(request, "meta")).element("meta")
    listed = {} if given is None else {n: given[n] for n in _LISTS if n in given}
    if not listed or not all(isinstance(one, list) for one in listed.values()):
        raise refused("meta", "required", f"a Meta with {', '.join(_LISTS)}")
    hub, actor = hub_of(request), actor_in(request)

    async def step(writing: Writing) -> Written:
        standing = await standing_of(writing, kind, key)
        if standing is None:
            raise ResourceNotFound(f"no {kind} with this id")
        tree = standing.resource()
        made = change(tree.get("meta", {}), listed)
        changed = {name: part for name, part in tree.items() if name != "meta"}
        if made:
            changed["meta"] = made
        check_not_lowered(standing, changed)
        written = await write_resource.update(writing, kind, key, changed)
        await write_resource.finish(writing)
        await ledger.append(writing.unit, event(request, written))
        return written

    sight = permit_type(actor, kind, Interaction.UPDATE)
    written = await in_one_unit(hub, actor, sight, step)
    tree = {} if written.stored is None else written.stored.resource()
    return _answer(tree.get("meta", {}))


def _with(stood: Meta, given: Meta) -> dict[str, Any]:
    made = dict(stood)
    for name, more in given.items():
        own = list(made.get(name, ()))
        made[name] = own + [one for one in more if not _among(one, own)]
    return made


def _without(stood: Meta, given: Meta) -> dict[str, Any]:
    made = dict(stood)
    for name, less in given.items():
        made[name] = [one for one in made.get(name, ()) if not _among(one, less)]
        if not made[name]:
            del made[name]
    return made


def _among(one: Any, listed: Any) -> bool:
    """Tags are the same when system and code are; profiles when they are equal."""
    return any(_key(one) == _key(each) for each in listed)


def _key(one: Any) -> Any:
    return (one.get("system"), one.get("code")) if isinstance(one, dict) else one


def _answer(stated: Meta) -> Response:
    parameter = {"name": "return", "valueMeta": dict(stated)}
    return fhir(write({"resourceType": "Parameters", "parameter": [parameter]}))
