"""In which form, language and charset a record or notice is asked for.

A suffix (`/record.pdf`) decides, else Accept. `lang` is zh or en; `charset` is of an HL7 v2 file.
What is not spoken is refused by name, never answered in another form.
"""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request

from hie.canonical.er7 import CHARSETS, UTF_8
from hie.canonical.record_words import Language
from hie.errors import Fault, InvalidRequest, NotAcceptable
from hie.exchange.hub import Hub
from hie.web.language import language_of

MEDIA: Final[Mapping[str, str]] = {
    "json": "application/fhir+json",
    "html": "text/html",
    "pdf": "application/pdf",
    "hl7": "x-application/hl7-v2+er7",
}
_SPOKEN: Final[Mapping[str, str]] = {
    "application/fhir+json": "json", "application/json": "json", "text/html": "html",
    "application/pdf": "pdf", "x-application/hl7-v2+er7": "hl7", "application/hl7-v2": "hl7",
    "application/hl7-v2+er7": "hl7", "application/*": "json", "*/*": "json",
}  # fmt: skip


def form_of(request: Request, forms: tuple[str, ...]) -> str:
    """One of `forms`. Raises InvalidRequest for another suffix, NotAcceptable for another media."""
    suffix = request.path_params.get("form")
    if suffix is not None:
        if suffix not in forms:
            wanted = ", ".join(f".{form}" for form in forms)
            raise InvalidRequest("no such form", (Fault("form", "unknown-form", wanted),))
        return str(suffix)
    best: tuple[float, str] | None = None
    for one in request.headers.get("accept", "*/*").lower().split(","):
        media, _, parameters = one.partition(";")
        form = _SPOKEN.get(media.strip())
        weight = _weight(parameters)
        if form in forms and weight > 0 and (best is None or weight > best[0]):
            best = (weight, str(form))
    if best is None:
        wanted = ", ".join(MEDIA[form] for form in forms)
        raise NotAcceptable(
            "none of these is spoken here", (Fault("Accept", "not-spoken", wanted),)
        )
    return best[1]


def _weight(parameters: str) -> float:
    """The weight of one media range (RFC 9110, 12.4.2); 1 where it is not said."""
    for part in parameters.split(";"):
        name, _, value = part.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def lang_of(request: Request) -> Language:
    """`?lang=`, else as every page chooses. Raises InvalidRequest for another language."""
    asked = request.query_params.getlist("lang")
    if asked and asked not in (["zh"], ["en"]):
        raise InvalidRequest("no such language", (Fault("lang", "unknown-language", "zh or en"),))
    hub: Hub = request.app.state.hub
    return language_of(request, hub.settings.language)


def charset_of(request: Request, form: str) -> str:
    """`?charset=` of an HL7 v2 file. Raises InvalidRequest for another one, or another form."""
    asked = request.query_params.getlist("charset")
    if not asked:
        return UTF_8
    if form != "hl7" or len(asked) > 1 or asked[0] not in CHARSETS:
        wanted = " or ".join(CHARSETS) + ", of an HL7 v2 file"
        raise InvalidRequest("no such charset", (Fault("charset", "unknown-charset", wanted),))
    return asked[0]
