"""FHIR requests go straight to their interaction, past the framework's middleware and long list.

An address has few pieces: of the places with as many, the first that fits is taken, as the router
would. What no place fits goes on to the application, which says so.
"""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from hie.api.places import Place
from hie.web.pages.unserved import unserved

_OTHERS = "/fhir/."  # /fhir/.well-known: no type has such a name
_OPERATION = "${operation}"  # an operation of whatever name
_Pieces = tuple[str | None, ...]  # None: a parameter


class Straight:
    """ASGI application: `Straight(app, places)`, inside the doors, before the application."""

    def __init__(self, app: FastAPI, places: Sequence[Place]) -> None:
        self._app = app
        self._places: dict[int, list[tuple[_Pieces, tuple[str, ...], Place]]] = {}
        for place in places:
            pieces = place.path.split("/")
            fixed = tuple(None if piece.startswith("{") else piece for piece in pieces)
            fixed = tuple("$" if piece == _OPERATION else piece for piece in fixed)
            names = tuple(p.strip("${}") for p in pieces if p.startswith(("{", _OPERATION)))
            self._places.setdefault(len(pieces), []).append((fixed, names, place))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or leave it to the application."""
        path = scope["path"]
        if scope["type"] == "http" and path.startswith("/fhir") and not path.startswith(_OTHERS):
            pieces = path.split("/")
            for fixed, names, place in self._places.get(len(pieces), ()):
                given = _given(fixed, pieces)
                if given is not None:
                    scope["app"] = self._app
                    scope["path_params"] = dict(zip(names, given, strict=True))
                    await _answer(place, scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _given(fixed: _Pieces, pieces: Sequence[str]) -> list[str] | None:
    """The values of the parameters; None when the address is another."""
    given = []
    for wanted, piece in zip(fixed, pieces, strict=True):
        if wanted is None and piece:
            given.append(piece)
        elif wanted == "$" and piece.startswith("$"):
            given.append(piece[1:])
        elif wanted != piece:
            return None
    return given


async def _answer(place: Place, scope: Scope, receive: Receive, send: Send) -> None:
    handler = place.handlers.get(scope["method"])
    if handler is None:
        await place.handle(scope, receive, send)
        return
    request = Request(scope, receive, send)
    try:
        answer = await handler(request)
    except HTTPException as error:
        answer = await unserved(request, error)
    await answer(scope, receive, send)
