"""How a command reaches the hub: in this process, or through the running hub's local socket.

SQLite belongs to one hub process. A command first asks the socket of a running hub (`hub.sock`,
mode 0600 in the data directory: whoever may open it may read the database file as well); when
nobody answers, it opens the hub itself and takes the lock. On PostgreSQL it always opens its own.
"""

import asyncio
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hie.errors import DataDirectoryBusy, Fault, HubError, Unavailable
from hie.settings import Settings

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run one command of `hie.exchange.commands`; raises HubError with the hub's own words."""
    with connected() as ask:
        return ask(name, arguments)


@contextmanager
def connected(settings: Settings | None = None) -> Iterator[Call]:
    """A way to run several commands over one connection: `ask(name, arguments) -> answer`."""
    chosen = settings or Settings()
    path = chosen.data_dir / "hub.sock"
    if chosen.database_url is None and _answers(path):
        yield lambda name, arguments: _over_socket(path, name, arguments)
        return
    try:
        with _here(chosen) as ask:
            yield ask
    except DataDirectoryBusy as busy:
        raise Unavailable(f"{busy.text}, and it does not answer on its socket") from busy


@contextmanager
def _here(settings: Settings) -> Iterator[Call]:
    # The hub's modules take a second to load: only a command that opens a hub pays for them.
    from hie.app import opened
    from hie.exchange.commands import run

    with asyncio.Runner() as runner:
        opening = opened(settings)
        hub = runner.run(opening.__aenter__())
        try:
            yield lambda name, arguments: runner.run(run(hub, name, arguments))
        finally:
            runner.run(opening.__aexit__(None, None, None))


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=600)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _answers(path: Path) -> bool:
    """Whether a hub listens; a socket left behind by a hub that was killed does not."""
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def _over_socket(path: Path, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    connection = _UnixConnection(path)
    try:
        connection.request("POST", f"/{name}", json.dumps(arguments).encode())
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    except OSError as gone:
        raise Unavailable("the running hub did not answer on its socket") from gone
    finally:
        connection.close()
    if response.status == 200:
        return answer
    faults = tuple(
        Fault(e["path"], e["code"], e.get("expected", "")) for e in answer.get("errors", ())
    )
    kind = Unavailable if response.status == 503 else HubError
    raise kind(answer.get("title", "the hub refused"), faults)
