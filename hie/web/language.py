"""A page's language and its words: zh and en, whole sentences, never joined fragments.

The words are two catalogues of gettext (`schemas/texts/pages/`).
"""

from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from hie.oauth.cookies import cookie_name, give
from hie.oauth.frames import is_framed
from hie.wording import Language as Language
from hie.wording import Words, accepted, words_of

COOKIE = "hie_lang"
_A_YEAR = 31_536_000


def words(lang: Language) -> Words:
    """The words of the pages in one language."""
    return words_of("pages", lang)


def language_of(request: Request, default: Language) -> Language:
    """`?lang=`, else what the person chose before, else Accept-Language, else the setting."""
    kept = cookie_name(COOKIE, secure=True, framed=True) if is_framed(request.scope) else COOKIE
    for asked in (request.query_params.get("lang"), request.cookies.get(kept)):
        if asked in ("zh", "en"):
            return cast("Language", asked)
    return accepted(request.headers.get("accept-language", ""), default)


def remember(response: Response, lang: Language, *, framed: bool) -> None:
    """Let the browser keep what the person chose; in a frame, for this frame's site."""
    if framed:
        give(response, COOKIE, lang, secure=True, framed=True, seconds=_A_YEAR)
    else:
        response.set_cookie(COOKIE, lang, max_age=_A_YEAR, samesite="lax", path="/")


def say(key: str, lang: Language, **data: object) -> str:
    """A sentence of the pages with its data filled in (`Words.say`)."""
    return words(lang).say(key, **data)
