"""What signs for the hub: a private key that is used and never seen.

`Signer` is a real plug: a key file today, a PKCS#11 token or a key service tomorrow. Whoever mints
a token asks for a signature, never for a key. SM2 would stand behind the same three members; no
library here has it, JOSE names no algorithm for it, and `ring.key_of` takes ES256 alone.
"""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hie.access.jwk import Public

_OCTETS = 32  # of each half of an ES256 signature (RFC 7518, 3.4)


class Signer(Protocol):
    """Makes signatures of one algorithm with one private key."""

    @property
    def algorithm(self) -> str:
        """The JOSE name of the algorithm, as it stands in a token's header."""

    @property
    def public(self) -> Public:
        """The key that verifies."""

    def sign(self, data: bytes) -> bytes:
        """The signature in its JWS form (for ES256: R and S, 32 octets each)."""


@dataclass(frozen=True, slots=True)
class FileSigner:
    """ES256 with a private key held in memory, as it was read from its file."""

    private: ec.EllipticCurvePrivateKey

    @property
    def algorithm(self) -> str:
        """ES256: the one curve these keys are on."""
        return "ES256"

    @property
    def public(self) -> Public:
        """The public half."""
        return self.private.public_key()

    def sign(self, data: bytes) -> bytes:
        """ECDSA on P-256 with SHA-256 (RFC 7518, 3.4)."""
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_OCTETS, "big") + s.to_bytes(_OCTETS, "big")
