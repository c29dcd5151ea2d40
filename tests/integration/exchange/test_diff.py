"""What a change of rules would turn, tried on stored order-checks: told by verdict and rule."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hie.app import opened
from hie.cli import root
from hie.errors import HubError, ResourceNotFound, RulebookInvalid, UnprocessableRequest
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.recognition.sources import shipped_files
from hie.schemas import schema
from hie.store import checks
from hie.store.cells import pack
from hie.store.vault import DataClass
from hie.synthetic import example
from tests.integration.test_road import TODAY, _connected, _packed, _settings

pytestmark = pytest.mark.anyio
CASE = example(today=TODAY)
POTASSIUM = "catalogue/lab/K.yaml"
AGE = "rulebook/gate4.yaml"


async def _filled(hub: Hub, tmp_path: Path, checks: int = 2) -> list[dict[str, Any]]:
    """A hub with one result of everything ordered, asked about some times; the answers."""
    await _connected(hub, tmp_path)
    await run(hub, "receive", {"site": CASE.site, "files": [_packed(CASE.message)]})
    text = CASE.order_check.decode()
    return [await run(hub, "order-check", {"request": text}) for _ in range(checks)]


def _files(**changed: str) -> dict[str, Any]:
    """The shipped files, some replaced, as `hie rulebook diff` sends a folder's."""
    files = {name: data.decode() for name, data in shipped_files().items()}
    return {"name": "new", "files": files | changed}


def shipped(name: str) -> str:
    return schema(*name.split("/")).read_text("utf-8")


def tighter() -> str:
    """Potassium may be no older than a day, from 2024 on."""
    dated = '  2024-01-01: {value: 1, basis: "a test", certainty: low}'
    lines = shipped(POTASSIUM).splitlines()
    at = lines.index("validity_days:") + 1
    end = next(n for n in range(at, len(lines)) if not lines[n].startswith(" "))
    return "\n".join([*lines[:end], dated, *lines[end:], ""])


async def _diff(hub: Hub, old: Any, new: Any, days: Any = 30, **more: Any) -> dict[str, Any]:
    named = [one if isinstance(one, dict) else {"name": one} for one in (old, new)]
    return await run(hub, "rulebook-diff", {"old": named[0], "new": named[1], "days": days, **more})


