"""Keys follow one another, and all cells are sealed anew while the hub goes on, on both databases."""

from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import Actor
from hie.access.policy import Restriction
from hie.app import opened
from hie.errors import HubError, InvalidRequest
from hie.exchange import data_keys as commands
from hie.exchange.commands import operator, run
from hie.exchange.hub import Hub
from hie.store import all_sealed, cells, checks, messages, resealing
from hie.store.sealed_columns import COLUMNS, Form
from hie.store.tables import METADATA
from hie.store.tables import TABLES as _TABLES
from hie.store.versions import read_many
from tests.integration.exchange.test_indicators import a_hub, asked, received
from tests.integration.test_doors import _settings

pytestmark = pytest.mark.anyio
ACTOR: Actor = operator()
# Written once and never changed, or nobody's: nothing to be sealed anew.
LEFT = {
    ("audit_access", "query"), ("audit_access", "salt"), ("audit_subject", "salt"),
    ("data_in_force", "body"), ("data_key", "wrapped"), ("message_record", "records"),
    ("zstd_dictionary", "data"),
}  # fmt: skip


async def _all(hub: Hub, *, start: bool = False) -> dict[str, Any]:
    answer = await run(hub, "datakey-reencrypt", {"start": start})
    while answer["at"] is not None:
        answer = await run(hub, "datakey-reencrypt", {"at": answer["at"]})
    return answer


async def _unsettled(hub: Hub) -> list[str]:
    """The columns some of whose cells are not sealed by the keys that seal now."""
    found = []
    async with hub.db.reading() as reader:
        for column in COLUMNS:
            page = await resealing.page(reader, column, None, 10_000)
            if page.changes:
                found.append(f"{column.table}.{column.name}")
    return found


async def _served(hub: Hub) -> dict[str, bytes]:
    found = {}
    async with hub.db.reading() as reader:
        for kind in ("Patient", "Observation", "DiagnosticReport", "Practitioner"):
            rows = await reader.fetch(f"SELECT id FROM {_TABLES[kind]}")  # noqa: S608
            many = await read_many(reader, kind, [row[0] for row in rows], Restriction())
            found.update({f"{kind}/{key}": one.body for key, one in many.items()})
        kept = await reader.fetch("SELECT id FROM message")
        found.update(await messages.contents(reader, [row[0] for row in kept]))
    return found


async def _audited(hub: Hub) -> list[str]:
    async with hub.db.reading() as reader:
        return [row[0] for row in await reader.fetch("SELECT type FROM audit_access")]


async def _as_earlier_versions_left_it(hub: Hub) -> None:
    """Bodies compressed only, messages under the one key of the hub, words in clear."""
    db = hub.db
    async with db.unit() as unit:
        await all_sealed.forget(unit)
        db.vault.all_sealed = False
        for column in COLUMNS:
            names = (*column.keys, *column.given, column.name)
            rows = await unit.fetch(f"SELECT {', '.join(names)} FROM {column.table}")  # noqa: S608
            changes = []
            for one in rows:
                row = dict(zip(names, one, strict=True))
                was = row[column.name]
                if was is None or row.get("type") in cells.CLEAR:
                    continue
                place = column.place(row)
                now: Any
                if column.form is Form.WORDS:
                    now = cells.open_words(db, was, *place)
                elif column.form is Form.BODY:
                    now = db.vault.unseal(bytes(was), *place)
                else:
                    now = db.keys.seal(db.vault.unseal(bytes(was), *place), *place)
                key = tuple(row[name] for name in column.keys)
                changes.append(resealing.Resealed(key, was, now))
            await resealing.change(unit, column, changes)


