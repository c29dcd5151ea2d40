"""Long work is asked for until its end, whichever command asks; a refusal ends it."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hie.cli import root
from hie.cli.connection import connected
from hie.cli.output import REFUSED
from hie.cli.progress import run_to_end
from hie.exchange import data_keys


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HIE_DATA_DIR", str(tmp_path / "hub"))
    assert CliRunner().invoke(root("migrate"), ["migrate", "--yes"]).exit_code == 0
    return tmp_path / "hub"


def test_every_part_is_asked_for_and_the_last_answer_told(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_keys, "_SECONDS", 0)  # an answer for each column
    with connected() as ask:
        assert ask("datakey-reencrypt", {"start": True})["at"] is not None
    last, resumed = run_to_end("test", "datakey-reencrypt", {}, True)
    assert (last["at"], resumed) == (None, True)
    assert "resumed" not in last
    last, resumed = run_to_end("test", "datakey-reencrypt", {"start": True}, True)
    assert (last["at"], resumed) == (None, False)


@pytest.mark.parametrize(
    "words", [["datakey", "reencrypt"], ["reindex"], ["label", "backfill"]], ids=" ".join
)
def test_each_command_of_long_work_ends_and_says_what_was_done(
    data_dir: Path, words: list[str]
) -> None:
    done = CliRunner().invoke(root(words[0]), [*words, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["at"] is None
    assert told["done"] == told["total"]


def test_a_refusal_ends_it(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        run_to_end("test", "datakey-reencrypt", {"at": []}, False)
    assert ended.value.exit_code == REFUSED
    assert capsys.readouterr().err.startswith("hie: ")
