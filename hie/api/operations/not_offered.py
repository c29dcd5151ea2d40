"""An operation that is not offered here is refused by name, and those that are, are named."""

from starlette.requests import Request
from starlette.responses import Response

from hie.api.capabilities import OF_EVERY_TYPE, OPERATIONS
from hie.api.respond import answered
from hie.errors import Fault, NotSupported
from hie.oauth.door import actor_in


@answered
async def not_offered(request: Request) -> Response:
    """An address with an operation that is not here. Raises NotSupported."""
    actor_in(request)
    kind = request.path_params.get("type", "")
    named = (*OPERATIONS.get(kind, ()), *OF_EVERY_TYPE) if kind else ()
    offered = ", ".join(f"${name}" for name, _ in named) or "an operation of a type"
    name = str(request.path_params["operation"]).removeprefix("$")
    fault = Fault(f"${name[:64]}", "not-offered", offered)
    raise NotSupported("this operation is not offered here", (fault,))
