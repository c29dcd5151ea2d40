"""What an import of registers would turn, told by a dry run before it is made."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.errors import InvalidRequest, ResourceNotFound, UnprocessableRequest
from hie.exchange import register_turns
from hie.exchange.commands import run
from hie.synthetic import example
from tests.integration.exchange.registers import NEW_CODE, a_region, file
from tests.integration.exchange.reopening import state_of, used, waiting
from tests.integration.test_road import TODAY

pytestmark = pytest.mark.anyio


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
