"""The strict door, attacked by hand: each refusal has a twin that differs in that alone."""

import json
from typing import Any

import pytest

from hie.access.compact import encode_segment, read_compact
from hie.access.mint import mint
from hie.access.profile import Profile
from hie.access.reason import ALERTS, Reason, reason_of
from hie.access.token import Claims, Expected, verify_text
from hie.errors import NotAuthenticated
from tests.unit.access.tokens import (
    CLIENT,
    FHIR,
    HUB,
    INSTITUTION,
    NOW,
    TOKEN_URL,
    a_grant,
    a_header,
    an_access_header,
    an_access_payload,
    an_assertion,
    ec_key,
    ed_key,
    hub_key,
    hub_private,
    of_client,
    of_hub,
    rsa_key,
    segment,
    signed,
    verifying,
)

A, T = Profile.CLIENT_ASSERTION, Profile.ACCESS_TOKEN


def refusal(text: str, profile: Profile, expected: Expected, now: float = NOW) -> Reason:
    with pytest.raises(NotAuthenticated) as caught:
        verify_text(text, profile, expected, now)
    return reason_of(caught.value)


def accept(text: str, profile: Profile = A, expected: Expected | None = None) -> Claims:
    return verify_text(text, profile, expected or of_client(), NOW)


def assertion(header: dict[str, Any] | None = None, **claims: Any) -> str:
    return signed(header or a_header(), an_assertion(**claims), ec_key())


def access(**claims: Any) -> str:
    return signed(an_access_header(), an_access_payload(**claims), hub_private(), "ES256")


# --- what is accepted


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        (rsa_key(), "RS384"),
        (rsa_key(), "PS384"),
        (ec_key(), "ES384"),
        (ec_key("P-256"), "ES256"),
        (ed_key(), "EdDSA"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_client_assertion_by_each_offered_algorithm_is_accepted(
    private: Any, algorithm: str
) -> None:
    text = signed(a_header(alg=algorithm), an_assertion(), private, algorithm)
    claims = accept(text, A, of_client(verifying(private, algorithm)))
    assert (claims.issuer, claims.subject, claims.token_id) == (CLIENT, CLIENT, "0123456789abcdef")


@pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt"])
@pytest.mark.parametrize("aud", [HUB, TOKEN_URL])
def test_an_assertion_may_name_the_issuer_or_the_token_address(typ: str, aud: str) -> None:
    assert accept(assertion(a_header(typ=typ), aud=aud)).audience == aud


def test_an_assertion_needs_no_iat() -> None:
    assert accept(assertion(iat=None)).issued is None


def test_a_minted_access_token_is_accepted_at_its_own_door() -> None:
    text = mint(a_grant(), hub_key(), "ab" * 16, NOW)
    claims = accept(text, T, of_hub())
    assert claims.expires - NOW == 300
    assert claims.members["scope"] == "system/Observation.rs hie/order-check"
    assert claims.members["hub"] == {"inst": INSTITUTION}


def test_a_minted_token_names_no_person() -> None:
    claims = read_compact(mint(a_grant(), hub_key(), "ab" * 16, NOW)).payload
    assert set(claims) == {
        *("iss", "aud", "client_id", "sub", "iat", "exp", "jti", "scope", "hub", "extensions")
    }


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 30, "iat": NOW - 200},
        {"iat": NOW + 10, "exp": NOW + 60},
        {"nbf": NOW + 10},
        {"exp": NOW + 300},
        {"iat": None, "exp": NOW + 310},
        {"jti": "x" * 255},
        {"extra": {"a": [1, {"b": None}]}},
    ],
)
def test_a_claim_at_its_limit_is_accepted(claims: dict[str, Any]) -> None:
    accept(assertion(**claims))


