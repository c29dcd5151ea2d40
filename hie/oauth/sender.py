"""Who sent a request, beside the token it brings: a certificate, or the key of a DPoP proof.

A token may be bound to what its sender alone has, so that a copy of it opens nothing (RFC 8705,
RFC 9449). The gateway that ends TLS says which client certificate it saw; it is believed on this
machine alone and with the shared secret, and what a caller says of itself in the same headers is
not read.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.types import Scope

from hie.access.compact import encode_segment
from hie.access.dpop import read_proof
from hie.access.reason import Reason, refused
from hie.access.token import Claims
from hie.oauth.caller import network_of
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import DPOP, KnownClient
from hie.store import jti

SENDER = "hie.sender"  # in the scope of a part of a request: that of the whole
_CERTIFICATE, _SECRET, _PROOF = b"client-cert", b"x-gateway-secret", b"dpop"
_SLOT = 300  # seconds a nonce is given; it is taken until the next one is over
_REMEMBERED = 90  # seconds a proof's id is


@dataclass(frozen=True, slots=True)
class Sender:
    """`certificate`: SHA-256 of the client certificate, `key`: RFC 7638 thumbprint; base64url."""

    certificate: str | None = None
    key: str | None = None

    def matches(self, bound: object) -> bool:
        """Whether a token with this `cnf` may be used by this sender."""
        if bound is None:
            return self.key is None
        match bound:
            case {"x5t#S256": str(certificate), **more} if not more:
                return self.certificate == certificate
            case {"jkt": str(key), **more} if not more:
                return self.key == key
            case _:
                return False


async def check_sender(
    entrance: Entrance, scope: Scope, claims: Claims, token: str, *, by_proof: bool
) -> None:
    """A bound token is in the hands of who it was given to; raises NotAuthenticated.

    `by_proof`: it came by the scheme DPoP. A proof is read after the token alone: who has no token
    of this hub makes it keep nothing.
    """
    bound = claims.members.get("cnf")
    if by_proof != needs_proof(bound):
        raise refused(Reason.CNF)
    sender = await sender_of(entrance, scope, token if by_proof else None)
    if not sender.matches(bound):
        raise refused(Reason.CNF)
    client = await entrance.clients.find(str(claims.members["client_id"]))
    if client is None:
        raise refused(Reason.STATUS)
    check_registered(client, sender)


async def sender_of(entrance: Entrance, scope: Scope, token: str | None) -> Sender:
    """The sender of a request; `token` is the access token that came by the scheme DPoP.

    Raises NotAuthenticated. A proof is read at the token door, and beside a token of that scheme.
    """
    whole = scope.get(SENDER)
    if isinstance(whole, Sender):
        return whole
    found = Sender(_certificate(entrance, scope), await _key(entrance, scope, token))
    scope[SENDER] = found
    return found


def check_registered(client: KnownClient, sender: Sender) -> None:
    """What a client was registered to be recognised by must be there; raises NotAuthenticated."""
    if client.certificate is not None and sender.certificate != client.certificate:
        raise refused(Reason.CNF)
    if client.sender == DPOP and sender.key is None:
        raise refused(Reason.DPOP)


def nonce(entrance: Entrance) -> str:
    """The nonce that is given now: the same in every process, and never kept."""
    return _nonce(entrance, int(entrance.clock()) // _SLOT)


def _nonce(entrance: Entrance, slot: int) -> str:
    return entrance.db.keys.short("dpop-nonce", str(slot))


def _certificate(entrance: Entrance, scope: Scope) -> str | None:
    secrets, shown = _values(scope, _SECRET), _values(scope, _CERTIFICATE)
    expected = entrance.gateway_secret
    if expected is None or not shown or len(secrets) != 1 or not _is_near(scope):
        return None
    if not hmac.compare_digest(secrets[0], expected.encode("utf-8")):
        return None
    # RFC 9440, 2.2: the certificate as a byte sequence of structured fields.
    text = shown[0].strip()
    if len(shown) != 1 or len(text) < 4 or text[:1] != b":" or text[-1:] != b":":
        raise refused(Reason.CNF)
    try:
        der = base64.b64decode(text[1:-1], validate=True)
    except binascii.Error as error:
        raise refused(Reason.CNF) from error
    return encode_segment(hashlib.sha256(der).digest())


async def _key(entrance: Entrance, scope: Scope, token: str | None) -> str | None:
    shown = _values(scope, _PROOF)
    at_token_door = scope["path"] == "/oauth/token"
    if token is None and not (at_token_door and shown):
        return None
    if len(shown) != 1 or not shown[0].isascii():
        raise refused(Reason.DPOP)
    now, slot = entrance.clock(), int(entrance.clock()) // _SLOT
    proof = read_proof(
        shown[0].decode("ascii"),
        method=scope["method"],
        url=f"{entrance.address}{scope['path']}",
        now=now,
        nonces=frozenset({_nonce(entrance, slot), _nonce(entrance, slot - 1)}),
        token=token,
    )
    now_us = int(now * 1_000_000)
    async with entrance.db.unit() as unit:
        use = await jti.use(
            unit,
            f"dpop {proof.key}",
            proof.token_id,
            expires_us=now_us + _REMEMBERED * 1_000_000,
            now_us=now_us,
        )
    if use is not jti.Use.FIRST:
        raise refused(Reason.DPOP)
    return proof.key


def bound_to(client: KnownClient, sender: Sender) -> Mapping[str, str] | None:
    """The `cnf` of a token that is given to this sender; None when it is bound to nothing."""
    if client.certificate is not None:
        return {"x5t#S256": client.certificate}
    return None if sender.key is None else {"jkt": sender.key}


def needs_proof(bound: object) -> bool:
    """Whether a token with this `cnf` is bound to a key: it is shown with a proof of it."""
    return isinstance(bound, Mapping) and "jkt" in bound


def _is_near(scope: Scope) -> bool:
    """On this machine: over loopback, or a Unix socket."""
    network = network_of(scope)
    try:
        return network is None or ip_address(network).is_loopback
    except ValueError:
        return False


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]
