"""Cookies of the pages, by where they are for: the hub's own window, or a frame of a HIS.

In a window they are SameSite=Lax, so that no other site's frame or form brings them along. In a
frame they are SameSite=None, else no browser would send them, and Partitioned: kept apart for each
site around the frame (CHIPS), and sent nowhere else. The names differ too: the one is never taken
for the other. `__Host-` (RFC 6265bis, 4.1.3.2) ties each to the hub's host, TLS and the whole path.
"""

from starlette.responses import Response

_FRAMED = "; Secure; HttpOnly; SameSite=None; Partitioned"


def cookie_name(name: str, *, secure: bool, framed: bool = False) -> str:
    """What a cookie is called; over plain http (loopback only) it cannot have the prefix."""
    if framed:
        return f"__Host-{name}_framed"
    return f"__Host-{name}" if secure else name


def give(
    response: Response,
    name: str,
    value: str,
    *,
    secure: bool,
    framed: bool = False,
    seconds: int | None = None,
) -> None:
    """Set a cookie; without `seconds` the browser forgets it when it is closed."""
    key = cookie_name(name, secure=secure, framed=framed)
    if framed:
        age = "" if seconds is None else f"; Max-Age={seconds}"
        response.headers.append("set-cookie", f"{key}={value}; Path=/{age}{_FRAMED}")
        return
    response.set_cookie(
        key, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def take_back(response: Response, name: str, *, secure: bool, framed: bool = False) -> None:
    """Let the browser forget a cookie."""
    if framed:
        give(response, name, "", secure=secure, framed=True, seconds=0)
        return
    key = cookie_name(name, secure=secure)
    response.delete_cookie(key, path="/", secure=secure, httponly=True, samesite="lax")
