"""What a request says about form: the format it takes, the one it sends, what it prefers.

FHIR R4 http.html#mime-type and #ops; RFC 9110 section 12.5.1; RFC 7240. FHIR is spoken as JSON, in
UTF-8, in the release R4. A version of FHIR or a character set that is named and is another is
refused: an answer in another than was asked for would be read wrongly.
"""

from dataclasses import dataclass
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.requests import Request

from hie.errors import Fault, InvalidRequest, NotAcceptable, UnsupportedMedia

MEDIA = "application/fhir+json"
ANSWER = f"{MEDIA}; charset=utf-8"
JSON = frozenset({MEDIA, "application/json", "text/json"})
_SPOKEN = JSON | {"json"}
_ANY = frozenset({"*/*", "application/*"})
_RELEASES = frozenset({"4.0", "4.0.1"})
_CHARSETS = frozenset({"utf-8", "utf8"})
_RETURNS = {"minimal": "minimal", "representation": "representation"}
_RETURNS["operationoutcome"] = "OperationOutcome"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What `Prefer` asks for; "" where it does not say. Anything else in it is not ours."""

    returning: str = ""  # minimal, representation, OperationOutcome
    handling: str = ""  # strict, lenient


def check_accept(request: Request) -> None:
    """`_format` decides, else Accept. Raises NotAcceptable for what is not spoken here.

    Raises InvalidRequest for a `_format` that is empty or there twice; with
    `handling=lenient` the first that says something counts.
    """
    given = request.query_params.getlist("_format") if request.scope["query_string"] else []
    if (len(given) > 1 or "" in given) and preferences(request.headers).handling != "lenient":
        fault = Fault("_format", "empty" if "" in given else "repeated", "one format")
        raise InvalidRequest("_format", (fault,))
    asked = next((one for one in given if one), None)
    text = ",".join(request.headers.getlist("accept")) if asked is None else asked
    if not _is_spoken(text, named=asked is not None):
        name = "Accept" if asked is None else "_format"
        raise NotAcceptable("only JSON is spoken here", (Fault(name, "not-spoken", ANSWER),))


def check_format(text: str) -> None:
    """`_format` as a form has it. Raises NotAcceptable for what is not spoken here."""
    if not _is_spoken(text, named=True):
        raise NotAcceptable("only JSON is spoken here", (Fault("_format", "not-spoken", ANSWER),))


def sent(headers: Headers) -> str:
    """The media type of what is sent. Raises UnsupportedMedia for another release or charset."""
    media, stated = _read(headers.get("content-type", ""))
    if not _is_ours(stated):
        fault = Fault("Content-Type", "media", "UTF-8, and fhirVersion 4.0")
        raise UnsupportedMedia("what is read here is UTF-8 and R4", (fault,))
    return media


def check_json(headers: Headers) -> None:
    """Raises UnsupportedMedia when what is sent is not FHIR JSON."""
    if sent(headers) not in JSON:
        raise UnsupportedMedia(
            "FHIR JSON is written here", (Fault("Content-Type", "media", MEDIA),)
        )


def preferences(headers: Headers) -> Preferences:
    """What `Prefer` says; of what it says twice, the first (RFC 7240 section 2)."""
    return _preferences(",".join(headers.getlist("prefer")))


@lru_cache(maxsize=256)
def _is_spoken(text: str, *, named: bool) -> bool:
    """Whether one of these media ranges is JSON of this release; none at all takes anything."""
    if not text.strip():
        return not named
    for one in text.split(","):
        media, stated = _read(one)
        if media not in _SPOKEN and (named or media not in _ANY):
            continue
        if _is_ours(stated) and not _is_nothing(stated.get("q", "1")):
            return True
    return False


def _is_ours(stated: dict[str, str]) -> bool:
    """Whether the parameters of a media type name our release and character set, or none."""
    release, charset = stated.get("fhirversion", "4.0"), stated.get("charset", "utf-8")
    return release in _RELEASES and charset.lower() in _CHARSETS


def _is_nothing(quality: str) -> bool:
    try:
        return not 0 < float(quality) <= 1
    except ValueError:
        return True


def _read(text: str) -> tuple[str, dict[str, str]]:
    """A media type, a plus that was not encoded put back, and its parameters."""
    media, *rest = text.split(";")
    stated = {}
    for one in rest:
        name, _, value = one.partition("=")
        stated[name.strip().lower()] = value.strip().strip('"')
    return media.strip().lower().replace(" ", "+"), stated


@lru_cache(maxsize=64)
def _preferences(text: str) -> Preferences:
    found: dict[str, str] = {}
    for part in text.replace(";", ",").split(","):
        name, _, value = part.partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    handling = found.get("handling", "").lower()
    return Preferences(
        _RETURNS.get(found.get("return", "").lower(), ""),
        handling if handling in ("strict", "lenient") else "",
    )
