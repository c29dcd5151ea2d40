"""POST /intake/{site}: one message or file; the answer is its receipt, given once it is durable."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hie.access.policy import permit, permit_institution
from hie.access.scopes import Door
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.exchange.receive import receive, settled
from hie.oauth.door import actor_in

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
    receipts = await receive(hub, actor, name, await request.body(), channel="http", media=media)
    if wait:
        receipts = await settled(hub, receipts, wait)
    answer = receipts[0].as_json()
    if len(receipts) > 1:
        answer["messages"] = [one.as_json() for one in receipts]
    return JSONResponse(answer, status_code=202, headers={"Cache-Control": "no-store"})


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
