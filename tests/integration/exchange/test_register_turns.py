"""What an import of registers turns, before and after it is made."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.errors import InvalidRequest, ResourceNotFound, UnprocessableRequest
from hie.exchange import register_turns
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import example
from tests.integration.exchange.test_reopen import received, state_of, told, used, waiting
from tests.integration.test_road import TODAY, _connected, _packed, _settings

pytestmark = pytest.mark.anyio
NEW_CODE = "12110102400000101U"
Cells = dict[str, str]


@dataclass
class Region:
    """A hub with the example's result, an order-check and a decision to use its potassium."""

    hub: Hub
    check: str
    decision: str
    issuer: str
    receiver: str

    async def registers(self) -> dict[str, list[Cells]]:
        """The CSV registers as they are exported."""
        files = (await run(self.hub, "register-export", {}))["files"]
        return {
            one["name"]: list(csv.DictReader(io.StringIO(one["content"].removeprefix("\ufeff"))))
            for one in files
            if one["name"].endswith(".csv")
        }

    async def row(self) -> Cells:
        """The issuer's own row of institutions.csv."""
        rows = (await self.registers())["institutions.csv"]
        return next(row for row in rows if row["code"] == self.issuer)

    async def suspension(self, start: date) -> list[dict[str, str]]:
        """The files that suspend the issuer from a day on."""
        row = await self.row()
        ended = {**row, "to": str(start - timedelta(days=1))}
        return [file("institutions.csv", ended, {**row, "status": "suspended", "from": str(start)})]

    async def changed(self, name: str, change: Callable[[Cells], Cells]) -> list[dict[str, str]]:
        """The issuer's potassium rows of a register, changed."""
        rows = (await self.registers())[name]
        mine = [r for r in rows if (r["institution"], r["item"]) == (self.issuer, "K")]
        assert mine
        return [file(name, *(change(row) for row in mine))]

    async def turns(self, files: list[dict[str, str]], **more: Any) -> dict[str, Any]:
        return await run(self.hub, "register-turns", {"files": files, **more})

    async def imported(self, files: list[dict[str, str]]) -> int:
        done = await run(self.hub, "register-import", {"files": files})
        return int(done["version"])

    async def touched(self, number: int | None = None, **more: Any) -> list[dict[str, Any]]:
        answer = await run(self.hub, "register-touched", {"import": number, **more})
        found: list[dict[str, Any]] = answer["touched"]
        return found

    async def count(self, table: str) -> int:
        async with self.hub.db.reading() as reader:
            return int(await reader.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608


def file(name: str, *rows: Cells) -> dict[str, str]:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return _packed(text.getvalue().encode(), name)


@asynccontextmanager
async def a_region(place: Any, tmp_path: Path) -> AsyncIterator[Region]:
    async with opened(_settings(place)) as hub:
        await _connected(hub, tmp_path)
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        answer, mine = await used(hub, case)
        offered = answer["orders"][0]["candidates"][0]
        assert offered["outcome"] == "recognise"
        receiver = json.loads(case.order_check)["receiver"]["institution"]
        yield Region(
            hub, answer["check"], mine["decision"], offered["institution"]["code"], receiver
        )


async def test_a_dry_run_tells_which_verdicts_and_used_results_would_turn(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:
        files = await region.suspension(TODAY)
        before = [await region.count(table) for table in ("institution", "register_import")]
        done = await run(region.hub, "register-import", {"files": files, "dry_run": True})
        assert done["version"] == 1
        turns = await region.turns(files)
        assert (turns["done"], turns["total"], turns["after"]) == (1, 1, None)
        assert (turns["concerned"], turns["not_judged"]) == (1, 0)
        assert {one["to"] for one in turns["verdicts"]} == {"do_not_recognise"}
        assert "recognise" in {one["from"] for one in turns["verdicts"]}
        assert [one["rule"] for one in turns["rules"]] == ["R-007"]
        (used_result,) = turns["used"]
        assert {
            key: used_result[key]
            for key in ("decision", "check", "ref", "item", "institution", "receiver", "from", "to")
        } == {
            "decision": region.decision,
            "check": region.check,
            "ref": "1",
            "item": "K",
            "institution": region.issuer,
            "receiver": region.receiver,
            "from": "recognise",
            "to": "do_not_recognise",
        }
        assert used_result["rules"] == ["R-007"]
        after = [await region.count(table) for table in ("institution", "register_import")]
        assert after == before
        assert await state_of(region.hub, region.decision) == "recorded"
        assert await region.count("register_touched") == 0
        assert await waiting(region.hub) == []


async def test_a_dry_run_of_what_changes_nothing_turns_nothing(place: Any, tmp_path: Path) -> None:
    async with a_region(place, tmp_path) as region:
        turns = await region.turns([file("institutions.csv", await region.row())])
        assert (turns["done"], turns["verdicts"], turns["used"]) == (0, [], [])
        renamed = {**await region.row(), "name": "示例新名医院"}
        turns = await region.turns([file("institutions.csv", renamed)])
        assert (turns["concerned"], turns["verdicts"], turns["used"]) == (1, [], [])


async def test_a_dry_run_looks_only_where_an_institution_has_a_part(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:
        stranger = {**await region.row(), "code": NEW_CODE, "consortium": ""}
        turns = await region.turns([file("institutions.csv", stranger)])
        assert (turns["done"], turns["concerned"]) == (1, 0)


async def test_a_dry_run_refuses_what_the_import_would_refuse(place: Any, tmp_path: Path) -> None:
    async with a_region(place, tmp_path) as region:
        row = {**await region.row(), "from": str(TODAY), "status": "suspended"}
        for command in ("register-turns", "register-import"):
            with pytest.raises(UnprocessableRequest) as refused:
                await run(region.hub, command, {"files": [file("institutions.csv", row)]})
            (fault,) = refused.value.faults
            assert (fault.path, fault.code) == ("institutions.csv:2:from", "overlap")
            assert "in force since import 1" in fault.expected


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


async def test_what_is_asked_wrongly_is_refused(place: Any, tmp_path: Path) -> None:
    async with a_region(place, tmp_path) as region:
        files = [file("institutions.csv", {**await region.row(), "name": "x"})]
        for wrong in ({"days": 0}, {"days": "x"}, {"days": True}, {"after": 7}, {"until": "x"}):
            with pytest.raises(InvalidRequest):
                await region.turns(files, **wrong)
        with pytest.raises(ResourceNotFound):
            await region.touched(9)
        with pytest.raises(InvalidRequest):
            await run(region.hub, "register-touched", {"import": "x"})


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
        # the day of the check is the example's; the day of the import is the machine's
        tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011
        number = await region.imported(await region.suspension(max(tomorrow, TODAY)))
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


async def test_marks_that_were_never_granted_turn_the_verdict(place: Any, tmp_path: Path) -> None:
    async with a_region(place, tmp_path) as region:
        rows = await region.changed("marks.csv", lambda row: {**row, "to": row["from"]})
        turns = await region.turns(rows)
        (one,) = turns["used"]
        assert one["from"] == "recognise"
        assert set(one["rules"]) <= {"R-104", "R-107"}


async def test_a_renaming_turns_everything_without_its_link_and_nothing_with_it(
    place: Any, tmp_path: Path
) -> None:
    async with a_region(place, tmp_path) as region:
        row = await region.row()
        ended = {**row, "to": str(TODAY - timedelta(days=1))}
        begun = {**row, "code": NEW_CODE, "from": str(TODAY)}
        institutions = file("institutions.csv", ended, begun)
        link = {"code": region.issuer, "successor": NEW_CODE, "from": str(TODAY)}
        turns = await region.turns([institutions])
        assert [one["rule"] for one in turns["rules"]] == ["R-007"]
        turns = await region.turns([institutions, file("successors.csv", link)])
        assert (turns["concerned"], turns["verdicts"]) == (1, [])
        number = await region.imported([institutions, file("successors.csv", link)])
        assert await region.touched(number) == []
        shown = await run(
            region.hub, "register-show", {"institution": region.issuer, "on": str(TODAY)}
        )
        assert (shown["answering"], shown["periods"]) == (NEW_CODE, [])
        assert shown["successors"] == [
            {"code": region.issuer, "successor": NEW_CODE, "start": str(TODAY)}
        ]
        shown = await run(region.hub, "register-show", {"institution": NEW_CODE})
        assert shown["predecessors"] == [{"code": region.issuer, "start": str(TODAY)}]


async def test_pages_go_on_where_the_one_before_ended(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_region(place, tmp_path) as region:
        case = example(today=TODAY)
        for _ in range(4):
            await used(region.hub, case)
        monkeypatch.setattr(register_turns, "_PAGE", 2)
        monkeypatch.setattr(register_turns, "_SECONDS", 0)
        monkeypatch.setattr(register_turns, "_SHARE", 0)
        files = await region.suspension(TODAY)
        arguments: dict[str, Any] = {"files": files}
        pages: list[dict[str, Any]] = []
        while not pages or pages[-1]["after"]:
            pages.append(await run(region.hub, "register-turns", arguments))
            arguments |= {"after": pages[-1]["after"], "until": pages[-1]["until"]}
        assert [page["done"] for page in pages] == [2, 2, 1]
        assert [page["total"] for page in pages] == [5, None, None]
        decided = [one["decision"] for page in pages for one in page["used"]]
        assert len(set(decided)) == len(decided)
        assert region.decision in decided


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
