"""The hub's access tokens: a short-lived ES256 JWT that says who asks, for whom and for what.

It carries no name and no identity number: every log on the way can read a JWT (SECURITY 1.4).
RFC 9068 (at+jwt); IHE IUA for institution and purpose of use.
"""

import json
from dataclasses import dataclass

from jwt.api_jws import PyJWS

from hie.access.actor import Purpose
from hie.access.ring import SigningKey

LIFETIME = 300
PURPOSE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_SIGN = PyJWS(algorithms=["ES256"])


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client was granted; `institution` comes from its registered key."""

    issuer: str
    audience: str
    client: str
    institution: str
    purpose: Purpose
    scopes: tuple[str, ...]


def mint(grant: Grant, key: SigningKey, token_id: str, now: int) -> str:
    """Sign an access token of LIFETIME seconds; `token_id` is 128 random bits in hex."""
    claims = {
        "iss": grant.issuer,
        "aud": grant.audience,
        "client_id": grant.client,
        "sub": grant.client,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": token_id,
        "scope": " ".join(grant.scopes),
        "hub": {"inst": grant.institution},
        "extensions": {
            "ihe_iua": {
                "subject_organization_id": grant.institution,
                "purpose_of_use": [{"system": PURPOSE_SYSTEM, "code": grant.purpose.value}],
            }
        },
    }
    return _SIGN.encode(
        json.dumps(claims, separators=(",", ":")).encode("utf-8"),
        key.private,
        algorithm="ES256",
        headers={"typ": "at+jwt", "kid": key.kid},
    )
