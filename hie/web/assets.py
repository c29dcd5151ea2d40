"""Static files: an address that names a file's content is kept for ever, any other for an hour.

Pages ask for `/static/hub.css?v=<hash>`, so a new version of the hub shows at once. Scripts and
styles are packed for whoever takes gzip; pages never are: what is packed together with a secret
tells its length (BREACH).
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
FOR_AN_HOUR = "public, max-age=3600"
_PACKED = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]


def address_of(name: str) -> str:
    """Where a page finds a static file of this version."""
    return f"/static/{name}?v={_version(name)}"


@cache
def _packed(name: str, _: str) -> bytes:
    """A file as gzip, of this version of it; always the same bytes."""
    return gzip.compress((STATIC / name).read_bytes(), compresslevel=9, mtime=0)


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
            if Path(path).suffix in _PACKED:
                response = _as_taken(path, scope, response)
            response.headers["Cache-Control"] = FOR_EVER if current else FOR_AN_HOUR
        return response


def _takes_gzip(asked: Headers) -> bool:
    """Whether who asks names gzip, and not with a weight of nothing (RFC 9110, 12.5.3)."""
    for one in asked.get("accept-encoding", "").lower().split(","):
        name, _, weight = one.replace(" ", "").partition(";q=")
        if name == "gzip":
            return not weight or bool(weight.strip("0."))
    return False


def _as_taken(path: str, scope: Scope, response: Response) -> Response:
    """Packed, for who takes it so; its tag is another than that of the file as it is."""
    asked = Headers(scope=scope)
    response.headers["Vary"] = "Accept-Encoding"
    if response.status_code != 200 or not _takes_gzip(asked) or "range" in asked:
        return response
    version = _version(path)
    headers = {"Vary": "Accept-Encoding", "ETag": f'"{version}-gzip"'}
    if headers["ETag"] in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    headers["Content-Encoding"] = "gzip"
    body = _packed(path, version)
    return Response(body, media_type=_PACKED[Path(path).suffix], headers=headers)