# --- the algorithm and the key


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", ".", "AAAA"])
def test_an_unsigned_token_is_an_attack(alg: str, signature: str) -> None:
    body = f"{segment(a_header(alg=alg))}.{segment(an_assertion())}"
    text = body + {"": ".", ".": "..", "AAAA": ".AAAA"}[signature]
    if signature == ".":
        assert refusal(text, A, of_client()) is Reason.SHAPE
    else:
        assert refusal(text, A, of_client()) is Reason.JWS_ALG


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512", "hs256"])
def test_a_public_key_is_never_a_shared_secret(alg: str) -> None:
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = rsa_key().public_key()
    for encoding in (Encoding.PEM, Encoding.DER):
        secret = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        body = f"{segment(a_header(alg=alg))}.{segment(an_assertion())}"
        name = {"384": hashlib.sha384, "512": hashlib.sha512}.get(alg[2:], hashlib.sha256)
        text = f"{body}.{encode_segment(hmac.new(secret, body.encode(), name).digest())}"
        assert refusal(text, A, of_client(verifying(rsa_key()))) is Reason.ALG_CONFUSION


@pytest.mark.parametrize("alg", ["RS512", "RS256", "PS256", "PS384"])
def test_a_key_is_used_for_its_own_algorithm_only(alg: str) -> None:
    text = signed(a_header(alg=alg), an_assertion(), rsa_key(), alg)
    assert refusal(text, A, of_client(verifying(rsa_key(), "RS384"))) is Reason.KEY_MISMATCH


@pytest.mark.parametrize("alg", [None, 5, True, ["ES384"], {"a": 1}, "ES384 ", "es384", "ES385"])
def test_an_algorithm_that_is_not_one_is_refused(alg: Any) -> None:
    header = a_header() | ({"alg": alg} if alg is not None else {})
    if alg is None:
        del header["alg"]
    assert refusal(assertion(header), A, of_client()) is Reason.JWS_ALG


@pytest.mark.parametrize(
    "kid",
    [
        None,
        "../../dev/null",
        "' OR 1=1--",
        "k" * 4096,
        "k" * 129,
        1,
        "",
        "\N{KEY}",
        "k1\n",
        "k1 ",
        "k2",
        ["k1"],
    ],
)
def test_a_key_id_that_is_not_a_registered_one_is_refused(kid: Any) -> None:
    assert refusal(assertion(a_header(kid=kid)), A, of_client()) is Reason.KID


def test_two_keys_of_one_id_are_none() -> None:
    keys = (verifying(ec_key()), verifying(ec_key()))
    assert refusal(assertion(), A, of_client(*keys)) is Reason.KID


@pytest.mark.parametrize(
    "uses", [{"uses": "enc"}, {"operations": frozenset({"encrypt"})}, {"uses": "tls"}]
)
def test_a_key_that_is_not_for_verifying_verifies_nothing(uses: dict[str, Any]) -> None:
    from dataclasses import replace

    key = replace(verifying(ec_key()), **uses)
    assert refusal(assertion(), A, of_client(key)) is Reason.KEY_USE


def test_another_clients_signature_is_refused() -> None:
    text = signed(a_header(), an_assertion(), ec_key("P-384", 2))
    assert refusal(text, A, of_client()) is Reason.SIG


@pytest.mark.parametrize("cut", [1, 48, 96])
@pytest.mark.parametrize("fill", [b"", b"\0", b"\xff"])
def test_a_signature_of_another_length_is_refused(cut: int, fill: bytes) -> None:
    head, _, tail = assertion().rpartition(".")
    import base64

    raw = base64.urlsafe_b64decode(tail + "==")
    for other in (raw[:-cut] + fill, raw + b"\0" * cut, b"\0" + raw, raw[:-cut] + fill * cut):
        if other and other != raw:
            text = f"{head}.{encode_segment(other)}"
            assert refusal(text, A, of_client()) is Reason.SIG


def test_a_der_signature_is_refused() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    body = f"{segment(a_header())}.{segment(an_assertion())}"
    der = ec_key().sign(body.encode(), ec.ECDSA(hashes.SHA384()))
    assert refusal(f"{body}.{encode_segment(der)}", A, of_client()) is Reason.SIG


def test_an_all_zero_signature_is_refused() -> None:
    body = f"{segment(a_header())}.{segment(an_assertion())}"
    assert refusal(f"{body}.{encode_segment(bytes(96))}", A, of_client()) is Reason.SIG


