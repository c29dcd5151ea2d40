"""The doors for a HIS that speaks flat JSON: order-check and decisions (docs/order-check.md)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.api.break_glass import GLASS_ROUTES
from hie.api.duties import DUTY_ROUTES
from hie.api.indicators import read_indicators
from hie.api.patient_codes import PATIENT_CODE_ROUTES
from hie.api.problem import problem
from hie.api.withheld import noticed
from hie.exchange.assess import order_check
from hie.exchange.decide import decide, get_decision
from hie.exchange.explain import explanation
from hie.exchange.launch_tickets import post_ticket
from hie.oauth.door import actor_in
from hie.oauth.flat import flat
from hie.oauth.flat_body import flat_body
from hie.store.decisions import AlreadyDecided


async def post_order_check(request: Request) -> Response:
    """POST /v1/order-check."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    answer = await order_check(request.app.state.hub, actor, await flat_body(request))
    return flat(noticed(actor, answer))


async def post_decisions(request: Request) -> Response:
    """POST /v1/decisions; 409 shows the decision that stands."""
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    try:
        return flat(await decide(request.app.state.hub, actor, await flat_body(request)))
    except AlreadyDecided as conflict:
        standing = conflict.standing
        first = {"ref": standing.ref, "decision": standing.id, "decided": standing.decision}
        return problem(conflict, standing=first)


async def read_decision(request: Request) -> Response:
    """GET /v1/decisions/{id}."""
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    return flat(await get_decision(request.app.state.hub, actor, request.path_params["id"]))


async def read_explanation(request: Request) -> Response:
    """GET /v1/assessments/{id}/explanation."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    hub = request.app.state.hub
    return flat(await explanation(hub, actor, request.path_params["id"]))


async def post_launch_ticket(request: Request) -> Response:
    """POST /v1/launch-tickets."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    return flat(await post_ticket(request.app.state.hub, actor, await flat_body(request)))


V1_ROUTES = [
    Route("/v1/order-check", post_order_check, methods=["POST"]),
    Route("/v1/assessments/{id}/explanation", read_explanation, methods=["GET"]),
    Route("/v1/decisions", post_decisions, methods=["POST"]),
    Route("/v1/decisions/{id}", read_decision, methods=["GET"]),
    Route("/v1/indicators", read_indicators, methods=["GET"]),
    Route("/v1/launch-tickets", post_launch_ticket, methods=["POST"]),
    *GLASS_ROUTES,
    *DUTY_ROUTES,
    *PATIENT_CODE_ROUTES,
]
