"""The families of Wycheproof's JSON Web Signature vectors, made anew for each algorithm.

The families (what is modified, missing, repeated, confused or embedded) are those of the C2SP
Wycheproof JOSE test vectors; the tokens are generated here, with this project's claims, so that
each stands beside its valid twin. joserfc reads each one as well: what it refuses, the door refuses.
"""

import base64
import hashlib
import hmac
import json
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from hie.access.compact import encode_segment
from hie.access.profile import Profile
from hie.access.token import verify_text
from hie.errors import NotAuthenticated
from tests.unit.access.tokens import (
    NOW,
    Private,
    a_header,
    an_assertion,
    ec_key,
    ed_key,
    jwk_of,
    of_client,
    rsa_key,
    segment,
    sign,
    signed,
    verifying,
)

KEYS: dict[str, Private] = {
    "RS384": rsa_key(),
    "PS384": rsa_key(),
    "ES256": ec_key("P-256"),
    "ES384": ec_key(),
    "EdDSA": ed_key(),
}
_KINDS: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


def valid(algorithm: str) -> str:
    return signed(a_header(alg=algorithm), an_assertion(), KEYS[algorithm], algorithm)


def accepts(algorithm: str, text: str) -> bool:
    expected = of_client(verifying(KEYS[algorithm], algorithm))
    try:
        verify_text(text, Profile.CLIENT_ASSERTION, expected, NOW)
    except NotAuthenticated:
        return False
    return True


def second(algorithm: str, text: str) -> bool:
    jwk = jwk_of(KEYS[algorithm], kid="k1", alg=algorithm)
    keys = KeySet([_KINDS[jwk["kty"]].import_key(jwk)])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joserfc: RFC 9864 has another name for EdDSA
            jws.deserialize_compact(text, keys, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError, AttributeError, UnicodeError):
        return False
    return True


def modified(part: str) -> str:
    return ("X" if part[0] != "X" else "Y") + part[1:]


def shapes(text: str) -> dict[str, str]:
    head, body, tail = text.split(".")
    flattened = json.dumps({"payload": body, "protected": head, "signature": tail})
    general = json.dumps(
        {
            "payload": body,
            "signatures": [{"protected": head, "header": {"x": "y"}, "signature": tail}],
        }
    )
    half = len(tail) // 2
    return {
        "modified signature": f"{head}.{body}.{modified(tail)}",
        "missing signature": f"{head}.{body}.",
        "missing signature and separator": f"{head}.{body}",
        "modified payload": f"{head}.{modified(body)}.{tail}",
        "missing payload": f"{head}..{tail}",
        "missing payload and separator": f"{head}.{tail}",
        "modified header": f"{modified(head)}.{body}.{tail}",
        "missing header": f".{body}.{tail}",
        "missing header and separator": f"{body}.{tail}",
        "missing header and signature": f".{body}.",
        "payload alone": body,
        "empty": "",
        "only separators": "..",
        "extra empty component": f"{text}.",
        "extra component": f"{text}.foo",
        "leading separator": f".{text}",
        "flattened JSON": flattened,
        "general JSON": general,
        "five segments, as of JWE": f"{head}.{body}.{tail}.{tail}.{tail}",
        "spaces in the signature": f"{head}.{body}.{tail[:half]} {tail[half:]}",
        "a line break in the signature": f"{head}.{body}.{tail[:half]}\n{tail[half:]}",
        "foreign characters in the signature": f"{head}.{body}.{tail[:half]}?{tail[half:]}",
        "a trailing line break": f"{text}\n",
        "padding": f"{head}.{body}.{tail}=",
        "a truncated signature": f"{head}.{body}.{tail[:-4]}",
        "a longer signature": f"{head}.{body}.{tail}AAAA",
        "a signature in the other alphabet": f"{head}.{body}.{_other_alphabet(tail)}",
        "no signature of zeroes": f"{head}.{body}.{'A' * len(tail)}",
    }


def _other_alphabet(tail: str) -> str:
    made = tail.replace("-", "+").replace("_", "/")
    return made if made != tail else tail + "+"


