"""TLS of a listener: certificate and key from files, callers' certificates when a CA is named.

BCP 195 (RFC 9325): TLS 1.2 with forward secrecy and authenticated encryption, or 1.3; the same
profile current DCMTK and Orthanc speak (PS3.15 B.9, BCP 195 RFC 8996).
"""

import ssl
from pathlib import Path

from hie.errors import HubMisconfigured
from hie.intake.prompt_socket import PromptTls


def tls_context(cert: Path, key: Path, ca: Path | None) -> ssl.SSLContext:
    """The context of a server. With `ca` every caller must show a certificate it signed.

    Raises HubMisconfigured when a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = PromptTls
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    try:
        context.load_cert_chain(cert, key)
        if ca is not None:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as fault:
        raise HubMisconfigured(f"TLS files {cert}, {key}: not usable") from fault
    return context
