"""The doors of a patient's own code: made by the patient's app, used by who treats them."""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.patient_codes import make_code, use_code
from hie.fhir.wire import read_object
from hie.oauth.door import actor_in
from hie.oauth.flat import flat
from hie.oauth.flat_body import flat_body
from hie.recognition.moment import moment_at
from hie.recognition.request import read_patient
from hie.recognition.request_fields import Fields


async def post_code(request: Request) -> Response:
    """POST /v1/patient-codes: 201 with a code that is shown within five minutes."""
    actor = actor_in(request)
    permit(actor, Door.PATIENT_CODES)
    faults: list[Fault] = []
    top = Fields(read_object(await flat_body(request), nulls=True), "", ("patient",), faults)
    asked = read_patient(top, moment_at(time.time_ns() // 1000))
    if faults:
        raise UnprocessableRequest("no code was made", tuple(faults))
    return flat(await make_code(request.app.state.hub, actor, asked), 201)


async def post_use(request: Request) -> Response:
    """POST /v1/patient-codes/use: the patient, who is reached for a quarter of an hour."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    body = read_object(await flat_body(request))
    code = body.get("code")
    if not isinstance(code, str) or not code or set(body) != {"code"}:
        fault = Fault("code", "wrong-type", "the code the patient shows, and nothing else")
        raise UnprocessableRequest("no code", (fault,))
    return flat(await use_code(request.app.state.hub, actor, code))


PATIENT_CODE_ROUTES = [
    Route("/v1/patient-codes", post_code, methods=["POST"]),
    Route("/v1/patient-codes/use", post_use, methods=["POST"]),
]