SHAPES = list(shapes("a.b.cccc"))


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_valid_token_of_each_algorithm_is_accepted_by_both_readers(algorithm: str) -> None:
    assert accepts(algorithm, valid(algorithm))
    assert second(algorithm, valid(algorithm))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_of_another_shape_is_refused(algorithm: str, shape: str) -> None:
    assert not accepts(algorithm, shapes(valid(algorithm))[shape])


def respelt(part: str) -> list[str]:
    """The spellings of a base64url text that say the same octets; none where no bit is unused."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = {0: 0, 2: 4, 3: 2}[len(part) % 4]
    last = alphabet.index(part[-1])
    return [part[:-1] + alphabet[last ^ bits] for bits in range(1, 1 << spare)]


@pytest.mark.parametrize("jti", ["0123456789abcdef"[:length] for length in (14, 15, 16)])
@pytest.mark.parametrize("algorithm", KEYS)
def test_unused_bits_of_what_is_signed_must_be_zero(algorithm: str, jti: str) -> None:
    """Also where the signature is over the other spelling: it is good, the spelling is not."""

    def accepted(head: str, body: str) -> bool:
        tail = encode_segment(sign(KEYS[algorithm], algorithm, f"{head}.{body}".encode()))
        return accepts(algorithm, f"{head}.{body}.{tail}")

    head, body = segment(a_header(alg=algorithm)), segment(an_assertion(jti=jti))
    assert accepted(head, body)
    tried = [(other, body) for other in respelt(head)] + [(head, other) for other in respelt(body)]
    assert [one for one in tried if accepted(*one)] == []
    lengths = {len(segment(an_assertion(jti="0123456789abcdef"[:n]))) % 4 for n in (14, 15, 16)}
    assert lengths == {0, 2, 3}  # so each number of unused bits is tried


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])  # those of the others have none
def test_unused_bits_of_a_signature_must_be_zero(algorithm: str) -> None:
    head, _, tail = valid(algorithm).rpartition(".")
    others = respelt(tail)
    assert len(others) == 15
    assert [one for one in others if accepts(algorithm, f"{head}.{one}")] == []


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("algorithm", KEYS)
def test_unsigned_is_never_signed(algorithm: str, alg: str) -> None:
    body = f"{segment(a_header(alg=alg))}.{segment(an_assertion())}"
    tail = valid(algorithm).rpartition(".")[2]
    for text in (f"{body}.", body, f"{body}.{tail}"):
        assert not accepts(algorithm, text)


@pytest.mark.parametrize("mac", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("algorithm", KEYS)
def test_the_bytes_of_a_public_key_are_no_shared_secret(algorithm: str, mac: str) -> None:
    public = KEYS[algorithm].public_key()
    secrets = [
        public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        for encoding in (Encoding.PEM, Encoding.DER)
    ]
    secrets.append(json.dumps(jwk_of(KEYS[algorithm], kid="k1")).encode())
    hashed = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}[mac[2:]]
    body = f"{segment(a_header(alg=mac))}.{segment(an_assertion())}"
    for secret in secrets:
        tail = encode_segment(hmac.new(secret, body.encode(), hashed).digest())
        assert not accepts(algorithm, f"{body}.{tail}")


CLAIMED = [*KEYS, "RS256", "RS512", "PS256", "ES512", "ES256K"]


@pytest.mark.parametrize(
    ("algorithm", "claimed"), [(one, other) for one in KEYS for other in CLAIMED if one != other]
)
def test_the_wrong_primitive_is_refused(algorithm: str, claimed: str) -> None:
    header = a_header(alg=claimed)
    body = f"{segment(header)}.{segment(an_assertion())}"
    tail = encode_segment(sign(KEYS[algorithm], algorithm, body.encode()))
    assert not accepts(algorithm, f"{body}.{tail}")


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_key_the_token_brings_along_is_not_used(algorithm: str) -> None:
    own = {"RS384": rsa_key(3072), "PS384": rsa_key(3072), "EdDSA": None}.get(algorithm)
    attacker: Private = own or ec_key("P-256" if algorithm == "ES256" else "P-384", 66)
    used = algorithm if algorithm != "EdDSA" else "ES384"
    for name in ("jwk", "jku", "x5c", "x5u"):
        value: Any = jwk_of(attacker, kid="k1") if name == "jwk" else "https://evil.example/"
        header = a_header(alg=used) | {name: [value] if name == "x5c" else value}
        assert not accepts(algorithm, signed(header, an_assertion(), attacker, used))


ORDERS = {
    "ES256": (32, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
    "ES384": (
        48,
        int(
            "ffffffffffffffffffffffffffffffffffffffffffffffff"
            "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            16,
        ),
    ),
}


@pytest.mark.parametrize("algorithm", ORDERS)
def test_numbers_at_the_edges_of_an_elliptic_signature_are_refused(algorithm: str) -> None:
    width, order = ORDERS[algorithm]
    head, _, tail = valid(algorithm).rpartition(".")
    raw = base64.urlsafe_b64decode(tail + "==")
    r, s = int.from_bytes(raw[:width]), int.from_bytes(raw[width:])
    edge = [0, 1, 2, order - 1, order, order + 1, (1 << (8 * width)) - 1]
    pairs = {(a, b) for a in (*edge, r) for b in (*edge, s)} | {(s, r)}
    for a, b in pairs - {(r, s), (r, order - s)}:
        text = f"{head}.{encode_segment(a.to_bytes(width) + b.to_bytes(width))}"
        assert not accepts(algorithm, text), (a, b)
    for other in (raw + b"\0", b"\0" + raw, raw[:-1], raw[1:], raw[:width], raw + raw):
        assert not accepts(algorithm, f"{head}.{encode_segment(other)}")
    for extra in (8, 200):  # numbers of more octets than the field has
        longer = r.to_bytes(width + extra) + s.to_bytes(width + extra)
        assert not accepts(algorithm, f"{head}.{encode_segment(longer)}")


def test_a_signature_of_modified_pkcs1_padding_is_refused() -> None:
    """Ten ways to spoil EMSA-PKCS1-v1_5 (RFC 8017, 9.2), each raised to the private exponent."""
    private = rsa_key()
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.private_numbers()
    modulus, size = numbers.public_numbers.n, private.key_size // 8
    body = valid("RS384").rpartition(".")[0]
    digest = hashlib.sha384(body.encode()).digest()
    info = bytes.fromhex("3041300d060960864801650304020205000430") + digest
    bare = bytes.fromhex("303f300b0609608648016503040202") + b"\x04\x30" + digest  # without NULL
    fill = b"\xff" * (size - len(info) - 3)
    good = b"\x00\x01" + fill + b"\x00" + info

    def as_text(block: bytes) -> str:
        made = pow(int.from_bytes(block), numbers.d, modulus)
        return f"{body}.{encode_segment(made.to_bytes(size))}"

    assert accepts("RS384", as_text(good))
    spoilt = [
        b"\x00\x02" + fill + b"\x00" + info,
        b"\x00\x00" + fill + b"\x00" + info,
        b"\x00\x01" + fill[:-1] + b"\x00\x00" + info,
        b"\x00\x01" + b"\x00" * len(fill) + b"\x00" + info,
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + b"\x00" * (len(fill) - 8),
        b"\x00\x01" + fill + b"\x01" + info,
        b"\x00\x01" + b"\xff" * (size - len(bare) - 3) + b"\x00" + bare,
        b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest,
        b"\x00\x01" + fill[:-1] + b"\xfe\x00" + info,
        b"\x00\x01" + fill + b"\x00" + info[:-1] + bytes([info[-1] ^ 1]),
    ]
    for block in spoilt:
        assert len(block) == size
        assert not accepts("RS384", as_text(block))


@pytest.mark.parametrize("salt", [0, 20, 32, 47, 64])
def test_a_pss_salt_of_another_length_is_read_as_rfc_7518_has_it(salt: int) -> None:
    private = rsa_key()
    assert isinstance(private, rsa.RSAPrivateKey)
    body = f"{segment(a_header(alg='PS384'))}.{segment(an_assertion())}"
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), salt)
    tail = encode_segment(private.sign(body.encode(), pss, hashes.SHA384()))
    # RFC 7518, 3.5: the salt is as long as the hash. Readers that find out the length themselves
    # accept others; no forgery, for the private key was needed. The two readers must agree.
    assert accepts("PS384", f"{body}.{tail}") == second("PS384", f"{body}.{tail}")
