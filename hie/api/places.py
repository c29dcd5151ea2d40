"""One address and all its methods: a method it does not offer is 405, and Allow names the others.

RFC 9110 section 15.5.6. The first address of the list that a path fits decides: no later pattern
takes over a method it lacks, so that `Patient/_history` is never a Patient of that name.
"""

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from hie.oauth.answers import refusal

# Handlers that are mounted to say that there is nothing; what they stand for is not offered.
ONLY_REFUSE = frozenset({"not_offered", "refuse_change"})


class Place(Route):
    """All routes of one path."""

    def __init__(self, path: str, routes: Sequence[Route]) -> None:
        self.handlers = {
            method: route.endpoint for route in routes for method in sorted(route.methods or ())
        }
        super().__init__(path, self._answer, methods=list(self.handlers))
        # A slash behind an address changes nothing: clients that join by hand write it.
        self.path_regex = re.compile(f"{self.path_regex.pattern.removesuffix('$')}/?$")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """A path of this place is this place's, whatever the method."""
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL else match), child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say which methods there are."""
        if scope["method"] in self.handlers:
            await super().handle(scope, receive, send)
            return
        allowed = ", ".join(
            method
            for method, handler in sorted(self.handlers.items())
            if handler.__name__ not in ONLY_REFUSE
        )
        answer = refusal(
            scope["path"],
            405,
            "not-supported",
            expected=f"one of the methods {allowed}",
            headers={"Allow": allowed},
        )
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        answer: Response = await self.handlers[request.method](request)
        return answer


def places(routes: Sequence[Route]) -> list[Place]:
    """The routes by their address, in the order in which each first stands."""
    by_path: dict[str, list[Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, []).append(route)
    return [Place(path, found) for path, found in by_path.items()]
