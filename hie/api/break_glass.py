"""The door for apps to break the glass for a person: open, list, end (docs/break-glass.md)."""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hie.access.glass import check_eligible
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.break_glass import Wish, break_glass, close_glass, openings, told
from hie.fhir.wire import read_object
from hie.oauth.door import actor_in
from hie.oauth.flat import flat
from hie.oauth.flat_body import flat_body
from hie.recognition.moment import moment_at
from hie.recognition.request import read_patient
from hie.recognition.request_fields import Fields

_KEYS = ("patient", "reason", "text")


async def post_opening(request: Request) -> Response:
    """POST /v1/break-glass: 201, or 403 naming what is missing."""
    actor = actor_in(request)
    check_eligible(actor)
    wish = _wish(read_object(await flat_body(request), nulls=True))
    opened = await break_glass(request.app.state.hub, actor, wish)
    return flat(told(opened), 201)


async def read_openings(request: Request) -> Response:
    """GET /v1/break-glass: what is open to this person now."""
    actor = actor_in(request)
    check_eligible(actor)
    found = await openings(request.app.state.hub, actor)
    return flat({"openings": [told(one) for one in found]})


async def end_opening(request: Request) -> Response:
    """DELETE /v1/break-glass/{id}: 204; another's is 403, one that is not there 404."""
    actor = actor_in(request)
    check_eligible(actor)
    await close_glass(request.app.state.hub, actor, request.path_params["id"])
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _wish(body: dict[str, Any]) -> Wish:
    faults: list[Fault] = []
    top = Fields(body, "", _KEYS, faults)
    patient = read_patient(top, moment_at(time.time_ns() // 1000))
    if faults:
        raise UnprocessableRequest("the glass stays closed", tuple(faults))
    return Wish(patient, body.get("reason"), body.get("text"))


GLASS_ROUTES = [
    Route("/v1/break-glass", post_opening, methods=["POST"]),
    Route("/v1/break-glass", read_openings, methods=["GET"]),
    Route("/v1/break-glass/{id}", end_opening, methods=["DELETE"]),
]
