"""What clients may read before they have a token: the hub's keys, and how tokens are asked for.

RFC 7517 (JWKS), SMART App Launch 2.2 (`smart-configuration`), RFC 8414 (authorization server
metadata), OpenID Connect Discovery 1.0. Computed from what the doors really do.
"""

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from hie.access.dpop import ALGORITHMS
from hie.access.profile import Profile
from hie.access.scopes import Door
from hie.oauth.app_scopes import CONTEXTS, FHIR_USER, OPENID
from hie.oauth.code_grant import GRANT as CODE_GRANT
from hie.oauth.entrance import Entrance
from hie.oauth.token_request import GrantType

_KEYS_FRESH = 3600  # seconds a JWKS may be kept; a new key is published a day before it signs
_CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "client-public",
    "client-confidential-asymmetric",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "context-banner",
    "permission-patient",
    "permission-user",
    "permission-v2",
    "sso-openid-connect",
)


def jwks(entrance: Entrance, request: Request) -> Response:
    """`/.well-known/jwks.json`: the keys that verify the hub's tokens, public parts only."""
    keys = entrance.ring.published(entrance.clock())
    answer = {"keys": [key.jwk() for key in keys]}
    return _public(answer, "application/jwk-set+json", _KEYS_FRESH)


def smart_configuration(entrance: Entrance, request: Request) -> Response:
    """`/.well-known/smart-configuration`."""
    return _public({**_common(entrance), "capabilities": list(_CAPABILITIES)})


def server_metadata(entrance: Entrance, request: Request) -> Response:
    """`/.well-known/oauth-authorization-server` (RFC 8414)."""
    return _public({**_common(entrance), "response_modes_supported": ["query"]})


def openid_configuration(entrance: Entrance, request: Request) -> Response:
    """`/.well-known/openid-configuration`: of the id_token apps are given (Discovery 1.0, 3)."""
    more = {
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }
    return _public({**_common(entrance), **more})


def _common(entrance: Entrance) -> dict[str, object]:
    methods = ["private_key_jwt"]
    algorithms = sorted(Profile.CLIENT_ASSERTION.value.algorithms)
    return {
        "issuer": entrance.issuer,
        "jwks_uri": f"{entrance.address}/.well-known/jwks.json",
        "authorization_endpoint": f"{entrance.address}/oauth/authorize",
        "authorization_response_iss_parameter_supported": True,
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint": entrance.token_address,
        "token_endpoint_auth_methods_supported": [*methods, "none"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": f"{entrance.address}/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint": f"{entrance.address}/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": entrance.gateway_secret is not None,
        "grant_types_supported": [*GrantType, CODE_GRANT],
        "scopes_supported": [
            *("system/*.cruds", "user/*.rs", "patient/*.rs"),
            *(door.value for door in Door),
            *(*CONTEXTS, OPENID, FHIR_USER),
        ],
    }


def _public(
    answer: Mapping[str, object], media: str = "application/json", fresh: int = 300
) -> Response:
    headers = {"Cache-Control": f"public, max-age={fresh}"}
    return Response(json.dumps(answer).encode("utf-8"), 200, headers, media)
