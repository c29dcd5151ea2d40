"""What every test shares: the event loop's kind, and databases to test on.

`place` and `database` run a test twice, on SQLite and on PostgreSQL: a fresh database each time,
copied from one that was migrated once. So do the tests of the store, of search and of what happens
at once; of the others that stand above the store each case runs on one of the two, always the same,
so that half are on either. `HIE_TEST_DATABASES=sqlite,postgresql` runs every case on both, one name
on one.
"""

import asyncio
import os
import re
import secrets
import shutil
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import settings as properties

from hie.store.database import Database
from hie.store.migrate import migrate
from hie.store.sqlite import FILE
from tests.postgres import server

# How long an example takes belongs to the machine; what must hold belongs to the test.
properties.register_profile("untimed", deadline=None)
properties.load_profile("untimed")

BOTH = "sqlite,postgresql"
DATABASES = os.environ.get("HIE_TEST_DATABASES", BOTH).split(",")
IS_CHOSEN = "HIE_TEST_DATABASES" in os.environ  # then every case runs on each of them
_INTEGRATION = Path(__file__).parent / "integration"
_ON_BOTH = tuple(_INTEGRATION / name for name in ("store", "fhir/search"))
_LONG = frozenset({"test_every_parameter.py"})  # takes a minute on each database
# What many do at once each database orders in its own way.
_AT_ONCE = re.compile(r"test_(?:\w+_)?(?:at_once|races\w*|on_both_databases)\.py")
_DATABASE = re.compile(r"\b(sqlite|postgresql)\b")


@dataclass(frozen=True)
class Place:
    """Where a hub's data lie: what `Database.open` takes."""

    url: str | None
    data_dir: Path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the other database of cases above the store, and say how many those are."""
    if IS_CHOSEN:
        return
    kept = [item for item in items if _is_kept(item)]
    left = len(items) - len(kept)
    if left:
        config.hook.pytest_deselected(items=[item for item in items if not _is_kept(item)])
        items[:] = kept


def _is_kept(item: pytest.Item) -> bool:
    path = item.path
    is_twice = path.is_relative_to(_INTEGRATION) and not any(map(path.is_relative_to, _ON_BOTH))
    is_twice = (is_twice and _AT_ONCE.fullmatch(path.name) is None) or path.name in _LONG
    case = item.name.partition("[")[2]
    found = _DATABASE.search(case)
    if not is_twice or found is None or "postgres_place" in getattr(item, "fixturenames", ()):
        return True
    both = f"{path.name}:{_DATABASE.sub('', item.name)}"
    return found[0] == DATABASES[zlib.crc32(both.encode()) % 2]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the hub does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for plain tests, without fsync, with a migrated database to copy."""
    with server(durable=False) as url, _template(url, "postgres", tmp_path_factory):
        yield url


@pytest.fixture(scope="session")
def durable_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same with fsync, for tests that kill processes."""
    with server(durable=True) as url, _template(url, "durable_postgres", tmp_path_factory):
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file."""
    folder = tmp_path_factory.mktemp("template")
    migrate(None, folder)
    return folder / FILE


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A fresh migrated database: on SQLite, then on PostgreSQL."""
    with _place(request, "postgres", tmp_path) as found:
        yield found


@pytest.fixture(params=DATABASES)
def durable_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A fresh migrated database that survives what it promises to survive."""
    with _place(request, "durable_postgres", tmp_path) as found:
        yield found


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """An opened fresh database: on SQLite, then on PostgreSQL."""
    db = await Database.open(place.url, place.data_dir)
    yield db
    await db.close()


@pytest.fixture(params=["postgresql"] if "postgresql" in DATABASES else [])
def postgres_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A fresh migrated PostgreSQL database."""
    with _place(request, "postgres", tmp_path) as found:
        yield found


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


def _named(fixture: str) -> str:
    """The template's name: the server may be one that others use too."""
    return f"hie_template_{fixture}_{os.getpid()}"


@contextmanager
def _template(url: str, fixture: str, folders: pytest.TempPathFactory) -> Iterator[None]:
    name = _named(fixture)
    statement(url, f"CREATE DATABASE {name}")
    try:
        migrate(at(url, name), folders.mktemp("template"))
        yield
    finally:
        statement(url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _place(request: pytest.FixtureRequest, fixture: str, data_dir: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), data_dir / FILE)
        yield Place(None, data_dir)
        return
    url = request.getfixturevalue(fixture)
    name = f"t_{secrets.token_hex(6)}"
    with ExitStack() as stack:
        statement(url, f"CREATE DATABASE {name} TEMPLATE {_named(fixture)}")
        stack.callback(statement, url, f"DROP DATABASE {name} WITH (FORCE)")
        yield Place(at(url, name), data_dir)
