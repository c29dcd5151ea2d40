"""A compact JWS taken apart before anybody believes it.

Nothing here is verified: `Compact` is what the token says. It exists because libraries repair what
they are given (padding, spaces, duplicate members), and a repaired token is another token.
RFC 7515 section 7.1, RFC 4648 section 5.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from hie.access.reason import Reason, refused
from hie.access.strict_json import parse_object

LONGEST = 8192
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Compact:
    """An unverified token: its text, its header, its payload, and the octets of its signature."""

    text: str
    header: dict[str, object]
    payload: dict[str, object]
    signature: bytes


def read_compact(text: str) -> Compact:
    """Take a token apart; raises NotAuthenticated with reason SHAPE, ENC, JSON, DUP or JWS_ALG."""
    if len(text) > LONGEST:
        raise refused(Reason.SHAPE, f"at most {LONGEST} characters")
    if _SHAPE.fullmatch(text) is None:
        raise refused(_what_is_wrong(text))
    header, payload, signature = text.split(".")
    octets = decode_segment(signature)
    return Compact(
        text, parse_object(decode_segment(header)), parse_object(decode_segment(payload)), octets
    )


def _what_is_wrong(text: str) -> Reason:
    """The reason for the log: an unsigned token is an attack, the rest are mistakes."""
    segments = text.split(".")
    if len(segments) != 3 or not segments[0]:
        return Reason.SHAPE
    if not segments[2]:
        return Reason.JWS_ALG
    return Reason.ENC


def decode_segment(segment: str) -> bytes:
    """Base64url without padding, in its one canonical spelling; raises NotAuthenticated (ENC)."""
    try:
        data = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused(Reason.ENC, "base64url") from error
    if encode_segment(data) != segment:
        raise refused(Reason.ENC, "canonical base64url")
    return data


def encode_segment(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
