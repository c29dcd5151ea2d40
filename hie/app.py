"""Composition root: the one place where the parts meet, open, serve and close."""

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hie import __version__
from hie.api import FHIR_ROUTES
from hie.api.problem import problem
from hie.api.v1 import V1_ROUTES
from hie.dicomweb.pool import PixelPool
from hie.dicomweb.routes import DICOMWEB_ROUTES
from hie.errors import (
    AccessRefused,
    HubError,
    HubMisconfigured,
    RulebookInvalid,
    TooMany,
    Unavailable,
)
from hie.exchange.ask_sources import keep_asking
from hie.exchange.books_in_force import BooksInForce
from hie.exchange.hub import Hub
from hie.exchange.keep_instances import sweep
from hie.exchange.loading_times import loading_of
from hie.exchange.measured import measured
from hie.exchange.plugins import load_adapters
from hie.exchange.process import BATCH, process_waiting
from hie.exchange.publish_study import publish_due
from hie.exchange.quick_start import start
from hie.exchange.register_cache import RegisterCache
from hie.fhir.elements import instant
from hie.intake.dicom import DicomDoor
from hie.intake.http import INTAKE_ROUTES
from hie.intake.local import local_app
from hie.intake.mllp import mllp_door
from hie.logs import configure
from hie.oauth.door import Door
from hie.oauth.entrance import open_entrance
from hie.oauth.hardening import BodyLimit, Hardening
from hie.oauth.outermost import Outermost, record_fault
from hie.oauth.routes import routes as oauth_routes
from hie.oauth.signing import open_ring
from hie.oauth.upkeep import upkeep
from hie.recognition.rulebook_check import require_rulebook
from hie.recognition.sources import Sources
from hie.schemas import use_folder
from hie.settings import Settings
from hie.status import status_of
from hie.store import message_list
from hie.store import migrate as migrations
from hie.store.database import Database
from hie.store.ledger import Ledger
from hie.web import SHEET_ROUTES, WEB_ROUTES
from hie.web.pages.unserved import failed, unserved

_log = structlog.get_logger(__name__)
_LONGEST_BODY = 3600.0  # seconds a body of images may take
_SWEEP_EVERY = 3600.0  # seconds between two looks for files of instances that no row names
_IDLE = 0.2  # seconds between two looks of a worker that found nothing
_STEP_BACK = 0.5  # seconds for which a worker lets the doors of its process go first
_NICE = 5
_FEW = 5  # messages it takes between
_LONGEST_LAG_US = 600_000_000  # a message waits so long before its turn is as good as a door's


def schema_versions(settings: Settings) -> tuple[str | None, str]:
    """The revision the database has, and the one this version wants."""
    place = (settings.database_url, settings.data_dir, settings.database_password_file)
    return migrations.current(*place), migrations.head()


