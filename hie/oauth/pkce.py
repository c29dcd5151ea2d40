"""Proof Key for Code Exchange, S256 alone: who changes a code is who asked for it. RFC 7636."""

import hashlib
import hmac
import re
import secrets

from hie.access.compact import encode_segment

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636, 4.2)."""
    return encode_segment(hashlib.sha256(verifier.encode("ascii")).digest())


def new_verifier() -> str:
    """A verifier of 256 random bits."""
    return secrets.token_urlsafe(32)


def is_verifier_of(challenge: str, verifier: str) -> bool:
    """Whether this verifier was meant; what has not the form of one never was."""
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)
