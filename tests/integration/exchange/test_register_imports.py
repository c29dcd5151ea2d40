"""What an import of registers does when it is made: decisions it touches, rows it leaves."""

import asyncio
import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.errors import InvalidRequest, UnprocessableRequest
from hie.exchange.commands import run
from tests.integration.exchange.registers import NEW_CODE, Cells, a_region, file
from tests.integration.exchange.reopening import state_of, told, waiting
from tests.integration.test_road import TODAY, _packed

pytestmark = pytest.mark.anyio


async def test_of_two_imports_at_once_the_second_is_checked_against_the_first(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:
        row = {**await region.row(), "code": NEW_CODE}
        rows = [{**row, "from": f"2025-0{n}-01"} for n in range(1, 6)]
        done = await asyncio.gather(
            *(region.imported([file("institutions.csv", one)]) for one in rows),
            return_exceptions=True,
        )
        refused = [one for one in done if isinstance(one, UnprocessableRequest)]
        assert len(refused) == len(rows) - 1
        assert {one.faults[0].code for one in refused} == {"overlap"}
        assert "in force since import 2" in refused[0].faults[0].expected
        assert await region.count("register_import") == 2


async def test_a_suspension_entered_afterwards_reopens_what_was_decided_in_it(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:
        number = await region.imported(await region.suspension(TODAY - timedelta(days=1)))
        (one,) = await region.touched(number)
        assert (one["decision"], one["lies"], one["rules"]) == (region.decision, "after", ["R-007"])
        assert one["state"] == "reopened"
        assert await state_of(region.hub, region.decision) == "reopened"
        (item,) = await waiting(region.hub)
        assert (item.institution, item.cause) == (region.receiver, "register")
        changes = {one["what"]: (one["old"], one["new"]) for one in item.events[0]["changes"]}
        assert changes == {
            "outcome": ("recognise", "do_not_recognise"),
            "rules": (None, "R-007"),
        }
        assert len(await told(region.hub, region.receiver)) == 1
        # looking again finds it again, and asks nobody a second time
        assert await region.touched(number) == [one]
        assert await region.touched(None, again=True) == [one]
        assert len((await waiting(region.hub))[0].events) == 1
        (newest, _) = (await run(region.hub, "register-log", {}))["imports"]
        assert (newest["import"], newest["looked"], newest["after"], newest["before"]) == (
            number,
            True,
            1,
            0,
        )


async def test_an_import_whose_decisions_nobody_looked_for_is_told_by_the_doctor(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:

        async def said() -> tuple[bool, str]:
            checks = (await run(region.hub, "doctor", {}))["checks"]
            (found,) = [one for one in checks if one["check"] == "registers"]
            return found["ok"], found["text"]

        assert await said() == (True, "import 1")
        await region.imported(await region.suspension(TODAY))
        ok, text = await said()
        assert not ok
        assert "hie register touched 2" in text
        await region.touched()
        assert await said() == (True, "import 2")


async def test_a_suspension_from_tomorrow_on_lists_what_was_decided_before(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:
        number = await region.imported(await region.suspension(TODAY + timedelta(days=1)))
        (one,) = await region.touched(number)
        assert (one["decision"], one["lies"], one["rules"]) == (
            region.decision,
            "before",
            ["R-007"],
        )
        assert await state_of(region.hub, region.decision) == "recorded"
        assert await waiting(region.hub) == []


async def test_a_failed_round_a_mark_that_ended_and_an_exit_touch_too(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:

        def failed(row: Cells) -> Cells:
            return {**row, "acceptable": "false", "score": "40"}

        number = await region.imported(await region.changed("qualifications.csv", failed))
        (one,) = await region.touched(number)
        assert one["lies"] == "after"
        assert "R-201" in one["rules"]
        undone = await region.changed("qualifications.csv", lambda r: {**r, "acceptable": "true"})
        assert await region.touched(await region.imported(undone)) == []
        exits = [{"institution": region.issuer, "items": ["K"], "from": str(TODAY)}]
        entry = {"scope": "default", "from": str(TODAY), "exit_list": exits}
        policies = _packed(json.dumps({"policies": [entry]}).encode(), "policies.yaml")
        turns = await region.turns([policies])
        assert [one["rule"] for one in turns["rules"]] == ["R-206"]
        (one,) = await region.touched(await region.imported([policies]))
        assert (one["lies"], one["rules"]) == ("after", ["R-206"])


async def test_what_is_exported_and_imported_again_changes_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:
        exported = await run(region.hub, "register-export", {})
        packed = [_packed(one["content"].encode(), one["name"]) for one in exported["files"]]
        assert {one["name"] for one in exported["files"]} >= {
            "institutions.csv",
            "qualifications.csv",
            "precision.csv",
            "marks.csv",
            "policies.yaml",
        }
        done = await run(region.hub, "register-import", {"files": packed})
        for one in done["files"]:
            assert (one["new"], one["changed"], one["same"]) == (0, 0, one["rows"]), one
        again = await run(region.hub, "register-export", {})
        assert again["files"] == exported["files"]
        assert await region.touched() == []


async def test_an_export_of_a_day_has_the_rows_of_that_day(place: Any, tmp_path: Path) -> None:
    async with a_region(place, tmp_path) as region:
        await region.imported(await region.suspension(TODAY))

        async def status_on(day: date) -> str:
            files = (await run(region.hub, "register-export", {"on": str(day)}))["files"]
            text = next(one["content"] for one in files if one["name"] == "institutions.csv")
            rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
            (found,) = [row["status"] for row in rows if row["code"] == region.issuer]
            return found

        assert await status_on(TODAY) == "suspended"
        assert await status_on(TODAY - timedelta(days=1)) == "active"
        with pytest.raises(InvalidRequest):
            await run(region.hub, "register-export", {"on": "2026-02-30"})
