"""The id_token an app is given beside its access token: who signed in, for that app alone.

OpenID Connect Core 1.0, section 2. It names an account by its id and nobody by name; `fhirUser`
(SMART App Launch 2.2) is the address of its Practitioner. As an access token it is refused: its
`typ` and its `aud` are others.
"""

from hie.access.mint import LIFETIME, Grant
from hie.oauth.entrance import Entrance


def id_token(
    entrance: Entrance, grant: Grant, nonce: str | None, fhir_user: str | None = None
) -> str:
    """A signed id_token for the app of this grant."""
    now = int(entrance.clock())
    claims: dict[str, object] = {
        "iss": grant.issuer,
        "sub": grant.subject,
        "aud": grant.client,
        "iat": now,
        "exp": now + LIFETIME,
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if fhir_user is not None:
        claims["fhirUser"] = f"{grant.audience}/{fhir_user}"
    return entrance.ring.signer(now).signed(claims, "JWT")
