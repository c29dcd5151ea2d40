"""An answer of the doors that speak flat JSON: numbers with their digits, never kept by anybody."""

from starlette.responses import Response

from hie.fhir.wire import write


def flat(value: object, status: int = 200) -> Response:
    """A JSON value as the answer."""
    headers = {"Cache-Control": "no-store"}
    return Response(write(value), status, headers, media_type="application/json")
