"""One JSON Web Key to a public key object and back, with nothing repaired on the way.

Encodings must be the canonical ones (RFC 7518 section 2): an integer with a leading zero octet, a
coordinate of another length or base64 with padding is refused, because two readers might differ.
"""

import hashlib
import json
from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hie.access.compact import decode_segment, encode_segment
from hie.access.rsa_key import check_rsa
from hie.errors import NotAuthenticated

Public = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES: dict[str, tuple[ec.EllipticCurve, int, str]] = {
    "P-256": (ec.SECP256R1(), 32, "ES256"),
    "P-384": (ec.SECP384R1(), 48, "ES384"),
}
_CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384"}

# Ed25519 points of order 1, 2, 4 and 8, sign bit cleared, with their non-canonical spellings:
# a signature that verifies under such a key for every message can be made without a private key.
SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


class UnusableKey(ValueError):
    """Why one key is refused: the member, a code, and what was expected."""

    def __init__(self, member: str, code: str, expected: str) -> None:
        super().__init__(expected)
        self.member = member
        self.code = code
        self.expected = expected


def public_key(jwk: Mapping[str, object]) -> Public:
    """The key object of a JWK; raises UnusableKey."""
    match jwk.get("kty"):
        case "RSA":
            return _rsa(_number(jwk, "n"), _number(jwk, "e"))
        case "EC":
            return _elliptic(jwk)
        case "OKP":
            return _edwards(jwk)
        case _:
            raise UnusableKey("kty", "key-type", "RSA, EC or OKP")


def algorithms_of(public: Public) -> tuple[str, ...]:
    """The algorithms a key may be registered for; the first is meant when a JWK names none."""
    if isinstance(public, rsa.RSAPublicKey):
        return ("RS384", "PS384")
    if isinstance(public, ec.EllipticCurvePublicKey):
        return (_CURVES[_CURVE_NAMES[public.curve.name]][2],)
    return ("EdDSA",)


def public_members(public: Public) -> dict[str, str]:
    """The members that define a public key, and no other."""
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": _encoded(numbers.n), "e": _encoded(numbers.e)}
    if isinstance(public, ec.EllipticCurvePublicKey):
        point = public.public_numbers()
        name = _CURVE_NAMES.get(public.curve.name, public.curve.name)
        width = (public.curve.key_size + 7) // 8
        x, y = (encode_segment(value.to_bytes(width, "big")) for value in (point.x, point.y))
        return {"kty": "EC", "crv": name, "x": x, "y": y}
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": encode_segment(raw)}


def thumbprint(public: Public) -> str:
    """RFC 7638: SHA-256 of the defining members in lexical order, base64url."""
    text = json.dumps(public_members(public), sort_keys=True, separators=(",", ":"))
    return encode_segment(hashlib.sha256(text.encode("ascii")).digest())


def _rsa(modulus: int, exponent: int) -> Public:
    expected = check_rsa(modulus, exponent)
    if expected is not None:
        raise UnusableKey("", "key-strength", expected)
    try:
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("", "key-strength", "an RSA public key") from error


def _elliptic(jwk: Mapping[str, object]) -> Public:
    curve, width, _ = _CURVES.get(str(jwk.get("crv")), (None, 0, ""))
    if curve is None:
        raise UnusableKey("crv", "key-curve", "P-256 or P-384")
    x, y = (int.from_bytes(_octets(jwk, name, width)) for name in ("x", "y"))
    try:
        return ec.EllipticCurvePublicNumbers(x, y, curve).public_key()
    except ValueError as error:
        raise UnusableKey("", "key-point", "a point on the curve") from error


def _edwards(jwk: Mapping[str, object]) -> Public:
    if jwk.get("crv") != "Ed25519":
        raise UnusableKey("crv", "key-curve", "Ed25519")
    raw = _octets(jwk, "x", 32)
    if raw[:31] + bytes([raw[31] & 0x7F]) in SMALL_ORDER:
        raise UnusableKey("x", "key-point", "a point of large order")
    return ed25519.Ed25519PublicKey.from_public_bytes(raw)


def _octets(jwk: Mapping[str, object], name: str, width: int | None = None) -> bytes:
    text = jwk.get(name)
    try:
        data = decode_segment(text) if isinstance(text, str) and len(text) <= 2048 else b""
    except NotAuthenticated as error:
        raise UnusableKey(name, "key-encoding", "base64url without padding") from error
    if not data or (width is not None and len(data) != width):
        raise UnusableKey(name, "key-encoding", f"{width or 'some'} octets in base64url")
    return data


def _number(jwk: Mapping[str, object], name: str) -> int:
    data = _octets(jwk, name)
    if data[0] == 0:
        raise UnusableKey(name, "key-encoding", "no leading zero octet (RFC 7518, 2)")
    return int.from_bytes(data)


def _encoded(value: int) -> str:
    return encode_segment(value.to_bytes((value.bit_length() + 7) // 8, "big"))
