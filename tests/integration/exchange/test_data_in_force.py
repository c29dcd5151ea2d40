"""Data in force: kept once, with the answer or not at all, under one name on every machine."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from hie.app import opened
from hie.exchange.books_in_force import InForce
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.recognition.snapshot import read_manifest
from hie.store import checks
from hie.store.books import find_manifests
from hie.synthetic import example
from tests.integration.exchange.test_imaging_orders import HEAD, _home, _put, a_report, a_study
from tests.integration.test_road import TODAY, _connected, _packed, _settings, connected
from tests.places import Place

pytestmark = pytest.mark.anyio
CASE = example(today=TODAY)


async def _ask(hub: Hub) -> dict[str, Any]:
    return await run(hub, "order-check", {"request": CASE.order_check.decode()})


async def _data(hub: Hub, answer: dict[str, Any]) -> str:
    async with hub.db.reading() as reader:
        return str((await checks.get(reader, answer["check"])).body["data"])


async def _kept(hub: Hub) -> list[tuple[str, str]]:
    async with hub.db.reading() as reader:
        rows = await reader.fetch("SELECT kind, hash FROM data_in_force ORDER BY kind, hash")
        return [(row[0], row[1]) for row in rows]


async def test_a_row_is_the_bytes_its_hash_says_and_a_stranger_can_check_it(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        data = await _data(hub, await _ask(hub))
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT hash, kind, body FROM data_in_force")
    plain = {row[0]: zstandard.ZstdDecompressor().decompress(row[2]) for row in rows}
    for key, text in plain.items():
        assert hashlib.sha256(text).hexdigest() == key
        again = json.loads(text, parse_float=str)
        assert list(again) == sorted(again)
    named = read_manifest(plain[data])
    assert sorted(named.values()) == sorted(key for key in plain if key != data)


async def test_both_databases_name_the_same_data_alike(
    postgres_place: Place, tmp_path: Path
) -> None:
    found = []
    for n, place in enumerate((Place(None, tmp_path / "sqlite"), postgres_place)):
        async with opened(_settings(place)) as hub:
            await _connected(hub, tmp_path / str(n))
            found.append(await _data(hub, await _ask(hub)))
    assert found[0] == found[1]


async def test_two_processes_that_answer_at_once_keep_each_part_once(
    postgres_place: Place, tmp_path: Path
) -> None:
    async with opened(_settings(postgres_place)) as one, opened(_settings(postgres_place)) as two:
        await _connected(one, tmp_path)
        answers = await asyncio.gather(*(_ask(hub) for hub in (one, two, one, two)))
        assert len({await _data(one, answer) for answer in answers}) == 1
        kinds = [kind for kind, _ in await _kept(two)]
    assert kinds == sorted(set(kinds))
    assert len(kinds) == 7


class _Failed(Exception):
    """The answer could not be kept."""


async def _keep_and_fail(hub: Hub, used: InForce) -> None:
    async with hub.db.unit() as unit:
        await hub.books.keep(unit, used, 1)
        raise _Failed


async def test_a_part_whose_answer_failed_is_kept_with_the_next(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        used = hub.books.of(*await hub.registers.current())
        with pytest.raises(_Failed):
            await _keep_and_fail(hub, used)
        assert await _kept(hub) == []
        await _ask(hub)
        assert len(await _kept(hub)) == 7


async def test_what_was_in_force_is_listed_with_what_was_new(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        assert await run(hub, "rulebook-history", {}) == {"data": []}
        region = await _connected(hub, tmp_path)
        first = await _data(hub, await _ask(hub))
        marks = next(one for one in region.registers if one.name == "marks.csv")
        line = f"{CASE.institution},K,天津市HR,2020-01-01,2020-12-31\n"
        files = [_packed(marks.read_bytes().splitlines()[0] + b"\n" + line.encode(), "marks.csv")]
        await run(hub, "register-import", {"files": files, "dry_run": False})
        second = await _data(hub, await _ask(hub))
        told = (await run(hub, "rulebook-history", {}))["data"]
        assert [one["data"] for one in told] == [second, first]
        changed = [set(one["changed"]) for one in told]
        assert changed == [{"registers"}, set(told[0]["parts"])]
        async with hub.db.reading() as reader:
            assert await find_manifests(reader, second[:8]) == [second]
            assert len(await find_manifests(reader, "")) == 2


async def test_images_explain_themselves_like_results(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        await _put(hub, home, a_study("s1"), a_report("r1", "s1"))
        asked = json.loads(CASE.order_check)
        asked["orders"] = [{"ref": "1", **HEAD}, {"ref": "2", "item": "K"}]
        answer = await run(hub, "order-check", {"request": json.dumps(asked)})
        for order in answer["orders"]:
            assessment = order["candidates"][0]["assessment"]
            told = await run(hub, "rulebook-explain", {"assessment": assessment})
            assert told["reproduced"] == "same-bytes"
        assert {finding["gate"] for finding in told["findings"]} >= {0, 1, 2, 3, 4, 5}
        told = await run(
            hub,
            "rulebook-diff",
            {"old": {"name": "current"}, "new": {"name": "current"}, "days": 1},
        )
        assert (told["verdicts"], told["turns"]) == (2, [])
