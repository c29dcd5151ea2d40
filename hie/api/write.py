"""create, update, patch and delete over HTTP, each also by a condition (FHIR R4 http.html)."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit_type, restriction
from hie.access.scopes import Interaction
from hie.api import binary
from hie.api.general import read_asked
from hie.api.negotiation import check_json, preferences, sent
from hie.api.patched import patched
from hie.api.preconditions import Conditions, conditions
from hie.api.respond import answered, fhir, hub_of, version_headers
from hie.api.served import served
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange import write_resource
from hie.exchange.conditional import hold, matching, read_criteria
from hie.exchange.standing import standing_of
from hie.exchange.writing import Writing, Written, in_one_unit, person_locks
from hie.fhir import Resource
from hie.fhir.outcome import issue, outcome
from hie.fhir.wire import read_object, write
from hie.oauth.door import actor_in
from hie.store import ledger
from hie.store.locks import id_name
from hie.store.search.query import Query
from hie.store.served import Stored

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
    """PUT /fhir/{type}/{id}, with If-Match only that version, with If-None-Match: * a first one."""
    kind = _kind(request, Interaction.UPDATE)
    tree, key, asked = await _tree(request, kind), request.path_params["id"], _asked(request)

    async def step(writing: Writing) -> Written | None:
        await _check(writing, asked, kind, key, tree)
        return await write_resource.update(writing, kind, key, tree)

    return await _run(request, step)


@answered
async def update_matching(request: Request) -> Response:
    """PUT /fhir/{type}?…: the one that matches, or a new one when none does."""
    kind = _kind(request, Interaction.UPDATE)
    query, tree, asked = _criteria(request, kind), await _tree(request, kind), _asked(request)

    async def step(writing: Writing) -> Written | None:
        return await updated_matching(writing, query, tree, asked)

    return await _run(request, step)


async def updated_matching(
    writing: Writing, query: Query, tree: Resource, asked: Conditions
) -> Written:
    """A conditional update in a unit of work (http.html#cond-update)."""
    kind, stated = query.type, tree.get("id")
    await hold(writing, [query], [tree])
    found = await matching(writing, query)
    if found is None and stated is None:
        asked.check(kind, None)
        return await write_resource.create(writing, tree)
    if found is not None and stated not in (None, found.id):
        fault = Fault(f"{kind}.id", "other-id", "the id of what matches, or none")
        raise InvalidRequest("another resource matches", (fault,))
    key = str(stated if found is None else found.id)
    if found is None:
        await _check(writing, asked, kind, key, tree)
    else:
        asked.check(kind, found)
    return await write_resource.update(writing, kind, key, {**tree, "id": key}, found=found)


@answered
async def patch(request: Request) -> Response:
    """PATCH /fhir/{type}/{id} and PATCH /fhir/{type}?…: a JSON Patch (RFC 6902)."""
    kind = _kind(request, Interaction.UPDATE)
    media, body, asked = sent(request.headers), await request.body(), _asked(request)
    query = None if "id" in request.path_params else _criteria(request, kind)

    async def step(writing: Writing) -> Written | None:
        found = await _meant(writing, query)
        if query is None and asked.asked:
            found = await standing_of(writing, kind, request.path_params["id"])
        if found is None and (query is not None or asked.asked):
            raise ResourceNotFound(f"no {kind} to patch")
        key = request.path_params["id"] if found is None else found.id
        asked.check(kind, found)
        return await write_resource.patch(
            writing, kind, key, lambda tree: patched(tree, body, media), found=found
        )

    return await _run(request, step)


@answered
async def delete(request: Request) -> Response:
    """DELETE /fhir/{type}/{id} and DELETE /fhir/{type}?… (one match at most)."""
    kind = _kind(request, Interaction.DELETE)
    asked = _asked(request)
    query = None if "id" in request.path_params else _criteria(request, kind)

    async def step(writing: Writing) -> Written | None:
        found = await _meant(writing, query)
        if query is None and asked.asked:
            found = await standing_of(writing, kind, request.path_params["id"])
        asked.check(kind, found)
        if query is not None and found is None:
            return None
        key = request.path_params["id"] if found is None else found.id
        return await write_resource.delete(writing, kind, key, found=found)

    return await _run(request, step)


async def _meant(writing: Writing, query: Query | None) -> Stored | None:
    """What a condition finds, held; None without a condition, and without a match."""
    if query is None:
        return None
    await hold(writing, [query])
    return await matching(writing, query)


async def _check(writing: Writing, asked: Conditions, kind: str, key: str, tree: Resource) -> None:
    """Hold what stands under an id, or the id itself, and check the conditions on it.

    Raises VersionMismatch.
    """
    if asked.asked:
        await writing.hold({id_name(kind, key), *person_locks(tree, writing.now_us)})
        asked.check(kind, await standing_of(writing, kind, key))


async def _run(request: Request, step: Step) -> Response:
    """One unit of work: the write, what follows from it, its audit record; then the answer."""
    hub, actor = hub_of(request), actor_in(request)

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
    preferred = preferences(request.headers).returning
    headers = {"Preference-Applied": f"return={preferred}"} if preferred else {}
    if written is None or written.stored is None:
        if written is not None:
            headers["ETag"] = f'W/"{written.version}"'
        if preferred != "OperationOutcome":
            return fhir(b"", 204, headers)
        return fhir(_told("nothing was there" if written is None else "deleted"), 200, headers)
    headers |= version_headers(written.stored)
    base = hub_of(request).entrance.audience
    headers["Location"] = f"{base}/{written.reference}"
    match preferred:
        case "minimal":
            body = b""
        case "OperationOutcome":
            body = _told("stored")
        case _:
            body = written.stored.body
    return fhir(body, written.status, headers)


def _told(words: str) -> bytes:
    return write(outcome([issue("information", "informational", words)]))


_INTERACTIONS = {
    "POST": Interaction.CREATE,
    "PUT": Interaction.UPDATE,
    "PATCH": Interaction.UPDATE,
    "DELETE": Interaction.DELETE,
}


def _kind(request: Request, interaction: Interaction) -> str:
    kind = served(request)
    permit_type(actor_in(request), kind, interaction)
    return kind


async def _tree(request: Request, kind: str) -> Resource:
    if kind == binary.TYPE and binary.is_content(request.headers):
        key = request.path_params.get("id")
        return binary.holding(await request.body(), request.headers, key)
    check_json(request.headers)
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


def _asked(request: Request) -> Conditions:
    """The conditions on the version that stands; a resource's own address takes no others.

    Raises InvalidRequest for a search parameter beside an id, which would be looked past.
    """
    if "id" in request.path_params:
        read_asked(request)
    return conditions(request.headers)


def prefer(request: Request) -> str:
    """What `Prefer: return=` asks for."""
    return preferences(request.headers).returning or "representation"
