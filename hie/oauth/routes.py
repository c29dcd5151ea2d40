"""The routes of this room, for the composition root: the token door and what may be read first."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hie.oauth.bearer_door import BearerDoor
from hie.oauth.entrance import Entrance
from hie.oauth.metadata import (
    jwks,
    openid_configuration,
    server_metadata,
    smart_configuration,
)
from hie.oauth.token_care import introspect, revoke
from hie.oauth.token_door import token_door

_PUBLIC: tuple[tuple[str, Callable[[Entrance, Request], Response]], ...] = (
    ("/.well-known/jwks.json", jwks),
    ("/.well-known/smart-configuration", smart_configuration),
    ("/fhir/.well-known/smart-configuration", smart_configuration),
    ("/.well-known/oauth-authorization-server", server_metadata),
    ("/.well-known/openid-configuration", openid_configuration),
)


def routes(entrance: Entrance, bearer: BearerDoor) -> list[Route]:
    """Mount these before the routes under /fhir; `bearer` is that of the door before them."""

    async def token(request: Request) -> Response:
        return await token_door(entrance, request)

    async def introspected(request: Request) -> Response:
        return await introspect(entrance, bearer, request)

    async def revoked(request: Request) -> Response:
        return await revoke(entrance, bearer, request)

    def public(answer: Callable[[Entrance, Request], Response]) -> Callable[..., object]:
        async def answered(request: Request) -> Response:
            return answer(entrance, request)

        return answered

    return [
        Route("/oauth/token", token, methods=["POST"]),
        Route("/oauth/introspect", introspected, methods=["POST"]),
        Route("/oauth/revoke", revoked, methods=["POST"]),
        *(Route(path, public(answer), methods=["GET"]) for path, answer in _PUBLIC),
    ]
