"""One-time codes of a person's second factor: TOTP (RFC 6238) over HOTP (RFC 4226), as apps do it.

SHA-1, six digits, thirty seconds: what every authenticator app reads out of the address without
asking. A code is good in its own step and one beside it, and only once.
"""

import hashlib
import hmac
from base64 import b32encode
from urllib.parse import quote, urlencode

SECRET = 20  # bytes of a secret (RFC 4226, section 4, R6: 160 bits)
STEP = 30  # seconds
DIGITS = 6
_BESIDE = (0, -1, 1)  # steps a clock may be off, the likeliest first


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of one step (RFC 4226, section 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def find_step(secret: bytes, code: str, now: float, after: int) -> int | None:
    """The step a code is of, later than `after`, the step used last; None: no code of now.

    Whoever takes a step must remember it, so that the same code does not open twice.
    """
    typed = code.replace(" ", "")
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdecimal():
        return None
    here = int(now) // STEP
    found = None
    for beside in _BESIDE:  # every step is computed: how long it takes says nothing
        step = here + beside
        if hmac.compare_digest(code_at(secret, max(step, 0)), typed) and step > after:
            found = step if found is None else found
    return found


def address_of(secret: bytes, issuer: str, login: str) -> str:
    """What an authenticator app reads (otpauth), from a QR code or by hand."""
    label = f"{quote(issuer, safe='')}:{quote(login, safe='')}"
    asked = {"secret": written(secret), "issuer": issuer, "digits": DIGITS, "period": STEP}
    return f"otpauth://totp/{label}?{urlencode(asked)}"


def written(secret: bytes) -> str:
    """The secret as a person types it."""
    return b32encode(secret).decode("ascii").rstrip("=")
