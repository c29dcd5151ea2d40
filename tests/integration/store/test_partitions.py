"""The resource tables split by home on PostgreSQL: the same queries, the same answers.

Nothing is partitioned by default; that every key begins with the home keeps the way open.
"""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from hie.store.database import Database
from hie.store.migrate import on_connection
from hie.store.tables import METADATA, TABLES
from tests.conftest import Place
from tests.integration.store import test_resources as plain

PARTS = 16


def split(connection: Connection) -> None:
    """Make the tables of resources anew, each in 16 parts by the hash of the home."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for name in (*TABLES.values(), "resource_history"):
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


@pytest.fixture
async def partitioned(postgres_place: Place) -> AsyncIterator[Database]:
    on_connection(postgres_place.url, postgres_place.data_dir, split)
    db = await Database.open(postgres_place.url, postgres_place.data_dir)
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
