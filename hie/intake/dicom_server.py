"""The socket before the associations: unknown networks turned away, TLS spoken in a thread."""

import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any

from pynetdicom.transport import ThreadedAssociationServer

from hie.intake.prompt_socket import PromptSocket

_HANDSHAKE_SECONDS = 10


class DicomServer(ThreadedAssociationServer):
    """An association server that asks `knows` about an address before it spends a thread on it."""

    request_queue_size = 64
    daemon_threads = True

    def __init__(
        self, *args: Any, knows: Callable[[str], bool], tls: ssl.SSLContext | None, **more: Any
    ) -> None:
        self._knows = knows
        self._tls = tls
        super().__init__(*args, **more)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether the caller's network belongs to a site at all."""
        return self._knows(str(client_address[0]))

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speak TLS first, and here, not where callers are accepted: a slow one stops nobody."""
        with contextlib.suppress(OSError):
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            request = PromptSocket(fileno=request.detach())
            request.settimeout(self.ae.network_timeout)
            super().finish_request(request, client_address)
            return
        try:
            request.settimeout(_HANDSHAKE_SECONDS)
            wrapped = self._tls.wrap_socket(request, server_side=True)
            wrapped.settimeout(self.ae.network_timeout)
        except OSError:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
            request.close()
            return
        super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that fails is over; what it sent is not for the log."""
