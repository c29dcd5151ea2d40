"""POST /intake/{site}: one message or file; the answer is its receipt, given once it is durable."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hie.access.actor import Actor
from hie.access.policy import permit, permit_institution
from hie.access.scopes import Door
from hie.errors import Fault, InvalidRequest, ResourceNotFound, TooLarge, UnsupportedMedia
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.exchange.imaging_profile import takes_images
from hie.exchange.receive import Receipt, receive, settled
from hie.exchange.receive_images import MEDIA, check_any_kept, spooled, take
from hie.oauth.door import actor_in
from hie.store.instance_files import InstanceFiles

LONGEST_WAIT = 30.0


async def intake(request: Request) -> Response:
    """Keep the body as a message of this site; `?wait=5` answers when it is stored or held.

    202 and a receipt; several messages in a batch file have a receipt each in `messages`.
    """
    hub: Hub = request.app.state.hub
    actor = actor_in(request)
    permit(actor, Door.INTAKE)
    name = request.path_params["site"]
    known = await sites.find(hub, name)
    if known is None or known.site.institution != actor.institution:
        fault = Fault("site", "unknown-site", "a site of the caller's institution")
        raise ResourceNotFound("no such site of this institution", (fault,))
    permit_institution(actor, known.site.institution)
    wait = _wait(request)
    media = request.headers.get("content-type", "").split(";")[0].strip()
    if takes_images(known.site):
        return await _images(request, hub, actor, name, media.lower(), wait)
    content = await _body(request, hub.settings.intake_limit)
    receipts = await receive(hub, actor, name, content, channel="http", media=media)
    if wait:
        receipts = await settled(hub, receipts, wait)
    answer = receipts[0].as_json()
    if len(receipts) > 1:
        answer["messages"] = [one.as_json() for one in receipts]
    return JSONResponse(answer, status_code=202, headers={"Cache-Control": "no-store"})


async def _images(
    request: Request, hub: Hub, actor: Actor, site: str, media: str, wait: float
) -> Response:
    """A DICOM file, or a ZIP file of them, written to disk while it arrives."""
    if media not in MEDIA:
        fault = Fault("Content-Type", "media", "application/dicom or application/zip")
        raise UnsupportedMedia("this site sends images", (fault,))
    path = await spooled(InstanceFiles.below(hub.settings.data_dir), request.stream())
    try:
        found = await take(hub, actor, site, path, "body", is_ours=True)
    finally:
        path.unlink(missing_ok=True)
    check_any_kept(found)
    kept = [one for _, one in found if one["message"]]
    answers = kept
    if wait:
        receipts = [Receipt(one["message"], one["state"], one["duplicate_of"]) for one in kept]
        answers = [one.as_json() for one in await settled(hub, receipts, wait)]
    answer = dict(answers[0])
    if len(found) > 1:
        answer["messages"] = answers
        answer["refused"] = [
            {"file": name, "code": one["issues"][0]["code"]}
            for name, one in found
            if not one["message"]
        ]
    return JSONResponse(answer, status_code=202, headers={"Cache-Control": "no-store"})


async def _body(request: Request, limit: int) -> bytes:
    """The body of a message, in memory: never more than a message may have."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > limit:
            fault = Fault("body", "too-long", f"at most {limit} bytes")
            raise TooLarge("the message is over the door's limit", (fault,))
    return bytes(found)


def _wait(request: Request) -> float:
    for key in request.query_params:
        if key != "wait":
            raise InvalidRequest("unknown parameter", (Fault(key, "unknown-parameter", "wait"),))
    text = request.query_params.get("wait", "0")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_WAIT:
        fault = Fault("wait", "invalid-value", f"seconds from 0 to {LONGEST_WAIT:g}")
        raise InvalidRequest("wait", (fault,))
    return seconds


INTAKE_ROUTES = [Route("/intake/{site}", intake, methods=["POST"])]