# --- the header


@pytest.mark.parametrize(
    "members",
    [
        {"jku": "https://evil.example/jwks.json"},
        {"jwk": {"kty": "EC"}},
        {"x5u": "https://evil.example/"},
        {"x5c": ["AAAA"]},
        {"x5t": "AAAA"},
        {"crit": ["x"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"crit": ["exp"]},
        {"b64": True},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"p2c": 100_000_000},
        {"unknown": 1},
        {"ALG": "none"},
    ],
    ids=lambda members: "+".join(members),
)
def test_a_header_member_that_is_not_asked_for_is_refused(members: dict[str, Any]) -> None:
    assert refusal(assertion(a_header(**members)), A, of_client()) is Reason.HDR


@pytest.mark.parametrize(
    "address",
    [
        "https://lis.example/jwks.json.evil",
        "https://lis.example@evil.example/jwks.json",
        "https://lis.example/../jwks.json",
        "https://lis.example:8443/jwks.json",
        "http://lis.example/jwks.json",
        "https://LIS.example/jwks.json",
        "https://lis.example/jwks.json#",
        ["https://lis.example/jwks.json"],
    ],
)
def test_a_key_address_that_is_not_the_registered_one_is_refused(address: Any) -> None:
    known = of_client(jwks_url="https://lis.example/jwks.json")
    assert refusal(assertion(a_header(jku=address)), A, known) is Reason.HDR
    accept(assertion(a_header(jku="https://lis.example/jwks.json")), A, known)


def test_an_access_token_never_names_a_key_address() -> None:
    header = an_access_header(jku="https://lis.example/jwks.json")
    text = signed(header, an_access_payload(), hub_private(), "ES256")
    assert refusal(text, T, of_hub(jwks_url="https://lis.example/jwks.json")) is Reason.HDR


# --- one kind of token at another door


@pytest.mark.parametrize("typ", [None, "JWT", "at+JWT", "AT+JWT", "application/at+jwt", 1, ""])
def test_a_bearer_token_says_that_it_is_an_access_token(typ: Any) -> None:
    text = signed(an_access_header(typ=typ), an_access_payload(), hub_private(), "ES256")
    assert refusal(text, T, of_hub()) is Reason.TYPE


@pytest.mark.parametrize(
    "typ", ["at+jwt", "hub-user-context+jwt", "jwt", "secevent+jwt", "dpop+jwt", "logout+jwt", None]
)
def test_a_token_of_another_kind_is_no_client_assertion(typ: Any) -> None:
    assert refusal(assertion(a_header(typ=typ)), A, of_client()) is Reason.TYPE


@pytest.mark.parametrize("profile", [p for p in Profile if p is not T])
def test_an_access_token_fails_at_every_other_door(profile: Profile) -> None:
    text = mint(a_grant(), hub_key(), "ab" * 16, NOW)
    assert refusal(text, profile, of_hub()) in {Reason.TYPE, Reason.JWS_ALG}


@pytest.mark.parametrize("profile", [p for p in Profile if p is not A])
def test_a_client_assertion_fails_at_every_other_door(profile: Profile) -> None:
    service = of_client(audiences=frozenset({f"{HUB}/cds-services/hie-order-sign"}))
    for private, algorithm in ((ec_key(), "ES384"), (rsa_key(), "RS384")):
        text = signed(a_header(alg=algorithm), an_assertion(), private, algorithm)
        reason = refusal(text, profile, service)
        assert reason in ALERTS | {Reason.CLAIM, Reason.KID}


def test_a_cds_client_token_is_no_client_assertion() -> None:
    text = assertion(aud=f"{HUB}/cds-services/hie-order-sign")
    assert refusal(text, A, of_client()) is Reason.AUD


# --- the claims


@pytest.mark.parametrize("name", ["iss", "sub", "exp"])
def test_a_missing_claim_is_refused(name: str) -> None:
    assert refusal(assertion(**{name: None}), A, of_client()) is Reason.CLAIM


