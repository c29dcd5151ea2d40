"""Where a hub's data lie in a test: a fresh database, or a copy of one that was filled once.

To fill a region takes a second of the machine, to copy it a hundredth. So what many tests begin
with is made once in a process by `prepared` and copied from then on, keys and all: each test has
data of its own, and nothing it does is seen by another.
"""

import asyncio
import copy
import secrets
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

S = TypeVar("S")


class Place:
    """Where a hub's data lie: what `Database.open` takes."""

    def __init__(self, url: str | None, data_dir: Path) -> None:
        self._url = url
        self.data_dir = data_dir

    @property
    def url(self) -> str | None:
        """The address of the database; None: SQLite in the data directory."""
        return self._url


@dataclass
class Template:
    """A database to copy, the files beside it, and what was filled in from it in this process."""

    folder: Path  # with the SQLite file, where it is one, and what lies beside a hub's data
    server: str | None = None  # of PostgreSQL
    name: str = ""  # of the database there
    filled: dict[str, tuple["Template", Any]] = field(default_factory=dict)
    made: list["Copied"] = field(default_factory=list)  # which the copies of `filled` are made of

    def drop(self) -> None:
        """Let go of what was filled in; the files are the session's own."""
        for one in self.made:
            one.drop()


class Copied(Place):
    """A place of its own, copied from a template; before it is used it may be another one's copy."""

    def __init__(self, template: Template, data_dir: Path) -> None:
        super().__init__(None, data_dir)
        self.name = f"t_{secrets.token_hex(6)}"
        self._is_there = False
        self.become(template)

    @property
    def url(self) -> str | None:
        """The address of the database, which is made when it is asked for."""
        server = self.template.server
        if server is None:
            return None
        if not self._is_there:
            statement(server, f"CREATE DATABASE {self.name} TEMPLATE {self.template.name}")
            self._is_there = True
        return at(server, self.name)

    def become(self, template: Template) -> None:
        """Be a copy of this one; at the same address, if that was asked for."""
        self.drop()
        self.template = template
        shutil.copytree(template.folder, self.data_dir, dirs_exist_ok=True)

    def kept(self) -> Template:
        """What is here now, to be copied; nobody may have it open."""
        return Template(self.data_dir, self.template.server, self.name)

    def drop(self) -> None:
        """Let the database go; the files are the test's own."""
        if self._is_there and self.template.server is not None:
            statement(self.template.server, f"DROP DATABASE {self.name} WITH (FORCE)")
            self._is_there = False


async def prepared(place: Place, fill: Callable[[Place], Awaitable[S]]) -> S:
    """The place as `fill` fills it, before anybody uses it; what `fill` answered, a copy of it."""
    if not isinstance(place, Copied):
        return await fill(place)
    key = f"{fill.__module__}.{fill.__qualname__}"
    template = place.template
    if key not in template.filled:
        first = Copied(template, Path(tempfile.mkdtemp(dir=template.folder.parent)))
        template.made.append(first)
        said = await fill(first)
        template.filled[key] = (first.kept(), said)
    kept, said = template.filled[key]
    place.become(kept)
    return copy.deepcopy(said)


def at(url: str, name: str) -> str:
    """The address of another database of the same server."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def elsewhere(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run async work to its end in a thread of its own: fixtures may stand inside a loop."""

    async def run() -> Any:
        return await work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


def statement(url: str, sql: str) -> None:
    """Run one statement outside a transaction."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    elsewhere(run)
