"""How the hub shows an identity provider who it is, and what it takes from its answer.

With its own signing key (private_key_jwt, RFC 7523; the provider reads the hub's JWKS), with a
secret the provider gave it, or, as a public client, by PKCE alone.
"""

import base64
import secrets
from enum import StrEnum
from urllib.parse import quote

from hie.access.strict_json import parse_object
from hie.errors import HubMisconfigured, NotAuthenticated
from hie.oauth.entrance import Entrance
from hie.oauth.token_request import ASSERTION_TYPE
from hie.store.providers import Provider

_LIFE = 60  # seconds


class Method(StrEnum):
    """The ways, by their names at IANA (token_endpoint_auth_method)."""

    KEY = "private_key_jwt"
    SECRET = "client_secret_basic"  # noqa: S105 - the method's name
    NONE = "none"


def proof_of(entrance: Entrance, provider: Provider) -> tuple[dict[str, str], str | None]:
    """What of the proof stands in the form, and what in the Authorization header."""
    match provider.method:
        case Method.KEY:
            proof = {
                "client_id": provider.client,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": _assertion(entrance, provider),
            }
            return proof, None
        case Method.SECRET:
            pair = f"{quote(provider.client, safe='')}:{quote(provider.secret or '', safe='')}"
            return {}, "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")
        case Method.NONE:
            return {"client_id": provider.client}, None
        case _:
            raise HubMisconfigured(f"identity provider {provider.id}: an unknown method")


def read_id_token(text: str) -> str:
    """The id_token in an answer of a token endpoint; raises NotAuthenticated."""
    found = parse_object(text.encode("utf-8")).get("id_token")
    if not isinstance(found, str):
        raise NotAuthenticated("no id_token")
    return found


def _assertion(entrance: Entrance, provider: Provider) -> str:
    """A short assertion for the issuer alone, signed by the hub's key of now."""
    now = int(entrance.clock())
    claims = {
        "iss": provider.client,
        "sub": provider.client,
        "aud": provider.issuer,
        "iat": now,
        "exp": now + _LIFE,
        "jti": secrets.token_hex(16),
    }
    return entrance.ring.signer(now).signed(claims, "JWT")
