"""WADO-RS: what is stored, its metadata, its frames and bulk data (PS3.18 10.4)."""

from starlette.requests import Request
from starlette.responses import Response

from hie.audit.event import EventType
from hie.dicomweb.answers import (
    answered,
    file_alone,
    files_multipart,
    json_array,
    multipart,
    pool_of,
    recorded,
    started,
    timed,
)
from hie.dicomweb.at_hand import all_at_hand, at_hand, check_files, hub_files
from hie.dicomweb.find import find
from hie.dicomweb.heads import heads
from hie.dicomweb.media import DICOM, FRAME_MEDIA, JSON, OCTETS, PLAIN, Wanted, wanted
from hie.errors import Fault, InvalidRequest, NotAcceptable
from hie.store.instances import StoredInstance

_MOST_FRAMES = 1000


@answered
async def whole(request: Request) -> Response:
    """GET a study, a series or an instance: its files exactly as they were received.

    In the transfer syntax they are stored in; nothing is transcoded. Of a study with several,
    those that match are sent with status 206. A source that fails midway breaks the answer off.
    """
    only(request)
    found = await find(request)
    check_files(hub_files(request), found.instances)
    alone = "instance" in request.path_params
    for one in wanted(request):
        if not one.takes(DICOM):
            continue
        fitting = [i for i in found.instances if one.syntax in {None, "*", i.transfer_syntax}]
        if not fitting or (one.multipart is False and not alone):
            continue
        files = await started(all_at_hand(request, found, fitting))
        await recorded(request, EventType.READ, [found.seen])
        if one.multipart is False:
            only_one = await anext(files)
            return file_alone(only_one.path, only_one.instance.size, _kind(only_one.instance))
        placed = ((file.path, _kind(file.instance)) async for file in files)
        answer = files_multipart(placed, DICOM)
        if len(fitting) < len(found.instances):
            answer.status_code = 206
        return answer
    raise _not_acceptable('multipart/related; type="application/dicom"; transfer-syntax=*')


@answered
async def metadata(request: Request) -> Response:
    """GET …/metadata: the data sets without bulk data, as DICOM JSON."""
    only(request)
    if not any(one.takes(JSON) or one.takes("application/json") for one in wanted(request)):
        raise _not_acceptable(JSON)
    found = await find(request)
    check_files(hub_files(request), found.instances)
    parts = await started(heads(request, found))
    await recorded(request, EventType.READ, [found.seen])
    return json_array(parts)


@answered
async def frames(request: Request) -> Response:
    """GET …/frames/1,2: as stored, or decompressed to little endian samples."""
    only(request)
    numbers = frame_numbers(request.path_params["frames"])
    found = await find(request)
    with timed(request, found.row.site):
        file = await at_hand(request, found, found.instances[0])
        choice, plain = _frames_wanted(request, file.instance, len(numbers))
        asked = {"do": "frames", "path": str(file.path), "frames": numbers, "plain": plain}
        parts = await started(pool_of(request).parts(asked))
    await recorded(request, EventType.READ, [found.seen])
    if choice.multipart is False:
        # To the end: a worker that is not listened to is one that hangs, and is killed.
        ((kind, data),) = [part async for part in parts]
        return Response(data, media_type=kind, headers={"Cache-Control": "no-store"})
    stored = FRAME_MEDIA.get(file.instance.transfer_syntax, OCTETS)
    return multipart(parts, OCTETS if plain else stored)


@answered
async def bulk(request: Request) -> Response:
    """GET …/bulkdata/{tags}: one binary value of an instance."""
    only(request)
    accepted = [one for one in wanted(request) if one.takes(OCTETS)]
    if not accepted:
        raise _not_acceptable(OCTETS)
    found = await find(request)
    file = await at_hand(request, found, found.instances[0])
    place = request.path_params["place"].replace("+", "/")
    asked = {"do": "bulk", "path": str(file.path), "place": place}
    parts = await started(pool_of(request).parts(asked))
    await recorded(request, EventType.READ, [found.seen])
    if accepted[0].multipart is False:
        data = b"".join([piece async for _, piece in parts])
        return Response(data, media_type=OCTETS, headers={"Cache-Control": "no-store"})
    return multipart(parts, OCTETS)


def _frames_wanted(request: Request, instance: StoredInstance, count: int) -> tuple[Wanted, bool]:
    """What frames are sent as, and whether decompressed."""
    stored = FRAME_MEDIA.get(instance.transfer_syntax)
    for one in wanted(request):
        if one.multipart is False and count > 1:
            continue
        if stored is not None and one.media == stored:
            return one, False
        if one.takes(OCTETS):
            if one.syntax in {None, PLAIN}:
                return one, True
            if one.syntax in {"*", instance.transfer_syntax}:
                return one, False
    raise _not_acceptable(
        'multipart/related; type="application/octet-stream", with transfer-syntax=* as stored'
    )


def frame_numbers(text: str) -> list[int]:
    """The frames of an address, "1,2,5"; they count from 1."""
    parts = text.split(",")
    if len(parts) > _MOST_FRAMES:
        fault = Fault("frames", "too-many-values", f"at most {_MOST_FRAMES}")
        raise InvalidRequest("frames", (fault,))
    if not all(part.isascii() and part.isdigit() and int(part[:10]) > 0 for part in parts):
        raise InvalidRequest("frames", (Fault("frames", "invalid-value", "numbers from 1"),))
    return [int(part[:10]) for part in parts]


def only(request: Request, *allowed: str) -> None:
    """Refuse query parameters nobody reads."""
    for name in request.query_params:
        if name not in {"accept", *allowed}:
            fault = Fault(name[:64], "unknown-parameter", ", ".join(("accept", *allowed)))
            raise InvalidRequest("unknown parameter", (fault,))


def _kind(one: StoredInstance) -> str:
    syntax = f"; transfer-syntax={one.transfer_syntax}" if one.transfer_syntax else ""
    return f"{DICOM}{syntax}"


def _not_acceptable(expected: str) -> NotAcceptable:
    return NotAcceptable("not in this form", (Fault("Accept", "not-acceptable", expected),))
