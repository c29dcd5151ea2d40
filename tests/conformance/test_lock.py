"""The lock files: every package on its floor, with hashes, under a licence that is taken."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest

from tests.security.bill import bill
from tests.security.lock import RUN_TIME, WHOLE, main
from tests.security.lock_file import (
    BUILD_ONLY,
    COPYLEFT,
    FLOORS,
    Pinned,
    copyleft,
    faults,
    parse,
)

HASH = ("0" * 64,)
BOM = {
    "type": "object",
    "required": ["bomFormat", "specVersion", "version"],
    "properties": {
        "bomFormat": {"const": "CycloneDX"},
        "serialNumber": {
            "pattern": "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
        },
        "components": {"items": {"required": ["type", "name", "version", "purl", "licenses"]}},
    },
}


def lock(path: Path) -> list[Pinned]:
    return parse(path.read_text("utf-8"))


@pytest.mark.parametrize("path", [WHOLE, RUN_TIME], ids=lambda path: path.name)
def test_every_package_stands_on_its_floor_and_has_hashes(path: Path) -> None:
    assert faults(lock(path)) == []


def test_nothing_the_hub_runs_on_is_copyleft() -> None:
    assert copyleft(lock(RUN_TIME)) == []


def test_what_is_only_for_the_build_is_not_imported_by_the_hub() -> None:
    """The one exception of licences is true: no module of it is loaded with the hub."""
    asked = "import sys, hie.app, hie.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(  # noqa: S603 - this Python, our own words
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "hie" in loaded
    assert not loaded & BUILD_ONLY


def test_the_hub_runs_on_nothing_that_the_lock_of_tests_does_not_have() -> None:
    every = {(one.name, one.version, one.hashes) for one in lock(WHOLE)}
    assert {(one.name, one.version, one.hashes) for one in lock(RUN_TIME)} <= every


@pytest.mark.parametrize(
    ("packages", "told"),
    [
        ([Pinned("pyjwt", "2.12.9", HASH)], "pyjwt 2.12.9: below 2.13"),
        ([Pinned("starlette", "0.49.0", HASH)], "starlette 0.49.0: below 0.49.1"),
        ([Pinned("python-multipart", "0.0.9", HASH)], "python-multipart 0.0.9: below 0.0.26"),
        ([Pinned("cryptography", "49.0rc1", HASH)], "cryptography 49.0rc1: below 49"),
        ([Pinned("python-jose", "9", HASH)], "python-jose: not taken"),
        ([Pinned("msgspec", "0.22", ())], "msgspec: no hash"),
    ],
)
def test_a_lock_that_sinks_is_told(packages: list[Pinned], told: str) -> None:
    (line,) = faults(packages)
    assert line.startswith(told)


@pytest.mark.parametrize("version", ["2.13", "2.13.0", "2.15.1", "3.0"])
def test_on_the_floor_is_high_enough(version: str) -> None:
    assert faults([Pinned("pyjwt", version, HASH)]) == []


def test_the_floors_of_the_hub_are_of_packages_it_has() -> None:
    names = {one.name for one in lock(WHOLE)}
    assert set(FLOORS) - names <= {"authlib"}, "a floor under nothing"


@pytest.mark.parametrize(
    "licence",
    [
        *("GPL-3.0-or-later", "LGPL-2.1-only", "AGPL-3.0", "MPL-2.0", "GNU General Public License"),
        *("License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)", "CC-BY-SA-4.0"),
    ],
)
def test_a_copyleft_licence_is_seen(licence: str) -> None:
    assert COPYLEFT.search(licence)


@pytest.mark.parametrize("licence", ["MIT", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "MIT-CMU"])
def test_a_free_licence_is_taken(licence: str) -> None:
    assert not COPYLEFT.search(licence)


@pytest.mark.parametrize(
    "text", ["pyjwt>=2\n", "pyjwt\n", "-r other.txt\n", "pyjwt @ git+https://x\n"]
)
def test_a_line_that_pins_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        parse(text)


def test_the_bill_of_materials_lists_all_of_it_and_is_the_same_each_time() -> None:
    packages = [one for one in lock(RUN_TIME) if one.here]
    found = bill(packages)
    assert jsonschema_rs.is_valid(BOM, found)
    assert {one["purl"] for one in found["components"]} == {
        f"pkg:pypi/{one.name}@{one.version}" for one in packages
    }
    assert bill(packages) == found
    assert bill(packages[1:])["serialNumber"] != found["serialNumber"]


def test_the_program_says_that_it_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bom", str(tmp_path / "bom.json")]) == 0
    assert "packages at run time" in capsys.readouterr().out
    assert json.loads((tmp_path / "bom.json").read_text("utf-8"))["bomFormat"] == "CycloneDX"
