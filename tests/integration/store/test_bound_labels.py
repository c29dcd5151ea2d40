"""A body is bound to what its row says of whose, how sensitive and whence it is.

Whoever writes in the database past the hub opens nothing with it, on both databases.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from hie.access.labels import Topic, label_with
from hie.access.labels.label import bit
from hie.access.policy import Restriction
from hie.errors import Altered
from hie.store import relabelling, resealing, resources, rewriting, versions
from hie.store.cells import Place
from hie.store.database import Database
from hie.store.resources import Put
from hie.store.sealed_columns import COLUMNS as COLUMNS_SEALED
from hie.store.served import STORED, stored
from hie.store.session import Unit
from hie.store.vault import DataClass
from tests.builders import a_patient, a_report, an_observation

pytestmark = pytest.mark.anyio
ALL = Restriction()
HIV, STD = label_with(1, bit(Topic.HIV)), label_with(1, bit(Topic.STD))
VERY = label_with(2, bit(Topic.VIP))
KINDS = {
    "Patient": "patient",
    "Observation": "observation",
    "DiagnosticReport": "diagnostic_report",
}
# Each column that decides who may see a row, and what a thief would like it to say.
COLUMNS: list[tuple[str, Sequence[Any]]] = [
    ("home", ("h2", "", "h1 ")),
    ("id", ("x9",)),
    ("version", (2, 7)),
    ("message", (None, "institution:91110000000000000X", "m2", "")),
    ("label", (0, 1, 2, 3, STD, VERY, HIV - 1, HIV | 4, HIV * 4, -1, None)),
]
CASES = [(name, value) for name, values in COLUMNS for value in values]


def put(kind: str, home: str, key: str, **more: Any) -> Put:
    made = {"Patient": a_patient, "Observation": lambda k: an_observation(k, home)}
    tree = a_report(key, home) if kind == "DiagnosticReport" else made[kind](key)
    return Put(kind, home, key, {**tree, **more}, "institution:A", label=HIV)


async def _written(db: Database, *puts: Put) -> None:
    async with db.unit() as unit:
        await resources.put(unit, puts, now_us=1_000_000)


async def _twins(db: Database) -> None:
    """Two of each type, of two patients, each with an earlier version."""
    puts = [
        put(kind, home, home if kind == "Patient" else f"{kind[:1]}{home}")
        for home in ("h1", "h2")
        for kind in KINDS
    ]
    await _written(db, *puts)
    await _written(db, *puts)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_row_with_another_home_id_version_origin_or_label_does_not_open(
    database: Database, kind: str
) -> None:
    await _twins(database)
    for table, version in ((KINDS[kind], 2), ("resource_history", 1)):
        of_kind = f" AND type = '{kind}'" if version == 1 else ""
        async with database.reading() as reader:
            rows = await reader.fetch(
                f"SELECT {STORED} FROM {table} WHERE version = {version}{of_kind}"  # noqa: S608
                " ORDER BY home"
            )
        names = STORED.split(", ")
        mine, twin = (list(row) for row in rows)
        assert stored(database, kind, mine).home == "h1"
        for name, value in CASES:
            moved = list(mine)
            moved[names.index(name)] = value
            if value == mine[names.index(name)]:
                continue
            with pytest.raises(Altered, match="altered, moved") as told:
                stored(database, kind, moved)
            assert "h1" not in told.value.text.replace(f"{kind}/{moved[1]}", "")
        assert stored(database, kind, twin).home == "h2"


@pytest.mark.parametrize("label", [0, STD, None], ids=["lower", "other", "none"])
async def test_a_label_set_behind_the_hubs_back_shows_nothing_and_the_twin_is_read(
    database: Database, label: int | None
) -> None:
    await _twins(database)
    async with database.unit() as unit:
        for table in ("observation", "resource_history"):
            await unit.execute(f"UPDATE {table} SET label = $1 WHERE id = 'Oh1'", label)  # noqa: S608
    async with database.reading() as reader:
        for version in (None, 1):
            with pytest.raises(Altered, match="Observation/Oh1, version"):
                await versions.read(reader, "Observation", "Oh1", ALL, version)
            found = await versions.read(reader, "Observation", "Oh2", ALL, version)
            assert found.id == "Oh2"
    with pytest.raises(Altered):  # nor is it made to look the hub's own
        await _written(database, put("Observation", "h1", "Oh1"))
    async with database.unit() as unit:
        with pytest.raises(Altered):
            await relabelling.of_refs(unit, [("Observation", "Oh1")])


async def _every(db: Database, key: str) -> list[int | None]:
    """The labels of all versions, each of which opens."""
    found = []
    async with db.reading() as reader:
        for table in ("observation", "resource_history"):
            rows = await reader.fetch(
                f"SELECT {STORED} FROM {table} WHERE id = $1 ORDER BY version",  # noqa: S608
                key,
            )
            for row in rows:
                stored(db, "Observation", row)
                found.append(row[STORED.split(", ").index("label")])
    return found


async def test_a_relabelled_resource_opens_in_all_its_versions(database: Database) -> None:
    await _twins(database)
    for label in (VERY, 0, HIV):
        async with database.unit() as unit:
            rows = await relabelling.of_refs(unit, [("Observation", "Oh1")])
            assert await relabelling.set_labels(unit, {("Observation", "Oh1"): label}, rows) == 1
        assert await _every(database, "Oh1") == [label, label]
        assert await _every(database, "Oh2") == [HIV, HIV]


async def test_what_a_source_raises_is_deleted_and_comes_again_opens(database: Database) -> None:
    await _twins(database)
    raised = put("Observation", "h1", "Oh1")
    await _written(database, Put(*_but(raised, VERY)))
    top = set(await _every(database, "Oh1"))
    assert len(top) == 1
    assert top != {HIV}
    async with database.unit() as unit:
        one = (await resources.current(unit, [("Observation", "Oh1")]))["Observation", "Oh1"]
        await rewriting.delete(unit, one, "institution:B", 2_000_000)
    assert len(await _every(database, "Oh1")) == 4
    await _written(database, raised)
    assert len(await _every(database, "Oh1")) == 5


def _but(one: Put, label: int) -> tuple[Any, ...]:
    return (one.type, one.home, one.id, one.resource, one.message, one.report, one.owner, label)


async def _as_before(unit: Unit, table: str, kind: str) -> None:
    """Seal bodies as versions did that bound them to no label."""
    db = unit.db
    rows = await unit.fetch(
        f"SELECT home, id, version, message, label, body FROM {table} WHERE id = 'Oh1'"  # noqa: S608
    )
    for row in rows:
        place = Place(kind, *row[:5])
        clear, owner = db.vault.opened(bytes(row[5]), *place.parts)
        body = db.vault.seal(DataClass.RECORD, owner, clear, *place.former)
        await unit.execute(
            f"UPDATE {table} SET body = $1 WHERE home = $2 AND id = $3 AND version = $4",  # noqa: S608
            body,
            *row[:3],
        )


async def test_what_was_bound_to_no_label_is_read_until_all_was_bound(database: Database) -> None:
    await _twins(database)
    vault = database.vault
    async with database.unit() as unit:
        for table in ("observation", "resource_history"):
            await _as_before(unit, table, "Observation")
    with pytest.raises(Altered):
        await _every(database, "Oh1")
    vault.all_bound = False
    assert await _every(database, "Oh1") == [HIV, HIV]
    async with database.unit() as unit:
        rows = await relabelling.of_refs(unit, [("Observation", "Oh1")])
        await relabelling.set_labels(unit, {("Observation", "Oh1"): VERY}, rows)
    vault.all_bound = True
    assert await _every(database, "Oh1") == [VERY, VERY]  # relabelling bound them


async def test_what_was_bound_to_no_label_is_bound_by_sealing_anew_and_then_alone_read(
    database: Database,
) -> None:
    await _twins(database)
    async with database.unit() as unit:
        for table in ("observation", "resource_history"):
            await _as_before(unit, table, "Observation")
    database.vault.all_bound = False
    sealed = set()
    for column in COLUMNS_SEALED:
        async with database.unit() as unit:
            page = await resealing.page(unit, column, None, 1000)
            await resealing.change(unit, column, page.changes)
        if page.changes:
            sealed.add(column.table)
    assert {"observation", "resource_history"} <= sealed
    database.vault.all_bound = True
    assert await _every(database, "Oh1") == [HIV, HIV]
    async with database.unit() as unit:
        await _as_before(unit, "observation", "Observation")
        await unit.execute("UPDATE observation SET label = 0 WHERE id = 'Oh1'")
        for column in COLUMNS_SEALED:
            if column.table == "observation":  # nor is it sealed to look like the hub's own
                with pytest.raises(Altered):
                    await resealing.page(unit, column, None, 1000)
