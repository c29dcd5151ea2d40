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

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hie.errors import HubError, Unavailable
from hie.store.key_files import read_key

_BLOCK = 64  # of SHA-256
_NONCE = 12
_SUITE = b"\x01"  # AES-256-GCM, one key; the suite is stored with every sealed value


class Keys:
    """Keyed hashes and seals under the two keys of one hub."""

    def __init__(self, index: bytes, data: bytes) -> None:
        # HMAC-SHA-256 (RFC 2104), the key worked in once: half the price of a call a hash.
        block = index.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
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

    def blind(self, *parts: str) -> str:
        """HMAC-SHA-256 of the parts under the index key, 43 characters; equal parts, equal hash.

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
        """What was sealed for this place. Raises HubError if it was altered or moved."""
        if sealed[:1] != _SUITE:
            raise HubError(f"{'|'.join(place)}: sealed by a suite this version does not know")
        nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._aead.decrypt(nonce, text, "|".join(place).encode())
        except InvalidTag as fault:
            raise HubError(f"{'|'.join(place)}: altered, moved, or sealed by other keys") from fault

    def _digest(self, parts: tuple[str, ...]) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(_parts(parts))
        outer.update(inner.digest())
        return outer.digest()


def _parts(parts: tuple[str, ...]) -> bytes:
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
