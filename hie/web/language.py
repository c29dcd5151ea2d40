"""A page's language and its words: zh and en, whole sentences, never joined fragments.

The words are two catalogues of gettext (`schemas/texts/pages/`), so that a translator needs no more
than an editor of such files. A text that counts has the plural forms of its language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from gettext import c2py
from typing import Literal, cast

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from starlette.requests import Request
from starlette.responses import Response

from hie.oauth.cookies import cookie_name, give
from hie.oauth.frames import is_framed
from hie.schemas import schema

Language = Literal["zh", "en"]
COOKIE = "hie_lang"
_A_YEAR = 31_536_000


@dataclass(frozen=True, slots=True)
class Words:
    """A catalogue: the forms of each text by its key, and which form a number takes."""

    forms: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]


@cache
def words(lang: Language) -> Words:
    """The words of the pages in one language; read once."""
    with schema("texts", "pages", f"{lang}.po").open("rb") as file:
        found: Catalog = read_po(file, locale=lang, abort_invalid=True)
    forms = {}
    for one in found:
        if one.id:
            key = one.id if isinstance(one.id, str) else one.id[0]
            forms[key] = (one.string,) if isinstance(one.string, str) else tuple(one.string or ())
    return Words(forms, c2py(found.plural_expr))


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
    """A sentence of the pages with its data filled in; `n` chooses the form of one that counts.

    An unknown key is a programming error.
    """
    known = words(lang)
    forms = known.forms[key]
    form = forms[known.form_of(cast("int", data["n"]))] if len(forms) > 1 else forms[0]
    return form.format(**data)
