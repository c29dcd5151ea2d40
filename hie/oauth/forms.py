"""Forms of the pages: proof that a form was ours before anything is done with it.

Three fences, each enough alone: the cookie's SameSite (not in a frame, `cookies`), the Origin of
the request, and a token in the form. A signed-in person's token lies in their session; the sign-in
form, which has no session yet, carries the hash of a cookie that was set with it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from hie.access.reason import Reason
from hie.errors import Fault, InvalidRequest, NotPermitted, UnsupportedMedia
from hie.oauth.cookies import cookie_name, give
from hie.oauth.frames import is_framed

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE = "hie_form"
_FIELDS = 50
LONGEST_PATH = 4608  # an app's authorization request is the longest path a sign-in returns to
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")
TOKEN_FIELD = "csrf"  # noqa: S105 - the field's name
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 - the header's name


def foreign() -> NotPermitted:
    """The refusal of a form that did not come from the hub's own pages."""
    return NotPermitted("the form did not come from this hub", (Fault("form", Reason.CSRF, ""),))


def check_origin(scope: Scope) -> None:
    """A changing request comes from one of our own pages; raises NotPermitted when it does not.

    A browser says where a form came from (Origin, Sec-Fetch-Site); what says nothing is no browser
    of today and must still carry the form's token.
    """
    if scope["method"] in _SAFE:
        return
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    site = headers.get(b"sec-fetch-site")
    if site not in {None, "same-origin", "none"}:
        raise foreign()
    origin = headers.get(b"origin")
    if origin == "null" and site == "same-origin":
        return  # what a browser says of our own forms, whose pages send no referrer
    # The browser wrote both: what it called us, and where the form was.
    if origin is not None and urlsplit(origin).netloc != headers.get(b"host"):
        raise foreign()


async def read_form(
    request: Request,
    token: str,
    several: Collection[str] = frozenset(),
    *,
    fields: int = _FIELDS,
) -> FormData:
    """The form of a request, after its token was checked; it has at most so many `fields`.

    A field occurs once, but for those that `several` names: where more than one may be chosen.
    Raises NotPermitted (wrong or no token), UnsupportedMedia, InvalidRequest.
    """
    check_origin(request.scope)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise UnsupportedMedia("expected application/x-www-form-urlencoded")
    form = await request.form(max_files=0, max_fields=fields)
    repeated = {name for name in form if name not in several and len(form.getlist(name)) > 1}
    if repeated:
        faults = tuple(Fault(name, "repeated", "each field once") for name in sorted(repeated))
        raise InvalidRequest("a field occurs twice", faults)
    given = request.headers.get(TOKEN_HEADER) or form.get(TOKEN_FIELD)
    if not isinstance(given, str) or not _same(given, token):
        raise foreign()
    return form


def form_token(request: Request, *, secure: bool) -> tuple[str, str | None]:
    """The token of a form without a session, and the cookie to set with it (None: it is there)."""
    kept = _kept(request, secure=secure)
    if kept and len(kept) >= 32:
        return _hash(kept), None
    made = secrets.token_urlsafe(32)
    return _hash(made), made


def set_form_cookie(response: Response, value: str, *, secure: bool, framed: bool = False) -> None:
    """Set the cookie that a sign-in form's token is checked against."""
    give(response, _COOKIE, value, secure=secure, framed=framed)


async def read_form_without_session(request: Request, *, secure: bool) -> FormData:
    """The sign-in form; raises NotPermitted unless it was given out to this browser."""
    kept = _kept(request, secure=secure)
    if not kept:
        raise foreign()
    return await read_form(request, _hash(kept))


def local_path(target: object) -> str:
    """Where to go after sign-in: a path of this hub, never another place (open redirect)."""
    if isinstance(target, str) and len(target) <= LONGEST_PATH and _LOCAL.fullmatch(target):
        return target
    return "/"


def wanted_path(target: object) -> str:
    """The same of what a caller says; raises InvalidRequest, an alert, for another place."""
    if target is None or target == "":
        return "/"
    path = local_path(target)
    if path != target:
        raise InvalidRequest("sign-in", (Fault("next", Reason.OIDC, "a path of this hub"),))
    return path


def _kept(request: Request, *, secure: bool) -> str | None:
    """What this browser keeps of the form, in its window or in this frame."""
    return request.cookies.get(cookie_name(_COOKIE, secure=secure, framed=is_framed(request.scope)))


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8")).hexdigest()


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8"), token.encode("utf-8"))
