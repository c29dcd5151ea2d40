"""What is taken from a provider's own documents: its issuer's, and keys that may verify."""

import json
from typing import Any

import pytest

from hie.access.jwk import public_members
from hie.errors import NotAuthenticated
from hie.oauth.oidc_provider import read_configuration, read_keys
from tests.unit.access.tokens import ec_key, rsa_key

ISSUER = "https://idp.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}
RSA = {**public_members(rsa_key().public_key()), "kid": "r", "use": "sig", "alg": "RS256"}
P256 = {**public_members(ec_key("P-256", 3).public_key()), "kid": "e"}
P384 = {**public_members(ec_key("P-384", 4).public_key()), "kid": "e"}


def changed(**changes: Any) -> str:
    return json.dumps({k: v for k, v in {**DOCUMENT, **changes}.items() if v is not None})


def test_a_document_of_the_pinned_issuer_is_read() -> None:
    found = read_configuration(changed(), ISSUER)
    assert found.token_endpoint == f"{ISSUER}/token"
    assert not found.says_issuer
    says = changed(authorization_response_iss_parameter_supported=True)
    assert read_configuration(says, ISSUER).says_issuer


@pytest.mark.parametrize(
    "text",
    [
        changed(issuer="https://evil.example"),
        changed(issuer=f"{ISSUER}/"),
        changed(issuer=None),
        changed(jwks_uri=None),
        changed(token_endpoint=["https://idp.example/token"]),
        "[]",
        "",
        '{"issuer": "https://idp.example", "issuer": "https://evil.example"}',
        "\ufeff" + changed(),
        "[" * 100,
    ],
)
def test_any_other_document_is_refused(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_configuration(text, ISSUER)


@pytest.mark.parametrize(
    ("key", "algorithm", "taken"),
    [
        (RSA, "RS256", True),
        ({**RSA, "alg": None}, "RS256", False),
        ({k: v for k, v in RSA.items() if k != "alg"}, "PS256", True),
        (RSA, "PS256", False),
        (RSA, "ES256", False),
        (P256, "ES256", True),
        (P384, "ES256", False),
        (P256, "RS256", False),
        ({**RSA, "use": "enc"}, "RS256", False),
        ({**RSA, "key_ops": ["encrypt"]}, "RS256", False),
        ({**RSA, "key_ops": "verify"}, "RS256", False),
        ({**RSA, "kid": "../../etc/passwd"}, "RS256", False),
        ({k: v for k, v in RSA.items() if k != "kid"}, "RS256", False),
        ({**RSA, "kty": "oct", "k": "c2VjcmV0"}, "RS256", False),
        ({**RSA, "n": public_members(rsa_key(1024).public_key())["n"]}, "RS256", False),
        ({**RSA, "e": "Aw"}, "RS256", False),
        ("no key", "RS256", False),
    ],
)
def test_only_keys_that_may_verify_are_taken(key: Any, algorithm: str, taken: bool) -> None:
    found = read_keys(json.dumps({"keys": [key, "x", {}]}), algorithm)
    assert [one.algorithm for one in found] == ([algorithm] if taken else [])
