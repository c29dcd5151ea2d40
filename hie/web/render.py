"""Templates to pages: Jinja with everything escaped, the language chosen, the person named.

In a frame (`hie.oauth.frames`) the addresses of a page stay in the frame's room, all in one place:
no template can forget it.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hie.oauth.frames import ROOM, is_framed, opens
from hie.settings import Settings
from hie.web.assets import address_of
from hie.web.charts import shape
from hie.web.language import Language, language_of, remember, say

# The attributes of the templates that hold an address of the hub; all text around is escaped.
_ADDRESS = re.compile(r'\b(href|src|action|data-study)="(/[^"]*)"')
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, as a page shows them, with the token their forms must carry."""

    name: str
    department: str
    csrf: str
    sees_patients: bool
    sees_outcomes: bool = False
    waiting: int = 0  # reopened decisions, reviews or held messages of their institution
    reviews: bool = False  # a privacy officer
    connects: bool = False  # who connects systems: messages and codes
    glass: bool = False  # something is open by broken glass


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def fragment(template: str, **data: Any) -> str:
    """A part of a page, for a file that stands alone."""
    return _environment().get_template(template).render(**data)


def page(
    request: Request,
    template: str,
    settings: Settings,
    *,
    person: Person | None = None,
    status: int = 200,
    **data: Any,
) -> HTMLResponse:
    """A page in the reader's language; `?lang=` is remembered in a cookie."""
    lang = language_of(request, settings.language)
    other: Language = "en" if lang == "zh" else "zh"
    framed = is_framed(request.scope)
    context: Mapping[str, Any] = {
        "lang": lang,
        "t": lambda key, **words: say(key, lang, **words),
        "shape": shape,
        "static": address_of,
        "person": person,
        "page": "",
        "framed": framed,
        "synthetic": settings.synthetic,
        "other_language": _with_language(request, other),
        **data,
    }
    body = _environment().get_template(template).render(context)
    if framed:
        body = _ADDRESS.sub(_in_frame, body)
    response = HTMLResponse(body, status_code=status, headers={"Cache-Control": "no-store"})
    if request.query_params.get("lang") == lang:
        remember(response, lang, framed=framed)
    return response


def _in_frame(match: re.Match[str]) -> str:
    """An address of the hub on a page in a frame: in the same room, or else in a window."""
    name, address = match.groups()
    path = urlsplit(html.unescape(address)).path
    if opens("POST" if name == "action" else "GET", path):
        return f'{name}="{ROOM}{address}"'
    window = ' target="_blank" rel="noopener"' if name == "href" else ""
    return f'{name}="{address}"{window}'


def without_query(request: Request, default: Language) -> str:
    """The same page in the other language, without anything of what was asked of it."""
    other = "en" if language_of(request, default) == "zh" else "zh"
    return f"{_own_path(request.url.path)}?lang={other}"


def _with_language(request: Request, lang: Language) -> str:
    """The same page in another language; a form that was sent is shown anew, not sent again."""
    kept = request.url.remove_query_params("lang").include_query_params(lang=lang)
    return f"{_own_path(kept.path)}?{kept.query}"


def _own_path(path: str) -> str:
    """A path as a link of this hub: what somebody typed is encoded, and leads nowhere else."""
    return "/" + quote(path.lstrip("/\\"))
