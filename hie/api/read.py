"""read and vread of one resource (FHIR R4 http.html#read, #vread, #cread)."""

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import Restriction
from hie.api.binary import is_raw, raw
from hie.api.general import read_asked
from hie.api.hidden import note_hidden
from hie.api.preconditions import asks_by_date, is_known
from hie.api.respond import answered, fhir, hub_of, version_headers
from hie.api.served import permitted, record_look
from hie.audit.event import EventType
from hie.errors import ResourceDeleted, ResourceNotFound
from hie.store import versions
from hie.store.served import Stored
from hie.store.session import Reader


@answered
async def read(request: Request) -> Response:
    """GET /fhir/{type}/{id}: the current version; 304 when the caller has it."""
    return await _one(request, EventType.READ, None)


@answered
async def vread(request: Request) -> Response:
    """GET /fhir/{type}/{id}/_history/{vid}: one version; 410 for the one that is a deletion."""
    number = request.path_params["vid"]
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise ResourceNotFound("no such version")
    return await _one(request, EventType.VREAD, int(number))


async def _one(request: Request, event: EventType, version: int | None) -> Response:
    kind, restriction = permitted(request)
    asked = read_asked(request)
    async with hub_of(request).db.reading() as reader:
        key = request.path_params["id"]
        try:
            found = await versions.read(reader, kind, key, restriction, version)
        except ResourceNotFound:
            await note_hidden(request, reader, kind, [key], restriction)
            raise
        before = None
        if found.version > 1 and asks_by_date(request.headers):
            before = await _before(reader, found, restriction)
    known = is_known(request.headers, found, before)
    await record_look(request, event, [found])
    headers = version_headers(found)
    if known:
        return fhir(b"", 304, headers)
    if is_raw(request):
        return raw(found.resource(), headers)
    return fhir(asked.body(found), headers=headers)


async def _before(reader: Reader, one: Stored, restriction: Restriction) -> Stored | None:
    """The version before this one, if there is one to be seen."""
    try:
        return await versions.read(reader, one.type, one.id, restriction, one.version - 1)
    except (ResourceNotFound, ResourceDeleted):
        return None
