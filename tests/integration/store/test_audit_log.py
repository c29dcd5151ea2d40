"""The audit log is read by its indexes, a patient at a time, and stays whole when it is migrated."""

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from hie.access.actor import Actor, ActorKind, Purpose
from hie.audit.event import Action, Event, EventType, Subject
from hie.fhir.search.values import When
from hie.store import audit_log, ledger, migrate
from hie.store.audit_log import Look
from hie.store.database import Database
from tests.integration.store.plans import plan_of, watched
from tests.places import Place

OURS, THEIRS = "91A", "91B"


def event(number: int, institution: str = OURS) -> Event:
    actor = Actor(ActorKind.CLIENT, "his-1", "his-1", institution, Purpose.TREATMENT, frozenset())
    subjects = tuple(Subject(f"h{(number + n) % 400}") for n in range(number % 3))
    if number % 5 == 0:
        subjects = (Subject(None, f"p{number % 400}"), *subjects)
    return Event(EventType.READ, Action.READ, actor, subjects=subjects, query=b"/fhir/x")


async def filled(db: Database, number: int = 20_000) -> None:
    step = min(number, 1_000)
    for first in range(0, number, step):
        async with db.unit() as unit:
            events = [event(n, OURS if n % 4 else THEIRS) for n in range(first, first + step)]
            await ledger.append_all(unit, events)
    async with db.unit() as unit:
        for table in ("audit_access", "audit_subject"):
            await unit.execute(f"ANALYZE {table}")


@pytest.mark.anyio
async def test_every_look_is_by_an_index(database: Database) -> None:
    await filled(database)
    ever = (When("ge", 0, 1),)
    async with database.reading() as reader:
        some = await audit_log.events(reader, Look(OURS), 60)
        place = audit_log.position_of(some[30])
        keys = tuple(one.id for one in some[:3])
        with watched(reader) as seen:
            for look in (
                Look(OURS),
                Look(None),
                Look(OURS, times=(ever,)),
                Look(OURS, homes=("h7",)),
                Look(OURS, homes=("h7",), times=(ever,)),
                Look(OURS, homes=("h7",), persons=("p7",)),
                Look(OURS, ids=keys),
                Look(None, ids=keys[:1]),
                Look(OURS, down=False),
            ):
                await audit_log.events(reader, look, 50)
                await audit_log.events(reader, look, 50, place)
            await audit_log.unsealed(reader, some)
        for statement in seen:
            plan = await plan_of(reader, statement)
            assert not re.search(r"Seq Scan|SCAN \w+(?! USING| CONSTANT)\s*$", plan, re.M), (
                f"{statement[0]}\n{plan}"
            )


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [1, 7, 50])
@pytest.mark.parametrize("down", [True, False])
async def test_pages_hold_each_view_of_each_event_once(
    database: Database, limit: int, down: bool
) -> None:
    await filled(database, 200)
    async with database.reading() as reader:
        for look in (
            Look(OURS, down=down),
            Look(OURS, homes=("h3", "h4"), down=down),
            Look(OURS, homes=("h3", "h4"), persons=("p5", "p15"), down=down),
        ):
            every = await audit_log.events(reader, look, 1_000)
            assert await audit_log.count(reader, look, 1_000) == len(every)
            found: list[str] = []
            place = None
            while page := await audit_log.events(reader, look, limit, place):
                found += [one.id for one in page]
                place = audit_log.position_of(page[-1])
            assert found == [one.id for one in every]
            assert len(found) == len(set(found)) > 0
            assert {one.institution for one in every} == {OURS}
            times = [one.at_us for one in every]
            assert times == sorted(times, reverse=down)
            for one in every[:5]:
                again = await audit_log.events(reader, Look(OURS, ids=(one.id,)), 5)
                assert again == [one]
                assert await audit_log.events(reader, Look(THEIRS, ids=(one.id,)), 5) == []
        for wrong in ("x-0", "x-", "-1", "", "a" * 16, f"{every[0].access}-99"):
            assert await audit_log.events(reader, Look(OURS, ids=(wrong,)), 5) == []


def test_rows_of_before_keep_their_time(place: Place, tmp_path: Path) -> None:
    def moved(connection: Connection) -> list[tuple[str, int]]:
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        for table in ("audit_subject", "audit_access"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(
            text(
                "CREATE TABLE audit_access (id TEXT PRIMARY KEY, at_us BIGINT NOT NULL,"
                " institution TEXT NOT NULL)"
            )
        )
        connection.execute(
            text(
                "CREATE TABLE audit_subject (access TEXT NOT NULL, n INTEGER NOT NULL, home TEXT,"
                " person TEXT, resources TEXT NOT NULL, salt BYTEA NOT NULL,"
                " PRIMARY KEY (access, n))"
                if place.url
                else "CREATE TABLE audit_subject (access TEXT NOT NULL, n INTEGER NOT NULL,"
                " home TEXT, person TEXT, resources TEXT NOT NULL, salt BLOB NOT NULL,"
                " PRIMARY KEY (access, n))"
            )
        )
        for table, column in (("audit_subject", "home"), ("audit_subject", "person")):
            connection.execute(text(f"CREATE INDEX {table}_{column} ON {table} ({column})"))
        connection.execute(text("INSERT INTO audit_access VALUES ('a', 7, 'x'), ('b', 9, 'x')"))
        connection.execute(
            text(
                "INSERT INTO audit_subject VALUES"
                " ('a', 0, 'h1', NULL, '', '1'), ('b', 0, 'h1', NULL, '', '1'),"
                " ('b', 1, 'h2', NULL, '', '1')"
            )
        )
        for index in _made_by(connection, place):
            connection.execute(text(f"DROP INDEX {index}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0010'"))
        command.upgrade(config, "0011")
        rows = connection.execute(
            text("SELECT access, at_us FROM audit_subject ORDER BY access, n")
        )
        return [(row[0], row[1]) for row in rows]

    rows = migrate.on_connection(place.url, place.data_dir, moved)
    assert rows == [("a", 7), ("b", 9), ("b", 9)]


def _made_by(connection: Connection, place: Place) -> list[str]:
    """The indexes of versions by time, which the migration makes."""
    listed = (
        "SELECT indexname FROM pg_indexes WHERE indexname LIKE '%\\_updated'"
        if place.url
        else "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE '%~_updated' ESCAPE '~'"
    )
    return [row[0] for row in connection.execute(text(listed))]
