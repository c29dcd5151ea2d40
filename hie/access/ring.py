"""The hub's own signing keys over time: which signs now, which verify, which are published.

A key is published before it signs, and verifies for a while after its successor signs, so that a
rotation refuses nobody. The times are in the keys, the present is an argument.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from hie.access.compact import encode_segment
from hie.access.jwk import thumbprint
from hie.access.keys import VerificationKey
from hie.access.signer import FileSigner, Signer
from hie.errors import HubMisconfigured

OVERLAP = 2 * 900  # seconds a superseded key verifies: twice the longest life of a token
MOST_KEYS = 3


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An ES256 key pair of the hub; it signs from `starts` on (seconds since the Unix epoch)."""

    signer: Signer
    starts: int
    verifying: VerificationKey

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        return self.verifying.kid

    def signed(self, claims: Mapping[str, object], kind: str) -> str:
        """A compact JWS of these claims (RFC 7515, 7.1); `kind` is its `typ`."""
        header = {"alg": self.signer.algorithm, "typ": kind, "kid": self.kid}
        body = f"{_segment(header)}.{_segment(claims)}"
        return f"{body}.{encode_segment(self.signer.sign(body.encode('ascii')))}"


def _segment(value: Mapping[str, object]) -> str:
    return encode_segment(json.dumps(value, separators=(",", ":")).encode("utf-8"))


def signing_key(private: ec.EllipticCurvePrivateKey, starts: int) -> SigningKey:
    """A key pair with its id; raises HubMisconfigured unless it is on P-256."""
    if not isinstance(private.curve, ec.SECP256R1):
        raise HubMisconfigured(f"signing key on {private.curve.name}: expected P-256")
    return key_of(FileSigner(private), starts)


def key_of(signer: Signer, starts: int) -> SigningKey:
    """A key of whatever signs, with its id. Raises HubMisconfigured unless it signs ES256."""
    if signer.algorithm != "ES256":
        raise HubMisconfigured(f"signing key for {signer.algorithm}: access tokens are ES256")
    return SigningKey(
        signer, starts, VerificationKey(thumbprint(signer.public), "ES256", signer.public)
    )


@dataclass(frozen=True, slots=True)
class Ring:
    """The signing keys, oldest first; the oldest counts as started, whatever the clock says."""

    keys: tuple[SigningKey, ...]

    def signer(self, now: float) -> SigningKey:
        """The key that signs now."""
        return [key for key in self.keys if self._started(key, now)][-1]

    def accepted(self, now: float) -> tuple[VerificationKey, ...]:
        """The keys whose signature still counts: not yet started ones sign nothing."""
        return tuple(key.verifying for key in self._live(now) if self._started(key, now))

    def published(self, now: float) -> tuple[VerificationKey, ...]:
        """The keys in the JWKS: the accepted and the coming ones, at most three."""
        return tuple(key.verifying for key in self._live(now))

    def _started(self, key: SigningKey, now: float) -> bool:
        return key.starts <= now or key is self.keys[0]

    def _live(self, now: float) -> list[SigningKey]:
        """Without the keys whose successor has signed for longer than the overlap."""
        live = [
            key
            for key, following in zip(self.keys, (*self.keys[1:], None), strict=True)
            if following is None or following.starts + OVERLAP > now
        ]
        return live[:MOST_KEYS]


def ring(keys: Iterable[SigningKey]) -> Ring:
    """Order the keys by the time they start. Raises HubMisconfigured without any."""
    ordered = tuple(sorted(keys, key=lambda key: key.starts))
    if not ordered:
        raise HubMisconfigured("no signing key")
    return Ring(ordered)
