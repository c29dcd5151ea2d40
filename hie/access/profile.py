"""The kinds of token the hub takes, side by side: a token of one kind fails at every other door.

What a door asks of a token is a row of the table; the five are mutually exclusive.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Replay(StrEnum):
    """What makes a second use of a token visible."""

    NONE = "none"  # an access token is meant to be used again
    JTI = "jti"  # (iss, jti) is remembered until the token is over
    NONCE = "nonce"  # bound to the sign-in that asked for it


class AudPolicy(StrEnum):
    """What a client's assertions may be made for (`aud`), as it was registered."""

    ISSUER = "issuer"
    TOKEN_URL = "token-url"  # noqa: S105 - a policy's name
    EITHER = "either"

    def audiences(self, issuer: str, token_url: str) -> frozenset[str]:
        """The values of `aud` that are taken."""
        if self is AudPolicy.EITHER:
            return frozenset({issuer, token_url})
        return frozenset({issuer if self is AudPolicy.ISSUER else token_url})


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What one kind of token must look like; times in seconds.

    `lifetime` caps exp - iat, `session_lifetime` that of a token which ends with a session at the
    hub's own pages; `age` caps now - iat (an identity provider chooses its own exp).
    `jku` may occur in the header, and only as the very address that was registered. `about_itself`:
    the subject is the issuer (RFC 7523, 3).
    """

    types: frozenset[str]
    algorithms: frozenset[str]
    required: frozenset[str]
    replay: Replay
    lifetime: int | None = None
    session_lifetime: int | None = None
    age: int | None = None
    jku: bool = False
    about_itself: bool = False


_ALL = frozenset({"iss", "sub", "aud", "exp", "iat", "jti"})
_ASSERTION = frozenset({"RS384", "ES384", "PS384", "ES256", "EdDSA"})


class Profile(Enum):
    """The five kinds, by their letter in the table."""

    CLIENT_ASSERTION = TokenRules(
        types=frozenset({"JWT", "client-authentication+jwt"}),
        algorithms=_ASSERTION,
        required=_ALL - {"iat"},
        replay=Replay.JTI,
        lifetime=300,
        jku=True,
        about_itself=True,
    )
    USER_CONTEXT = TokenRules(
        types=frozenset({"hub-user-context+jwt"}),
        algorithms=_ASSERTION,
        required=_ALL,
        replay=Replay.JTI,
        lifetime=120,
    )
    ACCESS_TOKEN = TokenRules(
        types=frozenset({"at+jwt"}),
        algorithms=frozenset({"ES256"}),
        required=_ALL | {"client_id", "scope", "hub"},
        replay=Replay.NONE,
        lifetime=300,
        session_lifetime=900,
    )
    CDS_CLIENT = TokenRules(
        types=frozenset({"JWT"}),
        algorithms=frozenset({"ES384", "RS384", "ES256"}),
        required=_ALL - {"sub"},
        replay=Replay.JTI,
        lifetime=300,
        jku=True,
    )
    ID_TOKEN = TokenRules(
        types=frozenset({"JWT"}),
        algorithms=frozenset({"RS256", "ES256", "PS256"}),
        required=_ALL - {"jti"} | {"nonce"},
        replay=Replay.NONCE,
        age=300,
    )
