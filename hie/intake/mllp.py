"""The MLLP door: off until a site may send by it, then a listener until the hub stops.

It is bound to loopback unless the settings say otherwise, and off loopback it speaks mutual TLS
only. Several sites share one listener: who sends is found for each message (`mllp_senders`).
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from hie.errors import HubMisconfigured
from hie.exchange.hub import Hub
from hie.intake import mllp_metrics as metrics
from hie.intake.mllp_connection import Connection
from hie.intake.mllp_room import Room
from hie.intake.mllp_senders import Peer, SenderBook
from hie.intake.mllp_tls import server_context

_ROOM = 256 * 1024 * 1024  # bytes of messages under way on all connections
_LOOK_EVERY = 1.0  # seconds between two looks whether a site may send
_HANDSHAKE_SECONDS = 10.0
_STOP_SECONDS = 10.0
_BACKLOG = 128
_log = structlog.get_logger(__name__)


class Listener:
    """The listening socket and its connections."""

    def __init__(self, hub: Hub, book: SenderBook, context: ssl.SSLContext | None) -> None:
        self._hub, self._book, self._context = hub, book, context
        self._room = Room(max(_ROOM, 2 * hub.settings.intake_limit))
        self._server: asyncio.Server | None = None
        self._open: dict[Connection, asyncio.Task[None]] = {}

    @property
    def is_listening(self) -> bool:
        """Whether the socket is open."""
        return self._server is not None

    @property
    def port(self) -> int:
        """The port listened on: the one of the settings, or the free one taken for 0."""
        if self._server is None:
            return 0
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen. Raises HubMisconfigured when the address cannot be had."""
        settings = self._hub.settings
        host, port = settings.mllp_host, settings.mllp_port
        try:
            self._server = await asyncio.start_server(
                self._serve,
                host,
                port,
                ssl=self._context,
                backlog=_BACKLOG,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._context else None,
            )
        except OSError as fault:
            raise HubMisconfigured(f"MLLP cannot listen on {host}:{port}: {fault}") from fault
        _log.info("mllp-listens", host=host, port=self.port, tls=self._context is not None)

    async def stop(self) -> None:
        """Take no new connection and no new frame; answer what was read; then hang up."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        running = list(self._open.values())
        for connection in list(self._open):
            connection.stop()
        if running:
            _, late = await asyncio.wait(running, timeout=_STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if server is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = (writer.get_extra_info("peername") or ("",))[0]
        try:
            peer = Peer.of(host, writer.get_extra_info("peercert"))
        except ValueError:
            writer.close()
            return
        if len(self._open) >= self._hub.settings.mllp_connections or self._server is None:
            metrics.REFUSED.labels("connections").inc()
            _log.warning("mllp-too-many-connections", peer=host)
            writer.close()
            return
        connection = Connection(self._hub, self._book, self._room, peer, reader, writer)
        task = asyncio.current_task()
        if task is None:
            return
        self._open[connection] = task
        metrics.CONNECTIONS.inc()
        try:
            await connection.run()
        except TimeoutError:
            metrics.CLOSED.labels("stuck").inc()
        except OSError:  # reset by the peer, broken TLS
            metrics.CLOSED.labels("reset").inc()
        except asyncio.CancelledError:
            metrics.CLOSED.labels("stopped").inc()
        except Exception as problem:  # noqa: BLE001 - outermost edge: recorded, the peer is hung up
            metrics.CLOSED.labels("fault").inc()
            _log.error("mllp-connection-failed", kind=type(problem).__name__)
        finally:
            metrics.CONNECTIONS.dec()
            del self._open[connection]
            writer.close()
            with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(_HANDSHAKE_SECONDS):
                    await writer.wait_closed()


@asynccontextmanager
async def mllp_door(hub: Hub) -> AsyncIterator[Listener]:
    """The door of a running hub: opened as soon as a site may send by it, closed gracefully.

    Raises HubMisconfigured when its TLS is not as it must be, whether or not a site sends yet,
    and when a site may send and the address cannot be had.
    """
    book = SenderBook(hub)
    listener = Listener(hub, book, server_context(hub.settings))
    if await book.current():
        await listener.start()
    watching = asyncio.create_task(_watch(listener, book))
    try:
        yield listener
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await listener.stop()


async def _watch(listener: Listener, book: SenderBook) -> None:
    """Open the door when the first site may send, close it when the last may not any more."""
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        wanted = bool(await book.current())
        if wanted and not listener.is_listening:
            try:
                await listener.start()
            except HubMisconfigured as fault:
                _log.error("mllp-does-not-listen", fault=fault.text)
        elif not wanted and listener.is_listening:
            _log.info("mllp-stops", reason="no site may send by it")
            await listener.stop()
