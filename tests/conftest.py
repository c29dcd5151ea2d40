"""What every test shares: the event loop's kind, and databases to test on.

`place` and `database` run a test twice, on SQLite and on PostgreSQL: a fresh database each time,
copied from one that was migrated once. So do the tests of the store, of search and of what happens
at once; of the others that stand above the store each case runs on one of the two, always the same,
so that half are on either. `HIE_TEST_DATABASES=sqlite,postgresql` runs every case on both, one name
on one.
"""

import os
import re
import shutil
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings as properties

from hie.exchange.quick_start import start
from hie.store.database import Database
from hie.store.migrate import migrate
from hie.store.sqlite import FILE
from tests.places import Copied, Place, Template, at, statement
from tests.postgres import server
from tests.quick_disk import write_to_memory

write_to_memory()
# How long an example takes belongs to the machine; what must hold belongs to the test.
properties.register_profile("untimed", deadline=None)
properties.load_profile("untimed")

BOTH = "sqlite,postgresql"
DATABASES = os.environ.get("HIE_TEST_DATABASES", BOTH).split(",")
IS_CHOSEN = "HIE_TEST_DATABASES" in os.environ  # then every case runs on each of them
_INTEGRATION = Path(__file__).parent / "integration"
_ON_BOTH = tuple(_INTEGRATION / name for name in ("store", "fhir/search"))
# These take a minute or more on each database.
_LONG = frozenset({"test_every_parameter.py", "test_fhir_fuzz.py"})
# What many do at once each database orders in its own way.
_AT_ONCE = re.compile(r"test_(?:\w+_)?(?:at_once|races\w*|on_both_databases)\.py")
_DATABASE = re.compile(r"\b(sqlite|postgresql)\b")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the other database of cases above the store, and say how many those are."""
    if IS_CHOSEN:
        return
    kept, left = [], []
    for item in items:
        (kept if _is_kept(item) else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
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


@pytest.fixture(scope="session")
def sqlite_kept(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The file, as a hub has it that was started before."""
    folder = _started(tmp_path_factory)
    shutil.copy(sqlite_template, folder / FILE)
    return Template(folder)


@pytest.fixture(scope="session")
def postgres_kept(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """The migrated database, as a hub has it that was started before."""
    template = Template(_started(tmp_path_factory), postgres, _named("postgres"))
    yield template
    template.drop()


@pytest.fixture(scope="session")
def durable_postgres_kept(
    durable_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Template]:
    """The same of the server that survives what it promises to survive."""
    template = Template(_started(tmp_path_factory), durable_postgres, _named("durable_postgres"))
    yield template
    template.drop()


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


def _started(folders: pytest.TempPathFactory) -> Path:
    """A data directory in which the rules have been read before: that is slow, and for few tests."""
    folder = folders.mktemp("kept")
    start(folder)
    return folder


@contextmanager
def _place(request: pytest.FixtureRequest, fixture: str, data_dir: Path) -> Iterator[Place]:
    kept = "sqlite" if request.param == "sqlite" else fixture
    found = Copied(request.getfixturevalue(f"{kept}_kept"), data_dir)
    try:
        yield found
    finally:
        found.drop()
