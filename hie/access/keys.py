"""The public keys of a client: which are taken at registration, and how they verify later.

A key is refused once, here, with its fault named, rather than at each signature. Everything a
sender put beside the key (certificates, addresses) is dropped: the hub keeps what it verifies with.
RFC 7517, RFC 7518 section 6, RFC 8037.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeGuard

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

__all__ = ["KID", "MOST_KEYS", "VerificationKey", "accept_keys", "published_keys", "stored_keys"]


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
    """The keys of a registered client, read back from its row; the policy holds here as well.

    A public app has none.
    """
    return () if jwks == {"keys": []} else accept_keys(jwks)


def published_keys(jwks: object) -> tuple[VerificationKey, ...]:
    """The keys of a set a partner publishes, which may hold others than those for the hub.

    A key the hub may not trust is left out; one that is sound and not for verifying is kept as
    such, so that its use is told from an unknown key. Raises UnprocessableRequest for a set of no
    use: none or too many keys, a key or its id twice, none that verifies.
    """
    keys: list[VerificationKey] = []
    is_set = isinstance(jwks, Mapping) and "keys" in jwks
    for _, entry in _entries(jwks if is_set else {"keys": []}):
        with suppress(UnusableKey):
            keys.append(_publish(entry))
    faults = _repeats(keys)
    if not any(key.verifies for key in keys):
        faults.append(Fault("keys", "key-count", "a key the hub may verify with"))
    if faults:
        raise UnprocessableRequest("the key set is not usable", tuple(faults))
    return tuple(keys)


def _publish(entry: object) -> VerificationKey:
    if not isinstance(entry, Mapping) or "pem" in entry or "kid" not in entry:
        raise UnusableKey("", "key-format", "a JWK with a kid")
    plain = {name: value for name, value in entry.items() if name not in {"use", "key_ops"}}
    use, operations = entry.get("use"), entry.get("key_ops")
    named = frozenset(operations) if _texts(operations) else None
    if operations is not None and named is None:
        raise UnusableKey("key_ops", "key-use", "names of operations")
    return replace(_accept(plain), uses=use if use is None else str(use), operations=named)


def _entries(offered: object) -> list[tuple[str, object]]:
    if isinstance(offered, Mapping) and "keys" in offered:
        entries = offered["keys"]
        if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_KEYS:
            fault = Fault("keys", "key-count", f"1 to {MOST_KEYS} keys")
            raise UnprocessableRequest("the key set is not usable", (fault,))
        return [(f"keys[{n}]", entry) for n, entry in enumerate(entries)]
    if isinstance(offered, Mapping) and "jwks_uri" in offered:
        fault = Fault("jwks_uri", "not-supported", "the keys themselves")
        raise UnprocessableRequest("keys are given here, not an address", (fault,))
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
    return _texts(operations) and "verify" in operations


def _texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


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
