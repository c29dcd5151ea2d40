"""Errors as problem JSON (RFC 9457), for every door that does not speak FHIR."""

from typing import Any

from starlette.responses import JSONResponse, Response

from hie.errors import HubError, NotAuthenticated
from hie.status import status_of


def problem(error: HubError, **more: Any) -> Response:
    """The refusal as the caller is told it: no value that was sent, no secret reason."""
    shown = () if isinstance(error, NotAuthenticated) else error.faults
    body = {
        "type": "about:blank",
        "title": error.text,
        "status": status_of(error),
        "errors": [{"path": f.path, "code": f.code, "expected": f.expected} for f in shown],
        **more,
    }
    return JSONResponse(
        body,
        status_code=status_of(error),
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )
