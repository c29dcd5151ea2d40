"""The valid tokens, and the ways to spoil one in one place."""

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from hie.access.compact import encode_segment, read_compact
from hie.access.profile import Profile
from hie.access.token import Expected
from tests.unit.access.tokens import (
    CLIENT,
    FHIR,
    HUB,
    NOW,
    Private,
    a_header,
    an_access_header,
    an_access_payload,
    an_assertion,
    ec_key,
    hub_private,
    of_client,
    of_hub,
    rsa_key,
    segment,
    sign,
    signed,
    verifying,
)

P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P384 = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffff"
    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    16,
)
CDS, SERVICE = "https://his.example/cds", f"{HUB}/cds-services/hie-order-sign"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
FOREIGN = ["=", "+", "/", " ", "\n", "\t", ".", "%", "\x00", "é", "中", "\u200b", "~", '"']


@dataclass(frozen=True)
class Target:
    """One valid token, its door, and what a second reader thinks."""

    name: str
    text: str
    profile: Profile
    expected: Expected
    algorithm: str
    private: Private
    keys: KeySet
    claims: JWTClaimsRegistry
    now: int = NOW

    def second(self, text: str) -> bool:
        """Whether joserfc accepts: signature, algorithm, and the claims it knows."""
        try:
            token = jwt.decode(text, self.keys, algorithms=[self.algorithm])
            self.claims.validate(token.claims)
        except (JoseError, ValueError, TypeError, RecursionError, AttributeError, KeyError):
            return False
        return True


@dataclass(frozen=True)
class Mutant:
    """A spoiled token; `malleated`: the same signature in its other form."""

    kind: str
    text: str
    malleated: bool = False


Mutation = Callable[[Target, random.Random], Mutant]


def targets() -> list[Target]:
    """One of each kind: access token, client assertions by two keys, user context, CDS call."""
    rsa = verifying(rsa_key(), "RS384")
    elliptic, hub = verifying(ec_key()), of_hub().keys[0]
    cds = verifying(ec_key("P-256", 5))
    essential = {"essential": True}
    access = JWTClaimsRegistry(
        now=NOW,
        leeway=30,
        iss={**essential, "value": HUB},
        aud={**essential, "value": FHIR},
        exp=essential,
    )
    assertion = JWTClaimsRegistry(
        now=NOW,
        leeway=30,
        iss={**essential, "value": CLIENT},
        sub={**essential, "value": CLIENT},
        aud={**essential, "values": [HUB, f"{HUB}/oauth/token"]},
        exp=essential,
    )
    return [
        Target(
            "access token ES256",
            signed(an_access_header(), an_access_payload(), hub_private(), "ES256"),
            Profile.ACCESS_TOKEN,
            of_hub(),
            "ES256",
            hub_private(),
            KeySet([ECKey.import_key(dict(hub.jwk()))]),
            access,
        ),
        Target(
            "assertion ES384",
            signed(a_header(), an_assertion(), ec_key(), "ES384"),
            Profile.CLIENT_ASSERTION,
            of_client(elliptic),
            "ES384",
            ec_key(),
            KeySet([ECKey.import_key(dict(elliptic.jwk()))]),
            assertion,
        ),
        Target(
            "assertion RS384",
            signed(a_header(alg="RS384"), an_assertion(), rsa_key(), "RS384"),
            Profile.CLIENT_ASSERTION,
            of_client(rsa),
            "RS384",
            rsa_key(),
            KeySet([RSAKey.import_key(dict(rsa.jwk()))]),
            assertion,
        ),
        Target(
            "user context RS384",
            signed(
                a_header(alg="RS384", typ="hub-user-context+jwt"),
                an_assertion(sub="staff-4711", aud=HUB, exp=NOW + 100),
                rsa_key(),
                "RS384",
            ),
            Profile.USER_CONTEXT,
            of_client(rsa, audiences=frozenset({HUB})),
            "RS384",
            rsa_key(),
            KeySet([RSAKey.import_key(dict(rsa.jwk()))]),
            JWTClaimsRegistry(
                now=NOW,
                leeway=30,
                iss={**essential, "value": CLIENT},
                aud={**essential, "value": HUB},
                exp=essential,
            ),
        ),
        Target(
            "CDS call ES256",
            signed(
                a_header(alg="ES256"),
                an_assertion(iss=CDS, sub=None, aud=SERVICE),
                ec_key("P-256", 5),
                "ES256",
            ),
            Profile.CDS_CLIENT,
            of_client(cds, issuer=CDS, audiences=frozenset({SERVICE})),
            "ES256",
            ec_key("P-256", 5),
            KeySet([ECKey.import_key(dict(cds.jwk()))]),
            JWTClaimsRegistry(
                now=NOW,
                leeway=30,
                iss={**essential, "value": CDS},
                aud={**essential, "value": SERVICE},
                exp=essential,
            ),
        ),
    ]


