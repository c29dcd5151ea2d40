"""`hie datakey` and `hie doctor`, as typed: keys are listed, changed, and refused when others read them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hie.cli import root
from hie.store.sqlite import FILE

OTHERS = 0o644


def typed(*words: str) -> tuple[int, str]:
    """A command as typed: what it left with, and said."""
    result = CliRunner().invoke(root(words[0]), list(words))
    return result.exit_code, result.output


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hub"
    monkeypatch.setenv("HIE_DATA_DIR", str(folder))
    assert typed("migrate", "--yes")[0] == 0
    return folder


def test_keys_are_listed_rotated_wrapped_anew_and_cells_sealed_anew(data_dir: Path) -> None:
    for words in (["rotate"], ["rewrap", "--new"], ["reencrypt"]):
        assert typed("datakey", *words)[0] == 0
    code, said = typed("datakey", "ls", "--json")
    assert code == 0
    told = json.loads(said)
    assert told["provider"] == "kek-2"
    seals = [one for one in told["keys"] if one["seals"]]
    assert {one["class"] for one in seals} == {"record", "message", "order", "audit"}
    assert {one["epoch"] for one in seals} == {2}
    assert {one["provider"] for one in told["keys"]} == {"kek-2"}
    assert not any("wrapped" in one for one in told["keys"])
    assert {path.name for path in (data_dir / "keys").glob("kek-*")} == {"kek-1.key", "kek-2.key"}


def test_that_cells_in_clear_are_still_taken_is_said_until_all_was_sealed(data_dir: Path) -> None:
    told = "still taken"
    assert told not in typed("datakey", "ls")[1]  # a new database
    with closing(sqlite3.connect(data_dir / FILE)) as connection:
        connection.execute("DELETE FROM hub WHERE name = 'all-sealed'")
        connection.commit()
    assert told in typed("datakey", "ls")[1]
    assert typed("datakey", "reencrypt", "--clear")[0] == 0
    assert told not in typed("datakey", "ls")[1]


@pytest.mark.parametrize("name", ["index.key", "data.key", "kek-1.key"])
def test_a_key_others_may_read_stops_the_hub_and_is_named(data_dir: Path, name: str) -> None:
    assert typed("datakey", "ls")[0] == 0
    (data_dir / "keys" / name).chmod(OTHERS)
    code, said = typed("doctor")
    assert code != 0
    assert f"{name}: others may read it; expected mode 0600" in said


def test_the_doctor_looks_at_the_folder_and_at_files_that_settings_name(
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = tmp_path / "metrics-token"
    token.write_text("0123456789abcdef0123456789abcdef")
    token.chmod(OTHERS)
    monkeypatch.setenv("HIE_METRICS_TOKEN_FILE", str(token))
    assert typed("datakey", "ls")[0] == 0
    (data_dir / "keys").chmod(0o755)
    code, said = typed("doctor", "--json")
    assert code != 0
    checks = {one["check"]: one for one in json.loads(said)["checks"]}
    assert not checks["keys"]["ok"]
    assert "keys" in checks["keys"]["text"]
    assert "metrics-token" in checks["keys"]["text"]
    token.chmod(0o600)
    (data_dir / "keys").chmod(0o700)
    checks = {one["check"]: one for one in json.loads(typed("doctor", "--json")[1])["checks"]}
    assert checks["keys"]["ok"]
