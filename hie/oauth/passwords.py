"""Passwords: Argon2id hashes (RFC 9106), and the same time for a login that does not exist.

Hashing takes some 50 ms and 64 MiB on purpose; it runs beside the event loop, two at a time, so
that a burst of sign-ins slows sign-ins and nothing else.
"""

import unicodedata
from functools import cache

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hie.errors import Fault, UnprocessableRequest

SHORTEST, LONGEST = 12, 256
_HASHER = PasswordHasher()
_AT_ONCE: RunVar[anyio.CapacityLimiter] = RunVar("passwords at once")


def accept_password(password: str, login: str) -> str:
    """The password in the form it is hashed; raises UnprocessableRequest."""
    normal = unicodedata.normalize("NFKC", password)
    expected = None
    if not SHORTEST <= len(normal) <= LONGEST:
        expected = f"{SHORTEST} to {LONGEST} characters"
    elif len(set(normal)) < 5 or (len(login) >= 4 and login.lower() in normal.lower()):
        expected = "at least 5 different characters, and not the login"
    if expected is not None:
        fault = Fault("password", "password-weak", expected)
        raise UnprocessableRequest("the password is not accepted", (fault,))
    return normal


async def hash_password(password: str) -> str:
    """An Argon2id hash with its parameters and salt, as stored."""
    return await anyio.to_thread.run_sync(_HASHER.hash, password, limiter=_two_at_a_time())


async def is_password(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; as slow when there is none stored."""
    normal = unicodedata.normalize("NFKC", password[: LONGEST + 1])
    matches = await anyio.to_thread.run_sync(
        _verify, stored or _nobody(), normal, limiter=_two_at_a_time()
    )
    return matches and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """The hash that a login which does not exist is compared with."""
    return _HASHER.hash("nobody has this password")


def _two_at_a_time() -> anyio.CapacityLimiter:
    """The limiter of the running event loop."""
    try:
        return _AT_ONCE.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(2)
        _AT_ONCE.set(limiter)
        return limiter