async def test_the_same_books_turn_nothing(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        answers = await _filled(hub, tmp_path)
        told = await _diff(hub, "current", "current")
    offered = sum(len(order["candidates"]) for order in answers[0]["orders"])
    assert (told["checks"], told["total"], told["verdicts"]) == (2, 2, 2 * offered)
    assert (told["turns"], told["unanswered"], told["next"]) == ([], [], None)


async def test_a_tighter_limit_turns_potassium_by_the_rule_of_age_and_nothing_else(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        answers = await _filled(hub, tmp_path)
        before = await _counts(hub)
        told = await _diff(hub, "current", _files(**{POTASSIUM: tighter()}))
        back = await _diff(hub, _files(**{POTASSIUM: tighter()}), "current")
        assert await _counts(hub) == before
    first = answers[0]["orders"][0]["candidates"][0]
    assert [(t["check"], t["item"], t["was"], t["now"], t["rules"]) for t in told["turns"]] == [
        (answer["check"], "K", "recognise", "do_not_recognise", ["R-401"])
        for answer in sorted(answers, key=lambda one: told_order(told, one["check"]))
    ]
    assert {t["resource"] for t in told["turns"]} == {first["resource"]}
    assert [(t["was"], t["now"]) for t in back["turns"]] == [("do_not_recognise", "recognise")] * 2


def told_order(told: dict[str, Any], check: str) -> int:
    return [one["check"] for one in told["turns"]].index(check)


async def test_what_follows_from_a_rule_is_a_change_too(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path, checks=1)
        text = shipped("rulebook/gate5.yaml")
        lines = text.split("R-502", 1)
        stricter = f"{lines[0]}R-502{lines[1].replace('clinician_review', 'do_not_recognise', 1)}"
        asked = json.loads(CASE.order_check)
        asked["encounter"]["class"] = "emergency"
        await run(hub, "order-check", {"request": json.dumps(asked)})
        told = await _diff(hub, "current", _files(**{"rulebook/gate5.yaml": stricter}))
    assert told["turns"]
    assert {(t["was"], t["now"], *t["rules"]) for t in told["turns"]} == {
        ("clinician_review", "do_not_recognise", "R-502")
    }


async def test_a_changed_conversion_is_tried_on_the_numbers_as_they_were_reported(
    place: Any, tmp_path: Path
) -> None:
    """A unit that the new catalogue does not know is a unit nobody can compare."""
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path, checks=1)
        text = shipped("catalogue/lab/CRE.yaml")
        assert "umol/L" in text
        strange = text.replace("umol/L", "fmol/L").replace("μmol/L", "fmol/L")
        told = await _diff(hub, "current", _files(**{"catalogue/lab/CRE.yaml": strange}))
    (turn,) = told["turns"]
    assert (turn["item"], turn["now"]) == ("CRE", "do_not_recognise")
    assert "R-303" in turn["rules"]


async def test_an_import_and_a_hash_name_the_registers_of_then(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        (answer,) = await _filled(hub, tmp_path, checks=1)
        region = tmp_path / "region"
        institutions = next(region.rglob("institutions.csv")).read_bytes().decode("utf-8-sig")
        head, *rows = institutions.splitlines()
        row = next(one for one in rows if one.startswith(CASE.institution))
        text = f"{head}\n{row.replace(',active,', ',suspended,')}\n"
        file = _packed(text.encode(), "institutions.csv")
        await run(hub, "register-import", {"files": [file], "dry_run": False})
        first = answer["orders"][0]["candidates"][0]["assessment"]
        data = (await run(hub, "rulebook-explain", {"assessment": first}))["data"]
        for then in ("import:1", data, data[:12]):
            told = await _diff(hub, then, "current")
            assert len(told["turns"]) == told["verdicts"]
            assert {tuple(t["rules"]) for t in told["turns"]} == {("R-007",)}
        assert (await _diff(hub, data[:12], "current"))["old"] == data
        assert (await _diff(hub, "import:1", data))["turns"] == []
        assert (await _diff(hub, "import:2", "current"))["turns"] == []


async def test_what_books_cannot_answer_is_named_and_the_rest_is_compared(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        answers = await _filled(hub, tmp_path)
        async with hub.db.unit() as unit:
            row = await unit.fetchrow(
                "SELECT dict, body FROM order_check WHERE id = $1", answers[0]["check"]
            )
            assert row is not None
            body = json.loads(checks.opened(unit, answers[0]["check"], *row))
            del body["facts"]
            where = checks.place(answers[0]["check"])
            _, packed = pack(unit.db, DataClass.ORDER, "", json.dumps(body).encode(), *where)
            await unit.execute(
                "UPDATE order_check SET body = $2 WHERE id = $1", answers[0]["check"], packed
            )
        told = await _diff(hub, "current", "current")
    (unanswered,) = told["unanswered"]
    assert unanswered["check"] == answers[0]["check"]
    assert unanswered["errors"][0]["path"] == "facts"
    assert (told["checks"], told["verdicts"] > 0) == (2, True)


async def test_only_the_days_asked_for_are_judged_page_by_page(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        answers = await _filled(hub, tmp_path, checks=1)
        async with hub.db.unit() as unit:
            one = await checks.get(unit, answers[0]["check"])
            for n in range(250):  # copies, an hour apart, the oldest ten days ago
                await checks.add(
                    unit,
                    at_us=one.at_us - (n + 1) * 3_600_000_000,
                    institution=one.institution,
                    practitioner=one.practitioner,
                    person=one.person,
                    on_us=one.on_us,
                    policy=one.policy,
                    body=one.body,
                    key=f"copy{n:04}",
                )
        seen, pages = 0, 0
        more: dict[str, Any] = {}
        while True:
            told = await _diff(hub, "current", "current", days=5, **more)
            seen, pages = seen + told["checks"], pages + 1
            if told["next"] is None:
                break
            more = {"after": told["next"], "since_us": told["since_us"]}
        assert (seen, pages, told["total"]) == (120, 2, 120)
        assert (await _diff(hub, "current", "current", days=30))["total"] == 251


NO_DAYS = [0, -1, 1.5, "7", None, True, 40_000]


async def test_days_that_are_no_positive_number_are_refused(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        for days in NO_DAYS:
            with pytest.raises(UnprocessableRequest) as refused:
                await _diff(hub, "current", "current", days=days)
            assert refused.value.faults[0].path == "days", days


NO_BOOKS: list[tuple[str, type[HubError], str]] = [
    ("0" * 64, ResourceNotFound, "unknown-hash"),
    ("abcdef12", ResourceNotFound, "unknown-hash"),
    ("import:99", ResourceNotFound, "unknown-import"),
    ("import:0", UnprocessableRequest, "unknown-books"),
    ("no/such/folder", UnprocessableRequest, "unknown-books"),
    ("", UnprocessableRequest, "unknown-books"),
]


async def test_books_that_are_not_there_are_named(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        for name, error, code in NO_BOOKS:
            with pytest.raises(error) as refused:
                await _diff(hub, "current", name)
            assert refused.value.faults[0].code == code, name


async def test_files_that_do_not_hold_together_are_refused_by_name(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        with pytest.raises(RulebookInvalid) as refused:
            await _diff(hub, "current", _files(**{AGE: "gate: 4\n"}))
    assert AGE in refused.value.text


def test_the_command_tells_what_turns_and_refuses_a_folder_by_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from hie.settings import Settings

    monkeypatch.setenv("HIE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("HIE_DATABASE_URL", raising=False)

    async def fill() -> None:
        async with opened(Settings()) as hub:
            await _filled(hub, tmp_path)

    asyncio.run(fill())
    folder = tmp_path / "mine" / "catalogue" / "lab"
    folder.mkdir(parents=True)
    (folder / "K.yaml").write_text(tighter(), "utf-8")
    called = ["rulebook", "diff", "current", str(tmp_path / "mine"), "--on-traffic", "7"]
    runner = CliRunner()
    told = runner.invoke(root("rulebook"), [*called, "--lang", "en"])
    assert told.exit_code == 0, told.output
    assert "2 order-checks, 4 verdicts, 2 would turn" in told.output
    assert "recognise\trefuse\tR-401" in told.output
    counted = json.loads(runner.invoke(root("rulebook"), [*called, "--json"]).stdout)
    assert counted["counts"] == [
        {"count": 2, "item": "K", "was": "recognise", "now": "do_not_recognise", "rules": ["R-401"]}
    ]
    (folder / "K.yaml").write_text("key: K\nkey: K\n", "utf-8")
    refused = runner.invoke(root("rulebook"), called)
    assert refused.exit_code == 1
    assert "K.yaml:2: duplicate-key" in refused.stderr
    for days in ("0", "-3", "x"):
        wrong = runner.invoke(root("rulebook"), [*called[:-1], days])
        assert wrong.exit_code == 2


async def _counts(hub: Hub) -> dict[str, int]:
    tables = "order_check audit_access audit_subject data_in_force identity_task decision".split()
    async with hub.db.reading() as reader:
        return {t: await reader.fetchval(f"SELECT count(*) FROM {t}") for t in tables}  # noqa: S608
