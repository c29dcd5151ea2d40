"""The public keys of a client: which are taken at registration, and how they verify later.

A key is refused once, here, with its fault named, rather than at each signature. Everything a
sender put beside the key (certificates, addresses) is dropped: the hub keeps what it verifies with.
RFC 7517, RFC 7518 section 6, RFC 8037; the rules are SECURITY 1.5.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hie.access.jwk import (
    PRIVATE_MEMBERS,
    Public,
    UnusableKey,
    algorithms_of,
    public_key,
    public_members,
    thumbprint,
)
from hie.errors import Fault, UnprocessableRequest

MOST_KEYS = 8
KID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

__all__ = ["KID", "MOST_KEYS", "VerificationKey", "accept_keys", "stored_keys"]


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key, for exactly one algorithm."""

    kid: str
    algorithm: str
    public: Public
    uses: str | None = "sig"
    operations: frozenset[str] | None = None

    @property
    def verifies(self) -> bool:
        """Whether the key's own `use` and `key_ops` allow verifying (RFC 7517, 4.2 and 4.3)."""
        return self.uses in {None, "sig"} and (
            self.operations is None or "verify" in self.operations
        )

    def jwk(self) -> dict[str, str]:
        """The key as it is stored and published: public members only."""
        return {
            **public_members(self.public),
            "kid": self.kid,
            "alg": self.algorithm,
            "use": "sig",
        }


def accept_keys(offered: object) -> tuple[VerificationKey, ...]:
    """The keys of a registration: a JWKS, one JWK, or `{"pem": text}`.

    A key without `kid` is given its RFC 7638 thumbprint. Raises UnprocessableRequest naming every
    fault; no fault repeats what was sent.
    """
    faults: list[Fault] = []
    keys: list[VerificationKey] = []
    for path, entry in _entries(offered):
        try:
            keys.append(_accept(entry))
        except UnusableKey as problem:
            where = f"{path}.{problem.member}" if problem.member else path
            faults.append(Fault(where, problem.code, problem.expected))
    faults.extend(_repeats(keys))
    if faults:
        raise UnprocessableRequest("the key is not one the hub may trust", tuple(faults))
    return tuple(keys)


def stored_keys(jwks: object) -> tuple[VerificationKey, ...]:
    """The keys of a registered client, read back from its row; the policy holds here as well."""
    return accept_keys(jwks)


def _entries(offered: object) -> list[tuple[str, object]]:
    if isinstance(offered, Mapping) and "keys" in offered:
        entries = offered["keys"]
        if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_KEYS:
            fault = Fault("keys", "key-count", f"1 to {MOST_KEYS} keys")
            raise UnprocessableRequest("the key set is not usable", (fault,))
        return [(f"keys[{n}]", entry) for n, entry in enumerate(entries)]
    if isinstance(offered, Mapping) and "jwks_uri" in offered:
        fault = Fault("jwks_uri", "not-supported", "the keys themselves; none are fetched")
        raise UnprocessableRequest("key sets are not fetched by this hub", (fault,))
    return [("key", offered)]


def _accept(entry: object) -> VerificationKey:
    if not isinstance(entry, Mapping):
        raise UnusableKey("", "key-format", "a JWK object or a PEM public key")
    if "pem" in entry:
        return _from_pem(entry["pem"])
    if PRIVATE_MEMBERS & entry.keys():
        raise UnusableKey("", "private-key", "the public key only: this key is no longer secret")
    public = public_key(entry)
    kid = entry.get("kid", thumbprint(public))
    if not isinstance(kid, str) or KID.fullmatch(kid) is None:
        raise UnusableKey("kid", "kid-format", "1 to 128 of A-Z a-z 0-9 . _ : -")
    use, operations = entry.get("use"), entry.get("key_ops")
    if use not in (None, "sig"):
        raise UnusableKey("use", "key-use", "sig, or no use")
    if operations is not None and not _verifying(operations):
        raise UnusableKey("key_ops", "key-use", "verify among the operations, or no key_ops")
    possible = algorithms_of(public)
    algorithm = entry.get("alg", possible[0])
    if algorithm not in possible:
        raise UnusableKey("alg", "key-algorithm", " or ".join(possible) + " for this key")
    return VerificationKey(kid, algorithm, public)


def _verifying(operations: object) -> bool:
    return (
        isinstance(operations, list)
        and all(isinstance(name, str) for name in operations)
        and "verify" in operations
    )


def _from_pem(text: object) -> VerificationKey:
    if not isinstance(text, str):
        raise UnusableKey("pem", "key-format", "PEM text")
    if "PRIVATE KEY" in text:
        raise UnusableKey("pem", "private-key", "the public key only: this key is no longer secret")
    try:
        public = load_pem_public_key(text.encode("utf-8"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("pem", "key-format", "a PEM public key (BEGIN PUBLIC KEY)") from error
    if not isinstance(
        public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    ):
        raise UnusableKey("pem", "key-type", "RSA, P-256, P-384 or Ed25519")
    # The same rules as for a JWK: the one way in.
    public = public_key(public_members(public))
    return VerificationKey(thumbprint(public), algorithms_of(public)[0], public)


def _repeats(keys: list[VerificationKey]) -> list[Fault]:
    faults = []
    seen: set[str] = set()
    for n, key in enumerate(keys):
        for code, mark in (
            ("kid-repeated", f"kid {key.kid}"),
            ("key-repeated", thumbprint(key.public)),
        ):
            if mark in seen:
                faults.append(Fault(f"keys[{n}]", code, "each key once, each kid once"))
            seen.add(mark)
    return faults
