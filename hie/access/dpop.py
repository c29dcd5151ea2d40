"""A DPoP proof: this request, now, by whoever holds the key a token is bound to (RFC 9449).

Pure: the request, the time and the expected nonce are arguments. That a proof is used once needs
the store and belongs to the door. As everywhere, a proof's header may have no member beside those
that are asked for, and its key must be one the hub would register.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hie.access.compact import Compact, encode_segment, read_compact
from hie.access.jwk import thumbprint
from hie.access.keys import VerificationKey, accept_keys
from hie.access.reason import Reason, refused
from hie.access.token import check_signature
from hie.errors import NotAuthenticated, UnprocessableRequest

ALGORITHMS = ("ES256", "ES384", "EdDSA")
OLDEST, EARLY = 60, 10  # seconds a proof may be old, and ahead
_ID = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds: the RFC 7638 thumbprint of its key, its id, and when it was made."""

    key: str
    token_id: str
    issued: int


def read_proof(
    text: str, *, method: str, url: str, now: float, nonces: frozenset[str], token: str | None
) -> Proof:
    """The proof in a DPoP header; raises NotAuthenticated with reason DPOP, or NONCE.

    `nonces` are those the hub gave lately; `token` is the access token beside the proof, if any.
    """
    try:
        apart = read_compact(text)
        key = _key(apart)
        check_signature(apart, key)
    except (NotAuthenticated, UnprocessableRequest) as error:
        raise refused(Reason.DPOP) from error
    said = apart.payload
    issued, token_id = said.get("iat"), said.get("jti")
    fits = (
        said.get("htm") == method
        and said.get("htu") == url
        and type(issued) is int
        and now - OLDEST <= issued <= now + EARLY
        and isinstance(token_id, str)
        and _ID.fullmatch(token_id) is not None
        and said.get("ath") == (None if token is None else hash_of(token))
    )
    if not fits:
        raise refused(Reason.DPOP)
    if said.get("nonce") not in nonces:
        raise refused(Reason.NONCE)
    return Proof(thumbprint(key.public), str(token_id), int(str(issued)))


def hash_of(token: str) -> str:
    """`ath`: the SHA-256 of an access token, base64url."""
    return encode_segment(hashlib.sha256(token.encode("ascii")).digest())


def _key(apart: Compact) -> VerificationKey:
    header, jwk = apart.header, apart.header.get("jwk")
    if header.keys() != {"typ", "alg", "jwk"} or header["typ"] != "dpop+jwt":
        raise refused(Reason.DPOP)
    if not isinstance(jwk, Mapping) or header["alg"] not in ALGORITHMS:
        raise refused(Reason.DPOP)
    (key,) = accept_keys({"keys": [jwk]})
    if key.algorithm != header["alg"]:
        raise refused(Reason.DPOP)
    return key
