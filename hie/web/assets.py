"""Static files: an address that names a file's content is kept for ever, any other for an hour.

Pages ask for `/static/hub.css?v=<hash>`, so a new version of the hub shows at once.
"""

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
FOR_AN_HOUR = "public, max-age=3600"


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]


def address_of(name: str) -> str:
    """Where a page finds a static file of this version."""
    return f"/static/{name}?v={_version(name)}"


class Assets(StaticFiles):
    """The static files with their cache headers; what is not there is never kept."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file, or 304 when the caller has it."""
        response = await super().get_response(path, scope)
        if response.status_code in {200, 304}:
            asked = parse_qs(scope["query_string"].decode("latin-1")).get("v")
            current = asked == [_version(path)]
            response.headers["Cache-Control"] = FOR_EVER if current else FOR_AN_HOUR
        return response
