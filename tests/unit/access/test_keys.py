"""Which public keys a client may register, member by member."""

import math
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from hie.access.jwk import SMALL_ORDER, thumbprint
from hie.access.keys import accept_keys
from hie.access.rsa_key import check_rsa, has_roca_fingerprint
from hie.errors import UnprocessableRequest
from tests.unit.access.tokens import ec_key, ed_key, jwk_of, number, rsa_key, segment

RSA_2048 = rsa_key().public_key().public_numbers().n

ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def a_roca_modulus(bits: int) -> int:
    """An odd number of so many bits that is a power of 65537 modulo each of the primes."""
    product = 2 * math.prod(ROCA_PRIMES)
    base = pow(65537, 12345, product)
    return base + product * ((1 << (bits - 1)) // product + 1)


def faults(offered: Any) -> list[tuple[str, str]]:
    with pytest.raises(UnprocessableRequest) as caught:
        accept_keys(offered)
    return [(fault.path, fault.code) for fault in caught.value.faults]


def test_each_kind_of_key_is_taken_for_its_algorithm() -> None:
    offered = [
        jwk_of(rsa_key()),
        jwk_of(rsa_key(3072), alg="PS384"),
        jwk_of(ec_key("P-256")),
        jwk_of(ec_key("P-384")),
        jwk_of(ed_key()),
    ]
    keys = accept_keys({"keys": offered})
    assert [key.algorithm for key in keys] == ["RS384", "PS384", "ES256", "ES384", "EdDSA"]
    assert [key.jwk() for key in keys] == offered


def test_what_was_taken_is_read_back_the_same() -> None:
    keys = accept_keys({"keys": [jwk_of(rsa_key()), jwk_of(ec_key())]})
    assert accept_keys({"keys": [key.jwk() for key in keys]}) == keys


def test_a_key_without_a_name_is_named_by_its_thumbprint() -> None:
    (key,) = accept_keys(jwk_of(ec_key(), kid=None, alg=None, use=None))
    assert key.kid == thumbprint(ec_key().public_key())


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    text = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJEC"
        "PebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qvz"
        "qY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZ"
        "u0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    import base64

    n = int.from_bytes(base64.urlsafe_b64decode(text + "=="))
    key = rsa.RSAPublicNumbers(65537, n).public_key()
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("form", ["pem", "jwk", "jwks"])
def test_a_key_comes_as_pem_or_json(form: str) -> None:
    public = ec_key().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    jwk = jwk_of(ec_key())
    offered = {"pem": {"pem": pem}, "jwk": jwk, "jwks": {"keys": [jwk]}}[form]
    (key,) = accept_keys(offered)
    assert key.kid == thumbprint(public)


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"kty": None}, "key.kty", "key-type"),
        ({"kty": "oct"}, "key.kty", "key-type"),
        ({"kty": "rsa"}, "key.kty", "key-type"),
        ({"kty": ["RSA"]}, "key.kty", "key-type"),
        ({"use": "enc"}, "key.use", "key-use"),
        ({"use": ["sig"]}, "key.use", "key-use"),
        ({"key_ops": ["encrypt"]}, "key.key_ops", "key-use"),
        ({"key_ops": []}, "key.key_ops", "key-use"),
        ({"key_ops": "verify"}, "key.key_ops", "key-use"),
        ({"key_ops": [["verify"]]}, "key.key_ops", "key-use"),
        ({"alg": "RS512"}, "key.alg", "key-algorithm"),
        ({"alg": "RS256"}, "key.alg", "key-algorithm"),
        ({"alg": "HS256"}, "key.alg", "key-algorithm"),
        ({"alg": "none"}, "key.alg", "key-algorithm"),
        ({"alg": ["RS384"]}, "key.alg", "key-algorithm"),
        ({"kid": ""}, "key.kid", "kid-format"),
        ({"kid": 1}, "key.kid", "kid-format"),
        ({"kid": "../../dev/null"}, "key.kid", "kid-format"),
        ({"kid": "k" * 129}, "key.kid", "kid-format"),
        ({"kid": "k\n"}, "key.kid", "kid-format"),
        ({"n": None}, "key.n", "key-encoding"),
        ({"n": 5}, "key.n", "key-encoding"),
        ({"n": ""}, "key.n", "key-encoding"),
        ({"n": number(RSA_2048) + "="}, "key.n", "key-encoding"),
        ({"n": segment(b"\0" + RSA_2048.to_bytes(256))}, "key.n", "key-encoding"),
        ({"n": "A" * 3000}, "key.n", "key-encoding"),
        ({"e": number(1)}, "key", "key-strength"),
        ({"e": number(3)}, "key", "key-strength"),
        ({"e": number(65536)}, "key", "key-strength"),
        ({"e": number(2**65 + 1)}, "key", "key-strength"),
        ({"n": number(RSA_2048 + 1)}, "key", "key-strength"),
        ({"n": number((1 << 1023) + 1)}, "key", "key-strength"),
        ({"n": number((1 << 2046) + 1)}, "key", "key-strength"),
        ({"n": number((1 << 4096) + 1)}, "key", "key-strength"),
        ({"n": number(a_roca_modulus(2048))}, "key", "key-strength"),
        ({"d": "AQAB"}, "key", "private-key"),
        ({"p": "AQAB"}, "key", "private-key"),
        ({"k": "AQAB"}, "key", "private-key"),
    ],
)
def test_an_rsa_key_that_is_not_taken(changes: dict[str, Any], path: str, code: str) -> None:
    assert faults(jwk_of(rsa_key(), **changes)) == [(path, code)]


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"crv": "P-384"}, "key.x", "key-encoding"),
        ({"crv": "P-521"}, "key.crv", "key-curve"),
        ({"crv": "secp256k1"}, "key.crv", "key-curve"),
        ({"crv": None}, "key.crv", "key-curve"),
        ({"alg": "ES384"}, "key.alg", "key-algorithm"),
        ({"alg": "ES256K"}, "key.alg", "key-algorithm"),
        ({"x": None}, "key.x", "key-encoding"),
        ({"y": segment(bytes(32))}, "key", "key-point"),
        ({"y": segment(b"\xff" * 32)}, "key", "key-point"),
        ({"y": segment(b"\0" * 31)}, "key.y", "key-encoding"),
        ({"y": segment(b"\0" * 33)}, "key.y", "key-encoding"),
    ],
)
def test_an_elliptic_key_that_is_not_taken(changes: dict[str, Any], path: str, code: str) -> None:
    assert faults(jwk_of(ec_key("P-256"), **changes)) == [(path, code)]


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("point", sorted(SMALL_ORDER))
def test_an_edwards_point_of_small_order_is_not_taken(point: bytes, sign: int) -> None:
    spelled = point[:31] + bytes([point[31] | sign])
    assert faults(jwk_of(ed_key(), x=segment(spelled))) == [("key.x", "key-point")]


