"""Sockets that acknowledge short reads at once, plain and inside TLS."""

import contextlib
import socket
import ssl

_SHORT = 4096  # a read of less is the end of something the sender now waits for
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


def _acknowledge(connection: socket.socket, asked: int) -> None:
    """Acknowledge what came, now.

    A sender that leaves Nagle's algorithm on (DCMTK does) writes the head of a PDU and holds its
    body back until the head is acknowledged; the 40 ms that the kernel likes to wait with that
    are then lost with every instance.
    """
    if asked < _SHORT and _QUICKACK is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


class PromptSocket(socket.socket):
    """A connection that acknowledges short reads at once."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read, then acknowledge."""
        found = super().recv(size, flags)
        _acknowledge(self, size)
        return found


class PromptTls(ssl.SSLSocket):
    """The same inside TLS."""

    def recv(self, size: int = 1024, flags: int = 0) -> bytes:
        """Read, then acknowledge."""
        found = super().recv(size, flags)
        _acknowledge(self, size)
        return found