@pytest.mark.parametrize("name", ["iss", "sub", "exp", "iat", "client_id", "scope", "hub"])
def test_a_missing_claim_of_an_access_token_is_refused(name: str) -> None:
    assert refusal(access(**{name: None}), T, of_hub()) is Reason.CLAIM


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1782000100", True, False, [NOW], {"v": NOW}])
def test_a_time_that_is_no_integer_is_refused(name: str, value: Any) -> None:
    assert refusal(assertion(**{name: value}), A, of_client()) is Reason.CLAIM


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400", "1782000240.5", "1e3"])
def test_a_time_that_is_no_whole_number_is_refused(value: str) -> None:
    payload = json.dumps(an_assertion()).replace(str(NOW + 240), value).encode()
    assert refusal(signed(a_header(), payload, ec_key()), A, of_client()) is Reason.JSON


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    payload = json.dumps(an_assertion()).replace(str(NOW + 240), "1" + "0" * 4500).encode()
    assert refusal(signed(a_header(), payload, ec_key()), A, of_client()) is Reason.JSON


@pytest.mark.parametrize("name", ["iss", "sub"])
@pytest.mark.parametrize("value", [1, True, ["lis-1"], {"a": "lis-1"}, ""])
def test_a_name_that_is_no_text_is_refused(name: str, value: Any) -> None:
    assert refusal(assertion(**{name: value}), A, of_client()) is Reason.CLAIM


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 31, "iat": NOW - 300},
        {"exp": NOW + 301},
        {"exp": 253_402_300_799},
        {"iat": None, "exp": NOW + 311},
        {"iat": None, "exp": 253_402_300_799},
        {"iat": NOW + 11, "exp": NOW + 100},
        {"nbf": NOW + 11},
        {"iat": NOW + 5, "exp": NOW + 5},
        {"iat": NOW + 5, "exp": NOW + 4},
        {"exp": 0},
        {"exp": -1, "iat": -100},
        {"iat": 0},
    ],
    ids=str,
)
def test_a_token_outside_its_time_is_refused(claims: dict[str, Any]) -> None:
    assert refusal(assertion(**claims), A, of_client()) is Reason.LIFETIME


@pytest.mark.parametrize(
    "aud",
    [
        None,
        [TOKEN_URL],
        [TOKEN_URL, "https://evil.example"],
        [],
        "https://other.example/oauth/token",
        f"{TOKEN_URL}/",
        TOKEN_URL[:-1],
        FHIR,
        "",
        HUB.upper(),
        1,
    ],
    ids=str,
)
def test_an_assertion_for_another_server_is_refused(aud: Any) -> None:
    assert refusal(assertion(aud=aud), A, of_client()) is Reason.AUD


@pytest.mark.parametrize("aud", [HUB, f"{FHIR}/", "https://other.example/fhir", [FHIR], None])
def test_an_access_token_for_another_server_is_refused(aud: Any) -> None:
    assert refusal(access(aud=aud), T, of_hub()) is Reason.AUD


@pytest.mark.parametrize("jti", [None, 1, "", "x" * 256, ["a"], "a b", "a\n", "\N{SNOWMAN}", True])
def test_a_token_id_that_cannot_be_remembered_is_refused(jti: Any) -> None:
    assert refusal(assertion(jti=jti), A, of_client()) is Reason.JTI


def test_an_issuer_that_begins_like_ours_is_not_ours() -> None:
    for issuer in ("https://hub.example.evil", "https://hub", "https://hub.example/"):
        assert refusal(access(iss=issuer), T, of_hub()) is Reason.CLAIM


def test_a_client_speaks_for_itself_only() -> None:
    assert refusal(assertion(sub="lis-2"), A, of_client()) is Reason.CLAIM


# --- the encoding


@pytest.mark.parametrize(
    "payload",
    [
        '{"iss":"lis-1","iss":"lis-2"}',
        '{"aud":"a","aud":"b"}',
        '{"e":{"a":1,"a":1}}',
        '{"e":[{"a":1,"a":2}]}',
        '{"iss":"a","\\u0069ss":"b"}',
    ],
)
def test_a_member_that_occurs_twice_is_an_attack(payload: str) -> None:
    text = signed(a_header(), payload.encode(), ec_key())
    assert refusal(text, A, of_client()) is Reason.DUP


