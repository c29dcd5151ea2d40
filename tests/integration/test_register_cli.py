"""`hie register` as an office uses it: try, import, look, list, export, edit, import again."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hie.app import opened
from hie.cli import root
from tests.integration.exchange.registers import a_region
from tests.integration.test_road import TODAY, _settings


@pytest.fixture
def hie(place: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`hie register …` on the database of the test."""
    monkeypatch.setenv("HIE_DATA_DIR", str(place.data_dir))
    if place.url is None:
        monkeypatch.delenv("HIE_DATABASE_URL", raising=False)
    else:
        monkeypatch.setenv("HIE_DATABASE_URL", place.url)

    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(root("register"), ["register", *arguments])
        assert result.exit_code == code, result.output
        return result

    return run


def filled(place: Any, tmp_path: Path) -> tuple[str, str]:
    """A hub with one decision to use a result; the decision and who issued the result."""

    async def fill() -> tuple[str, str]:
        async with a_region(place, tmp_path) as region:
            return region.decision, region.issuer

    return asyncio.run(fill())


def test_an_office_tries_an_import_makes_it_and_sees_what_it_touches(
    place: Any, tmp_path: Path, hie: Any
) -> None:
    decision, issuer = filled(place, tmp_path)
    folder = tmp_path / "registers"
    listed = json.loads(hie("export", str(folder), "--json").stdout)
    assert {one["name"] for one in listed["files"]} == {path.name for path in folder.iterdir()}
    again = hie("import", *map(str, sorted(folder.iterdir())), "--dry-run").stdout
    assert "0 order-checks of 90 days, 0 concerned" in again
    assert "no verdict would turn" in again

    file = folder / "institutions.csv"
    lines = file.read_text("utf-8-sig").splitlines()
    mine = next(line for line in lines if line.startswith(issuer))
    yesterday = TODAY - timedelta(days=1)
    *cells, status, start, _ = mine.split(",")
    assert status == "active"
    ended = ",".join((*cells, status, start, str(yesterday)))
    suspended = ",".join((*cells, "suspended", str(TODAY), ""))
    edited = [ended if line == mine else line for line in lines]
    file.write_text("\n".join([*edited, suspended]) + "\n", "utf-8")

    tried = json.loads(hie("import", str(file), "--dry-run", "--json").stdout)
    assert tried["version"] == 1
    assert tried["files"][0]["changed"] == tried["files"][0]["new"] == 1
    assert [one["rule"] for one in tried["turns"]["rules"]] == ["R-007"]
    assert [one["decision"] for one in tried["turns"]["used"]] == [decision]
    text = hie("import", str(file), "--dry-run", "--days", "7").stdout
    assert "nothing was changed (--dry-run)" in text
    assert "1 order-checks of 7 days, 1 concerned" in text
    assert "1 used results would turn" in text
    assert json.loads(hie("log", "--json").stdout)["imports"][0]["import"] == 1

    text = hie("import", str(file)).stdout
    assert "import 2 is in force" in text
    assert "1 decisions are touched by import 2, 1 of them reopened" in text
    (one,) = json.loads(hie("touched", "--json").stdout)["touched"]
    assert (one["decision"], one["lies"], one["state"]) == (decision, "after", "reopened")
    assert decision in hie("touched", "2", "--again").stdout
    assert "no decision is touched by import 1" in hie("touched", "1").stdout
    log = hie("log").stdout.splitlines()
    assert log[0].startswith("import\tat\tby\tfiles")
    assert log[1].endswith("\t1\t0")

    shown = json.loads(hie("show", issuer, "--on", str(TODAY)).stdout)
    assert [row["status"] for row in shown["periods"]] == ["suspended"]


def test_a_refused_import_names_both_rows_and_writes_nothing(
    place: Any, tmp_path: Path, hie: Any
) -> None:
    filled(place, tmp_path)
    folder = tmp_path / "registers"
    hie("export", str(folder))
    file = folder / "institutions.csv"
    head, first, *_ = file.read_text("utf-8-sig").splitlines()
    cells = first.split(",")
    later = [*cells[:-2], str(TODAY), ""]
    file.write_text("\n".join((head, ",".join(later), ",".join(later))) + "\n", "utf-8")
    for option in ((), ("--dry-run",)):
        refused = hie("import", str(file), *option, code=1)
        assert "institutions.csv:3:code: duplicate-key" in refused.output
        assert "no second row like institutions.csv:2" in refused.output
        assert "institutions.csv:2:from: overlap" in refused.output
        assert "in force since import 1" in refused.output
    told = json.loads(hie("import", str(file), "--json", code=1).stdout)
    assert {one["code"] for one in told["errors"]} == {"duplicate-key", "overlap"}
    assert len(json.loads(hie("log", "--json").stdout)["imports"]) == 1


def test_an_export_asks_before_it_replaces_files_and_says_what_it_cannot_write(
    place: Any, tmp_path: Path, hie: Any
) -> None:
    filled(place, tmp_path)
    folder = tmp_path / "registers"
    hie("export", str(folder), "--on", str(TODAY))
    assert "say --yes" in hie("export", str(folder), code=2).output
    hie("export", str(folder), "--yes")
    (tmp_path / "file").write_text("x")
    assert "file" in hie("export", str(tmp_path / "file"), code=1).output
    assert "not-a-day" in hie("export", str(folder), "--on", "2026-02-30", code=1).output


def test_an_import_that_was_never_made_is_told(place: Any, hie: Any) -> None:
    async def opened_once() -> None:
        async with opened(_settings(place)):
            pass

    asyncio.run(opened_once())
    assert "nothing was imported yet" in hie("touched", code=1).output
    assert "there is no import 7" in hie("touched", "7", code=1).output
    assert json.loads(hie("log", "--json").stdout) == {"imports": []}
