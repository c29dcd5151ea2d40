"""The store's own keys: a keyed hash to find a value by, and the seal of earlier versions.

Both lie as files of mode 0600 in `keys/` of the data directory, never in the database and never
in the settings. Several machines on one PostgreSQL share the same files; the database remembers a
fingerprint of them, so a machine that made its own by mistake does not start. What is sealed now is
sealed by data keys (`vault`).
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hie.errors import Altered, Unavailable
from hie.store.key_files import read_key

SHA256, SM3 = "sha256", "sm3"  # a database keeps the one it was made with
_BLOCK = 64  # of SHA-256, and of SM3
_NONCE = 12
_SUITE = b"\x01"  # AES-256-GCM, one key; the suite is stored with every sealed value


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> "_Hash": ...


class _Sm3:
    """SM3 (GB/T 32905) with the methods of hashlib: not every Python's own library has it."""

    def __init__(self, begun: hashes.Hash) -> None:
        self._begun = begun
        self.update = begun.update

    def digest(self) -> bytes:
        return self._begun.copy().finalize()

    def copy(self) -> "_Sm3":
        return _Sm3(self._begun.copy())


def _sm3(data: bytes) -> _Sm3:
    made = _Sm3(hashes.Hash(hashes.SM3()))
    made.update(data)
    return made


class Keys:
    """Keyed hashes and seals under the two keys of one hub."""

    def __init__(self, index: bytes, data: bytes, hashing: str = SHA256) -> None:
        # HMAC (RFC 2104), the key worked in once: half the price of a call a hash.
        block = index.ljust(_BLOCK, b"\0")
        begun = _sm3 if hashing == SM3 else hashlib.sha256
        self._inner: _Hash = begun(bytes(byte ^ 0x36 for byte in block))
        self._outer: _Hash = begun(bytes(byte ^ 0x5C for byte in block))
        self._index, self._data = index, data
        self.hashing = hashing
        self._aead = AESGCM(data)
        self.fingerprint = _text(
            hashlib.sha256(b"hie keys\0" + hmac.digest(index, b"", "sha256") + data).digest()[:9]
        )

    @classmethod
    def open(cls, data_dir: Path) -> "Keys":
        """The keys below a data directory, made at first use. Raises HubMisconfigured."""
        folder = data_dir / "keys"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(read_key(folder / "index.key"), read_key(folder / "data.key"))
        except OSError as fault:
            raise Unavailable(f"keys in {folder}: {fault.strerror}") from fault

    def by(self, hashing: str) -> "Keys":
        """The same keys with another hash: that of the database they are used with."""
        return self if hashing == self.hashing else Keys(self._index, self._data, hashing)

    def blind(self, *parts: str) -> str:
        """HMAC of the parts under the index key, 43 characters; equal parts, equal hash.

        Parts are told apart by their length, so ("ab", "c") and ("a", "bc") differ.
        """
        return _text(self._digest(parts))

    def short(self, *parts: str) -> str:
        """The first 128 bits of the same hash, 22 characters: for keys that are many."""
        return _text(self._digest(parts)[:16])

    def hashes(self, *prefix: str) -> Callable[..., str]:
        """`short` of these parts and the ones it is called with: the first are hashed once."""
        inner = self._inner.copy()
        inner.update(_parts(prefix))
        outer = self._outer

        def hashed(*parts: str) -> str:
            one, two = inner.copy(), outer.copy()
            one.update(_parts(parts))
            two.update(one.digest())
            return _text(two.digest()[:16])

        return hashed

    def seal(self, data: bytes, *place: str) -> bytes:
        """The data encrypted for one place (table, column, row): it opens nowhere else."""
        nonce = os.urandom(_NONCE)
        return _SUITE + nonce + self._aead.encrypt(nonce, data, "|".join(place).encode())

    def unseal(self, sealed: bytes, *place: str) -> bytes:
        """What was sealed for this place. Raises Altered if it was altered or moved."""
        if sealed[:1] != _SUITE:
            raise Altered(f"{'|'.join(place)}: sealed by a suite this version does not know")
        nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._aead.decrypt(nonce, text, "|".join(place).encode())
        except InvalidTag as fault:
            raise Altered(f"{'|'.join(place)}: altered, moved, or sealed by other keys") from fault

    def _digest(self, parts: tuple[str, ...]) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(_parts(parts))
        outer.update(inner.digest())
        return outer.digest()


def _parts(parts: tuple[str, ...]) -> bytes:
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
