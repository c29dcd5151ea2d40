"""An entry of a Bundle as the request it is, through the whole application.

It passes every check, limit and record that the same request alone would; its caller is who the
bundle's token says, whatever headers came beside it.
"""

from base64 import b64decode
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.types import Message, Scope

from hie.api.negotiation import MEDIA
from hie.fhir.wire import parse, write
from hie.oauth.door import COUNTED
from hie.oauth.sender import SENDER
from hie.store.instants import microseconds

_FHIR = "application/fhir+json"
_HEADERS = {"ifMatch": "If-Match", "ifNoneExist": "If-None-Exist", "ifNoneMatch": "If-None-Match"}


async def asked_alone(
    request: Request, method: str, url: str, entry: Mapping[str, Any], *, counted: bool = False
) -> dict[str, Any]:
    """The entry of the answer; `counted`: the bundle was, and its entries are not once more."""
    stated = entry.get("request", {})
    headers = {"Authorization": request.headers.get("authorization", ""), "Accept": MEDIA}
    for name, header in _HEADERS.items():
        if isinstance(stated.get(name), str):
            headers[header] = stated[name]
    since = microseconds(str(stated.get("ifModifiedSince")))
    if since is not None:
        headers["If-Modified-Since"] = formatdate(since // 1_000_000, usegmt=True)
    if "prefer" in request.headers:
        headers["Prefer"] = request.headers["prefer"]
    body = b""
    if method in ("POST", "PUT", "PATCH"):
        headers["Content-Type"], body = _sent(method, entry.get("resource", {}))
    status, answered_with, content = await _asked(
        request, method, url, headers, body, counted=counted
    )
    response: dict[str, Any] = {"status": str(status)}
    for name, header in (("location", "location"), ("etag", "etag")):
        if header in answered_with:
            response[name] = answered_with[header]
    if "last-modified" in answered_with:
        response["lastModified"] = parsedate_to_datetime(answered_with["last-modified"]).isoformat()
    if not content:
        return {"response": response}
    tree = parse(content)
    if tree.get("resourceType") == "OperationOutcome":
        return {"response": {**response, "outcome": tree}}
    if tree.get("resourceType") != "Bundle" and "lastUpdated" in tree.get("meta", {}):
        response["lastModified"] = tree["meta"]["lastUpdated"]
    return {"resource": tree, "response": response}


def _sent(method: str, tree: Any) -> tuple[str, bytes]:
    """Media type and body of an entry's request; a JSON Patch comes in a Binary."""
    if method == "PATCH" and isinstance(tree, dict) and tree.get("resourceType") == "Binary":
        try:
            return str(tree.get("contentType")), b64decode(str(tree.get("data")), validate=True)
        except ValueError:
            return str(tree.get("contentType")), b""
    return _FHIR, write(tree)


async def _asked(
    request: Request,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    counted: bool,
) -> tuple[int, dict[str, str], bytes]:
    path, _, query = url.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": request.scope.get("asgi", {"version": "3.0"}),
        "http_version": "1.1",
        "method": method,
        "scheme": request.scope.get("scheme", "http"),
        "server": request.scope.get("server"),
        "client": request.scope.get("client"),
        "root_path": "",
        "path": f"/fhir/{unquote(path)}",
        "raw_path": f"/fhir/{path}".encode(),
        "query_string": query.encode(),
        COUNTED: counted,
        SENDER: request.scope.get(SENDER),
        "headers": [
            *((k, v) for k, v in request.scope["headers"] if k == b"host"),
            *((k.lower().encode(), v.encode("latin-1", "replace")) for k, v in headers.items()),
            *([(b"content-length", str(len(body)).encode())] if body else []),
        ],
    }
    sent: list[Message] = []
    taken = False

    async def receive() -> Message:
        nonlocal taken
        if taken:
            return {"type": "http.disconnect"}
        taken = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await request.app.state.whole(scope, receive, send)
    start = sent[0]
    answered_with = {k.decode().lower(): v.decode("latin-1") for k, v in start["headers"]}
    content = b"".join(one.get("body", b"") for one in sent[1:])
    return int(start["status"]), answered_with, content