def test_a_point_of_small_order_verifies_what_nobody_signed() -> None:
    forged = 0
    for point in SMALL_ORDER:
        for message in (bytes([n]) for n in range(32)):
            try:
                key = ed25519.Ed25519PublicKey.from_public_bytes(point)
                key.verify((1).to_bytes(32, "little") + bytes(32), message)
                forged += 1
            except InvalidSignature:
                continue
    assert forged > 0


def test_between_one_and_eight_keys_are_taken() -> None:
    def keys(count: int) -> dict[str, Any]:
        made = (ec.generate_private_key(ec.SECP256R1()) for _ in range(count))
        return {"keys": [jwk_of(private) for private in made]}

    assert len(accept_keys(keys(8))) == 8
    assert faults(keys(9)) == [("keys", "key-count")]
    assert faults({"keys": []}) == [("keys", "key-count")]
    assert faults({"keys": "x"}) == [("keys", "key-count")]


def test_every_key_and_every_key_id_comes_once() -> None:
    one, other = jwk_of(ec_key(), kid="a"), jwk_of(ec_key("P-256"), kid="a")
    assert faults({"keys": [one, other]}) == [("keys[1]", "kid-repeated")]
    assert faults({"keys": [one, one | {"kid": "b"}]}) == [("keys[1]", "key-repeated")]


def test_every_fault_of_a_key_set_is_named() -> None:
    offered = [jwk_of(ec_key(), use="enc"), jwk_of(rsa_key()), "x", {"kty": "oct"}]
    assert faults({"keys": offered}) == [
        ("keys[0].use", "key-use"),
        ("keys[2]", "key-format"),
        ("keys[3].kty", "key-type"),
    ]


@pytest.mark.parametrize("offered", [None, 1, "text", [], [jwk_of(ec_key())], {}, {"keys": None}])
def test_what_is_no_key_is_refused(offered: Any) -> None:
    assert faults(offered)


def test_the_flawed_generators_mark_is_seen() -> None:
    assert has_roca_fingerprint(a_roca_modulus(2048))
    assert not has_roca_fingerprint(RSA_2048)
    assert not has_roca_fingerprint(rsa_key(3072).public_key().public_numbers().n)


@given(st.integers(0, 2**4200), st.integers(0, 2**70))
def test_an_rsa_key_in_use_is_long_and_odd(modulus: int, exponent: int) -> None:
    if check_rsa(modulus, exponent) is None:
        assert 2048 <= modulus.bit_length() <= 4096
        assert exponent >= 65537
        assert modulus % 2 == exponent % 2 == 1


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "kid", "key_ops", "pem"]),
        st.none() | st.text(max_size=50) | st.integers() | st.lists(st.text(max_size=5)),
    )
)
def test_any_object_is_taken_or_refused_by_its_faults(offered: dict[str, Any]) -> None:
    try:
        assert accept_keys(offered)
    except UnprocessableRequest as refused:
        raised = refused.faults
    else:
        return
    assert raised
