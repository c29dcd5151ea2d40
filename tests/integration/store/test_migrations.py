"""The migrations make exactly the tables this version declares, on both databases."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import hie.store.migrate
from hie.store.migrate import current, head, migrate, on_connection
from hie.store.tables import METADATA
from tests.places import Place, at, statement


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, METADATA))


def test_the_migrated_tables_are_those_declared(place: Place) -> None:
    assert on_connection(place.url, place.data_dir, differences) == []


def test_a_second_run_changes_nothing(place: Place) -> None:
    migrate(place.url, place.data_dir)
    assert current(place.url, place.data_dir) == head()


def test_a_fresh_directory_has_no_tables_and_then_this_versions(tmp_path: Path) -> None:
    assert current(None, tmp_path) is None
    migrate(None, tmp_path)
    assert current(None, tmp_path) == head()


def test_a_fresh_server_has_no_tables_and_then_this_versions(postgres: str, tmp_path: Path) -> None:
    statement(postgres, "CREATE DATABASE fresh")
    try:
        url = at(postgres, "fresh")
        assert current(url, tmp_path) is None
        migrate(url, tmp_path)
        assert current(url, tmp_path) == head()
    finally:
        statement(postgres, "DROP DATABASE fresh WITH (FORCE)")


@pytest.mark.anyio
async def test_a_running_loop_may_migrate(place: Place) -> None:
    migrate(place.url, place.data_dir)


def test_text_is_compared_by_code_point(postgres_place: Place) -> None:
    def collations(connection: Connection) -> list[str]:
        rows = connection.exec_driver_sql(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'text' AND collation_name <> 'C'"
        )
        return [row[0] for row in rows]

    assert on_connection(postgres_place.url, postgres_place.data_dir, collations) == []


def test_the_revision_wanted_is_the_one_alembic_finds() -> None:
    folder = Path(hie.store.migrate.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == head()
