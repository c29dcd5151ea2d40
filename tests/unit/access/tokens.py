"""Key pairs and tokens signed by hand, so that a token can be wrong in one place only."""

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hie.access.actor import Purpose
from hie.access.compact import encode_segment
from hie.access.jwk import Public, algorithms_of, thumbprint
from hie.access.keys import VerificationKey
from hie.access.mint import Grant
from hie.access.ring import SigningKey, signing_key
from hie.access.token import Expected

NOW = 1_782_000_000
HUB = "https://hub.example"
FHIR = f"{HUB}/fhir"
TOKEN_URL = f"{HUB}/oauth/token"
CLIENT = "lis-1"
INSTITUTION = "91110000MA0000001L"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(curve: str = "P-384", number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1() if curve == "P-384" else ec.SECP256R1())


@cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def hub_private() -> ec.EllipticCurvePrivateKey:
    return ec_key("P-256", 99)


@cache
def hub_key() -> SigningKey:
    return signing_key(hub_private(), 0)


def verifying(private: Private, algorithm: str | None = None, kid: str = "k1") -> VerificationKey:
    public: Public = private.public_key()
    return VerificationKey(kid, algorithm or algorithms_of(public)[0], public)


def sign(private: Private, algorithm: str, data: bytes) -> bytes:
    match private:
        case rsa.RSAPrivateKey():
            hashed = _HASHES[algorithm[2:]]
            if algorithm.startswith("PS"):
                salted = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
                return private.sign(data, salted, hashed)
            return private.sign(data, padding.PKCS1v15(), hashed)
        case ec.EllipticCurvePrivateKey():
            hashed = _HASHES[algorithm[2:]]
            width = (private.curve.key_size + 7) // 8
            r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashed)))
            return r.to_bytes(width, "big") + s.to_bytes(width, "big")
        case _:
            return private.sign(data)


def segment(value: bytes | Mapping[str, Any]) -> str:
    if isinstance(value, bytes):
        return encode_segment(value)
    return encode_segment(json.dumps(value, separators=(",", ":")).encode())


def signed(
    header: bytes | Mapping[str, Any],
    payload: bytes | Mapping[str, Any],
    private: Private,
    algorithm: str = "ES384",
) -> str:
    """A token with a good signature over whatever its two parts are."""
    body = f"{segment(header)}.{segment(payload)}"
    return f"{body}.{encode_segment(sign(private, algorithm, body.encode()))}"


def a_header(**changes: Any) -> dict[str, Any]:
    return _changed({"alg": "ES384", "kid": "k1", "typ": "JWT"}, changes)


def an_assertion(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": TOKEN_URL,
        "exp": NOW + 240,
        "iat": NOW,
        "jti": "0123456789abcdef",
    }
    return _changed(claims, changes)


def an_access_payload(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": HUB,
        "sub": CLIENT,
        "aud": FHIR,
        "client_id": CLIENT,
        "exp": NOW + 300,
        "iat": NOW,
        "jti": "fedcba9876543210",
        "scope": "system/Observation.rs",
        "hub": {"inst": INSTITUTION},
        "extensions": {"ihe_iua": {"purpose_of_use": [{"code": "TREAT"}]}},
    }
    return _changed(claims, changes)


def an_access_header(**changes: Any) -> dict[str, Any]:
    return _changed({"alg": "ES256", "kid": hub_key().kid, "typ": "at+jwt"}, changes)


def a_grant(**changes: Any) -> Grant:
    values: dict[str, Any] = {
        "issuer": HUB,
        "audience": FHIR,
        "client": CLIENT,
        "institution": INSTITUTION,
        "purpose": Purpose.TREATMENT,
        "scopes": ("system/Observation.rs", "hie/order-check"),
    }
    return Grant(**(values | changes))


def of_client(*keys: VerificationKey, **changes: Any) -> Expected:
    values: dict[str, Any] = {
        "issuer": CLIENT,
        "audiences": frozenset({HUB, TOKEN_URL}),
        "keys": keys or (verifying(ec_key()),),
    }
    return Expected(**(values | changes))


def of_hub(**changes: Any) -> Expected:
    values: dict[str, Any] = {
        "issuer": HUB,
        "audiences": frozenset({FHIR}),
        "keys": (hub_key().verifying,),
    }
    return Expected(**(values | changes))


def jwk_of(private: Private, **changes: Any) -> dict[str, Any]:
    key = verifying(private, kid=thumbprint(private.public_key()))
    return _changed(dict(key.jwk()), changes)


def number(value: int) -> str:
    data = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _changed(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values with changes; None takes a member away."""
    return {k: v for k, v in (values | dict(changes)).items() if v is not None}
