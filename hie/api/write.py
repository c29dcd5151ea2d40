"""create, update, patch and delete over HTTP, each also by a condition (FHIR R4 http.html)."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit_type, restriction
from hie.access.scopes import Interaction
from hie.api.patched import patched
from hie.api.respond import answered, fhir, hub_of, version_headers
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import (
    Fault,
    InvalidRequest,
    ResourceNotFound,
    UnsupportedMedia,
)
from hie.exchange import write_resource
from hie.exchange.conditional import hold, matching, read_criteria
from hie.exchange.standing import check_version
from hie.exchange.writing import Writing, Written, in_one_unit
from hie.fhir import Resource
from hie.fhir.outcome import issue, outcome
from hie.fhir.wire import read_object, write
from hie.oauth.door import actor_in
from hie.store import ledger
from hie.store.search.query import Query
from hie.store.search.registry import PARAMETERS
from hie.store.served import Stored

_JSON = {"application/fhir+json", "application/json", "text/json"}
_RETURNS = {"minimal", "representation", "OperationOutcome"}
_ACTIONS = {201: Action.CREATE, 200: Action.UPDATE, 204: Action.DELETE}

Step = Callable[[Writing], Awaitable[Written | None]]


@answered
async def create(request: Request) -> Response:
    """POST /fhir/{type}; with If-None-Exist only when nothing matches."""
    kind = _kind(request, Interaction.CREATE)
    query = _unless(request, kind)
    tree = await _tree(request, kind)

    async def step(writing: Writing) -> Written | None:
        if query is not None:
            await hold(writing, [query], [tree])
            found = await matching(writing, query)
            if found is not None:
                return Written.of(200, found)
        return await write_resource.create(writing, tree)

    return await _run(request, step)


@answered
async def update(request: Request) -> Response:
    """PUT /fhir/{type}/{id}, with If-Match only that version."""
    kind = _kind(request, Interaction.UPDATE)
    tree, key, version = await _tree(request, kind), request.path_params["id"], _if_match(request)
    return await _run(
        request, lambda writing: write_resource.update(writing, kind, key, tree, version)
    )


@answered
async def update_matching(request: Request) -> Response:
    """PUT /fhir/{type}?…: the one that matches, or a new one when none does."""
    kind = _kind(request, Interaction.UPDATE)
    query, tree, version = _criteria(request, kind), await _tree(request, kind), _if_match(request)

    async def step(writing: Writing) -> Written | None:
        return await updated_matching(writing, query, tree, version)

    return await _run(request, step)


async def updated_matching(
    writing: Writing, query: Query, tree: Resource, version: int | None
) -> Written:
    """A conditional update in a unit of work (http.html#cond-update)."""
    kind, stated = query.type, tree.get("id")
    await hold(writing, [query], [tree])
    found = await matching(writing, query)
    if found is None and stated is None:
        check_version(None, kind, version)
        return await write_resource.create(writing, tree)
    if found is not None and stated not in (None, found.id):
        fault = Fault(f"{kind}.id", "other-id", "the id of what matches, or none")
        raise InvalidRequest("another resource matches", (fault,))
    key = str(stated if found is None else found.id)
    return await write_resource.update(
        writing, kind, key, {**tree, "id": key}, version, found=found
    )


@answered
async def patch(request: Request) -> Response:
    """PATCH /fhir/{type}/{id} and PATCH /fhir/{type}?…: a JSON Patch (RFC 6902)."""
    kind = _kind(request, Interaction.UPDATE)
    media, body, version = _media(request), await request.body(), _if_match(request)
    query = None if "id" in request.path_params else _criteria(request, kind)

    async def step(writing: Writing) -> Written | None:
        found = await _meant(writing, query)
        if query is not None and found is None:
            raise ResourceNotFound(f"no {kind} to patch")
        key = request.path_params["id"] if found is None else found.id
        return await write_resource.patch(
            writing, kind, key, lambda tree: patched(tree, body, media), version, found=found
        )

    return await _run(request, step)


@answered
async def delete(request: Request) -> Response:
    """DELETE /fhir/{type}/{id} and DELETE /fhir/{type}?… (one match at most)."""
    kind = _kind(request, Interaction.DELETE)
    version = _if_match(request)
    query = None if "id" in request.path_params else _criteria(request, kind)

    async def step(writing: Writing) -> Written | None:
        found = await _meant(writing, query)
        if query is not None and found is None:
            return None
        key = request.path_params["id"] if found is None else found.id
        return await write_resource.delete(writing, kind, key, version, found=found)

    return await _run(request, step)


async def _meant(writing: Writing, query: Query | None) -> Stored | None:
    """What a condition finds, held; None without a condition, and without a match."""
    if query is None:
        return None
    await hold(writing, [query])
    return await matching(writing, query)


async def _run(request: Request, step: Step) -> Response:
    """One unit of work: the write, what follows from it, its audit record; then the answer."""
    hub, actor = hub_of(request), actor_in(request)
    prefer(request)

    async def whole(writing: Writing) -> Written | None:
        written = await step(writing)
        await write_resource.finish(writing)
        await ledger.append(writing.unit, event(request, written))
        return written

    sight = restriction(actor, _INTERACTIONS[request.method])
    return _answer(request, await in_one_unit(hub, actor, sight, whole))


def event(request: Request, written: Written | None) -> Event:
    """The audit record of one write; one that found nothing to do is an execution."""
    query = f"{request.method} {request.url.path}".encode()
    if written is None:
        return Event(EventType.WRITE, Action.EXECUTE, actor_in(request), query=query)
    subjects = (Subject(written.home, None, (written.reference,)),) if written.home else ()
    return Event(
        EventType.WRITE,
        _ACTIONS[written.status],
        actor_in(request),
        subjects=subjects,
        query=query,
        detail=written.reference,
    )


def _answer(request: Request, written: Written | None) -> Response:
    if written is None or written.stored is None:
        version = {} if written is None else {"ETag": f'W/"{written.version}"'}
        return fhir(b"", 204, version)
    headers = version_headers(written.stored)
    base = hub_of(request).entrance.audience
    headers["Location"] = f"{base}/{written.reference}"
    match prefer(request):
        case "minimal":
            body = b""
        case "OperationOutcome":
            body = write(outcome([issue("information", "informational", "stored")]))
        case _:
            body = written.stored.body
    return fhir(body, written.status, headers)


_INTERACTIONS = {
    "POST": Interaction.CREATE,
    "PUT": Interaction.UPDATE,
    "PATCH": Interaction.UPDATE,
    "DELETE": Interaction.DELETE,
}


def _kind(request: Request, interaction: Interaction) -> str:
    kind: str = request.path_params["type"]
    if kind not in PARAMETERS:
        raise ResourceNotFound("no such resource type here")
    permit_type(actor_in(request), kind, interaction)
    return kind


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def _tree(request: Request, kind: str) -> Resource:
    if _media(request) not in _JSON:
        fault = Fault("Content-Type", "media", "application/fhir+json")
        raise UnsupportedMedia("FHIR JSON is written here", (fault,))
    tree = read_object(await request.body())
    if tree.get("resourceType") != kind:
        fault = Fault("resourceType", "other-type", kind)
        raise InvalidRequest("the resource is of another type", (fault,))
    return tree


def _unless(request: Request, kind: str) -> Query | None:
    """What must not be there for a create: If-None-Exist, or what stands in the address.

    R4 has the header alone; fhirpy writes the condition into the address, and a hub that did not
    look there would create twice.
    """
    given = request.headers.get("if-none-exist")
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    stated = [(key, value) for key, value in pairs if key not in ("_format", "_pretty")]
    if given is not None and stated:
        fault = Fault("If-None-Exist", "repeated", "one condition: the header, or in the address")
        raise InvalidRequest("two conditions", (fault,))
    if stated:
        return read_criteria(kind, urlencode(stated), "query")
    return None if given is None else read_criteria(kind, given)


def _criteria(request: Request, kind: str) -> Query:
    return read_criteria(kind, request.url.query, "query")


def _if_match(request: Request) -> int | None:
    return version_of(request.headers.get("if-match"), "If-Match")


def version_of(text: str | None, name: str) -> int | None:
    """The version in an entity tag such as W/"3". Raises InvalidRequest."""
    if text is None:
        return None
    number = text.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise InvalidRequest(name, (Fault(name, "invalid-value", 'a version such as W/"3"'),))
    return int(number)


def prefer(request: Request) -> str:
    """What `Prefer: return=` asks for; anything else in it is not ours to refuse."""
    for part in request.headers.get("prefer", "").replace(";", ",").split(","):
        name, _, value = part.strip().partition("=")
        if name == "return" and value.strip('"') in _RETURNS:
            return value.strip('"')
    return "representation"
