"""The ciphers cells are sealed with: which one is said in the first byte of every sealed cell.

International: AES-256-GCM (NIST SP 800-38D). National: SM4-GCM (GB/T 32907, RFC 8998 section 3).
Both with a random 96-bit nonce and a 128-bit tag. A hub whose suite is changed still opens what
the other one sealed.
"""

import os
from collections.abc import Callable
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
TAG = 16

Encrypt = Callable[[bytes, bytes, bytes], bytes]  # nonce, data, what it is bound to
Decrypt = Callable[[bytes, bytes, bytes], bytes]  # raises InvalidTag


class Suite(IntEnum):
    """The suite a cell is sealed with."""

    SINGLE = 1  # AES-256-GCM under one key of the hub; earlier versions sealed so
    AES = 2  # AES-256-GCM under a data key
    SM = 3  # SM4-GCM under a data key


KEY_SIZE = {Suite.AES: 32, Suite.SM: 16}
NAMES = {"aes": Suite.AES, "sm": Suite.SM}


def ciphers(suite: Suite, key: bytes) -> tuple[Encrypt, Decrypt]:
    """How to seal and open under a key of this suite."""
    if suite is Suite.SM:
        return _sm4(key)
    aead = AESGCM(key)
    return aead.encrypt, aead.decrypt


def _sm4(key: bytes) -> tuple[Encrypt, Decrypt]:
    cipher = algorithms.SM4(key)

    def encrypt(nonce: bytes, data: bytes, bound: bytes) -> bytes:
        one = Cipher(cipher, modes.GCM(nonce)).encryptor()
        one.authenticate_additional_data(bound)
        return one.update(data) + one.finalize() + one.tag

    def decrypt(nonce: bytes, data: bytes, bound: bytes) -> bytes:
        if len(data) < TAG:
            raise InvalidTag
        one = Cipher(cipher, modes.GCM(nonce, data[-TAG:])).decryptor()
        one.authenticate_additional_data(bound)
        return one.update(data[:-TAG]) + one.finalize()

    return encrypt, decrypt


def fresh_key(suite: Suite) -> bytes:
    """A new random key of this suite."""
    return os.urandom(KEY_SIZE[suite])
