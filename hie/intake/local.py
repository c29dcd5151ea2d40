"""The hub's local socket: commands of this machine's operator, while the hub holds its database.

The socket file is mode 0600 in the data directory; who may open it may read the database as well,
so it needs no token. It is never a network door. Who asks, the kernel says (`app.local_protocol`).
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hie.errors import HubError, InvalidRequest
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.operators import operator
from hie.status import status_of


def local_app(hub: Hub) -> Starlette:
    """An application to be served on `hub.sock`: POST /<command> with JSON arguments."""

    async def command(request: Request) -> Response:
        try:
            arguments = await request.json()
            if not isinstance(arguments, dict):
                raise InvalidRequest("arguments: expected an object")
            peer = request.scope.get("state", {}).get("peer")
            who = operator(hub.settings.data_dir, peer)
            return JSONResponse(await run(hub, request.path_params["name"], arguments, who))
        except HubError as error:
            errors = [
                {"path": f.path, "code": f.code, "expected": f.expected} for f in error.faults
            ]
            return JSONResponse(
                {"title": error.text, "errors": errors}, status_code=status_of(error)
            )

    return Starlette(routes=[Route("/{name}", command, methods=["POST"])])
