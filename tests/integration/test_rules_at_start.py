"""A rulebook that does not validate keeps the hub down, whichever command would start it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_BROKEN = "key: own\nzh: 本地\nen: own\nitems:\n  2022-03-01:\n    value: [ZZZ]\n"
_REASON = "ZZZ is no item or class of the catalogue"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lists = tmp_path / "region" / "catalogue" / "lists"
    lists.mkdir(parents=True)
    text = f"{_BROKEN}    basis: local\n    certainty: high\n"
    (lists / "own.yaml").write_text(text, "utf-8")
    return tmp_path / "region"


def hie(tmp_path: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("HIE_")
    } | {"HIE_DATA_DIR": str(tmp_path / "data"), **extra}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "hie", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        cwd=tmp_path,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("serve",), {}),
        (("serve",), {"HIE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}),
        (("worker",), {"HIE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}),
        (("demo",), {}),
        (("doctor",), {}),
    ],
)
def test_no_hub_starts_and_file_line_and_reason_are_said(
    tmp_path: Path, folder: Path, arguments: tuple[str, ...], extra: dict[str, str]
) -> None:
    done = hie(tmp_path, *arguments, HIE_RULEBOOK_DIR=str(folder), **extra)
    assert done.returncode == 1, done
    place = folder / "catalogue" / "lists" / "own.yaml"
    assert f"{place}:6: unknown-item: {_REASON}" in done.stderr
    assert not list((tmp_path / "data").glob("*.db"))


def test_a_setting_that_names_no_folder_is_refused(tmp_path: Path) -> None:
    done = hie(tmp_path, "serve", HIE_RULEBOOK_DIR=str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "rulebook_dir" in done.stderr
    assert "expected a folder" in done.stderr


def test_the_check_tells_the_same_for_people_and_machines(tmp_path: Path, folder: Path) -> None:
    place = folder / "catalogue" / "lists" / "own.yaml"
    for chosen in ((str(folder),), ()):
        done = hie(tmp_path, "rulebook", "check", *chosen, HIE_RULEBOOK_DIR=str(folder))
        assert done.returncode == 1
        assert done.stdout.splitlines()[0] == f"{place}:6: unknown-item: {_REASON}"
        told = hie(tmp_path, "rulebook", "check", *chosen, "--json", HIE_RULEBOOK_DIR=str(folder))
        assert told.returncode == 1
        assert json.loads(told.stdout)["faults"] == [
            {"file": str(place), "line": 6, "code": "unknown-item", "reason": _REASON}
        ]
    assert hie(tmp_path, "rulebook", "check").returncode == 0
