"""HTTP connections must say what they want: a head too slow or too long ends them.

The server below waits for the headers of a request as long as a connection stays open, and keeps
whatever has come of them; behind it `Hardening` sees a request only once its head is whole.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0  # from the connection, or the first byte of a further request
HEAD_BYTES = 64 * 1024  # address and headers, well above what Hardening lets in


class PromptProtocol(HttpToolsProtocol):
    """One connection; a subclass of `prompt` has `told`, which hears who was hung up on."""

    told: Callable[[str | None], None] = staticmethod(lambda network: None)
    seconds: float = HEAD_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head_due: asyncio.TimerHandle | None = None
        self._head_bytes = 0

    # A Transport, as uvicorn has it; asyncio's own protocol says BaseTransport.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection begins: its first request is awaited."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended."""
        self._head_is_whole()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came; a head that goes on for too long is not kept."""
        super().data_received(data)
        if self._head_due is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._hang_up()

    def on_message_begin(self) -> None:
        """A request begins: the first of the connection, or a further one."""
        super().on_message_begin()
        if self._head_due is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._head_is_whole()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._head_due = self.loop.call_later(self.seconds, self._hang_up)

    def _head_is_whole(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _hang_up(self) -> None:
        self._head_is_whole()
        if not self.transport.is_closing():
            type(self).told(str(self.client[0]) if self.client else None)
            self.transport.close()


def prompt(
    told: Callable[[str | None], None], seconds: float = HEAD_SECONDS
) -> type[PromptProtocol]:
    """The protocol of a server: `told` hears the network of each connection that is ended here."""
    return type("Prompt", (PromptProtocol,), {"told": staticmethod(told), "seconds": seconds})
