"""The doors for what follows an answer: reminders, views, and what an institution is told.

docs/order-check.md; `hie.api.v1` mounts them.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.exchange.notify import notifications_after
from hie.exchange.remind import reminders_of, saw
from hie.oauth.door import actor_in
from hie.oauth.flat import flat
from hie.oauth.flat_body import flat_body


async def read_reminders(request: Request) -> Response:
    """GET /v1/checks/{id}/reminders."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    return flat(await reminders_of(request.app.state.hub, actor, request.path_params["id"]))


async def post_views(request: Request) -> Response:
    """POST /v1/checks/{id}/views."""
    actor = actor_in(request)
    permit(actor, Door.ORDER_CHECK)
    key, data = request.path_params["id"], await flat_body(request)
    return flat(await saw(request.app.state.hub, actor, key, data))


async def read_notifications(request: Request) -> Response:
    """GET /v1/notifications."""
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    return flat(await notifications_after(request.app.state.hub, actor, request.query_params))


DUTY_ROUTES = [
    Route("/v1/checks/{id}/reminders", read_reminders, methods=["GET"]),
    Route("/v1/checks/{id}/views", post_views, methods=["POST"]),
    Route("/v1/notifications", read_notifications, methods=["GET"]),
]