def test_an_algorithm_that_occurs_twice_is_an_attack() -> None:
    header = b'{"alg":"none","alg":"ES384","kid":"k1","typ":"JWT"}'
    assert refusal(signed(header, an_assertion(), ec_key()), A, of_client()) is Reason.DUP


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.decode().encode("utf-16-le"),
        lambda data: b" " + data,
        lambda data: b"[" + data + b"]",
        lambda data: data + b"x",
        lambda data: data[:-1],
        lambda data: data.replace(b"lis-1", b"\xff\xfe"),
        lambda data: data.replace(b"lis-1", b"\xc0\xaf"),
        lambda data: data.replace(b"lis-1", b"\\ud800"),
        lambda data: data.replace(b"lis-1", b"\\udc00\\ud800"),
        lambda data: data.replace(b"lis-1", b"a\x00"),
        lambda data: b'{"a":' * 9 + b"1" + b"}" * 9,
        lambda data: b'{"a":' + b"[" * 2500 + b"]" * 2500 + b"}",
        lambda data: b'{"a":"' + b'\\"' * 2500,
        lambda data: b"",
        lambda data: b"null",
        lambda data: b'"text"',
    ],
)
def test_json_that_two_readers_might_read_differently_is_refused(spoil: Any) -> None:
    payload = spoil(json.dumps(an_assertion()).encode())
    assert refusal(signed(a_header(), payload, ec_key()), A, of_client()) is Reason.JSON


def test_eight_levels_are_read() -> None:
    accept(assertion(e={"a": [[[[[{}]]]]]}))


def test_brackets_inside_text_are_no_levels() -> None:
    accept(assertion(note='[[[[[[[[[[{{{{"\\'))


def _spoiled_encodings(text: str) -> list[str]:
    header, payload, signature = text.split(".")
    return [
        f"{header}=.{payload}.{signature}",
        f"{header}.{payload}=.{signature}",
        f"{header}.{payload}.{signature}==",
        f"{header}.{payload}.{signature}\n",
        f" {text}",
        f"{header}. {payload}.{signature}",
        f"{header}.{payload[:10]}+{payload[10:]}.{signature}",
        f"{header}.{payload[:10]}/{payload[10:]}.{signature}",
        f"{header}.{payload}.{signature}%",
        f"{header}.{payload}.{signature}\N{FULLWIDTH DIGIT ONE}",
    ]


@pytest.mark.parametrize("number", range(10))
def test_base64_is_not_repaired(number: int) -> None:
    spoiled = _spoiled_encodings(assertion())[number]
    assert refusal(spoiled, A, of_client()) is Reason.ENC


def test_the_unused_bits_of_base64_are_zero() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = signed(a_header(alg="EdDSA"), an_assertion(), ed_key(), "EdDSA")
    known = of_client(verifying(ed_key()))
    accept(text, A, known)
    last = alphabet.index(text[-1])
    for other in range(last & ~15, (last & ~15) + 16):
        if other != last:
            assert refusal(text[:-1] + alphabet[other], A, known) is Reason.ENC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.b",
        "..",
        ".b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        '{"payload":"a","signatures":[]}',
        '{"payload":"a","protected":"b","signature":"c"}',
    ],
)
def test_what_is_not_three_segments_is_no_token(text: str) -> None:
    assert refusal(text, A, of_client()) is Reason.SHAPE


def test_a_token_over_eight_kilobytes_is_not_looked_at() -> None:
    assert refusal(assertion(jti="x" * 10_000), A, of_client()) is Reason.SHAPE
    assert refusal("a." * 500_000, A, of_client()) is Reason.SHAPE


def test_a_refusal_says_nothing_to_the_caller() -> None:
    with pytest.raises(NotAuthenticated) as caught:
        accept(assertion(aud="https://evil.example/secret"))
    assert caught.value.text == "not accepted"
    assert "evil" not in repr(caught.value.faults)
