"""HTTP on the local socket: each request is told which process is at the other end."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hie.exchange.operators import peer_of


class LocalProtocol(HttpToolsProtocol):
    """One connection; `request.scope["state"]["peer"]` is the kernel's word on who made it."""

    # A Transport, as uvicorn has it; asyncio's own protocol says BaseTransport.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection begins: ask once, for all its requests."""
        super().connection_made(transport)
        peer = peer_of(transport.get_extra_info("socket"))
        self.app_state = {**self.app_state, "peer": peer}
