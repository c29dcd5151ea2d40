"""FHIR requests go straight to their interaction, past the framework's middleware and long list.

An address has few pieces: of the places with as many, the first that fits is taken, as the router
would. What no place fits goes on to the application, which says so.
"""

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from hie.api.places import Place
from hie.web.pages.unserved import unserved

_OTHERS = "/fhir/."  # /fhir/.well-known: no type has such a name
_OPERATION = "${operation}"  # an operation of whatever name
_Shape = tuple[str | None, ...]  # None: a piece that is no word of ours


class Straight:
    """ASGI application: `Straight(app, places)`, inside the doors, before the application."""

    def __init__(self, app: FastAPI, places: Sequence[Place]) -> None:
        self._app = app
        self._places = [(place.path.split("/"), place) for place in places]
        self._words = {one for pieces, _ in self._places for one in pieces if one[:1] != "{"}
        self._found: dict[_Shape, _Found] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or leave it to the application."""
        path = scope["path"]
        if scope["type"] == "http" and path.startswith("/fhir") and path[:7] != _OTHERS:
            pieces = path.split("/")
            found = self._fitting(pieces)
            if found is not None:
                scope["app"] = self._app
                scope["path_params"] = {name: pieces[n] for name, n in found.names}
                await _answer(found.place, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _fitting(self, pieces: list[str]) -> "_Found | None":
        """The first place that an address fits, remembered by what of it is a word of ours."""
        words = self._words
        shape = tuple([one if one in words else "$" if one[:1] == "$" else None for one in pieces])
        found = self._found.get(shape)
        if found is None:
            for fixed, place in self._places:
                if _fits(fixed, pieces):
                    found = self._found[shape] = _Found.of(place, fixed)
                    break
        return found


class _Found(NamedTuple):
    """A place, and which piece of its address each parameter is."""

    place: Place
    names: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, place: Place, fixed: Sequence[str]) -> "_Found":
        named = ((one.strip("${}"), n) for n, one in enumerate(fixed) if one[-1:] == "}")
        return cls(place, tuple(named))


def _fits(fixed: Sequence[str], pieces: Sequence[str]) -> bool:
    """Whether each piece is the word that stands there, or anything where a parameter stands."""
    return len(fixed) == len(pieces) and all(
        bool(piece)
        if wanted[:1] == "{"
        else wanted == piece or (wanted == _OPERATION and piece[:1] == "$")
        for wanted, piece in zip(fixed, pieces, strict=True)
    )


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