@cache
def cached_targets() -> tuple[Target, ...]:
    """The same tokens throughout a run."""
    return tuple(targets())


def _spoilt(kind: str, target: Target, text: str) -> Mutant:
    """A mutant that really is one."""
    return Mutant(kind, text if text != target.text else text + "A")


def changed_character(target: Target, rng: random.Random) -> Mutant:
    place = rng.randrange(len(target.text))
    text, new = target.text, rng.choice(ALPHABET)
    return _spoilt("character", target, text[:place] + new + text[place + 1 :])


def foreign_character(target: Target, rng: random.Random) -> Mutant:
    place = rng.randint(0, len(target.text))
    cut = rng.randint(0, 1)
    text = target.text[:place] + rng.choice(FOREIGN) + target.text[place + cut :]
    return _spoilt("foreign character", target, text)


def cut_short_or_doubled(target: Target, rng: random.Random) -> Mutant:
    a, b = sorted(rng.sample(range(len(target.text) + 1), 2))
    text = target.text
    made = text[:a] + text[b:] if rng.random() < 0.5 else text[:b] + text[a:]
    return _spoilt("cut or doubled", target, made)


def other_shape(target: Target, rng: random.Random) -> Mutant:
    head, body, tail = target.text.split(".")
    json_form = json.dumps({"protected": head, "payload": body, "signature": tail})
    general = json.dumps({"payload": body, "signatures": [{"protected": head, "signature": tail}]})
    text = rng.choice(
        [
            *(f"{head}.{body}.", f"{head}.{body}", f".{body}.{tail}", f"{head}..{tail}"),
            *(f"{body}.{head}.{tail}", f"{tail}.{body}.{head}", f"{head}.{tail}.{body}"),
            *(
                f"{target.text}.",
                f".{target.text}",
                f"{target.text}.{tail}",
                f"{head}.x.y.z.{tail}",
            ),
            *(json_form, general, f"Bearer {target.text}", target.text * 2, target.text.lower()),
            *(target.text + " " * rng.randint(1, 9), target.text + "A" * 9000),
        ]
    )
    return _spoilt("shape", target, text)