def migrated(settings: Settings) -> None:
    """Bring the database to this version's tables; a second call changes nothing."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    migrations.migrate(settings.database_url, settings.data_dir, settings.database_password_file)


def rules_at_start(settings: Settings) -> Sources:
    """Rules, catalogue, policy and texts, a region's own over the shipped ones.

    Raises RulebookInvalid with file, line and reason of every fault, HubMisconfigured.
    """
    use_folder(settings.rulebook_dir)
    if settings.rulebook_dir is not None:
        require_rulebook(settings.rulebook_dir)
    try:
        return start(settings.data_dir)
    except RulebookInvalid:
        require_rulebook(settings.rulebook_dir)  # says where
        raise


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Hub]:
    """An opened hub: database migrated, keys made at first start; closed when the block is left.

    Raises HubMisconfigured, DataDirectoryBusy, Unavailable.
    """
    configure(settings.log_level)
    sources, adapters = rules_at_start(settings), load_adapters()
    has, wants = schema_versions(settings)
    if has is None or (settings.database_url is None and has != wants):
        migrated(settings)
    db = await Database.open(
        settings.database_url,
        settings.data_dir,
        password_file=settings.database_password_file,
    )
    ledger = Ledger(db)
    # The cyclic collector was half of the cost of taking messages in: what is loaded stays, and
    # a batch's trees die by reference count.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    loading_of(db).target = settings.images_target_seconds
    try:
        registers = RegisterCache(db)

        async def status(code: str) -> str | None:
            held, _ = await registers.current()
            row = held.institution(code, instant(time.time_ns() // 1000).date())
            return None if row is None else row.status

        entrance = open_entrance(
            db,
            ledger,
            open_ring(settings.data_dir),
            settings.address,
            status,
            rate_limits=settings.rate_limits,
            metrics_token=_secret(settings.metrics_token_file),
        )
        hub = Hub(
            settings=settings,
            db=db,
            ledger=ledger,
            entrance=entrance,
            adapters=adapters,
            catalogue=sources.catalogue,
            rulebook=sources.rulebook,
            books=BooksInForce(sources),
            registers=registers,
            page_key=_page_key(settings.data_dir),
            item_units={key: item.units for key, item in sources.catalogue.items.items()},
            loinc={
                code: found
                for item in sources.catalogue.items.values()
                for code in (*item.loinc_confirmed, *item.loinc_unconfirmed)
                if (found := sources.catalogue.item_of_loinc(code)) is not None
            },
        )
        try:
            yield hub
        finally:
            for close in (*hub.at_close, hub.fetched.close):
                await close()
    finally:
        await ledger.close()
        await db.close()


def _secret(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text("utf-8").strip()
    except OSError as problem_:
        raise HubMisconfigured(f"{file}: {problem_.strerror}") from problem_


def _page_key(data_dir: Path) -> bytes:
    """The key page tokens are signed with; made at first start, mode 0600."""
    path = data_dir / "keys" / "page.key"
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()


def web_app(hub: Hub) -> ASGIApp:
    """The whole web application of an opened hub, behind its doors."""
    app = FastAPI(title="hie", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.hub = hub
    app.state.pixels = PixelPool(hub.settings.pixel_workers)
    hub.at_close.append(app.state.pixels.close)
    app.router.routes.extend(
        [
            *oauth_routes(hub.entrance),
            *FHIR_ROUTES,
            *V1_ROUTES,
            *SHEET_ROUTES,
            *INTAKE_ROUTES,
            *DICOMWEB_ROUTES,
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/metrics", _metrics),
            *WEB_ROUTES,
        ]
    )

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, AccessRefused | TooMany):
            await hub.entrance.refusals.record_error(request.scope, error)
        if not isinstance(error, HubError):
            raise error
        if status_of(error) == 500:
            record_fault(request.scope, error)
        return problem(error)

    app.add_exception_handler(HubError, refused)
    app.add_exception_handler(Exception, failed)
    app.add_exception_handler(HTTPException, unserved)
    limits = [
        BodyLimit("/oauth", 32 * 1024),
        # A study over a slow line takes its time; what is no image is cut at `intake_limit` there.
        BodyLimit("/intake", hub.settings.instance_limit, _LONGEST_BODY),
        BodyLimit("/dicom-web", hub.settings.instance_limit, _LONGEST_BODY),
    ]
    whole = Hardening(
        Outermost(Door(app, entrance=hub.entrance)),
        default_limit=hub.settings.body_limit,
        https=hub.settings.address.startswith("https"),
        body_limits=limits,
    )
    app.state.whole = whole  # each entry of a batch goes through all of it
    return whole


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    try:
        async with hub.db.reading() as reader:
            waiting = await message_list.oldest_waiting_us(reader)
    except HubError as error:
        return JSONResponse({"status": "not ready", "reason": error.text}, status_code=503)
    age = 0 if waiting is None else max(0, time.time_ns() // 1000 - waiting) // 1_000_000
    return JSONResponse({"status": "ready", "oldest_waiting_seconds": age})


async def _metrics(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    return Response(await measured(hub), media_type="text/plain; version=0.0.4")


async def work(hub: Hub) -> None:
    """Finish kept messages for ever; a database that is away is waited for."""
    while True:
        try:
            done = await process_waiting(hub, await _turn(hub))
            done += await publish_due(hub)
        except Unavailable as error:
            _log.warning("worker-waits", reason=error.text)
            await asyncio.sleep(1)
            continue
        if done:
            continue
        hub.wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_IDLE):  # wait_for may lose a cancellation (gh-86296)
                await hub.wake.wait()


async def _turn(hub: Hub) -> int:
    """How many messages to take now: few, and after a pause, while doors of this process keep some.

    Processing shares the process (SQLite: also the writer) with the doors; acknowledgements come
    first. Once the oldest message has waited for long, both have their turn, and senders slow down.
    """
    if not hub.db.inbox.busy:
        return BATCH
    async with hub.db.reading() as reader:
        oldest = await message_list.oldest_waiting_us(reader)
    if oldest is not None and time.time_ns() // 1000 - oldest > _LONGEST_LAG_US:
        return BATCH
    until = time.monotonic() + _STEP_BACK
    while hub.db.inbox.busy and time.monotonic() < until:
        await asyncio.sleep(0.02)
    return _FEW if hub.db.inbox.busy else BATCH


async def run_worker(settings: Settings) -> None:
    """One message worker process, until SIGTERM or Ctrl-C.

    It is nice: on one machine with the doors, acknowledging comes before processing.
    """
    os.nice(_NICE)
    async with opened(settings) as hub:
        task = asyncio.create_task(work(hub))
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task


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
        uvicorn_loop = "uvloop"
        with asyncio.Runner(loop_factory=_loop(uvicorn_loop)) as runner:
            runner.run(_serve(settings))
    except KeyboardInterrupt:
        pass
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(10)


def _loop(name: str) -> "type[asyncio.AbstractEventLoop] | None":
    import uvloop

    return uvloop.Loop if name == "uvloop" else None


async def _serve(settings: Settings) -> None:
    async with opened(settings) as hub:
        images = DicomDoor(hub)
        await images.look()
        tasks = [
            asyncio.create_task(upkeep(hub.entrance)),
            asyncio.create_task(images.run()),
            asyncio.create_task(_sweep(hub)),
            asyncio.create_task(keep_asking(hub)),
        ]
        servers = [
            uvicorn.Server(
                uvicorn.Config(
                    web_app(hub),
                    host=settings.host,
                    port=settings.port,
                    http="httptools",
                    lifespan="off",
                    log_config=None,
                    server_header=False,
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
        local_app(hub), fd=listener.detach(), lifespan="off", log_config=None, access_log=False
    )
    return uvicorn.Server(config)
