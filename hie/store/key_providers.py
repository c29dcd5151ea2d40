"""Where the keys lie that data keys are wrapped with: a plug, because hospitals differ.

A provider never hands its key out: it wraps a data key and unwraps it again. Files are the default
(`FileProvider`); a hardware module is reached by PKCS#11 (`pkcs11_provider`). A wrapped key says in
its first byte how it was wrapped.
"""

import os
import re
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from hie.errors import HubError, HubMisconfigured, Unavailable
from hie.store.key_files import read_key
from hie.store.suites import NONCE, Suite, ciphers

_FILE = re.compile(r"kek-([1-9][0-9]{0,5})\.key")

Wrapped = tuple[str, bytes]  # the name of the key that wrapped, what it made


class KeyProvider(Protocol):
    """Wraps and unwraps data keys. `context` names the data key: it unwraps for no other.

    Raises HubError when a wrapped key is not one of its own, Unavailable when it is away.
    """

    @property
    def newest(self) -> str:
        """The name of the key that wraps now."""

    def names(self) -> list[str]:
        """The names of all its keys, the oldest first."""

    def wrap(self, suite: Suite, key: bytes, context: bytes) -> Wrapped:
        """A data key of a suite, wrapped by the key that wraps now: its name, and the wrapped."""

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key that the key of this name wrapped."""

    def rotate(self) -> str:
        """Make a new key that wraps from now on; its name. The earlier ones still unwrap."""


class FileProvider:
    """Keys in files `kek-<number>.key` of mode 0600; the highest number wraps.

    AES-256 key wrap with padding (RFC 5649). In the national suite SM4-GCM instead, under a key
    derived by HKDF with SM3.
    """

    def __init__(self, folder: Path, *, make: bool = True) -> None:
        """`make`: make the first key if there is none."""
        self._folder = folder
        self._keys: dict[str, bytes] = {}
        if make and not self._numbers():
            self._key("kek-1")

    @property
    def newest(self) -> str:
        """The name of the key that wraps now."""
        return f"kek-{self._highest()}"

    def names(self) -> list[str]:
        """The names of all its keys, the oldest first."""
        return [f"kek-{number}" for number in sorted(self._numbers())]

    def wrap(self, suite: Suite, key: bytes, context: bytes) -> Wrapped:
        """A data key of a suite, wrapped by the key that wraps now: its name, and the wrapped."""
        name = self.newest
        mine = self._key(name)
        if suite is Suite.SM:
            nonce = os.urandom(NONCE)
            encrypt, _ = ciphers(Suite.SM, _sm4_key(mine))
            return name, bytes([suite]) + nonce + encrypt(nonce, key, context)
        return name, bytes([Suite.AES]) + aes_key_wrap_with_padding(mine, key)

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key that the key of this name wrapped."""
        if name not in self.names():
            raise HubMisconfigured(f"keys in {self._folder}: no {name}: restore `keys/`")
        mine = self._key(name)
        try:
            if wrapped[:1] == bytes([Suite.SM]):
                _, decrypt = ciphers(Suite.SM, _sm4_key(mine))
                return decrypt(wrapped[1 : 1 + NONCE], wrapped[1 + NONCE :], context)
            return aes_key_unwrap_with_padding(mine, wrapped[1:])
        except (InvalidUnwrap, InvalidTag, ValueError) as fault:
            raise HubError(f"a data key was altered, or {name} is another key") from fault

    def rotate(self) -> str:
        """Make a new key that wraps from now on; its name."""
        name = f"kek-{self._highest() + 1}"
        self._key(name)
        return name

    def _key(self, name: str) -> bytes:
        try:
            if name not in self._keys:
                self._keys[name] = read_key(self._folder / f"{name}.key")
        except OSError as fault:
            raise Unavailable(f"keys in {self._folder}: {fault.strerror}") from fault
        return self._keys[name]

    def _highest(self) -> int:
        found = max(self._numbers(), default=None)
        if found is None:
            raise Unavailable(f"keys in {self._folder}: none is there")
        return found

    def _numbers(self) -> list[int]:
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError as fault:
            raise Unavailable(f"keys in {self._folder}: {fault.strerror}") from fault
        return [int(found[1]) for name in names if (found := _FILE.fullmatch(name))]


def _sm4_key(key: bytes) -> bytes:
    return HKDF(hashes.SM3(), 16, None, b"hie data keys").derive(key)
