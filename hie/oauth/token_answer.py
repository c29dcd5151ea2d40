"""A signed token in the words of RFC 6749, section 5.1; its issue was recorded before."""

from hie.access.mint import Grant, mint
from hie.oauth.entrance import Entrance


def token_answer(entrance: Entrance, grant: Grant, token_id: str) -> dict[str, object]:
    """The answer of the token door, with a token signed by the key of now."""
    now = int(entrance.clock())
    return {
        "access_token": mint(grant, entrance.ring.signer(now), token_id, now),
        "token_type": "DPoP" if "jkt" in (grant.bound or ()) else "bearer",
        "expires_in": grant.lifetime,
        "scope": " ".join(grant.scopes),
    }
