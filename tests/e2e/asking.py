"""How an app sends a browser to the hub to be let in (SMART App Launch 2.2, PKCE)."""

import base64
import hashlib
from typing import Final
from urllib.parse import urlencode

VERIFIER: Final = "v" * 64
CHALLENGE: Final = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")


def let_in(hub: str, client: str, back: str, **more: str) -> str:
    """The address at the hub that an app of this id sends a browser to, to come back to `back`."""
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": back,
        "scope": "launch/patient patient/*.rs",
        "state": "a-state-of-the-app",
        "aud": f"{hub}/fhir",
        "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256",
        **more,
    }
    return f"{hub}/oauth/authorize?{urlencode(asked)}"
