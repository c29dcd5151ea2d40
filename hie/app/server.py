"""A hub that serves until it is stopped: web server, local socket, listeners, workers beside it."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import structlog
import uvicorn
import uvloop

from hie.app.local_protocol import LocalProtocol
from hie.app.opening import migrated, opened, rules_at_start
from hie.app.prompt_protocol import prompt
from hie.app.web import web_app
from hie.app.worker import work
from hie.errors import Unavailable
from hie.exchange.ask_sources import keep_asking
from hie.exchange.card_outcomes import keep_settling
from hie.exchange.hub import Hub
from hie.exchange.keep_instances import sweep
from hie.exchange.operators import operator
from hie.intake.dicom import DicomDoor
from hie.intake.local import local_app
from hie.intake.mllp import mllp_door
from hie.oauth.dual_control import keep_demand
from hie.oauth.upkeep import upkeep
from hie.settings import Settings

_log = structlog.get_logger(__name__)
_SWEEP_EVERY = 3600.0  # seconds between two looks for files of instances that no row names


def serve(settings: Settings) -> None:
    """The hub until SIGTERM or Ctrl-C: web process, local socket, message workers beside it."""
    workers: list[subprocess.Popen[bytes]] = []
    rules_at_start(settings)  # before a table is touched or a worker runs
    if settings.database_url is not None:
        migrated(settings)
        workers = [
            subprocess.Popen([sys.executable, "-m", "hie", "worker"])
            for _ in range(settings.message_workers)
        ]
    try:
        with asyncio.Runner(loop_factory=uvloop.Loop) as runner:
            runner.run(_serve(settings))
    except KeyboardInterrupt:
        pass
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(10)


async def _serve(settings: Settings) -> None:
    async with opened(settings) as hub:
        await keep_demand(hub.entrance, operator(settings.data_dir))
        images = DicomDoor(hub)
        await images.look()
        tasks = [
            asyncio.create_task(upkeep(hub.entrance)),
            asyncio.create_task(images.run()),
            asyncio.create_task(_sweep(hub)),
            asyncio.create_task(keep_asking(hub)),
            asyncio.create_task(keep_settling(hub)),
        ]
        servers = [
            uvicorn.Server(
                uvicorn.Config(
                    web_app(hub),
                    host=settings.host,
                    port=settings.port,
                    http=prompt(_recorded(hub)),
                    lifespan="off",
                    log_config=None,
                    server_header=False,
                    proxy_headers=False,  # who calls is who is connected (oauth.caller)
                    access_log=False,
                )
            )
        ]
        tasks.append(asyncio.create_task(_announce(servers[0], settings)))
        path = settings.data_dir / "hub.sock"
        if settings.database_url is None:
            tasks.append(asyncio.create_task(work(hub)))
            servers.append(_local_server(hub, path))
        try:
            async with mllp_door(hub):
                await _until_stopped(servers)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            path.unlink(missing_ok=True)


def _recorded(hub: Hub) -> Callable[[str | None], None]:
    """What records a connection that was hung up on, beside whatever else goes on."""
    under_way: set[asyncio.Task[None]] = set()

    def told(network: str | None) -> None:
        recording = asyncio.create_task(hub.entrance.refusals.record_connection(network))
        under_way.add(recording)
        recording.add_done_callback(under_way.discard)

    return told


async def _announce(server: uvicorn.Server, settings: Settings) -> None:
    """Say once where the hub answers: whoever started it by hand wants to know."""
    while not server.started:
        await asyncio.sleep(0.05)
    kind = "postgresql" if settings.database_url else "sqlite"
    _log.info("serving", address=settings.address, database=kind)


async def _sweep(hub: Hub) -> None:
    """Once an hour, let go of files of instances that no row names."""
    while True:
        with contextlib.suppress(Unavailable):
            await sweep(hub)
        await asyncio.sleep(_SWEEP_EVERY)


async def _until_stopped(servers: list[uvicorn.Server]) -> None:
    """Run the servers; when one ends (a signal, a taken port), all end.

    uvicorn raises a signal anew once it has ended: handlers of our own keep that from ending the
    process before its other doors, its ledger and its database are closed.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    running = [asyncio.create_task(server.serve()) for server in servers]
    told = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait([*running, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running, return_exceptions=True)


def _local_server(hub: Hub, path: Path) -> uvicorn.Server:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    config = uvicorn.Config(
        local_app(hub),
        fd=listener.detach(),
        http=LocalProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    return uvicorn.Server(config)
