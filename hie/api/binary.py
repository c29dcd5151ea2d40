"""Binary as the bytes it holds: written as they come, given back as they were.

FHIR R4 binary.html: who asks for FHIR JSON by name gets the resource, anybody else the content in
its own media type. It is never shown by a browser: it comes as a file.
"""

from base64 import b64decode, b64encode

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from hie.api.negotiation import JSON, MEDIA
from hie.fhir import Resource

TYPE = "Binary"


def is_raw(request: Request) -> bool:
    """Whether the content of a Binary is asked for, not the resource."""
    if request.path_params.get("type") != TYPE or "id" not in request.path_params:
        return False
    if request.method not in ("GET", "HEAD") or "_format" in request.query_params:
        return False
    return not any(
        one.partition(";")[0].strip().lower() == MEDIA
        for one in ",".join(request.headers.getlist("accept")).split(",")
    )


def raw(resource: Resource, headers: dict[str, str]) -> Response:
    """The content, in its media type."""
    content = b64decode(resource.get("data", ""))
    named = {"Content-Disposition": "attachment", "Cache-Control": "no-store"}
    media = str(resource.get("contentType", "application/octet-stream"))
    return Response(content, headers={**headers, **named, "Content-Type": media})


def holding(body: bytes, headers: Headers, key: str | None) -> Resource:
    """The resource that holds what was sent; X-Security-Context says what it belongs to."""
    found: Resource = {"resourceType": TYPE} if key is None else {"resourceType": TYPE, "id": key}
    found["contentType"] = headers["content-type"]
    context = headers.get("x-security-context")
    if context is not None:
        found["securityContext"] = {"reference": context}
    return {**found, "data": b64encode(body).decode()} if body else found


def is_content(headers: Headers) -> bool:
    """Whether what is sent to a Binary is its content: of some media type, and not FHIR JSON."""
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    return bool(media) and media not in JSON
