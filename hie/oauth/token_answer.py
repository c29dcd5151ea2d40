"""A signed token in the words of RFC 6749, section 5.1; its issue was recorded before."""

from hie.access.mint import Grant, mint
from hie.oauth.entrance import Entrance
from hie.oauth.sender import needs_proof


def token_answer(entrance: Entrance, grant: Grant, token_id: str) -> dict[str, object]:
    """The answer of the token door, with a token signed by the key of now."""
    now = int(entrance.clock())
    return {
        "access_token": mint(grant, entrance.ring.signer(now), token_id, now),
        "token_type": type_of(grant.bound),
        "expires_in": grant.lifetime,
        "scope": " ".join(grant.scopes),
    }


def type_of(bound: object) -> str:
    """How a token with this `cnf` is shown: with a proof of its key (RFC 9449, 5), or as it is."""
    return "DPoP" if needs_proof(bound) else "bearer"
