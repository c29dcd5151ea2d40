"""A page's language and its words: zh and en, whole sentences, never joined fragments."""

from collections.abc import Mapping
from functools import cache
from typing import Literal, cast

from starlette.requests import Request
from starlette.responses import Response

from hie.oauth.cookies import cookie_name, give
from hie.oauth.frames import is_framed
from hie.schemas import load_yaml, schema

Language = Literal["zh", "en"]
COOKIE = "hie_lang"
_A_YEAR = 31_536_000


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """The words of the pages by key; read once."""
    file = schema("texts", "pages.yaml")
    return cast("Mapping[str, Mapping[str, str]]", load_yaml(file.read_text("utf-8"), str(file)))


def language_of(request: Request, default: Language) -> Language:
    """`?lang=`, else what the person chose before, else Accept-Language, else the setting."""
    kept = cookie_name(COOKIE, secure=True, framed=True) if is_framed(request.scope) else COOKIE
    for asked in (request.query_params.get("lang"), request.cookies.get(kept)):
        if asked in ("zh", "en"):
            return cast("Language", asked)
    accepted = request.headers.get("accept-language", "").lower()
    for part in accepted.split(","):
        tag = part.split(";")[0].strip()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return default


def remember(response: Response, lang: Language, *, framed: bool) -> None:
    """Let the browser keep what the person chose; in a frame, for this frame's site."""
    if framed:
        give(response, COOKIE, lang, secure=True, framed=True, seconds=_A_YEAR)
    else:
        response.set_cookie(COOKIE, lang, max_age=_A_YEAR, samesite="lax", path="/")


def say(key: str, lang: Language, **data: object) -> str:
    """A sentence of the pages with its data filled in; an unknown key is a programming error."""
    return texts()[key][lang].format(**data)
