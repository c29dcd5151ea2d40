"""Patient/{id}/$assess: the engine as a FHIR operation (schemas/operations/assess.json)."""

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.api.respond import answered, fhir, hub_of
from hie.api.withheld import noticed
from hie.exchange.assess import checked
from hie.fhir.wire import read_object, write
from hie.oauth.door import actor_in
from hie.recognition.parameters import read_parameters, write_parameters


@answered
async def assess(request: Request) -> Response:
    """POST Parameters with the names of an order-check; the answer has its names too."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    data = await request.body()
    body = read_parameters(read_object(data), request.path_params["id"])
    answer = await checked(hub_of(request), actor, body, data)
    return fhir(write(write_parameters(noticed(actor, answer))))
