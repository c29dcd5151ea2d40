"""The strict door: one order of checks for every signed token that reaches the hub.

Two steps, because the key depends on who the token says it is from: `read_compact` takes it apart,
the caller finds that issuer's keys, `verify` does the rest. Replay and status need the store and
belong to the doors. Pure: keys, expectations and the time are arguments. Every failure is
NotAuthenticated with a `Reason` for the log.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jwt.algorithms import get_default_algorithms

from hie.access.compact import Compact, read_compact
from hie.access.keys import KID, VerificationKey
from hie.access.pcf import are_pcf
from hie.access.profile import Profile, TokenRules
from hie.access.reason import Reason, refused

LATE, EARLY = 30, 10  # seconds of clock difference that are forgiven
_TOKEN_ID = re.compile(r"[\x21-\x7e]{1,255}")
_WHOLE = frozenset({"exp", "iat", "nbf", "auth_time"})
_TEXT = frozenset({"iss", "sub", "jti", "client_id", "scope", "nonce", "acr"})
_OFFERED = frozenset({"RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "EdDSA"})
# PyJWT's algorithms alone, each for its key: what its reader does with a token's text beside that
# is done here before, more strictly, and costs as much as the signature.
_SIGNATURES = {name: made for name, made in get_default_algorithms().items() if name in _OFFERED}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the door that took the token expects of it."""

    issuer: str
    audiences: frozenset[str]
    keys: Sequence[VerificationKey]
    jwks_url: str | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says; times in seconds since the Unix epoch."""

    issuer: str
    subject: str
    audience: str
    token_id: str
    issued: int | None
    expires: int
    members: Mapping[str, object]


def verify(token: Compact, profile: Profile, expected: Expected, now: float) -> Claims:
    """The claims of a token that passed every check; the first failure is a NotAuthenticated."""
    rules = profile.value
    algorithm, kid = _check_header(token.header, rules, expected.jwks_url)
    key = _choose(expected.keys, kid, algorithm)
    check_signature(token, key)
    _check_types(token.payload, rules)
    return _check_claims(token.payload, rules, expected, now)


def verify_text(text: str, profile: Profile, expected: Expected, now: float) -> Claims:
    """Take apart and verify a token whose issuer is known beforehand."""
    return verify(read_compact(text), profile, expected, now)


def _check_header(
    header: Mapping[str, object], rules: TokenRules, jwks_url: str | None
) -> tuple[str, str]:
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in rules.algorithms:
        # A token for another door is told from an attack on the algorithm, for the log.
        if isinstance(algorithm, str) and algorithm in _SIGNATURES and kind not in rules.types:
            raise refused(Reason.TYPE)
        raise refused(_algorithm_fault(algorithm))
    if not isinstance(kind, str) or kind not in rules.types:
        raise refused(Reason.TYPE)
    allowed = {"alg", "kid", "typ", "jku"} if rules.jku else {"alg", "kid", "typ"}
    if header.keys() - allowed:
        raise refused(Reason.HDR)
    if "jku" in header and (jwks_url is None or header["jku"] != jwks_url):
        raise refused(Reason.HDR)
    if not isinstance(kid, str) or KID.fullmatch(kid) is None:
        raise refused(Reason.KID)
    return algorithm, kid


def _algorithm_fault(algorithm: object) -> Reason:
    if not isinstance(algorithm, str):
        return Reason.JWS_ALG
    if algorithm.upper().startswith("HS"):
        return Reason.ALG_CONFUSION
    if re.fullmatch(r"(RS|PS|ES)(256|384|512)|EdDSA|ES256K", algorithm):
        return Reason.KEY_MISMATCH
    return Reason.JWS_ALG


def _choose(keys: Sequence[VerificationKey], kid: str, algorithm: str) -> VerificationKey:
    found = [key for key in keys if key.kid == kid]
    if len(found) != 1:
        raise refused(Reason.KID)
    if not found[0].verifies:
        raise refused(Reason.KEY_USE)
    if found[0].algorithm != algorithm:
        raise refused(Reason.KEY_MISMATCH)
    return found[0]


def check_signature(token: Compact, key: VerificationKey) -> None:
    """The token was signed by this key; raises NotAuthenticated (SIG)."""
    signed = token.text.rpartition(".")[0].encode("ascii")
    if not _SIGNATURES[key.algorithm].verify(signed, key.public, token.signature):
        raise refused(Reason.SIG)


def _check_types(payload: Mapping[str, object], rules: TokenRules) -> None:
    """Every claim the hub reads has its type; every claim the door needs is there."""
    token_id = payload.get("jti")
    if "jti" in rules.required or "jti" in payload:
        if not isinstance(token_id, str):
            raise refused(Reason.JTI)
        if _TOKEN_ID.fullmatch(token_id) is None:
            raise refused(Reason.JTI)
    if not isinstance(payload.get("aud"), str):
        raise refused(Reason.AUD)
    if rules.required - payload.keys():
        raise refused(Reason.CLAIM)
    for name in _WHOLE & payload.keys():
        if type(payload[name]) is not int:  # bool is an int, and no time
            raise refused(Reason.CLAIM)
    for name in _TEXT & payload.keys():
        if not isinstance(payload[name], str) or payload[name] == "":
            raise refused(Reason.CLAIM)
    if "hub" in rules.required:  # the hub's own
        if not isinstance(payload["hub"], Mapping):
            raise refused(Reason.CLAIM)
        if not are_pcf(payload.get("patient"), payload.get("extensions")):
            raise refused(Reason.CLAIM)


def _check_claims(
    payload: Mapping[str, object], rules: TokenRules, expected: Expected, now: float
) -> Claims:
    if payload["aud"] not in expected.audiences:
        raise refused(Reason.AUD)
    if payload["iss"] != expected.issuer:
        raise refused(Reason.CLAIM)
    if rules.about_itself and payload["sub"] != payload["iss"]:
        raise refused(Reason.CLAIM)
    expires, issued, start = (_time(payload, name) for name in ("exp", "iat", "nbf"))
    if expires is None or expires < now - LATE:
        raise refused(Reason.LIFETIME)
    if any(begin is not None and begin > now + EARLY for begin in (issued, start)):
        raise refused(Reason.LIFETIME)
    if rules.lifetime is not None:
        # Without iat, the latest instant at which the token can have been made stands in for it.
        begin = now + EARLY if issued is None else issued
        if expires - begin > _cap(payload, rules) or (issued is not None and expires <= issued):
            raise refused(Reason.LIFETIME)
    if rules.age is not None and (issued is None or now - issued > rules.age):
        raise refused(Reason.LIFETIME)
    return Claims(
        issuer=str(payload["iss"]),
        subject=str(payload.get("sub", payload["iss"])),
        audience=str(payload["aud"]),
        token_id=str(payload.get("jti", "")),
        issued=issued,
        expires=expires,
        members=payload,
    )


def _cap(payload: Mapping[str, object], rules: TokenRules) -> int:
    """The longest life of this token."""
    hub = payload.get("hub")
    if rules.session_lifetime is not None and isinstance(hub, Mapping) and "sid" in hub:
        return rules.session_lifetime
    return rules.lifetime or 0


def _time(payload: Mapping[str, object], name: str) -> int | None:
    value = payload.get(name)
    return value if isinstance(value, int) else None