async def test_what_earlier_versions_left_is_read_and_then_sealed(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        for number in range(1, 4):
            await received(hub, number)
        answer = await asked(hub, 1, "K")
        before = await _served(hub)
        await _all(hub)  # the first cells of an owner are sealed by the hub's own keys
        assert await _unsettled(hub) == []
        await _as_earlier_versions_left_it(hub)
        assert await _served(hub) == before
        assert {"patient.body", "observation.body", "message.body", "order_check.body"} <= set(
            await _unsettled(hub)
        )
        told = await _all(hub)
        assert told["sealed"]["message.body"] == 3
        assert await _unsettled(hub) == []
        assert await _served(hub) == before
        async with hub.db.reading() as reader:
            kept = await checks.get(reader, answer["check"])
        assert kept.body["answer"]["check"] == answer["check"]
        told = await _all(hub)
        assert told["sealed"] == {}


async def test_what_lies_in_clear_once_all_was_sealed_is_refused_and_not_sealed(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        before = await _served(hub)
        await _as_earlier_versions_left_it(hub)
        await _all(hub)
        sealed = await _served(hub)
        await _as_earlier_versions_left_it(hub)
        async with hub.db.unit() as unit:
            await all_sealed.note(unit)
    async with opened(_settings(place)) as hub:
        with pytest.raises(HubError, match="in clear, though everything was sealed"):
            await _served(hub)
        refused = []
        async with hub.db.reading() as reader:
            for column in COLUMNS:
                try:
                    await resealing.page(reader, column, None, 10_000)
                except HubError:
                    refused.append(f"{column.table}.{column.name}")
        assert {"patient.body", "observation.body", "message.native_id"} <= set(refused)
        with pytest.raises(HubError, match="in clear"):
            await _all(hub, start=True)
        answer = await run(hub, "datakey-reencrypt", {"clear": True})
        while answer["at"] is not None:
            answer = await run(hub, "datakey-reencrypt", {"at": answer["at"]})
        assert set(refused) <= set(answer["sealed"])
        assert await _served(hub) == sealed == before
        async with hub.db.reading() as reader:
            assert await all_sealed.is_noted(reader)
        assert hub.db.vault.all_sealed


async def _is_found_sealed(hub: Hub) -> bool:
    checks = (await run(hub, "doctor", {}))["checks"]
    return bool(next(one["ok"] for one in checks if one["check"] == "sealed"))


async def test_a_new_database_takes_nothing_in_clear_and_a_filled_one_says_when(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        assert hub.db.vault.all_sealed
        assert hub.db.vault.all_bound
        await received(hub, 1)
        async with hub.db.unit() as unit:
            await all_sealed.forget(unit)
            await unit.execute("DELETE FROM hub WHERE name = 'all-bound'")
        await run(hub, "datakey-list", {})
        assert hub.db.vault.all_sealed  # who takes the row away does not open a running hub
        assert hub.db.vault.all_bound
    async with opened(_settings(place)) as hub:
        assert not hub.db.vault.all_sealed
        assert not hub.db.vault.all_bound
        assert not await _is_found_sealed(hub)
        assert not (await run(hub, "datakey-list", {}))["sealed"]
        await _all(hub)
        assert (await run(hub, "datakey-list", {}))["sealed"]


async def test_new_keys_seal_at_once_and_the_rest_is_sealed_anew_after_a_kill(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_hub(place, tmp_path) as hub:
        for number in range(1, 3):
            await received(hub, number)
        before = await _served(hub)
        made = (await run(hub, "datakey-rotate", {}))["made"]
        listed = (await run(hub, "datakey-list", {}))["keys"]
        assert made == sum(one["seals"] for one in listed) == len(listed) / 2
        await received(hub, 3)
        unsettled = await _unsettled(hub)
        assert "observation.body" in unsettled
        monkeypatch.setattr(commands, "_SECONDS", 0)
        monkeypatch.setattr(commands, "_ROWS", 7)
        answer = await run(hub, "datakey-reencrypt", {})
        for _ in range(20):
            answer = await run(hub, "datakey-reencrypt", {"at": answer["at"]})
        assert answer["at"] is not None
        resumed = await run(hub, "datakey-reencrypt", {})
        assert resumed["resumed"]
        assert resumed["done"] >= answer["done"] > 0
        monkeypatch.undo()
        again = await run(hub, "datakey-reencrypt", {})
        assert again["resumed"]
        assert again["done"] > resumed["done"]
        assert sum(again["sealed"].values()) > sum(resumed["sealed"].values())
        while again["at"] is not None:
            again = await run(hub, "datakey-reencrypt", {"at": again["at"]})
        assert again["done"] == again["total"]
        assert await _unsettled(hub) == []
        after = await _served(hub)
        assert {key: after[key] for key in before} == before
        events = [one for one in await _audited(hub) if one == "key-change"]
        assert len(events) == 4  # new keys, and each time the run was begun or taken up


async def test_every_cell_is_bound_to_a_place_of_its_own(place: Any, tmp_path: Path) -> None:
    places: dict[tuple[str, ...], str] = {}
    async with a_hub(place, tmp_path) as hub:
        for number in range(1, 4):
            await received(hub, number)
        await asked(hub, 1, "K")
        async with hub.db.reading() as reader:
            for column in COLUMNS:
                names = (*column.keys, *column.given, column.name)
                rows = await reader.fetch(f"SELECT {', '.join(names)} FROM {column.table}")  # noqa: S608
                cell = None
                for one in (dict(zip(names, row, strict=True)) for row in rows):
                    was = one[column.name]
                    if was is None or (column.form is Form.WORDS and column.plain(was)):
                        continue
                    at = column.place(one)
                    assert at not in places, (places[at], column.table)
                    places[at] = column.table
                    if cell is not None:
                        with pytest.raises(HubError, match="altered, moved"):
                            hub.db.vault.unseal(cell, *at)
                    cell = cells.sealed_of(was) if column.form is Form.WORDS else bytes(was)
    assert {"patient", "observation", "message", "order_check"} <= set(places.values())


async def test_what_is_written_meanwhile_stays_as_it_was_written(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        await run(hub, "datakey-rotate", {})
        column = next(one for one in COLUMNS if one.table == "patient")
        async with hub.db.reading() as reader:
            page = await resealing.page(reader, column, None, 10)
            body = await reader.fetchval("SELECT body FROM patient")
        written = b"\x28\xb5\x2f\xfdsomething newer"
        async with hub.db.unit() as unit:
            await unit.execute("UPDATE patient SET body = $1", written)
        async with hub.db.unit() as unit:
            await resealing.change(unit, column, page.changes)
            assert bytes(await unit.fetchval("SELECT body FROM patient")) == written != body


async def test_wrapping_keys_change_without_touching_a_cell(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        before = await _served(hub)
        told = await run(hub, "datakey-rewrap", {"new": True})
        listed = (await run(hub, "datakey-list", {}))["keys"]
        assert told == {"provider": "kek-2", "wrapped": len(listed)}
        assert {one["provider"] for one in listed} == {"kek-2"}
    (place.data_dir / "keys" / "kek-1.key").unlink()
    async with opened(_settings(place)) as hub:
        assert await _served(hub) == before


@pytest.mark.parametrize(
    "at", [{}, [], {"column": -1, "after": None, "total": 0, "looked": 0, "sealed": {}},
           {"column": 999, "after": ["x"], "total": 0, "looked": 0, "sealed": {}},
           {"column": 0, "after": ["x"], "total": 0, "looked": 0, "sealed": {}},
           {"column": 0, "after": "x", "total": 0, "looked": 0, "sealed": {}}],
)  # fmt: skip
async def test_a_place_that_is_none_is_refused(place: Any, tmp_path: Path, at: Any) -> None:
    async with a_hub(place, tmp_path) as hub:
        if isinstance(at, dict):
            at = {"of": commands.OF} | at
        with pytest.raises(InvalidRequest):
            await run(hub, "datakey-reencrypt", {"at": at})


async def test_a_run_of_a_version_with_other_columns_is_begun_anew(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        await run(hub, "datakey-rotate", {})
        monkeypatch.setattr(commands, "_SECONDS", 0)
        answer = await run(hub, "datakey-reencrypt", {})
        assert (await run(hub, "datakey-reencrypt", {"at": answer["at"]}))["at"] is not None
        assert (await run(hub, "datakey-reencrypt", {}))["resumed"]
        monkeypatch.setattr(commands, "OF", "another list")
        assert not (await run(hub, "datakey-reencrypt", {}))["resumed"]


def test_every_sealed_column_is_gone_through_or_named_here() -> None:
    known = {(one.table, one.name) for one in COLUMNS}
    bytes_ = {
        (table.name, column.name)
        for table in METADATA.tables.values()
        for column in table.columns
        if str(column.type) in {"BLOB", "BYTEA", "LargeBinary"}
    }
    clear = {(_TABLES[kind], "body") for kind in cells.CLEAR}
    assert bytes_ - known == LEFT | clear
    for one in COLUMNS:
        table = METADATA.tables[one.table]
        assert {column.name for column in table.primary_key} == set(one.keys)
