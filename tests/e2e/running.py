"""The real hub behind a real socket, for a browser: uvicorn in a thread with its own event loop.

SQLite belongs to one process and one loop, so filling and serving happen in that thread.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from hie.app import opened, web_app, work
from hie.exchange.commands import run
from hie.exchange.demo import fill
from hie.exchange.hub import Hub
from hie.settings import Settings
from hie.synthetic import Manifest, generate
from tests.treated import treats_everybody

PEOPLE = 34
PASSWORD = "a long pass phrase"
Filled = Callable[[Hub, Manifest], Awaitable[None]]


@dataclass(frozen=True)
class Running:
    """Where the hub answers, who may sign in there and who is in it."""

    address: str
    sign_ins: dict[str, str]  # login to password
    region: Manifest
    hub: Hub | None = None  # in its own thread's loop
    loop: asyncio.AbstractEventLoop | None = None

    def do(self, work: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
        """Something that happens in the hub while a browser is open."""
        assert self.hub is not None
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(work(self.hub), self.loop).result(30)

    def client(self) -> httpx.Client:
        """A system that asks the hub; over TLS it takes the certificate of this run as it is."""
        return httpx.Client(base_url=self.address, timeout=30, verify=False)  # noqa: S501

    def number_of(self, index: int) -> str:
        """The resident number of a person of the region's cast."""
        return next(one.resident_id for one in self.region.people if one.index == index)


@contextmanager
def serving(
    folder: Path,
    more: Filled | None = None,
    *,
    tls: tuple[Path, Path] | None = None,
    **settings_: Any,
) -> Iterator[Running]:
    """A hub with the synthetic region on a free loopback port, until the block is left.

    `tls`: certificate and key; it is `https://localhost` then.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = Settings(
        data_dir=folder / "data",
        port=port,
        base_url=f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}",
        rate_limits=False,
        synthetic=True,
        **settings_,
    )

    async def filled(hub: Hub) -> Running:
        today = datetime.now(timezone(timedelta(hours=8))).date()
        region = generate(folder / "region", seed=1, today=today, people=PEOPLE)
        answer = await fill(hub, region, lambda *_: None)
        await _auditor(hub, region)
        if more is not None:
            await more(hub, region)
        await treats_everybody(hub, *(site.institution for site in region.sites))
        sign_ins = {one["login"]: one["password"] for one in answer["sign_ins"]}
        sign_ins["auditor"] = PASSWORD
        return Running(settings.address, sign_ins, region, hub, asyncio.get_running_loop())

    with on_thread(settings, filled, listener, tls) as running:
        yield running


@contextmanager
def on_thread(
    settings: Settings,
    begin: Callable[[Hub], Awaitable[Running]],
    listener: socket.socket | None = None,
    tls: tuple[Path, Path] | None = None,
) -> Iterator[Running]:
    """A hub with its message worker in a thread, until the block is left; `begin` comes first.

    It listens on the loopback port of the settings where it is given no listener.
    """
    listener = listener or socket.create_server(("127.0.0.1", settings.port))
    ready = threading.Event()
    told: dict[str, Any] = {}

    async def serve() -> None:
        async with opened(settings) as hub, _working(hub):
            running = await begin(hub)
            config = uvicorn.Config(
                web_app(hub),
                http="httptools",
                lifespan="off",
                log_config=None,
                access_log=False,
                ssl_certfile=tls[0] if tls else None,
                ssl_keyfile=tls[1] if tls else None,
            )
            server = uvicorn.Server(config)
            told["server"] = server
            told["running"] = running
            ready.set()
            await server.serve(sockets=[listener])

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            told["error"] = error
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="hub")
    thread.start()
    try:
        ready.wait(300)  # a machine that has much else to do
        if "running" not in told:
            raise AssertionError("the hub did not start") from told.get("error")
        yield told["running"]
    finally:
        if "server" in told:
            told["server"].should_exit = True
        thread.join(20)
        listener.close()


@asynccontextmanager
async def _working(hub: Hub) -> AsyncIterator[None]:
    """The message worker beside the pages, as `hie serve` has it on SQLite."""
    task = asyncio.create_task(work(hub))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _auditor(hub: Hub, region: Manifest) -> None:
    """Somebody who may sign in and sees no patients."""
    person = {"login": "auditor", "name": "审计员（合成）", "role": "auditor", "department": ""}
    institution = region.sites[0].institution
    await run(hub, "user-add", person | {"password": PASSWORD, "institution": institution})
