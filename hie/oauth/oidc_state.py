"""What a browser keeps from leaving for its identity provider to coming back: a sealed cookie.

It binds the answer to the browser that asked (no sign-in is planted in another's), and nothing is
kept on the hub's side until somebody comes back: whoever only starts costs the hub nothing.
OpenID Connect Core 1.0, 3.1.2.1 (state, nonce); RFC 7636.
"""

import hmac
import json
import secrets
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import Response

from hie.access.compact import decode_segment, encode_segment
from hie.errors import HubError, NotAuthenticated
from hie.oauth.cookies import cookie_name, give, take_back
from hie.oauth.entrance import Entrance
from hie.oauth.frames import is_framed
from hie.oauth.pkce import new_verifier

SECONDS = 600  # to sign in at the provider
_LONGEST = 8192
_PLACE = ("oidc", "sign-in")
_COOKIE = "hie_oidc"


@dataclass(frozen=True, slots=True)
class Begun:
    """One sign-in that was begun; `wanted` is the hub's own path to go to then.

    `framed`: in a frame, where its answer must come too.
    """

    provider: str
    state: str
    nonce: str
    verifier: str
    wanted: str
    at: int
    framed: bool = False

    def is_answered_by(self, provider: str, state: str | None, now: float) -> bool:
        """Whether an answer is this sign-in's, in time."""
        return (
            self.provider == provider
            and state is not None
            and hmac.compare_digest(self.state.encode(), state.encode("utf-8", "surrogatepass"))
            and 0 <= now - self.at <= SECONDS
        )


def begin(provider: str, wanted: str, now: float, *, framed: bool = False) -> Begun:
    """A new sign-in with state, nonce and verifier of its own, 256 random bits each."""
    return Begun(
        provider=provider,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=new_verifier(),
        wanted=wanted,
        at=int(now),
        framed=framed,
    )


def keep(entrance: Entrance, response: Response, begun: Begun) -> None:
    """Give the browser its sealed cookie, for the time a sign-in may take."""
    sealed = entrance.db.keys.seal(json.dumps(asdict(begun)).encode("utf-8"), *_PLACE)
    text, framed = encode_segment(sealed), begun.framed
    give(response, _COOKIE, text, secure=entrance.secure, framed=framed, seconds=SECONDS)


def kept(entrance: Entrance, request: Request) -> Begun | None:
    """The sign-in this browser began here, in its window or in this frame.

    None without one, when it was touched, or when it began elsewhere.
    """
    framed = is_framed(request.scope)
    text = request.cookies.get(cookie_name(_COOKIE, secure=entrance.secure, framed=framed))
    if not text or len(text) > _LONGEST:
        return None
    try:
        members = json.loads(entrance.db.keys.unseal(decode_segment(text), *_PLACE))
    except (HubError, NotAuthenticated):
        return None
    begun = Begun(**members)
    return begun if begun.framed == framed else None


def forget(entrance: Entrance, request: Request, response: Response) -> None:
    """Take the cookie back: a sign-in is answered once."""
    take_back(response, _COOKIE, secure=entrance.secure, framed=is_framed(request.scope))