def padded(target: Target, rng: random.Random) -> Mutant:
    parts = target.text.split(".")
    n = rng.randrange(3)
    data = base64.urlsafe_b64decode(parts[n] + "=" * (-len(parts[n]) % 4))
    spelt = [
        base64.urlsafe_b64encode(data).decode() + "=" * rng.randint(0, 2),
        base64.b64encode(data).decode(),
        base64.b64encode(data).decode().rstrip("="),
        parts[n] + "=" * rng.randint(1, 3),
        parts[n][: len(parts[n]) // 2] + "\n" + parts[n][len(parts[n]) // 2 :],
    ]
    if len(parts[n]) % 4:
        bits = 4 if len(parts[n]) % 4 == 2 else 2
        last = ALPHABET.index(parts[n][-1])
        spelt.append(parts[n][:-1] + ALPHABET[last ^ rng.randint(1, (1 << bits) - 1)])
    parts[n] = rng.choice(spelt)
    return _spoilt("base64", target, ".".join(parts))


def signature_bits(target: Target, rng: random.Random) -> Mutant:
    head, _, tail = target.text.rpartition(".")
    raw = bytearray(_decoded(tail))
    for _ in range(rng.randint(1, 3)):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return _spoilt("signature bits", target, f"{head}.{encode_segment(bytes(raw))}")


def signature_numbers(target: Target, rng: random.Random) -> Mutant:
    """Numbers at the edges, other lengths, DER, halves exchanged; for RSA s + n and its like."""
    head, _, tail = target.text.rpartition(".")
    raw = _decoded(tail)
    if target.algorithm == "RS384":
        modulus = rsa_key().public_key().public_numbers().n
        value, width = int.from_bytes(raw), len(raw)
        numbers = [0, 1, modulus - 1, modulus, modulus - value, value + modulus, value * 2]
        made = rng.choice(numbers)
        data = made.to_bytes(max(width, (made.bit_length() + 7) // 8))
        options = [data, raw[1:], raw + b"\0", b"\0" + raw, raw[::-1], bytes(width)]
        return _spoilt("signature numbers", target, f"{head}.{encode_segment(rng.choice(options))}")
    width, order = (32, P256) if target.algorithm == "ES256" else (48, P384)
    r, s = int.from_bytes(raw[:width]), int.from_bytes(raw[width:])
    limit = 1 << (8 * width)
    edge = [0, 1, 2, order - 1, order, order + 1, limit - 1, order // 2, r, s]
    if r + order < limit:
        edge.append(r + order)
    pair = rng.choice(
        [(r, rng.choice(edge)), (rng.choice(edge), s), (rng.choice(edge), rng.choice(edge)), (s, r)]
    )
    if rng.random() < 0.05:
        pair = (r, order - s)
    data = b"".join(value.to_bytes(width) for value in pair)
    if rng.random() < 0.3:
        der = _der(target)
        data = rng.choice(
            [data[:-1], data + b"\0", b"\0" + data, data[:width], data + data, der, b"\0"]
        )
    text = f"{head}.{encode_segment(data)}"
    if data == r.to_bytes(width) + (order - s).to_bytes(width):
        return Mutant("signature numbers", text, malleated=True)
    return _spoilt("signature numbers", target, text)


def _der(target: Target) -> bytes:
    assert isinstance(target.private, ec.EllipticCurvePrivateKey)
    hashed = hashes.SHA256() if target.algorithm == "ES256" else hashes.SHA384()
    return target.private.sign(target.text.rpartition(".")[0].encode(), ec.ECDSA(hashed))


def another_key(target: Target, rng: random.Random) -> Mutant:
    """The same words, signed by somebody else, or by another algorithm of the same key."""
    token = read_compact(target.text)
    header = dict(token.header)
    others: list[tuple[Private, str]] = [
        (ec_key("P-256", 77), "ES256"),
        (ec_key("P-384", 77), "ES384"),
        (rsa_key(2048 if target.algorithm != "RS384" else 3072), "RS384"),
        *(
            [(target.private, "RS512"), (target.private, "PS384")]
            if target.algorithm == "RS384"
            else []
        ),
    ]
    private, algorithm = rng.choice(others)
    if rng.random() < 0.5:
        header["alg"] = algorithm
    return _spoilt("another key", target, signed(header, token.payload, private, algorithm))


HEADERS: list[dict[str, Any]] = [
    *(
        {"alg": alg}
        for alg in ("none", "None", "HS256", "HS384", "RS256", "ES512", "", None, 1, [])
    ),
    *(
        {"typ": typ}
        for typ in (None, "jwt", "JWE", "at+JWT", "dpop+jwt", "hub-user-context+jwt", 1)
    ),
    *(
        {"kid": kid}
        for kid in (None, "", "k9", "../../dev/null", "' OR 1=1--", 7, ["k1"], "k" * 200)
    ),
    {"jku": "https://evil.example/jwks.json"},
    {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
    {"x5u": "https://evil.example/"},
    {"x5c": ["AAAA"]},
    {"crit": ["exp"]},
    {"crit": []},
    {"crit": ["b64"], "b64": False},
    {"b64": True},
    {"zip": "DEF"},
    {"cty": "JWT"},
    {"p2c": 1_000_000},
    {"enc": "A128GCM"},
    {"unknown": {"a": [1]}},
]


def other_header(target: Target, rng: random.Random) -> Mutant:
    """Another header: with the old signature, or signed anew with the right key."""
    token = read_compact(target.text)
    header = {k: v for k, v in (token.header | rng.choice(HEADERS)).items() if v is not None}
    if header == token.header:
        header["unknown"] = rng.random() < 2
    if rng.random() < 0.4:
        _, body, tail = target.text.split(".")
        return _spoilt("header", target, f"{segment(header)}.{body}.{tail}")
    made = signed(header, token.payload, target.private, target.algorithm)
    return _spoilt("signed header", target, made)


CLAIMS: list[dict[str, Any]] = [
    *({name: None} for name in ("iss", "sub", "aud", "exp", "jti")),
    *({"iss": value} for value in ("https://evil.example", HUB + "/", CLIENT + "x", 1, [HUB], "")),
    *({"aud": value} for value in ("https://evil.example", [FHIR], [HUB], FHIR + "/", 1, {}, "")),
    *({"exp": value} for value in (NOW - 31, NOW + 1000, NOW + 10**9, "1782000200", True, -1, [])),
    *({"iat": value} for value in (NOW + 11, NOW - 10_000, "1782000000", False, {})),
    *({"nbf": value} for value in (NOW + 11, NOW + 10**9, "1782000000", True)),
    *({"jti": value} for value in ("", 1, ["a"], "x" * 300, "a b", "é", {})),
    *({"sub": value} for value in ("", 1, True, [CLIENT])),
    {"iat": NOW, "exp": NOW},
    {"iat": NOW, "exp": NOW - 5},
    {"deep": [[[[[[[[1]]]]]]]]},
]


def other_claims(target: Target, rng: random.Random) -> Mutant:
    """Claims the door must refuse, signed with the right key; or any, with the old signature."""
    token = read_compact(target.text)
    payload = {k: v for k, v in (token.payload | rng.choice(CLAIMS)).items() if v is not None}
    if payload == token.payload:
        payload["aud"] = [payload["aud"]]
    if rng.random() < 0.3:
        head, _, tail = target.text.split(".")
        payload[rng.choice(["scope", "client_id", "exp", "x"])] = rng.choice(["a", NOW, None])
        return _spoilt("claims", target, f"{head}.{segment(payload)}.{tail}")
    made = signed(token.header, payload, target.private, target.algorithm)
    return _spoilt("signed claims", target, made)


def other_json(target: Target, rng: random.Random) -> Mutant:
    """The right words in JSON that readers differ about, signed with the right key."""
    token = read_compact(target.text)
    text = json.dumps(token.payload, separators=(",", ":"))
    name = rng.choice(sorted(token.payload))
    again = json.dumps({name: token.payload[name]})[1:-1]
    number = str(token.payload["exp"])
    spoilt: list[bytes] = [
        (text[:-1] + "," + again + "}").encode(),
        ("{" + again + "," + text[1:]).encode(),
        text[:-1].encode() + b',"x":{"a":1,"a":2}}',
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("utf-16"),
        text.encode("utf-32-be"),
        text.replace(number, number + ".0").encode(),
        text.replace(number, number + "e0").encode(),
        text.replace(number, "NaN").encode(),
        text.replace(number, "Infinity").encode(),
        text.replace(number, "1e400").encode(),
        text.replace(number, "9" * 5000).encode(),
        text[:-1].encode() + b',"x":"\\ud800"}',
        text[:-1].encode() + b',"x":"\xff"}',
        text[:-1].encode() + b',"x":"\xc0\xaf"}',
        text[:-1].encode() + b',"x":1.5}',
        text[:-1].encode() + b",}",
        b" " + text.encode(),
        b"[" + text.encode() + b"]",
        text[:-1].encode() + b',"x":' + b"[" * 2000 + b"]" * 2000 + b"}",
        text.encode() + b"\0",
        text.encode() + text.encode(),
    ]
    data = rng.choice(spoilt)
    if rng.random() < 0.3:
        head = json.dumps(token.header, separators=(",", ":"))
        header = rng.choice(
            [
                (head[:-1] + ',"alg":"none"}').encode(),
                ('{"alg":"none",' + head[1:]).encode(),
                b"\xef\xbb\xbf" + head.encode(),
                head.encode("utf-16"),
                (head[:-1] + ',"typ":"JWT","typ":"at+jwt"}').encode(),
                (head + " " + head).encode(),
            ]
        )
        return _spoilt("json header", target, _signed(header, text.encode(), target))
    return _spoilt("json", target, _signed(json.dumps(token.header).encode(), data, target))


def _signed(header: bytes, payload: bytes, target: Target) -> str:
    body = f"{encode_segment(header)}.{encode_segment(payload)}"
    made = sign(target.private, target.algorithm, body.encode())
    return f"{body}.{encode_segment(made)}"


def _decoded(tail: str) -> bytes:
    return base64.urlsafe_b64decode(tail + "=" * (-len(tail) % 4))


def of_another_door(target: Target, rng: random.Random) -> Mutant:
    """A good token of another kind."""
    others = [one.text for one in cached_targets() if one.profile is not target.profile]
    return _spoilt("another door", target, rng.choice(others))


MUTATIONS: list[Mutation] = [
    changed_character,
    foreign_character,
    cut_short_or_doubled,
    other_shape,
    padded,
    signature_bits,
    signature_numbers,
    another_key,
    other_header,
    other_header,
    other_claims,
    other_claims,
    other_json,
    other_json,
    of_another_door,
]
