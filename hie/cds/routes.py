"""The addresses of the CDS services: discovery, open to everybody, and one for each service.

Errors are OperationOutcomes, as those of /fhir are. CDS Hooks 2.0, "Discovery", "Calling a CDS
Service".
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hie.access.actor import Actor
from hie.access.policy import permit
from hie.access.scopes import Door
from hie.cds import BY_ID, ORDER_SELECT, ORDER_SIGN, PATIENT_VIEW, SERVICES
from hie.cds.call import Call, read_call
from hie.cds.feedback import post_feedback
from hie.cds.orders import cards_for_orders
from hie.cds.patient_view import card_for_patient
from hie.cds.said import words
from hie.errors import HubError, ResourceNotFound, Unavailable
from hie.exchange.hub import Hub
from hie.fhir.outcome import outcome_of
from hie.fhir.wire import write
from hie.oauth.answers import FHIR_MEDIA
from hie.oauth.door import actor_in
from hie.oauth.flat import flat
from hie.oauth.flat_body import flat_body
from hie.oauth.withheld import with_header
from hie.status import status_of
from hie.wording import Language, accepted

Answering = Callable[[Hub, Actor, Call, Language], Awaitable[list[dict[str, Any]]]]
ANSWERS: Mapping[str, Answering] = MappingProxyType(
    {
        PATIENT_VIEW.id: card_for_patient,
        ORDER_SELECT.id: cards_for_orders,
        ORDER_SIGN.id: cards_for_orders,
    }
)


def discovered(lang: Language) -> dict[str, Any]:
    """The answer of discovery."""
    say = words(lang).say
    return {
        "services": [
            {
                "hook": one.hook,
                "title": say(f"{one.id}-title"),
                "description": say(f"{one.id}-description"),
                "id": one.id,
                "prefetch": dict(one.prefetch),
                "usageRequirements": say("usage"),
            }
            for one in SERVICES
        ]
    }


async def discover(request: Request) -> Response:
    """GET /cds-services."""
    return flat(discovered(language_of(request)))


async def call_service(request: Request) -> Response:
    """POST /cds-services/{id}."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    service = BY_ID.get(request.path_params["id"])
    if service is None:
        raise ResourceNotFound("no such service")
    call = read_call(service, await flat_body(request))
    cards = await ANSWERS[service.id](request.app.state.hub, actor, call, language_of(request))
    return with_header(actor, flat({"cards": cards}))


def language_of(request: Request) -> Language:
    """The language of Accept-Language, else the hub's own."""
    hub: Hub = request.app.state.hub
    return accepted(request.headers.get("accept-language", ""), hub.settings.language)


def refused(error: HubError) -> Response:
    """A refusal in the words of this door."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    return Response(write(outcome_of(error)), status_of(error), headers, FHIR_MEDIA)


CDS_ROUTES = [
    Route("/cds-services", discover, methods=["GET"]),
    Route("/cds-services/{id}", call_service, methods=["POST"]),
    Route("/cds-services/{id}/feedback", post_feedback, methods=["POST"]),
]
