"""What a search asks, as one query string: what its address means, its parameters, its form.

FHIR R4 search.html#Introduction: `POST _search` takes parameters in the address and in the body.
"""

from starlette.requests import Request

from hie.api.negotiation import sent
from hie.api.respond import query_of
from hie.errors import Fault, InvalidRequest, UnsupportedMedia
from hie.oauth.hardening import PARAMETER_LIMIT

_FORM = "application/x-www-form-urlencoded"


async def search_text(request: Request, meant: str = "") -> str:
    """The whole query string; `meant`: what the address itself asks (a patient's compartment).

    Raises UnsupportedMedia for a body that is no form, InvalidRequest for too many parameters.
    """
    raw = "&".join(part for part in (meant, query_of(request)) if part)
    if request.method != "POST":
        return raw
    if sent(request.headers) != _FORM:
        raise UnsupportedMedia("_search takes a form", (Fault("Content-Type", "media", _FORM),))
    form = (await request.body()).decode("utf-8", "replace")
    raw = "&".join(part for part in (raw, form) if part)
    if raw.count("&") >= PARAMETER_LIMIT:
        fault = Fault("body", "too-many-parameters", f"at most {PARAMETER_LIMIT}")
        raise InvalidRequest("too many parameters", (fault,))
    return raw
