"""Refusals as each door words them: OperationOutcome where FHIR is spoken, problem JSON elsewhere.

The doors answer before the application is reached, so they word their own refusals; neither form
repeats anything that was sent. RFC 9457, RFC 6750 section 3, FHIR R4 OperationOutcome.
"""

import json
from collections.abc import Mapping

from starlette.responses import Response

from hie.errors import HubError, NotAuthenticated
from hie.status import status_of

FHIR_MEDIA = "application/fhir+json; charset=utf-8"
PROBLEM_MEDIA = "application/problem+json"
TITLES = {
    400: "invalid request",
    401: "not authenticated",
    403: "not permitted",
    408: "too slow",
    413: "too large",
    414: "address too long",
    415: "media type or encoding not read here",
    429: "too many requests",
    431: "headers too large",
    503: "try again later",
}
_FHIR = ("/fhir", "/cds-services")
_BELOW_FHIR = tuple(f"{one}/" for one in _FHIR)


def tells_outcomes(path: str) -> bool:
    """Whether refusals at this path are OperationOutcomes: of FHIR, and of the CDS services."""
    return path in _FHIR or path.startswith(_BELOW_FHIR)


def refusal(
    path: str,
    status: int,
    issue_type: str,
    *,
    expected: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A refusal in the door's own form."""
    text = expected or TITLES.get(status, "refused")
    if tells_outcomes(path):
        issue = {"severity": "error", "code": issue_type, "diagnostics": text}
        body: dict[str, object] = {"resourceType": "OperationOutcome", "issue": [issue]}
    else:
        body = {"type": "about:blank", "title": text, "status": status}
    return Response(
        json.dumps(body, ensure_ascii=False).encode("utf-8"),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        FHIR_MEDIA if tells_outcomes(path) else PROBLEM_MEDIA,
    )


def refusal_of(path: str, error: HubError, headers: Mapping[str, str] | None = None) -> Response:
    """The refusal for an error of the hub; of a refused token the caller learns no reason."""
    status = status_of(error)
    more = dict(headers or {})
    if isinstance(error, NotAuthenticated):
        # RFC 6750, 3: no error code when nothing was presented, invalid_token otherwise.
        presented = any(fault.code != "no-token" for fault in error.faults)
        detail = ', error="invalid_token"' if presented else ""
        more.setdefault("WWW-Authenticate", f'Bearer realm="hie"{detail}')
        return refusal(path, status, error.issue_type, headers=more)
    return refusal(path, status, error.issue_type, expected=error.text, headers=more)
