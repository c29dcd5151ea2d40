"""`hie demo --codes` tells what the authenticator apps of the demo's people show."""

import json
import time
from pathlib import Path

import pytest

from hie.access.totp import code_at, written
from hie.cli import main

SECRET = b"12345678901234567890"


def test_the_codes_of_those_who_have_a_second_factor_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "demo" / "sign-ins.json"
    kept.parent.mkdir()
    people = [{"login": "doctor-a", "totp": written(SECRET)}, {"login": "doctor-b"}]
    kept.write_text(json.dumps({"sign_ins": people}))
    before = int(time.time()) // 30
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--codes", "--folder", str(tmp_path)])
    assert ended.value.code in (0, None)
    told = capsys.readouterr().out.split()
    assert told[0] == "doctor-a"
    assert told[1] in {code_at(SECRET, before), code_at(SECRET, before + 1)}
    assert "doctor-b" not in told


def test_without_a_demo_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--codes", "--folder", str(tmp_path)])
    assert ended.value.code not in (0, None)
