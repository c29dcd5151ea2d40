"""The resource tables split by home on PostgreSQL: the same queries, the same answers.

Nothing is partitioned by default; that every key begins with the home keeps the way open.
"""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from hie.store.database import Database
from hie.store.migrate import migrate, on_connection
from hie.store.tables import HOMELESS, METADATA, TABLES
from tests.conftest import DATABASES
from tests.integration.fhir import (
    test_conditional_reads,
    test_history,
    test_preconditions,
    test_transactions,
    test_writing,
)
from tests.integration.fhir.search import (
    test_identifiers,
    test_links_between_resources,
    test_tokens,
)
from tests.integration.store import test_resources as plain
from tests.places import Place, at, statement

PARTS = 16
OVER_HTTP = (
    test_writing,
    test_transactions,
    test_tokens,
    test_identifiers,
    test_links_between_resources,
    test_history,
    test_conditional_reads,
    test_preconditions,
)


def split(connection: Connection) -> None:
    """Make the tables of resources anew, each in 16 parts by the hash of the home.

    What is nobody's has one home, and stays whole.
    """
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    of_homes = [table for kind, table in TABLES.items() if kind not in HOMELESS]
    for name in (*of_homes, "resource_history", "resource_identifier"):
        table = METADATA.tables[name]
        connection.execute(text(f"DROP TABLE {name}"))
        made = str(CreateTable(table).compile(dialect=dialect))
        connection.execute(text(f"{made.rstrip()} PARTITION BY HASH (home)"))
        for part in range(PARTS):
            connection.execute(
                text(
                    f"CREATE TABLE {name}_{part} PARTITION OF {name}"
                    f" FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
                )
            )
        for index in table.indexes:
            connection.execute(CreateIndex(index))


@pytest.fixture(scope="module")
def split_template(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with split tables, made once to be copied."""
    name = f"t_split_{secrets.token_hex(6)}"
    statement(postgres, f"CREATE DATABASE {name}")
    try:
        folder = tmp_path_factory.mktemp("split")
        migrate(at(postgres, name), folder)
        on_connection(at(postgres, name), folder, split)
        yield name
    finally:
        statement(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["postgresql"] if "postgresql" in DATABASES else [])
def split_place(postgres: str, split_template: str, tmp_path: Path) -> Iterator[Place]:
    name = f"t_{secrets.token_hex(6)}"
    statement(postgres, f"CREATE DATABASE {name} TEMPLATE {split_template}")
    try:
        yield Place(at(postgres, name), tmp_path)
    finally:
        statement(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def partitioned(split_place: Place) -> AsyncIterator[Database]:
    db = await Database.open(split_place.url, split_place.data_dir)
    yield db
    await db.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "name",
    [
        name
        for name, test in vars(plain).items()
        if name.startswith("test_") and "database" in test.__annotations__
    ],
)
async def test_the_resource_tests_hold_on_sixteen_partitions(
    partitioned: Database, name: str
) -> None:
    await getattr(plain, name)(partitioned)


def _of(module: ModuleType) -> Iterator[str]:
    """The tests of a module that ask for a place and a folder alone."""
    for name, test in vars(module).items():
        asked = {*getattr(test, "__annotations__", ())} - {"return"}
        if name.startswith("test_") and asked == {"place", "tmp_path"}:
            yield name


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param(module, name, id=f"{module.__name__.rpartition('.')[2]}-{name}")
        for module in OVER_HTTP
        for name in _of(module)
    ],
)
async def test_searches_and_writes_hold_on_sixteen_partitions(
    split_place: Place, tmp_path: Path, module: ModuleType, name: str
) -> None:
    await getattr(module, name)(split_place, tmp_path)
