"""read, vread and history of one resource (FHIR R4 http.html#read, #vread, #history)."""

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import Restriction, permit_type
from hie.access.scopes import Interaction
from hie.api.respond import answered, fhir, hub_of, version_headers
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.fhir.bundle import Versioned, history
from hie.oauth.door import actor_in
from hie.store import versions
from hie.store.instants import written
from hie.store.search.registry import PARAMETERS
from hie.store.served import Stored

_MOST = 200


@answered
async def read(request: Request) -> Response:
    """GET /fhir/{type}/{id}: the current version; 304 when the caller has it."""
    kind, key, restriction = _asked(request)
    _only(request, set())
    hub = hub_of(request)
    async with hub.db.reading() as reader:
        found = await versions.read(reader, kind, key, restriction)
    await _record(request, EventType.READ, [found])
    headers = version_headers(found)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return fhir(b"", 304, headers)
    return fhir(found.body, headers=headers)


@answered
async def vread(request: Request) -> Response:
    """GET /fhir/{type}/{id}/_history/{vid}: one version."""
    kind, key, restriction = _asked(request)
    _only(request, set())
    number = request.path_params["vid"]
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise ResourceNotFound("no such version")
    hub = hub_of(request)
    async with hub.db.reading() as reader:
        found = await versions.read(reader, kind, key, restriction, int(number))
    await _record(request, EventType.VREAD, [found])
    return fhir(found.body, headers=version_headers(found))


@answered
async def history_of(request: Request) -> Response:
    """GET /fhir/{type}/{id}/_history: every version, newest first."""
    kind, key, restriction = _asked(request)
    _only(request, {"_count"})
    text = request.query_params.get("_count", "50")
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= _MOST):
        raise InvalidRequest("_count", (Fault("_count", "invalid-value", f"1 to {_MOST}"),))
    hub = hub_of(request)
    async with hub.db.reading() as reader:
        found = await versions.history(reader, kind, key, restriction, limit=int(text))
    await _record(request, EventType.HISTORY, found)
    base = hub.entrance.audience
    entries = [
        Versioned(
            full_url=f"{base}/{kind}/{key}",
            body=None if one.deleted else one.body,
            method="DELETE" if one.deleted else "POST" if one.version == 1 else "PUT",
            url=kind if one.version == 1 else f"{kind}/{key}",
            status="204" if one.deleted else "201" if one.version == 1 else "200",
            etag=f'W/"{one.version}"',
            last_modified=written(one.updated_us),
        )
        for one in found
    ]
    link = {"self": f"{base}/{kind}/{key}/_history"}
    return fhir(history(entries, link, len(entries)))


def _asked(request: Request) -> tuple[str, str, Restriction]:
    kind = request.path_params["type"]
    if kind not in PARAMETERS:
        raise ResourceNotFound("no such resource type here")
    restriction = permit_type(actor_in(request), kind, Interaction.READ)
    return kind, request.path_params["id"], restriction


def _only(request: Request, allowed: set[str]) -> None:
    for name in request.query_params:
        if name not in {"_format", "_pretty", *allowed}:
            fault = Fault(name[:64], "unknown-parameter", ", ".join(sorted(allowed)))
            raise InvalidRequest("unknown parameter", (fault,))


async def _record(request: Request, kind: EventType, found: list[Stored]) -> None:
    """The audit record, durable before the first byte of the answer."""
    homes = sorted({one.home for one in found if one.home})
    subjects = tuple(
        Subject(home, None, tuple(one.reference for one in found if one.home == home))
        for home in homes
    )
    await hub_of(request).ledger.record(
        Event(
            kind,
            Action.READ,
            actor_in(request),
            subjects=subjects,
            query=str(request.url.path).encode(),
        )
    )
