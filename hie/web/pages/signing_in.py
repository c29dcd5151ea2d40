"""The way to the sign-in page and back to what was wanted."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response


def sign_in_for(target: str) -> Response:
    """To the sign-in page, and from there to this path of the hub."""
    return RedirectResponse(f"/sign-in?next={quote(target, safe='')}", status_code=303)
