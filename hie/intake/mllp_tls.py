"""TLS of the MLLP door: none needed on loopback, mutual off it, 1.2 or later in any case.

RFC 9325 (BCP 195): TLS 1.2 with ECDHE and AEAD, or 1.3. Off loopback the hub does not start
without a certificate of its own and an authority for those of the hospitals.
"""

import ssl
from pathlib import Path

from hie.errors import HubMisconfigured
from hie.settings import Settings

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """The listener's TLS, or None on loopback without certificate. Raises HubMisconfigured."""
    certificate, key = settings.mllp_tls_cert_file, settings.mllp_tls_key_file
    authorities = settings.mllp_tls_ca_file
    given = {
        "mllp_tls_cert_file": certificate,
        "mllp_tls_key_file": key,
        "mllp_tls_ca_file": authorities,
    }
    missing = [name for name, file in given.items() if file is None]
    if settings.mllp_host not in _LOOPBACK and missing:
        raise HubMisconfigured(
            f"mllp_host {settings.mllp_host!r} is off loopback: MLLP needs mutual TLS there,"
            f" set {', '.join(missing)}"
        )
    if certificate is None or key is None:
        if len(missing) < len(given):
            raise HubMisconfigured(f"MLLP over TLS: set {', '.join(missing)} too")
        return None
    return listening_context(certificate, key, authorities)


def listening_context(
    certificate: Path, key: Path | None, authorities: Path | None
) -> ssl.SSLContext:
    """A listener's TLS; with `authorities` every peer must show a certificate of theirs.

    Raises HubMisconfigured when a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    _load(context, certificate, key or certificate)
    if authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        _trust(context, authorities)
    return context


def client_context(
    authorities: Path | None, certificate: Path | None, key: Path | None
) -> ssl.SSLContext:
    """TLS to another listener; without `authorities` those of the system.

    Raises HubMisconfigured when a file cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _trust(context, authorities)
    if certificate is not None:
        _load(context, certificate, key or certificate)
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        # An empty password: a key that needs one is refused instead of asked for at a terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as fault:
        reason = getattr(fault, "reason", None) or getattr(fault, "strerror", None) or "unreadable"
        raise HubMisconfigured(f"{certificate} with {key}: {reason}") from fault


def _trust(context: ssl.SSLContext, authorities: Path) -> None:
    try:
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as fault:
        reason = getattr(fault, "reason", None) or getattr(fault, "strerror", None) or "unreadable"
        raise HubMisconfigured(f"{authorities}: {reason}") from fault
