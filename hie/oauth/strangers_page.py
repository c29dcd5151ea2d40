"""What a browser without a session is shown: the way to the sign-in page, with status 401.

The status is the same for machines and people; the page takes a browser on by itself.
"""

import html
from urllib.parse import quote

from starlette.responses import HTMLResponse
from starlette.types import Scope

from hie.oauth.forms import local_path
from hie.oauth.frames import base_of

_PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>401</title>
<meta http-equiv="refresh" content="0; url={url}"></head>
<body><p><a href="{url}">登录 · Sign in</a></p></body></html>"""


def sign_in_first(scope: Scope) -> HTMLResponse:
    """The answer to a page request without a session."""
    target = scope["path"]
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    back = local_path(target) if scope["method"] == "GET" else "/"
    url = "/sign-in" if back == "/" else "/sign-in?next=" + quote(back, safe="")
    url = base_of(scope) + url
    headers = {"Cache-Control": "no-store", "WWW-Authenticate": 'Session realm="hie"'}
    return HTMLResponse(_PAGE.format(url=html.escape(url)), 401, headers)
